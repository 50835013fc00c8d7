//! Compares our reading of the models and operations with progenitor's, which is independent of it.
//!
//! Generated code moves money, so the two readings of a document must agree, model by model and
//! field by field, before any code is written. These intended differences are ignored:
//!
//! - Enums and unions: progenitor's are closed, or ignore the discriminator. Only the type of an
//!   enum's values, and the members of a union, are compared.
//! - The order of fields, and where boxes are.
//! - `null` and absence: progenitor has one `Option` for both where a property is optional, and
//!   none for an optional list or map. It ignores `nullable` where it is told which type to use: at
//!   numbers, secrets, dates and files.
//! - A required field that leads back to its own model, or that only requests or only responses
//!   have: ours is optional.
//!
//! A schema that progenitor cannot read is reported, but never refused.

use std::collections::BTreeMap;

use openapiv3::OpenAPI;
use progenitor::{CrateVers, GenerationSettings, Generator};
use quote::ToTokens;
use serde_json::{Map, Value, json};
use typify::{TypeDetails, TypeId, TypeSpace};

use super::Stage;
use crate::api::{Api, Field, Model, ModelKind, Object, Presence, Type, is_date, is_exact};
use crate::catch_panic::catch_panic;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, component_name, flag};
use crate::report::Log;
use crate::rust_name;
use crate::schema::{self, Holder};

mod constraints;
mod operations;
mod readable;

/// The types that progenitor is told to use where it cannot express the schema.
const SECRET: &str = "cobo_model::Secret";
const NUMBER: &str = "cobo_model::Number";
const DATE: &str = "cobo_model::Date";
const FILE: &str = "cobo_model::File";

/// What a user can do about a difference in a model, which is a defect of the generator.
const DEFECT: &str =
    "report it with this schema; until it is mended, write the schema in another way";

/// Refuses each place where the two readings differ.
pub fn run(document: &Document, api: &Api, log: &mut Log) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut plain = Document::from_value("", document.root.clone());
    constraints::remove(&mut plain.root);
    operations::run(document, &plain, api, log, &mut problems);
    let schemas = disguised(document, plain, api);
    let (schemas, unreadable) = readable::split(schemas);
    for (name, reason) in &unreadable {
        let pointer = at("/components/schemas", name);
        log.change(
            Stage::CrossCheck,
            format!("{pointer} is not cross-checked: progenitor cannot read it: {reason}"),
        );
    }
    let generator = match read(&schemas) {
        Ok(generator) => generator,
        Err(reason) => {
            log.change(
                Stage::CrossCheck,
                format!("nothing is cross-checked: progenitor cannot read it: {reason}"),
            );
            return problems.or(());
        }
    };
    let second = Second::of(generator.get_type_space());
    let mut agreed = 0;
    for model in &api.models {
        if !schemas.contains_key(&model.name) {
            continue;
        }
        let found = second.differences(api, model);
        agreed += usize::from(found.is_empty());
        for (property, difference) in found {
            let pointer = match property {
                Some(name) => at(&at(&model.pointer, "properties"), &name),
                None => model.pointer.clone(),
            };
            let reason = format!(
                "two readings of it differ, which is a defect of the generator: {difference}"
            );
            problems.push(document.error(&pointer, reason).mended_by(DEFECT));
        }
    }
    log.change(
        Stage::CrossCheck,
        format!("{agreed} of {} models agree", api.models.len()),
    );
    problems.or(())
}

/// Progenitor's types of these schemas, or the reason why it cannot read them.
fn read(schemas: &Map<String, Value>) -> Result<Generator, String> {
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": "", "version": ""},
        "paths": {},
        "components": {"schemas": schemas},
    });
    let api: OpenAPI = serde_json::from_value(document).map_err(|error| error.to_string())?;
    let mut settings = GenerationSettings::default();
    settings.with_crate("cobo-model", CrateVers::Any, None);
    catch_panic(|| {
        let mut generator = Generator::new(&settings);
        match generator.generate_tokens(&api) {
            Ok(_) => Ok(generator),
            Err(error) => Err(error.to_string()),
        }
    })?
}

