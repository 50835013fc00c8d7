//! Reads the document's operations and tags, and builds the whole [`Api`].

use std::collections::BTreeSet;

use heck::ToSnakeCase;
use serde_json::Value;

use super::constraints;
use super::model::{Reader, example};
use super::names::{CLIENT, ENTRY, MODULE, REQUEST, Scope};
use super::types::Ids;
use super::{Api, Body, Location, ModelId, ModelKind, Operation, Parameter, Server, Success, Tag};
use crate::diagnostic::one_line;
use crate::document::{Document, Place, entries, flag, items, reference, schema_name, text};
use crate::report::Log;
use crate::rust_name;
use crate::schema::named;

/// The media type of a body that contains files.
const FORM: &str = "multipart/form-data";
const UNTAGGED: &str = "untagged";

impl Api {
    /// Builds the model from a document that has passed all transforms.
    pub fn of(document: &Document, log: &mut Log) -> Self {
        let root = &document.root;
        let info = root.get("info").unwrap_or(&Value::Null);
        let mut names = Scope::default();
        let models: Vec<(&String, String, &Value)> = document
            .components("schemas")
            .map(|(name, schema)| (name, names.take(&rust_name::model(name)), schema))
            .collect();
        let ids = models.iter().enumerate();
        let ids = Ids(ids
            .map(|(index, (name, _, _))| ((*name).clone(), ModelId(index)))
            .collect());
        let forms = forms(document);
        let reader = Reader {
            document,
            ids: &ids,
            forms: &forms,
        };
        let mut api = Self {
            title: one_line(&text(info, "title").unwrap_or_default()),
            description: text(info, "description"),
            version: text(info, "version").unwrap_or_default(),
            servers: items(root.get("servers")).filter_map(server).collect(),
            models: models
                .iter()
                .map(|(name, rust, schema)| reader.model(name, rust, schema))
                .collect(),
            ..Self::default()
        };
        constraints::report(document, log);
        api.read_operations(document, &ids);
        api.mark_requests();
        api.free_sides(log);
        api.open_cycles(log);
        api.free_variants();
        api.fix_tags();
        api.box_cycles();
        api.find_pages(log);
        api.fix_samples(document, log);
        api
    }

    fn read_operations(&mut self, document: &Document, ids: &Ids) {
        let (mut methods, mut requests, mut entries) =
            (Scope::new(CLIENT), Scope::default(), Scope::new(ENTRY));
        let mut modules = Scope::new(MODULE);
        for place in document.operations() {
            let Some(id) = text(place.operation, "operationId") else {
                continue;
            };
            let name = items(place.operation.get("tags")).find_map(Value::as_str);
            let tag = self.tag(document, name, &mut modules);
            self.tags[tag].operations.push(self.operations.len());
            let mut operation = operation(document, place, ids, &self.models);
            operation.tag = tag;
            operation.rust = methods.take(&rust_name::operation(&id));
            operation.request = requests.take(&rust_name::request_of(&id));
            operation.entry = entries.take(&rust_name::entry_of(&id));
            operation.id = id;
            self.operations.push(operation);
        }
    }

    /// The index of a tag; adds the tag if it is new.
    fn tag(&mut self, document: &Document, name: Option<&str>, modules: &mut Scope) -> usize {
        let known = self.tags.iter().position(|tag| tag.name.as_deref() == name);
        if let Some(known) = known {
            return known;
        }
        let said = items(document.root.get("tags"))
            .find(|tag| tag.get("name").and_then(Value::as_str) == name);
        self.tags.push(Tag {
            name: name.map(str::to_owned),
            description: said
                .filter(|_| name.is_some())
                .and_then(|tag| text(tag, "description")),
            module: match name {
                Some(name) => module(name, modules),
                None => UNTAGGED.to_owned(),
            },
            operations: Vec::new(),
        });
        self.tags.len() - 1
    }
}

fn module(tag: &str, modules: &mut Scope) -> String {
    let wanted = rust_name::field(&ascii(tag).to_snake_case());
    if MODULE.contains(&wanted.as_str()) {
        return modules.take(&format!("{wanted}_tag"));
    }
    modules.take_or(&wanted, "_tag")
}

/// Spells out the characters of a tag that file and feature names cannot contain.
fn ascii(tag: &str) -> String {
    tag.chars()
        .map(|letter| match letter.is_ascii() {
            true => letter.to_string(),
            false => format!(" u{:x} ", u32::from(letter)),
        })
        .collect()
}

fn server(value: &Value) -> Option<Server> {
    Some(Server {
        url: text(value, "url")?,
        description: text(value, "description"),
    })
}

/// The names of the components that are sent as multipart forms.
fn forms(document: &Document) -> BTreeSet<String> {
    let bodies = document
        .operations()
        .filter_map(|place| document.resolve(place.operation.get("requestBody")?));
    bodies
        .filter_map(|body| {
            let (media_type, media) = entries(body.get("content")).next()?;
            let name = schema_name(reference(media.get("schema")?)?)?;
            (media_type == FORM).then_some(name)
        })
        .collect()
}

