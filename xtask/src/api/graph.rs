//! Finds which models refer to which: the models that requests contain, and the cycles.

use std::collections::{BTreeMap, BTreeSet};

use super::{Api, Model, ModelId, ModelKind, Operation, Presence, Side, Type, Variant};
use crate::reachable::reachable;
use crate::report::Log;
use crate::stage::Stage;

/// How unions and other names may nest.
const DEPTH: usize = 64;

impl Model {
    /// The models that this one refers to, each once.
    pub fn names(&self) -> BTreeSet<ModelId> {
        match &self.kind {
            ModelKind::Object(object) => object
                .fields
                .iter()
                .map(|field| &field.ty)
                .chain(object.rest.as_ref().map(|rest| &rest.ty))
                .filter_map(Type::model)
                .collect(),
            ModelKind::Union(union) => union.variants.iter().map(|variant| variant.model).collect(),
            ModelKind::Wrapper(ty) => ty.model().into_iter().collect(),
            ModelKind::StringEnum(_) | ModelKind::IntegerEnum(_) => BTreeSet::new(),
        }
    }

    /// The models that a value of this one contains by value in fields of such a presence. Lists, maps
    /// and union variants (which are boxed) do not count.
    fn holds(&self, counts: fn(Presence) -> bool) -> BTreeSet<ModelId> {
        match &self.kind {
            ModelKind::Object(object) => object
                .fields
                .iter()
                .filter(|field| counts(field.presence))
                .filter_map(|field| by_value(&field.ty))
                .collect(),
            ModelKind::Wrapper(ty) => by_value(ty).into_iter().collect(),
            _ => BTreeSet::new(),
        }
    }
}

fn by_value(ty: &Type) -> Option<ModelId> {
    match ty {
        Type::Model(id) => Some(*id),
        Type::OrNull(inner) => by_value(inner),
        _ => None,
    }
}

/// Which operations use a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// Only the operations of this tag.
    Tag(usize),
    /// The operations of several tags.
    Shared,
    /// No operation.
    Unused,
}

impl Operation {
    /// The models that the operation itself takes and returns.
    pub fn names(&self) -> impl Iterator<Item = ModelId> {
        self.sent().chain(self.success.model)
    }

    /// The models that its requests contain.
    fn sent(&self) -> impl Iterator<Item = ModelId> {
        let parameters = self.parameters.iter();
        parameters
            .filter_map(|parameter| parameter.ty.model())
            .chain(self.body.as_ref().map(|body| body.model))
    }
}

impl Api {
    /// Which operations use each model.
    pub fn homes(&self) -> Vec<Home> {
        let mut homes = vec![Home::Unused; self.models.len()];
        for (index, tag) in self.tags.iter().enumerate() {
            let operations = tag.operations.iter();
            let named = operations.flat_map(|operation| self.operations[*operation].names());
            for id in self.reached(named) {
                homes[id.0] = match homes[id.0] {
                    Home::Unused => Home::Tag(index),
                    Home::Tag(_) | Home::Shared => Home::Shared,
                };
            }
        }
        homes
    }

    /// All models reachable from `roots`, including the roots.
    pub fn reached(&self, roots: impl IntoIterator<Item = ModelId>) -> BTreeSet<ModelId> {
        reachable(roots, |id| self.model(id).names())
    }

    /// Marks the models that the parameters and bodies of requests contain.
    pub(super) fn mark_requests(&mut self) {
        for id in self.reached(self.operations.iter().flat_map(Operation::sent)) {
            self.models[id.0].in_requests = true;
        }
    }

    /// Makes response-only properties optional in models that requests use, and request-only
    /// properties optional in models that responses use, because one model serves both sides.
    pub(super) fn free_sides(&mut self, log: &mut Log) {
        let given = self.operations.iter();
        let given: Vec<ModelId> = given
            .filter_map(|operation| operation.success.model)
            .collect();
        let in_responses = self.reached(given);
        for (index, model) in self.models.iter_mut().enumerate() {
            let ModelKind::Object(object) = &mut model.kind else {
                continue;
            };
            for field in &mut object.fields {
                let free = match field.side {
                    Some(Side::Responses) => model.in_requests,
                    Some(Side::Requests) => in_responses.contains(&ModelId(index)),
                    None => false,
                };
                let presence = match field.presence {
                    Presence::Required => Presence::Optional,
                    Presence::OrNull => Presence::Nullable,
                    optional => optional,
                };
                if free && presence != field.presence {
                    field.presence = presence;
                    log.change(
                        Stage::Api,
                        format!(
                            "{}.{}: optional, since only requests or only responses have it",
                            model.rust, field.rust
                        ),
                    );
                }
            }
        }
    }