/// The component schemas in a form that progenitor can read. Where the generator intentionally uses
/// another type, the schema sets that type.
fn disguised(document: &Document, plain: Document, api: &Api) -> Map<String, Value> {
    let mut root = plain.root;
    for operation in &api.operations {
        let Some(body) = operation.body.as_ref().filter(|body| body.form) else {
            continue;
        };
        let model = api.model(body.model);
        for field in model.object().into_iter().flat_map(|object| &object.fields) {
            let pointer = at(&at(&model.pointer, "properties"), &field.wire);
            match (&field.ty, root.pointer_mut(&pointer)) {
                (Type::File, Some(schema)) => set_type(schema, FILE),
                (Type::List(item), Some(schema)) if **item == Type::File => {
                    if let Some(items) = schema.get_mut("items") {
                        set_type(items, FILE);
                    }
                }
                _ => {}
            }
        }
    }
    schema::each_mut(&mut root, &mut |pointer, schema, holder| {
        let is_number =
            schema.get("type").and_then(Value::as_str) == Some("number") || is_exact(schema);
        if flag(schema, "x-cobo-secret") {
            set_type(schema, SECRET);
        } else if is_number && holder != Holder::Component {
            set_type(schema, NUMBER);
        } else if is_date(schema) && holder != Holder::Component {
            set_type(schema, DATE);
        }
        if let Some(map) = schema.as_object_mut() {
            let name = component_name(pointer);
            if name.is_some_and(|name| document.kinds.contains_key(&name)) {
                map.shift_remove("enum");
            }
            // These keys carry no type information; `not` does not change a type either.
            for key in ["externalDocs", "xml", "examples", "not"] {
                map.shift_remove(key);
            }
            for key in ["allOf", "anyOf", "oneOf"] {
                if map
                    .get(key)
                    .and_then(Value::as_array)
                    .is_some_and(Vec::is_empty)
                {
                    map.shift_remove(key);
                }
            }
        }
    });
    match root.pointer_mut("/components/schemas").map(Value::take) {
        Some(Value::Object(schemas)) => schemas,
        _ => Map::new(),
    }
}

fn set_type(schema: &mut Value, path: &str) {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(
            "x-rust-type".to_owned(),
            json!({"crate": "cobo-model", "version": "*", "path": path}),
        );
    }
}

/// Progenitor's types by name.
struct Second<'a> {
    space: &'a TypeSpace,
    types: BTreeMap<String, typify::Type<'a>>,
}

/// The property that differs (`None`: the model as a whole), and a description of the difference.
type Difference = (Option<String>, String);

impl<'a> Second<'a> {
    fn of(space: &'a TypeSpace) -> Self {
        let types = space.iter_types().map(|ty| (ty.name(), ty));
        Self {
            space,
            types: types.collect(),
        }
    }

    fn differences(&self, api: &Api, model: &Model) -> Vec<Difference> {
        let name = rust_name::model(&model.name);
        let Some(ty) = self.types.get(&name) else {
            return vec![(None, format!("progenitor has no type `{name}`"))];
        };
        let whole = |text: String| vec![(None, text)];
        match (&model.kind, ty.details()) {
            (ModelKind::Object(object), TypeDetails::Struct(second)) => {
                self.fields(api, object, &second)
            }
            (ModelKind::Union(_), _) => Vec::new(),
            (kind, TypeDetails::Newtype(second)) => {
                let first = match kind {
                    ModelKind::StringEnum(_) => "String".to_owned(),
                    ModelKind::IntegerEnum(_) => "i64".to_owned(),
                    // Progenitor cannot be told to use another type for a component.
                    ModelKind::Wrapper(Type::Number) => "f64".to_owned(),
                    ModelKind::Wrapper(Type::Date) => "chrono::naive::NaiveDate".to_owned(),
                    ModelKind::Wrapper(ty) => written(api, ty),
                    _ => return whole(format!("`{name}` is one value to progenitor")),
                };
                let second = self.written(&second.inner());
                if first == second {
                    Vec::new()
                } else {
                    whole(format!("it is `{first}`, and `{second}` to progenitor"))
                }
            }
            _ => whole(format!(
                "`{name}` is a type of another kind to progenitor: {}",
                ty.describe()
            )),
        }
    }

