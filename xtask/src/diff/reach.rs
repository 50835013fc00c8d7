//! Which models refer to which, and which operations use them.

use std::collections::{BTreeMap, BTreeSet};

use crate::reachable::reachable;

use super::surface::{Model, Operation, Shape, Surface};

/// The operations that send or receive a model, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Uses {
    pub(super) requests: BTreeSet<String>,
    pub(super) responses: BTreeSet<String>,
}

impl Uses {
    pub(super) fn in_requests(&self) -> bool {
        !self.requests.is_empty()
    }

    /// Whether callers read the model. A model that no operation sends is read: from the body of
    /// an error, or from a webhook.
    pub(super) fn in_responses(&self) -> bool {
        !self.responses.is_empty() || self.requests.is_empty()
    }

    pub(super) fn operations(&self) -> Vec<String> {
        self.requests.union(&self.responses).cloned().collect()
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.requests.extend(other.requests.iter().cloned());
        self.responses.extend(other.responses.iter().cloned());
    }
}

impl Surface {
    /// The uses of each model.
    pub(super) fn uses(&self) -> BTreeMap<String, Uses> {
        let mut uses: BTreeMap<String, Uses> = BTreeMap::new();
        for (id, operation) in &self.operations {
            for name in self.reached(operation.sent()) {
                uses.entry(name).or_default().requests.insert(id.clone());
            }
            for name in self.reached(operation.success.iter().map(String::as_str)) {
                uses.entry(name).or_default().responses.insert(id.clone());
            }
        }
        uses
    }

    /// The models that these types contain.
    fn reached<'a>(&'a self, types: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        let known = |name: &&str| self.models.contains_key(*name);
        let found = reachable(types.flat_map(words).filter(known), |name| {
            let types = self.models.get(name).into_iter().flat_map(Model::types);
            types.flat_map(words).filter(known)
        });
        found.into_iter().map(str::to_owned).collect()
    }
}

impl Operation {
    /// The types of what is sent.
    fn sent(&self) -> impl Iterator<Item = &str> {
        let parameters = self.parameters.values();
        parameters
            .map(|parameter| parameter.ty.as_str())
            .chain(self.body.iter().map(|body| body.ty.as_str()))
    }
}

impl Model {
    /// The types that the model is made of.
    fn types(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match &self.shape {
            Shape::Object { fields, rest } => Box::new(
                fields
                    .values()
                    .map(|field| field.ty.as_str())
                    .chain(rest.iter().map(|(_, ty)| ty.as_str())),
            ),
            Shape::Union { variants, .. } => {
                Box::new(variants.values().map(|variant| variant.ty.as_str()))
            }
            Shape::Wrapper { ty } => Box::new(std::iter::once(ty.as_str())),
            Shape::Enum { .. } => Box::new(std::iter::empty()),
        }
    }
}

/// The names in a type: `Vec`, `Wallet`.
pub(super) fn words(ty: &str) -> impl Iterator<Item = &str> {
    ty.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
}

/// A type in which names are replaced.
pub(super) fn replaced(ty: &str, new: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut word = String::new();
    // The last character ends the last word.
    for c in ty.chars().chain(['\0']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        out.push_str(&new(&word).unwrap_or_else(|| word.clone()));
        word.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}
