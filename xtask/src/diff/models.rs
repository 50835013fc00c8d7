//! Compares the models of two surfaces. Each model is compared once, even if several operations use it.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Changes, Class, Kind, Place};
use super::reach::Uses;
use super::renames::Renames;
use super::surface::{Field, Model, Shape, Surface, Variant};

pub(super) fn changes(old: &Surface, new: &Surface, renames: &Renames) -> Vec<Change> {
    let (before, after) = (old.uses(), new.uses());
    let of =
        |uses: &BTreeMap<String, Uses>, name: &str| uses.get(name).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for (name, model) in &old.models {
        let new_name = renames.name(name);
        let mut uses = of(&before, name);
        let Some(other) = new.models.get(new_name) else {
            let operations = uses.operations();
            let mut changes = Changes::of(Place::Model(name.clone()), operations);
            let shape = Some(model.shape.name().to_owned());
            changes.add(Class::Breaking, Kind::Removed, "", shape, None);
            found.extend(changes.found);
            continue;
        };
        uses.merge(&of(&after, new_name));
        let mut walk = Walk {
            renames,
            changes: Changes::of(Place::Model(new_name.to_owned()), uses.operations()),
            uses: &uses,
        };
        let changes = &mut walk.changes;
        changes.differ(Class::Breaking, Kind::Renamed, "", name, new_name);
        changes.deprecated("", (model.deprecated, other.deprecated));
        walk.shape(&model.shape, &other.shape);
        found.extend(walk.changes.found);
    }
    for (name, model) in &new.models {
        if old.models.contains_key(name) || !renames.is_new(name) {
            continue;
        }
        let operations = of(&after, name).operations();
        let mut changes = Changes::of(Place::Model(name.clone()), operations);
        let shape = Some(model.shape.name().to_owned());
        changes.add(Class::Compatible, Kind::Added, "", None, shape);
        for change in &mut changes.found {
            change.contents = contents(model);
        }
        found.extend(changes.found);
    }
    found
}

/// A line for each field, value or variant.
fn contents(model: &Model) -> Vec<String> {
    match &model.shape {
        Shape::Object { fields, rest } => {
            let fields = fields
                .iter()
                .map(|(wire, field)| format!("{wire}: {}", field.shown()));
            let rest = rest.iter().map(|(name, ty)| format!("{name}: {ty}"));
            fields.chain(rest).collect()
        }
        Shape::Enum { values, .. } => values.keys().cloned().collect(),
        Shape::Union { variants, .. } => variants
            .iter()
            .map(|(name, variant)| format!("{name}({})", variant.ty))
            .collect(),
        Shape::Wrapper { ty } => vec![ty.clone()],
    }
}

impl Shape {
    fn name(&self) -> &'static str {
        match self {
            Self::Object { .. } => "object",
            Self::Enum { of, .. } if of == "i64" => "integer enum",
            Self::Enum { .. } => "enum",
            Self::Union { .. } => "union",
            Self::Wrapper { .. } => "wrapper",
        }
    }
}

impl Field {
    fn shown(&self) -> String {
        let null = if self.nullable { " or null" } else { "" };
        let optional = if self.required { "" } else { ", optional" };
        format!("{}{null}{optional}", self.ty)
    }
}

struct Walk<'a> {
    renames: &'a Renames,
    uses: &'a Uses,
    changes: Changes,
}