    fn fields(
        &self,
        api: &Api,
        object: &Object,
        second: &typify::TypeStruct<'_>,
    ) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut others: Vec<typify::TypeStructPropInfo<'_>> = second.properties_info().collect();
        // Progenitor's field for undeclared properties comes last and is always named `extra`.
        let other_rest = others.pop_if(|last| object.rest.is_some() && last.name == "extra");
        let mut others: BTreeMap<&str, typify::TypeStructPropInfo<'_>> = others
            .into_iter()
            .map(|property| (property.name, property))
            .collect();
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for field in &object.fields {
            *names.entry(rust_name::field(&field.wire)).or_default() += 1;
        }
        for field in &object.fields {
            let name = rust_name::field(&field.wire);
            if names[&name] > 1 {
                // Two properties have the same Rust name. Progenitor's two fields of that name
                // cannot be told apart, so they are not compared.
                others.remove(name.as_str());
                continue;
            }
            let wire = Some(field.wire.clone());
            match others.remove(name.as_str()) {
                Some(other) => found.extend(
                    self.field(api, field, &other)
                        .map(|difference| (wire, difference)),
                ),
                None => found.push((wire, "progenitor has no such field".to_owned())),
            }
        }
        if let Some(rest) = &object.rest {
            match other_rest {
                Some(other) => {
                    let first = format!("Map<{}>", written(api, &rest.ty));
                    let second = self.written(&other.type_id);
                    if first != second {
                        let text =
                            format!("other properties are `{first}`, and `{second}` to progenitor");
                        found.push((None, text));
                    }
                }
                None => found.push((None, "progenitor keeps no other properties".to_owned())),
            }
        }
        for name in others.keys() {
            found.push((None, format!("progenitor has a field `{name}` as well")));
        }
        found
    }

    fn field(
        &self,
        api: &Api,
        field: &Field,
        other: &typify::TypeStructPropInfo<'_>,
    ) -> Option<String> {
        let required = field.presence.is_required();
        let freed = field.boxed || field.side.is_some();
        if required != other.required && !(freed && other.required) {
            let words = |required| if required { "required" } else { "optional" };
            return Some(format!(
                "it is {}, and {} to progenitor",
                words(required),
                words(other.required)
            ));
        }
        let plain = written(api, &field.ty);
        let second = self.written(&other.type_id);
        let optional = format!("Option<{plain}>");
        let agree = match field.presence {
            Presence::Required => second == plain,
            Presence::OrNull => {
                second == optional || plain == JSON || (second == plain && is_told(&field.ty))
            }
            Presence::Optional | Presence::Nullable => second == optional || second == plain,
        };
        (!agree).then(|| format!("it is `{plain}`, and `{second}` to progenitor"))
    }

    /// Writes a type of progenitor's in the same notation as [`written`].
    fn written(&self, id: &TypeId) -> String {
        let Ok(ty) = self.space.get_type(id) else {
            return "nothing".to_owned();
        };
        match ty.details() {
            TypeDetails::Box(inner) => self.written(&inner),
            TypeDetails::Option(inner) => format!("Option<{}>", self.written(&inner)),
            TypeDetails::Vec(inner) | TypeDetails::Set(inner) => {
                format!("Vec<{}>", self.written(&inner))
            }
            TypeDetails::Map(_, inner) => format!("Map<{}>", self.written(&inner)),
            TypeDetails::String => "String".to_owned(),
            TypeDetails::Enum(_) | TypeDetails::Struct(_) | TypeDetails::Newtype(_) => ty.name(),
            _ => {
                let text = ty.ident().to_token_stream().to_string().replace(' ', "");
                text.trim_start_matches("::").to_owned()
            }
        }
    }
}

const JSON: &str = "serde_json::Value";

fn written(api: &Api, ty: &Type) -> String {
    match ty {
        Type::String => "String".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Integer => "i64".to_owned(),
        Type::Number => NUMBER.to_owned(),
        Type::Secret => SECRET.to_owned(),
        Type::Date => DATE.to_owned(),
        Type::File => FILE.to_owned(),
        Type::Json => JSON.to_owned(),
        Type::Model(id) => rust_name::model(&api.model(*id).name),
        Type::List(inner) => format!("Vec<{}>", written(api, inner)),
        Type::Map(inner) => format!("Map<{}>", written(api, inner)),
        Type::OrNull(inner) if is_told(inner) => written(api, inner),
        Type::OrNull(inner) => format!("Option<{}>", written(api, inner)),
    }
}

/// Whether progenitor is told to use the type. It then ignores `nullable`.
fn is_told(ty: &Type) -> bool {
    matches!(ty, Type::Number | Type::Secret | Type::Date | Type::File)
}
