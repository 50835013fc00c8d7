//! Writes examples from the model: programs and doctests that compile, and JSON. Rustdoc and the
//! reference pages show the same code.

use serde_json::Value;

mod json;
mod literal;
mod rust;
mod sample;

use self::literal::indented;
use self::rust::{Form, Writer, setter};
use self::sample::{Extent, Sampler};
use super::CrateNames;
use crate::api::{Api, ModelId, Operation, Type};

/// A call of an operation, with all required values.
struct Call {
    /// The statement that makes the body; empty without a body.
    request: String,
    /// The setters, one a line.
    setters: Vec<String>,
    /// Whether the code uses the `models` module.
    models: bool,
    /// Whether the code uses a deprecated item.
    deprecated: bool,
}

impl Call {
    fn of(api: &Api, operation: &Operation) -> Self {
        let sampler = Sampler::new(api, Extent::Least);
        let mut writer = Writer::new(api);
        let mut setters = Vec::new();
        for parameter in &operation.parameters {
            let given = parameter.example.as_ref();
            let sampled = given.is_some() && !parameter.deprecated;
            // Optional parameters are filters and cursors. All of them together select nothing.
            let shown = parameter.required
                || (parameter.wire == "limit" && sampled && sampler.is_simple(&parameter.ty));
            if !shown {
                continue;
            }
            writer.deprecated |= parameter.deprecated;
            let sample = sampler.of(&parameter.ty, given);
            let value = writer.value(&sample, Form::Converted);
            setters.push(setter(&parameter.rust, &value));
        }
        let mut request = String::new();
        if let Some(body) = &operation.body {
            let sample = sampler.of(&Type::Model(body.model), None);
            let value = writer.builder(&sample);
            request = format!("let request = {value};\n");
            setters.push(format!(".{}(request)", body.rust));
        }
        Self {
            request,
            setters,
            models: writer.models,
            deprecated: writer.deprecated || operation.deprecated,
        }
    }

    /// The call as a chain: the method, the setters, and these ends.
    fn chain(&self, operation: &Operation, ends: &[&str]) -> String {
        let mut lines = vec![format!(".{}()", operation.rust)];
        lines.extend(self.setters.iter().cloned());
        lines.extend(ends.iter().map(|end| (*end).to_owned()));
        indented(&lines.join("\n"), 4)
    }
}

/// The call as a doctest, with the hidden lines that make it compile.
pub(crate) fn doctest(api: &Api, operation: &Operation, names: &CrateNames) -> String {
    let CrateNames { library, client } = names;
    let call = Call::of(api, operation);
    let allow = if call.deprecated {
        "# #![allow(deprecated)]\n"
    } else {
        ""
    };
    let models = if call.models {
        format!("use {library}::models;\n\n")
    } else {
        String::new()
    };
    format!(
        "{allow}{models}\
         # async fn example(client: &{library}::{client}) -> Result<(), Box<dyn std::error::Error>> {{\n\
         {}let response = client\n{}\n# Ok(())\n# }}\n",
        call.request,
        call.chain(operation, &[".send()", ".await?;"]),
    )
}

/// The call as a program. `title` is the name of the operation's page.
pub(crate) fn program(api: &Api, operation: &Operation, names: &CrateNames, title: &str) -> String {
    let CrateNames { library, client } = names;
    let call = Call::of(api, operation);
    let name = format!("{title}::{}", operation.rust);
    let request = if call.request.is_empty() {
        String::new()
    } else {
        format!("\n{}", call.request)
    };
    let credential = if operation.path.starts_with("/oauth/") {
        ""
    } else {
        "// A Portal App acts for an organization. Its client has a credential of a token source:\n\
         // `cobo_auth::Client::with_credential` with `cobo_oauth::TokenSource::credential`.\n"
    };
    let main = format!(
        "\
// Replace <YOUR_APP_SECRET_IN_HEX> with the app's secret: 32 bytes in hexadecimal.
let signer = Ed25519Signer::from_hex(\"<YOUR_APP_SECRET_IN_HEX>\")?;
// This is the development environment. `Environment::production()` is the other one, and
// `Environment::custom` takes the URL of any host.
let client = {client}::new(cobo_auth::Client::new(Environment::development(), signer)?);
{credential}{request}
let result = client
{}

match result {{
    Ok(response) => println!(\"Response from `{name}`: {{response:?}}\"),
    Err(error) => {{
        eprintln!(\"Error when calling `{name}`: {{error}}\");
        eprintln!(\"HTTP status: {{:?}}, body: {{:?}}\", error.status(), error.body());
    }}
}}
Ok(())",
        call.chain(operation, &[".send()", ".await;"]),
    );
    let used = if call.models {
        format!("{{{client}, models}}")
    } else {
        client.clone()
    };
    format!(
        "{}use cobo_auth::{{Ed25519Signer, Environment}};\nuse {library}::{used};\n\n\
         #[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{}\n}}\n",
        allowed(call.deprecated),
        indented(&main, 4)
    )
}

/// A function that reads a list in pages: item by item, or page by page.
pub(crate) fn pages(api: &Api, operation: &Operation, names: &CrateNames, items: bool) -> String {
    let CrateNames { library, client } = names;
    let call = Call::of(api, operation);
    let (list, one, end) = match items {
        true => ("items", "item", ".items();"),
        false => ("pages", "page", ".pages();"),
    };
    let used = if call.models {
        format!("{{{client}, models}}")
    } else {
        client.clone()
    };
    let body = format!(
        "{}let mut {list} = client\n{}\nwhile let Some({one}) = {list}.next().await {{\n    \
         println!(\"{{:?}}\", {one}?);\n}}\nOk(())",
        call.request,
        call.chain(operation, &[end]),
    );
    format!(
        "{}use {library}::{used};\n\n\
         async fn list(client: &{client}) -> Result<(), Box<dyn std::error::Error>> {{\n{}\n}}\n",
        allowed(call.deprecated),
        indented(&body, 4)
    )
}

/// A program that builds a model; `None` if the model has no builder.
pub(crate) fn build(api: &Api, id: ModelId, names: &CrateNames) -> Option<String> {
    let model = api.model(id);
    model.object().filter(|_| model.in_requests)?;
    let sample = Sampler::new(api, Extent::Least).of(&Type::Model(id), None);
    let mut writer = Writer::new(api);
    let value = writer.value(&sample, Form::Exact);
    let main = format!("let value = {value};\nprintln!(\"{{value:?}}\");\nOk(())");
    Some(format!(
        "{}use {}::models;\n\n\
         fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{}\n}}\n",
        allowed(writer.deprecated),
        names.library,
        indented(&main, 4)
    ))
}

/// A model in JSON.
pub(crate) fn json(api: &Api, id: ModelId) -> Value {
    let sample = Sampler::new(api, Extent::All).of(&Type::Model(id), None);
    json::json(api, &sample)
}

fn allowed(deprecated: bool) -> &'static str {
    if deprecated {
        "#![allow(deprecated)]\n\n"
    } else {
        ""
    }
}