impl Walk<'_> {
    fn shape(&mut self, old: &Shape, new: &Shape) {
        let breaking = Class::Breaking;
        match (old, new) {
            (
                Shape::Object { fields, rest },
                Shape::Object {
                    fields: new_fields,
                    rest: new_rest,
                },
            ) => {
                self.fields(fields, new_fields);
                let rest = rest.as_ref().map(|(name, ty)| (name, self.renames.ty(ty)));
                match (&rest, new_rest) {
                    (None, Some((name, ty))) => {
                        let class = Class::Compatible;
                        let ty = Some(ty.clone());
                        self.changes.add(class, Kind::Added, name, None, ty);
                    }
                    (Some((name, ty)), None) => {
                        let ty = Some(ty.clone());
                        self.changes.add(breaking, Kind::Removed, name, ty, None);
                    }
                    (Some((name, ty)), Some((new_name, new_ty))) => {
                        let changes = &mut self.changes;
                        changes.differ(breaking, Kind::Renamed, new_name, name, new_name);
                        changes.differ(breaking, Kind::TypeChanged, new_name, ty, new_ty);
                    }
                    (None, None) => {}
                }
            }
            (
                Shape::Enum {
                    of,
                    values,
                    final_states,
                    unknown,
                },
                Shape::Enum {
                    of: new_of,
                    values: new_values,
                    final_states: new_final_states,
                    unknown: new_unknown,
                },
            ) if of == new_of => {
                self.values(values, new_values);
                self.final_states(final_states, new_final_states);
                self.changes
                    .differ(breaking, Kind::Renamed, unknown, unknown, new_unknown);
            }
            (
                Shape::Union {
                    discriminator,
                    variants,
                    unknown,
                },
                Shape::Union {
                    discriminator: new_discriminator,
                    variants: new_variants,
                    unknown: new_unknown,
                },
            ) => {
                if discriminator != new_discriminator {
                    let (before, after) = (discriminator.clone(), new_discriminator.clone());
                    let kind = Kind::DiscriminatorChanged;
                    self.changes.add(breaking, kind, "", before, after);
                }
                self.variants(variants, new_variants);
                self.changes
                    .differ(breaking, Kind::Renamed, unknown, unknown, new_unknown);
            }
            (Shape::Wrapper { ty }, Shape::Wrapper { ty: new_ty }) => {
                let ty = self.renames.ty(ty);
                self.changes
                    .differ(breaking, Kind::TypeChanged, "", &ty, new_ty);
            }
            (old, new) => {
                let (before, after) = (old.name(), new.name());
                self.changes
                    .differ(breaking, Kind::TypeChanged, "", before, after);
            }
        }
    }

    fn fields(&mut self, old: &BTreeMap<String, Field>, new: &BTreeMap<String, Field>) {
        for (wire, field) in old.iter().filter(|(wire, _)| !new.contains_key(*wire)) {
            let ty = Some(field.ty.clone());
            self.changes
                .add(Class::Breaking, Kind::Removed, wire, ty, None);
        }
        for (wire, field) in new {
            match old.get(wire) {
                Some(old) => self.field(wire, old, field),
                None => {
                    let must = field.required && field.constant.is_none();
                    let class = Class::of(must && self.uses.in_requests());
                    let ty = Some(field.shown());
                    self.changes.add(class, Kind::Added, wire, None, ty);
                }
            }
        }
    }

    /// Compares two fields. Requests are built with setters, so an optional value breaks nothing.
    /// Responses are read as fields, so a change of a field's type breaks code that reads it;
    /// a change to or from `Option` is such a change.
    fn field(&mut self, path: &str, old: &Field, new: &Field) {
        let (requests, responses) = (self.uses.in_requests(), self.uses.in_responses());
        let read = Class::of(responses);
        let changes = &mut self.changes;
        let breaking = Class::Breaking;
        changes.differ(breaking, Kind::Renamed, path, &old.rust, &new.rust);
        if requests && old.rust == new.rust {
            changes.differ(breaking, Kind::Renamed, path, &old.setter, &new.setter);
        }
        let ty = self.renames.ty(&old.ty);
        changes.differ(breaking, Kind::TypeChanged, path, &ty, &new.ty);
        changes.flag(
            path,
            (old.required, new.required),
            (breaking, Kind::Required),
            (read, Kind::Optional),
        );
        changes.flag(
            path,
            (old.nullable, new.nullable),
            (read, Kind::Nullable),
            (breaking, Kind::NotNullable),
        );
        changes.deprecated(path, (old.deprecated, new.deprecated));
        let shown =
            |value: &Option<String>, none: &str| value.clone().unwrap_or_else(|| none.to_owned());
        let (before, after) = (shown(&old.constant, "none"), shown(&new.constant, "none"));
        let class = Class::of(requests);
        changes.differ(class, Kind::ConstantChanged, path, &before, &after);
        let changed = |breaks: bool| match breaks {
            true => Class::Behaviour,
            false => Class::Compatible,
        };
        // A response that fails the check is an error.
        let class = changed(new.check.is_some() && responses);
        let (before, after) = (shown(&old.check, "none"), shown(&new.check, "none"));
        changes.differ(class, Kind::CheckChanged, path, &before, &after);
        let class = changed(match new.side.as_deref() {
            Some("requests") => responses,
            Some(_) => requests,
            None => false,
        });
        let (before, after) = (shown(&old.side, "both"), shown(&new.side, "both"));
        changes.differ(class, Kind::SideChanged, path, &before, &after);
    }

    fn values(&mut self, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) {
        for value in old.keys().filter(|value| !new.contains_key(*value)) {
            let value = Some(value.clone());
            self.changes
                .add(Class::Breaking, Kind::ValueRemoved, "", value, None);
        }
        for (value, name) in new {
            match old.get(value) {
                Some(old) => {
                    self.changes
                        .differ(Class::Breaking, Kind::Renamed, value, old, name);
                }
                // Enums are open, so an addition breaks nothing.
                None => {
                    let value = Some(value.clone());
                    self.changes
                        .add(Class::Compatible, Kind::ValueAdded, "", None, value);
                }
            }
        }
    }

    /// Compares the marks that decide when a wait ends, and how. The method `outcome` exists only with marks.
    fn final_states(&mut self, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) {
        let class = match (old.is_empty(), new.is_empty()) {
            (false, true) => Class::Breaking,
            (true, false) => Class::Compatible,
            _ => Class::Behaviour,
        };
        let states: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for state in states {
            let outcome = |states: &BTreeMap<String, String>| {
                states
                    .get(state)
                    .map_or("not final", String::as_str)
                    .to_owned()
            };
            let (before, after) = (outcome(old), outcome(new));
            self.changes
                .differ(class, Kind::FinalStateChanged, state, &before, &after);
        }
    }

    fn variants(&mut self, old: &BTreeMap<String, Variant>, new: &BTreeMap<String, Variant>) {
        for (name, variant) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
            let ty = Some(variant.ty.clone());
            let path = format!("<{name}>");
            self.changes
                .add(Class::Breaking, Kind::VariantRemoved, &path, ty, None);
        }
        for (name, variant) in new {
            let path = format!("<{name}>");
            let Some(old) = old.get(name) else {
                let ty = Some(variant.ty.clone());
                self.changes
                    .add(Class::Compatible, Kind::VariantAdded, &path, None, ty);
                continue;
            };
            let ty = self.renames.ty(&old.ty);
            let changes = &mut self.changes;
            changes.differ(Class::Breaking, Kind::TypeChanged, &path, &ty, &variant.ty);
            // If a tag no longer selects the variant, values with this tag are decoded as `Unknown`.
            let lost = !old.selected_by.is_subset(&variant.selected_by);
            let class = match lost {
                true => Class::Behaviour,
                false => Class::Compatible,
            };
            let (before, after) = (listed(&old.selected_by), listed(&variant.selected_by));
            changes.differ(class, Kind::SelectionChanged, &path, &before, &after);
        }
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}
