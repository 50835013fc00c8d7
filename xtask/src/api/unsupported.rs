//! Refuses operations whose generated code would not compile or would differ from the document.

use serde_json::Value;

use super::{Api, Location, ModelKind, Operation, Parameter, Type};
use crate::decisions::leaving_out;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, entries};

/// Refuses each operation that cannot be generated, and gives every reason.
pub fn check(document: &Document, api: &Api) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::default();
    for operation in &api.operations {
        let lost = lost(document, operation).map(str::to_owned);
        for reason in reasons(api, operation).into_iter().chain(lost) {
            let problem = document.error(&operation.pointer, reason);
            problems.push(problem.mended_by(leaving_out(&operation.id)));
        }
    }
    problems.or(())
}

/// Detects a request or response body that the document declares and the model lacks, because no
/// transform has named its schema.
fn lost(document: &Document, operation: &Operation) -> Option<&'static str> {
    let value = document.root.pointer(&operation.pointer)?;
    let has_schema = |body: Option<&Value>| {
        let body = body.and_then(|body| document.resolve(body));
        entries(body.and_then(|body| body.get("content")))
            .any(|(_, media)| media.get("schema").is_some())
    };
    if operation.body.is_none() && has_schema(value.get("requestBody")) {
        return Some(
            "the schema of its request body has no name: this is a defect of the generator, report it",
        );
    }
    let success = entries(value.get("responses")).find(|(status, _)| status.starts_with('2'));
    if operation.success.model.is_none() && has_schema(success.map(|(_, response)| response)) {
        return Some(
            "the schema of its response has no name: this is a defect of the generator, report it",
        );
    }
    None
}

fn reasons(api: &Api, operation: &Operation) -> Vec<String> {
    let mut reasons = Vec::new();
    for parameter in &operation.parameters {
        if parameter.location == Location::Header && !is_token(&parameter.wire) {
            reasons.push(format!(
                "`{}` cannot be the name of a header",
                parameter.wire
            ));
        }
        reasons.extend(unwritable(api, parameter));
    }
    for name in template_names(&operation.path) {
        let known =
            |parameter: &Parameter| parameter.location == Location::Path && parameter.wire == name;
        if !operation.parameters.iter().any(known) {
            reasons.push(format!(
                "the path contains `{{{name}}}`, but no path parameter has that name"
            ));
        }
    }
    let form = operation.body.as_ref().filter(|body| body.form);
    if form.is_some_and(|body| api.model(body.model).object().is_none()) {
        reasons.push("its form is not an object".to_owned());
    }
    reasons
}

/// The reason why a parameter's values cannot be serialised in the parameter's location, if any.
fn unwritable(api: &Api, parameter: &Parameter) -> Option<String> {
    let rust = &parameter.rust;
    let item = item(api, &parameter.ty);
    let one = item.unwrap_or(&parameter.ty);
    let in_text = parameter.location != Location::Query || item.is_some();
    if in_text && !(api.is_text(one) || *one == Type::Secret) {
        return Some(format!(
            "parameter `{rust}` must be a text, a number, or a list of these"
        ));
    }
    match one {
        Type::Model(id) if api.model(*id).object().is_some() => Some(format!(
            "parameter `{rust}` is an object: give each of its properties a parameter"
        )),
        _ => None,
    }
}

/// The item type, if the type is a list or a wrapper of a list.
fn item<'a>(api: &'a Api, ty: &'a Type) -> Option<&'a Type> {
    match ty {
        Type::List(item) => Some(item),
        Type::Model(id) => match &api.model(*id).kind {
            ModelKind::Wrapper(inner) => item(api, inner),
            _ => None,
        },
        _ => None,
    }
}

fn template_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
}

/// Whether the name is a `token` as RFC 9110 defines it.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
