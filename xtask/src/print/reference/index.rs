//! Writes the index of the pages: servers, operations, models, and authorization.

use super::operation::{link, request, summary};
use super::site::Site;
use super::text::{code, first_paragraph, line, prose, table};
use crate::print::Header;

pub(super) fn page(site: &Site<'_>, header: Option<&Header>) -> String {
    let api = site.api;
    let title = line(&api.title);
    let mut parts = vec![format!(
        "# {}",
        if title.is_empty() {
            "Reference"
        } else {
            &title
        }
    )];
    parts.extend(api.description.as_deref().map(prose));
    if !api.version.is_empty() {
        parts.push(format!("Version {} of the API.", line(&api.version)));
    }
    parts.push(made(header));
    parts.push(format!("## Servers\n\n{}", servers(site)));
    parts.push(format!("## API endpoints\n\n{}", endpoints(site)));
    parts.push(format!("## Models\n\n{}", models(site)));
    parts.push("## Authorization".to_owned());
    parts.push(SIGNATURE.trim().to_owned());
    parts.push(signature_headers());
    for (name, is_bearer) in schemes(site) {
        let text = if is_bearer { BEARER } else { OTHER };
        parts.push(format!(
            "<a id=\"{name}\"></a>\n\n### {name}\n\n{}",
            text.trim()
        ));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn made(header: Option<&Header>) -> String {
    let (command, source) = match header {
        Some(header) => (code(&header.command), code(&header.source)),
        None => (code("cargo xtask regen"), "the OpenAPI document".to_owned()),
    };
    format!(
        "These pages are generated from {source} by {command}. Do not edit them: change the \
         document and run the command again. The examples are compiled."
    )
}

fn servers(site: &Site<'_>) -> String {
    let rows = site.api.servers.iter().map(|server| {
        vec![
            link(&server.url),
            server.description.as_deref().map(line).unwrap_or_default(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return "The document names none.".to_owned();
    }
    let table = table(&["Base URL", "Description"], rows);
    format!(
        "{table}\n`cobo_auth::Environment` selects one: `development()`, `production()`, or \
         `custom(…)` for another host."
    )
}

fn endpoints(site: &Site<'_>) -> String {
    let rows = site.pages.iter().flat_map(|page| {
        site.operations(page).map(move |operation| {
            vec![
                format!("[{}]({})", page.name, page.file),
                page.link(operation),
                request(operation),
                summary(operation),
            ]
        })
    });
    let table = table(&["API", "Method", "HTTP request", "Description"], rows);
    let tags: Vec<String> = site
        .pages
        .iter()
        .map(|page| {
            let tag = page.tag.name.as_deref();
            let tag = tag.map_or("Operations without a tag".to_owned(), line);
            let text = page.tag.description.as_deref();
            let text = text.map(first_paragraph).unwrap_or_default();
            let colon = if text.is_empty() { "" } else { ": " };
            format!("- [**{}**]({}), {tag}{colon}{text}", page.name, page.file)
        })
        .collect();
    format!("{}\n\n{}", tags.join("\n"), table.trim_end())
}

fn models(site: &Site<'_>) -> String {
    let rows = site.ids().map(|id| {
        let text = site.api.model(id).description.as_deref();
        vec![site.link(id), text.map(first_paragraph).unwrap_or_default()]
    });
    table(&["Model", "Description"], rows).trim_end().to_owned()
}

/// The schemes of the three signature headers, which are documented in their own section.
const SIGNATURE_SCHEMES: [&str; 3] = ["CoboAuth", "CoboNonce", "CoboSignature"];

/// All other schemes that operations use, and whether each is a bearer token.
fn schemes(site: &Site<'_>) -> Vec<(String, bool)> {
    let mut found: Vec<(String, bool)> = Vec::new();
    for operation in &site.api.operations {
        for name in operation.security.iter().flatten() {
            if SIGNATURE_SCHEMES.contains(&name.as_str()) {
                continue;
            }
            match found.iter_mut().find(|(other, _)| other == name) {
                // A scheme of an operation without a bearer token is not a bearer token.
                Some((_, is_bearer)) => *is_bearer &= operation.bearer,
                None => found.push((name.clone(), operation.bearer)),
            }
        }
    }
    if !found.iter().any(|(_, is_bearer)| *is_bearer) {
        found.push(("OrgAccessToken".to_owned(), true));
    }
    found
}

const SIGNATURE: &str = r#"
<a id="CoboAuth"></a><a id="CoboNonce"></a><a id="CoboSignature"></a>

### CoboAuth

The client signs every request with its key; nothing has to be set for an operation. The signature is
in three headers:
"#;

fn signature_headers() -> String {
    let row = |scheme: &str, header: &str, text: &str| {
        vec![scheme.to_owned(), code(header), text.to_owned()]
    };
    let rows = [
        row("CoboAuth", "Biz-Api-Key", "The public key, in hexadecimal."),
        row(
            "CoboNonce",
            "Biz-Api-Nonce",
            "32 random hexadecimal digits, or the Unix time in milliseconds, as \
             `ClientBuilder::nonces` says. Each attempt of a call has a new nonce.",
        ),
        row(
            "CoboSignature",
            "Biz-Api-Signature",
            "The signature, in hexadecimal, of the double SHA-256 of \
             `METHOD|PATH|NONCE|PARAMS|BODY`.",
        ),
    ];
    table(&["Scheme", "Header", "Value"], rows)
        .trim_end()
        .to_owned()
}

const BEARER: &str = "
An org access token: with it an app acts for the organization that the token was issued for. It is
sent as `Authorization: Bearer …`, beside the three headers of the signature. A client takes it from
its credential, `cobo_auth::Client::with_credential`, and sends it with every call but those below
`/oauth/`; a call can have another credential (`.credential(…)`) or none (`.without_credential()`).
";

const OTHER: &str = "
The client does not support this scheme of the document, and sends nothing for it.
";
