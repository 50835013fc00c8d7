//! Writes the page of a tag with its operations.

use super::site::{INDEX, Page, Site};
use super::text::{code, first_paragraph, line, prose, slug, table};
use crate::api::{Body, Location, ModelId, ModelKind, Operation, Parameter};
use crate::print::docs::permissions;
use crate::print::example;
use crate::print::rust_type::RustType;

pub(super) fn page(site: &Site<'_>, page: &Page<'_>) -> String {
    let mut out = format!("# {}\n\n", page.name);
    if let Some(description) = &page.tag.description {
        out.push_str(&format!("{}\n\n", prose(description)));
    }
    out.push_str(&format!("All URIs are relative to {}.\n\n", servers(site)));
    let rows = site
        .operations(page)
        .map(|operation| vec![page.link(operation), request(operation), summary(operation)]);
    out.push_str(&table(&["Method", "HTTP request", "Description"], rows));
    for operation in site.operations(page) {
        out.push_str(&format!("\n{}", section(site, page, operation)));
    }
    out
}

/// `*<https://api.dev.cobo.com/v2>* (Development environment)`, for each server.
fn servers(site: &Site<'_>) -> String {
    let servers: Vec<String> = site
        .api
        .servers
        .iter()
        .map(|server| {
            let url = link(&server.url);
            match server.description.as_deref().map(line) {
                Some(description) => format!("*{url}* ({description})"),
                None => format!("*{url}*"),
            }
        })
        .collect();
    if servers.is_empty() {
        "the base URL of the client's environment".to_owned()
    } else {
        servers.join(" or ")
    }
}

/// A URL as a link to itself, if it is a valid link.
pub(super) fn link(url: &str) -> String {
    let is_url = url.starts_with("https://") || url.starts_with("http://");
    if is_url && !url.contains(|c: char| c.is_whitespace() || "<>\\`".contains(c)) {
        format!("<{url}>")
    } else {
        code(url)
    }
}

/// `**GET** /oauth/token`.
pub(super) fn request(operation: &Operation) -> String {
    format!("**{}** {}", operation.method, path(&operation.path))
}

/// A path as text, or as code if Markdown would interpret a character in it.
fn path(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-.".contains(c);
    // Markdown does not interpret an underscore within a word.
    let inner = path
        .trim_matches('_')
        .replace("/_", "*")
        .replace("_/", "*")
        .replace('_', "");
    if inner.chars().all(plain) {
        path.to_owned()
    } else {
        code(path)
    }
}

/// A one-line description of an operation.
pub(super) fn summary(operation: &Operation) -> String {
    let text = operation
        .summary
        .as_deref()
        .or(operation.description.as_deref());
    let text = text.map(first_paragraph).unwrap_or_default();
    if operation.deprecated {
        format!("{text} (deprecated)").trim().to_owned()
    } else {
        text
    }
}

fn section(site: &Site<'_>, page: &Page<'_>, operation: &Operation) -> String {
    let method = &operation.rust;
    let mut parts = Vec::new();
    if page.anchor(operation) != *method {
        parts.push(format!("<a id=\"{}\"></a>", page.anchor(operation)));
    }
    parts.push(format!("## {method}"));
    parts.push(format!("> {}", code(&signature(site, operation))));
    parts.extend(operation.summary.as_deref().map(prose));
    parts.extend(operation.description.as_deref().map(prose));
    if operation.deprecated {
        parts.push("**Deprecated:** Cobo may remove this operation.".to_owned());
    }
    parts.push(repeats(operation));
    parts.push(permissions(&operation.scopes, operation.credential));
    parts.push("### Example".to_owned());
    parts.push(format!(
        "```rust,no_run\n{}```",
        example::program(site.api, operation, site.names, &page.name)
    ));
    parts.extend(pages(site, operation));
    parts.push("### Path parameters".to_owned());
    parts.push(parameters(site, operation, true));
    parts.push("### Other parameters".to_owned());
    parts.push(parameters(site, operation, false));
    parts.push("### Return type".to_owned());
    parts.push(returned(site, operation));
    parts.push("### Errors".to_owned());
    parts.push(errors(site, operation));
    parts.push("### Authorization".to_owned());
    parts.push(authorization(operation));
    parts.push("### HTTP request headers".to_owned());
    let sent = operation
        .body
        .as_ref()
        .map_or("Not defined", |body| &body.media_type);
    parts.push(format!(
        "- **Content-Type**: {sent}\n- **Accept**: application/json"
    ));
    parts.push(back(&page.name));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n") + "\n"
}