/// Reads an operation. Its names are assigned later.
fn operation(
    document: &Document,
    place: Place<'_>,
    ids: &Ids,
    models: &[super::Model],
) -> Operation {
    let value = place.operation;
    let security = security(document, value);
    let mut setters = Scope::new(REQUEST);
    let parameters: Vec<Parameter> = items(value.get("parameters"))
        .filter_map(|value| parameter(document.resolve(value)?, ids, &mut setters))
        .collect();
    let body = value
        .get("requestBody")
        .and_then(|value| body(document.resolve(value)?, ids, models, &mut setters));
    let idempotency_key = body
        .as_ref()
        .filter(|body| !body.form)
        .and_then(|body| idempotency_key(&models[body.model.0]));
    Operation {
        id: String::new(),
        method: place.method.to_ascii_uppercase(),
        path: place.path.to_owned(),
        pointer: place.pointer(),
        tag: 0,
        rust: String::new(),
        request: String::new(),
        entry: String::new(),
        summary: text(value, "summary"),
        description: text(value, "description"),
        deprecated: flag(value, "deprecated"),
        repeatable: value
            .get("x-cobo-repeatable")
            .and_then(Value::as_bool)
            .unwrap_or(matches!(place.method, "get" | "head") || idempotency_key.is_some()),
        idempotency_key,
        credential: value.get("x-cobo-credential").is_none(),
        scopes: scopes(document, value),
        bearer: security
            .iter()
            .flatten()
            .any(|scheme| is_bearer(document, scheme)),
        security,
        parameters,
        body,
        success: success(document, value, ids),
        pages: None,
    }
}

fn requirements<'a>(
    document: &'a Document,
    operation: &'a Value,
) -> impl Iterator<Item = &'a Value> {
    let requirements = operation.get("security");
    items(requirements.or_else(|| document.root.get("security")))
}

fn scopes(document: &Document, operation: &Value) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    let schemes =
        requirements(document, operation).flat_map(|requirement| entries(Some(requirement)));
    for (_, named) in schemes.filter(|(scheme, _)| is_bearer(document, scheme)) {
        for scope in items(Some(named)).filter_map(Value::as_str) {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
    }
    scopes
}

fn security(document: &Document, operation: &Value) -> Vec<Vec<String>> {
    requirements(document, operation)
        .map(|requirement| {
            entries(Some(requirement))
                .map(|(name, _)| name.clone())
                .collect()
        })
        .collect()
}

fn is_bearer(document: &Document, scheme: &str) -> bool {
    let scheme = document
        .components("securitySchemes")
        .find(|(name, _)| *name == scheme);
    let Some(scheme) = scheme.and_then(|(_, value)| document.resolve(value)) else {
        return false;
    };
    match scheme.get("type").and_then(Value::as_str) {
        Some("oauth2" | "openIdConnect") => true,
        Some("http") => scheme
            .get("scheme")
            .and_then(Value::as_str)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")),
        _ => false,
    }
}

fn parameter(value: &Value, ids: &Ids, setters: &mut Scope) -> Option<Parameter> {
    let location = match value.get("in")?.as_str()? {
        "path" => Location::Path,
        "query" => Location::Query,
        "header" => Location::Header,
        _ => return None,
    };
    let wire = text(value, "name")?;
    Some(Parameter {
        rust: setters.take(&rust_name::setter(&wire)),
        wire,
        location,
        required: flag(value, "required") || location == Location::Path,
        ty: ids.of(value.get("schema").unwrap_or(&Value::Null)),
        description: text(value, "description"),
        example: example(value),
        deprecated: flag(value, "deprecated"),
    })
}

fn body(value: &Value, ids: &Ids, models: &[super::Model], setters: &mut Scope) -> Option<Body> {
    let (media_type, media) = entries(value.get("content")).next()?;
    let model = *ids.0.get(&schema_name(reference(media.get("schema")?)?)?)?;
    let wanted = rust_name::field(&models[model.0].name);
    Some(Body {
        rust: setters.take_or(&wanted, "_body"),
        model,
        required: match value.get("required").and_then(Value::as_bool) {
            Some(required) => required,
            // A body whose fields are required is never absent, whatever the default of OpenAPI is.
            None => needs_values(&models[model.0]),
        },
        form: media_type == FORM,
        media_type: media_type.clone(),
        description: text(value, "description"),
    })
}

fn idempotency_key(model: &super::Model) -> Option<(String, String)> {
    let mut fields = model.object()?.fields.iter();
    fields.find_map(|field| Some((field.wire.clone(), field.lookup.clone()?)))
}

/// Whether a value of the model has to have something: a required field, or a union's variant.
fn needs_values(model: &super::Model) -> bool {
    match &model.kind {
        ModelKind::Object(object) => object
            .fields
            .iter()
            .any(|field| field.presence.is_required()),
        ModelKind::Union(_) => true,
        _ => false,
    }
}

fn success(document: &Document, operation: &Value, ids: &Ids) -> Success {
    let found = entries(operation.get("responses")).find(|(status, _)| status.starts_with('2'));
    let (status, response) = match found {
        Some((status, response)) => (status.clone(), document.resolve(response)),
        None => ("2XX".to_owned(), None),
    };
    let media = response.and_then(|value| entries(value.get("content")).next());
    let schema = media.and_then(|(_, media)| media.get("schema"));
    Success {
        status,
        description: response.and_then(|value| text(value, "description")),
        model: schema
            .and_then(named)
            .and_then(|name| ids.0.get(&name).copied()),
        nullable: schema.is_some_and(|schema| flag(schema, "nullable")),
    }
}
