//! Finds models that only changed their name.

use std::collections::BTreeMap;

use super::reach::{replaced, words};
use super::surface::{Model, Shape, Surface, model_path};

/// The new names of models, by their old names.
#[derive(Debug, Default)]
pub(super) struct Renames(BTreeMap<String, String>);

impl Renames {
    /// Pairs each vanished model with the only new model that has the same contents.
    pub(super) fn of(old: &Surface, new: &Surface) -> Self {
        let mut renames = Self::default();
        // A pair makes the models equal that refer to it.
        loop {
            let gone = renames.candidates(old, new);
            let come = renames.candidates(new, old);
            let before = renames.0.len();
            for (contents, names) in &gone {
                if let ([old], Some([new])) =
                    (names.as_slice(), come.get(contents).map(Vec::as_slice))
                {
                    renames.0.insert((*old).to_owned(), (*new).to_owned());
                }
            }
            if renames.0.len() == before {
                return renames;
            }
        }
    }

    /// The models that the other surface lacks, by their contents.
    fn candidates<'a>(&self, of: &'a Surface, other: &Surface) -> BTreeMap<String, Vec<&'a str>> {
        let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, model) in &of.models {
            let known = |name: &str| {
                self.0.contains_key(name) || self.0.values().any(|other| other == name)
            };
            if other.models.contains_key(name) || known(name) || is_trivial(model) {
                continue;
            }
            // A name that only one of the surfaces has is the same as any other.
            let new = |word: &str| {
                let renamed = self.0.get(word).cloned();
                let unknown = of.models.contains_key(word) && !other.models.contains_key(word);
                renamed.or_else(|| (unknown && !known(word)).then(|| "?".to_owned()))
            };
            found
                .entry(contents(model, &new))
                .or_default()
                .push(name.as_str());
        }
        found
    }

    /// The new name of a model.
    pub(super) fn name<'a>(&'a self, old: &'a str) -> &'a str {
        self.0.get(old).map_or(old, String::as_str)
    }

    /// An old type with the new names.
    pub(super) fn ty(&self, old: &str) -> String {
        renamed(old, &|word| self.0.get(word).cloned())
    }

    pub(super) fn is_new(&self, name: &str) -> bool {
        !self.0.values().any(|renamed| renamed == name)
    }
}

/// Whether the model is too simple to be recognised.
fn is_trivial(model: &Model) -> bool {
    match &model.shape {
        Shape::Object { fields, .. } => fields.is_empty(),
        Shape::Enum { values, .. } => values.is_empty(),
        Shape::Union { variants, .. } => variants.is_empty(),
        Shape::Wrapper { .. } => false,
    }
}

/// A type with the new names of models.
fn renamed(ty: &str, new: &dyn Fn(&str) -> Option<String>) -> String {
    // Where a name needs a path, the path belongs to the name.
    let parts = ty.split("models::").enumerate().map(|(index, part)| {
        let name = words(part).next().filter(|_| index > 0);
        let Some(name) = name else {
            return plain(part, new);
        };
        let rest = plain(&part[name.len()..], new);
        format!("{}{rest}", path_of(name, new))
    });
    parts.collect()
}

fn plain(part: &str, new: &dyn Fn(&str) -> Option<String>) -> String {
    replaced(part, &|word| {
        let outside = model_path(word) != word;
        (!outside).then(|| path_of(word, new))
    })
}

fn path_of(name: &str, new: &dyn Fn(&str) -> Option<String>) -> String {
    new(name).map_or_else(|| model_path(name), |new| model_path(&new))
}

fn contents(model: &Model, new: &dyn Fn(&str) -> Option<String>) -> String {
    let mut model = model.clone();
    match &mut model.shape {
        Shape::Object { fields, rest } => {
            for field in fields.values_mut() {
                field.ty = renamed(&field.ty, new);
            }
            if let Some((_, ty)) = rest {
                *ty = renamed(ty, new);
            }
        }
        Shape::Union { variants, .. } => {
            for variant in variants.values_mut() {
                variant.ty = renamed(&variant.ty, new);
            }
        }
        Shape::Wrapper { ty } => *ty = renamed(ty, new),
        Shape::Enum { .. } => {}
    }
    format!("{:?}", model.shape)
}