/// The call with every setter, and its result.
fn signature(site: &Site<'_>, operation: &Operation) -> String {
    let value = match operation.success.model {
        Some(id) if operation.success.nullable => {
            format!("Option<{}>", site.api.model(id).rust)
        }
        Some(id) => site.api.model(id).rust.clone(),
        None => "()".to_owned(),
    };
    let mut call = format!("Response<{value}> client.{}()", operation.rust);
    let names = operation.parameters.iter().map(|parameter| &parameter.rust);
    for name in names.chain(operation.body.as_ref().map(|body| &body.rust)) {
        call.push_str(&format!(".{name}({name})"));
    }
    call + ".send()"
}

/// How to read a paginated list.
fn pages(site: &Site<'_>, operation: &Operation) -> Option<String> {
    operation.pages?;
    let page = operation.success.model.map(|id| site.api.model(id));
    let field = page.and_then(|page| {
        let items = page.page.as_ref()?.items?;
        page.object()?.fields.get(items)
    });
    let text = match field {
        Some(field) => format!(
            "The list is paginated. Instead of `send()`, `items()` returns the items of all \
             pages (field {}), and `pages()` returns the pages. Both request a page when it is \
             needed.",
            code(&field.rust)
        ),
        None => "The list is paginated. Instead of `send()`, `pages()` returns all pages, and \
                 requests each when it is needed."
            .to_owned(),
    };
    let program = example::pages(site.api, operation, site.names, field.is_some());
    Some(format!(
        "### Pages\n\n{text}\n\n```rust,no_run\n{program}```"
    ))
}

fn repeats(operation: &Operation) -> String {
    if let Some((property, lookup)) = &operation.idempotency_key {
        return format!(
            "Retries: Cobo rejects a second request with the same {}, so the client may send this \
             call again with the same one. Store it before you send the request. If the error is \
             `RequestIdTaken`, look the request up with {}.",
            code(property),
            code(lookup)
        );
    }
    let sends = if operation.repeatable {
        "may send"
    } else {
        "does not send"
    };
    format!(
        "Retries: the client {sends} this call again if an earlier attempt may have reached Cobo."
    )
}

/// The table of the path parameters, or of all other parameters.
fn parameters(site: &Site<'_>, operation: &Operation, in_path: bool) -> String {
    let mut rows: Vec<Vec<String>> = operation
        .parameters
        .iter()
        .filter(|parameter| (parameter.location == Location::Path) == in_path)
        .map(|parameter| self::parameter(site, parameter))
        .collect();
    rows.extend(
        operation
            .body
            .iter()
            .filter(|_| !in_path)
            .map(|body| self::body(site, body)),
    );
    if rows.is_empty() {
        return "None.".to_owned();
    }
    let table = table(&["Name", "Type", "Description", "Notes"], rows);
    format!(
        "Set each with the setter of the same name.\n\n{}",
        table.trim_end()
    )
}

fn parameter(site: &Site<'_>, parameter: &Parameter) -> Vec<String> {
    let Parameter {
        wire,
        rust,
        required,
        deprecated,
        location,
        ..
    } = parameter;
    let place = match location {
        Location::Path => "path",
        Location::Query => "query",
        Location::Header => "header",
    };
    // Also show the name in the document, if it is written differently.
    let place = if rust == wire {
        place.to_owned()
    } else {
        format!("{place}, as {}", code(wire))
    };
    let mut notes = vec![required_or_optional(*required).to_owned(), place];
    if parameter.ty.has_secret() {
        notes.push("secret".to_owned());
    }
    if *deprecated {
        notes.push("deprecated".to_owned());
    }
    notes.extend(parameter.example.as_ref().map(shown));
    vec![
        format!("**{rust}**"),
        site.type_link(&RustType::of(&parameter.ty)),
        parameter
            .description
            .as_deref()
            .map(line)
            .unwrap_or_default(),
        notes.join("; "),
    ]
}