    /// Makes a required field optional if it leads back to its own model. Otherwise every value of
    /// the model would have to be infinite, and nothing that the server sends could be decoded.
    pub(super) fn open_cycles(&mut self, log: &mut Log) {
        let fields = self.leading_back(|presence| presence == Presence::Required);
        for (model, index) in fields {
            let rust = self.models[model].rust.clone();
            if let ModelKind::Object(object) = &mut self.models[model].kind {
                let field = &mut object.fields[index];
                field.presence = Presence::Optional;
                log.change(
                    Stage::Api,
                    format!(
                        "{rust}.{}: optional, since its type contains {rust} again",
                        field.rust
                    ),
                );
            }
        }
    }

    /// Tells a variant by nothing that became optional: a response need not have it.
    pub(super) fn free_variants(&mut self) {
        let required = |variant: &Variant| -> Vec<String> {
            let names = variant.required.iter();
            let required = names.filter(|name| self.requires(variant.model, name, DEPTH));
            required.cloned().collect()
        };
        let found: Vec<Vec<Vec<String>>> = self
            .models
            .iter()
            .map(|model| match &model.kind {
                ModelKind::Union(union) => union.variants.iter().map(required).collect(),
                _ => Vec::new(),
            })
            .collect();
        for (model, found) in self.models.iter_mut().zip(found) {
            if let ModelKind::Union(union) = &mut model.kind {
                for (variant, required) in union.variants.iter_mut().zip(found) {
                    variant.required = required;
                }
            }
        }
    }

    /// Finds the fields whose value is always the same: the discriminators of models that are
    /// variants of unions, always with one and the same tag.
    pub(super) fn fix_tags(&mut self) {
        let mut tags: BTreeMap<(usize, String), BTreeSet<String>> = BTreeMap::new();
        for model in &self.models {
            let ModelKind::Union(union) = &model.kind else {
                continue;
            };
            let Some(name) = &union.discriminator else {
                continue;
            };
            for variant in &union.variants {
                let key = (variant.model.0, name.clone());
                tags.entry(key).or_default().extend(variant.tags.clone());
            }
        }
        let values: Vec<Option<usize>> = self
            .models
            .iter()
            .map(|model| match &model.kind {
                ModelKind::StringEnum(open) => Some(open.values.len()),
                _ => None,
            })
            .collect();
        let used_alone = self.used_alone();
        for ((model, name), tags) in tags {
            let ModelKind::Object(object) = &mut self.models[model].kind else {
                continue;
            };
            let field = object.fields.iter_mut().find(|field| field.wire == name);
            let mut tags = tags.into_iter();
            if let (Some(field), Some(tag), None) = (field, tags.next(), tags.next())
                && field.presence != Presence::Nullable
                && match field.ty {
                    Type::String => !used_alone.contains(&model),
                    // The only value of an enum is right wherever the model is used.
                    Type::Model(id) => {
                        values[id.0] == Some(1)
                            || (values[id.0].is_some() && !used_alone.contains(&model))
                    }
                    _ => false,
                }
            {
                field.constant = Some(tag);
            }
        }
    }

    /// The models that are used elsewhere than as variants of unions with a discriminator. Their tag
    /// may have other values there.
    fn used_alone(&self) -> BTreeSet<usize> {
        let of_models = self.models.iter().filter(|model| match &model.kind {
            ModelKind::Union(union) => union.discriminator.is_none(),
            _ => true,
        });
        let of_operations = self.operations.iter().flat_map(Operation::names);
        of_models
            .flat_map(Model::names)
            .chain(of_operations)
            .map(|id| id.0)
            .collect()
    }

    /// Whether every value of the model has the property, which the document requires.
    fn requires(&self, id: ModelId, wire: &str, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match &self.model(id).kind {
            ModelKind::Object(object) => object
                .fields
                .iter()
                .find(|field| field.wire == wire)
                .is_none_or(|field| field.presence.is_required()),
            ModelKind::Union(union) => {
                let mut variants = union.variants.iter();
                variants.all(|variant| self.requires(variant.model, wire, depth))
            }
            ModelKind::Wrapper(Type::Model(id)) => self.requires(*id, wire, depth),
            _ => true,
        }
    }

    /// Boxes each field that leads back to its own model by value: without that the type has no
    /// size.
    pub(super) fn box_cycles(&mut self) {
        for (model, index) in self.leading_back(|_| true) {
            if let ModelKind::Object(object) = &mut self.models[model].kind {
                object.fields[index].boxed = true;
            }
        }
    }

    /// Finds the fields that lead back to their own model by value, through fields of such a presence
    /// only. Returns (model index, field index) pairs.
    fn leading_back(&self, counts: fn(Presence) -> bool) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (place, model) in self.models.iter().enumerate() {
            for (index, field) in model
                .object()
                .iter()
                .flat_map(|object| object.fields.iter().enumerate())
            {
                let target = by_value(&field.ty).filter(|_| counts(field.presence));
                let reached = |target| reachable([target], |id| self.model(id).holds(counts));
                let back = |target| reached(target).contains(&ModelId(place));
                if target.is_some_and(back) {
                    found.push((place, index));
                }
            }
        }
        found
    }
}