fn body(site: &Site<'_>, body: &Body) -> Vec<String> {
    let mut notes = vec![required_or_optional(body.required), "body"];
    notes.extend(match &site.api.model(body.model).kind {
        ModelKind::Object(_) => Some("the model or its builder"),
        ModelKind::Union(_) => Some("the enum, or the model or builder of a variant"),
        _ => None,
    });
    vec![
        format!("**{}**", body.rust),
        site.link(body.model),
        body.description.as_deref().map(line).unwrap_or_default(),
        notes.join("; "),
    ]
}

pub(super) fn required_or_optional(required: bool) -> &'static str {
    if required { "required" } else { "optional" }
}

/// The document's example on one line.
pub(super) fn shown(example: &serde_json::Value) -> String {
    let text = match example {
        serde_json::Value::String(text) if !text.trim().is_empty() => text.clone(),
        other => other.to_string(),
    };
    format!("example: {}", code(&text))
}

fn returned(site: &Site<'_>, operation: &Operation) -> String {
    let success = &operation.success;
    let value = match success.model {
        Some(id) if success.nullable => format!("{} or `null`", site.link(id)),
        Some(id) => site.link(id),
        None => "No value".to_owned(),
    };
    let mut out = format!(
        "{value}, in a `cobo_auth::Response` with the status ({}) and the headers.",
        code(&success.status)
    );
    if let Some(description) = success.description.as_deref().map(line) {
        out.push_str(&format!(" {description}"));
    }
    out.trim_end().to_owned()
}

fn errors(site: &Site<'_>, operation: &Operation) -> String {
    let mut out = "`cobo_auth::Error`. ".to_owned();
    let required = operation
        .parameters
        .iter()
        .any(|parameter| parameter.required)
        || operation.body.as_ref().is_some_and(|body| body.required);
    if required {
        out.push_str(
            "If required values are missing, nothing is sent, and `missing_fields()` names all of \
             them. ",
        );
    }
    out.push_str("`body()` has Cobo's description of the failure, in one of two formats:\n\n");
    for (fields, what) in SHAPES {
        let has_all = |id: &ModelId| {
            let object = site.api.model(*id).object();
            object.is_some_and(|object| {
                let has = |name: &&str| object.fields.iter().any(|field| field.wire == **name);
                fields.iter().all(has)
            })
        };
        let model = site.ids().find(has_all);
        let link = model
            .map(|id| format!("{}, ", site.link(id)))
            .unwrap_or_default();
        let fields: Vec<String> = fields.iter().map(|name| code(name)).collect();
        out.push_str(&format!("- {link}{what}: {}\n", fields.join(", ")));
    }
    out.trim_end().to_owned()
}

/// The properties that `cobo-auth` reads from each failure shape.
const SHAPES: [(&[&str], &str); 2] = [
    (&["error", "error_description"], "of an OAuth endpoint"),
    (&["error_code", "error_message", "error_id"], "of the API"),
];

fn authorization(operation: &Operation) -> String {
    let alternatives: Vec<String> = operation
        .security
        .iter()
        .map(|schemes| {
            let links = schemes
                .iter()
                .map(|name| format!("[{name}]({INDEX}#{name})"));
            links.collect::<Vec<_>>().join(", ")
        })
        .filter(|schemes| !schemes.is_empty())
        .collect();
    match alternatives.as_slice() {
        [] => format!(
            "The document requires none. The client still [signs]({INDEX}#CoboAuth) the request."
        ),
        [one] => one.clone(),
        several => {
            let lines = several.iter().map(|schemes| format!("- {schemes}"));
            format!("One of:\n\n{}", lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// The links at the end of a section. `title` is the title of the page.
pub(super) fn back(title: &str) -> String {
    format!(
        "[Back to top](#{}) · [API endpoints]({INDEX}#api-endpoints) · \
         [Models]({INDEX}#models) · [README]({INDEX})",
        slug(title)
    )
}
