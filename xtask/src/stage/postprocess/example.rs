//! Examples of operations, made from the document's own examples, that compile as doctests.

use syn::{Type, parse_quote};

use crate::catalog::{Catalog, Operation};
use crate::rust_name;

mod shape;
mod value;

pub use shape::Shapes;
use value::{Values, setter};

/// The example as a doctest, with the hidden lines that make it compile.
pub fn doctest(
    operation: &Operation,
    shapes: &Shapes,
    catalog: &Catalog,
    crate_name: &str,
) -> String {
    let (call, arguments) = write(operation, shapes, catalog, crate_name);
    let mut out = String::new();
    if operation.deprecated {
        out.push_str("# #![allow(deprecated)]\n");
    }
    let mut inputs = vec![("client".to_owned(), format!("&{crate_name}::Client"))];
    inputs.extend(arguments);
    let inputs: Vec<String> = inputs
        .iter()
        .map(|(name, ty)| format!("{name}: {ty}"))
        .collect();
    let uses = call
        .lines()
        .take_while(|line| line.starts_with("use "))
        .count();
    for line in call.lines().take(uses) {
        out.push_str(&format!("{line}\n"));
    }
    out.push_str(&format!(
        "# async fn example({}) -> Result<(), {crate_name}::Error> {{\n",
        inputs.join(", ")
    ));
    for line in call.lines().skip(uses) {
        out.push_str(&format!("{line}\n"));
    }
    out.push_str("# Ok(())\n# }\n");
    out
}

/// The call, with what is required and what the document gives an example for; and the values that
/// it takes from outside, which cannot be made up.
fn write(
    operation: &Operation,
    shapes: &Shapes,
    catalog: &Catalog,
    crate_name: &str,
) -> (String, Vec<(String, String)>) {
    let mut values = Values::new(shapes, catalog, crate_name);
    let mut lines = vec![format!(".{}()", rust_name::method(operation))];
    for parameter in &operation.parameters {
        if !parameter.required && parameter.example.is_none() {
            continue;
        }
        let name = rust_name::parameter(parameter);
        let ty = shapes.input(operation, &name);
        if let Some(value) = values.of(&name, ty, parameter.example.as_ref(), parameter.required) {
            lines.push(setter(&name, &value));
        }
    }
    if let Some(body) = operation.body.as_ref().filter(|body| body.required) {
        let name = rust_name::body(operation, &body.model);
        let model = quote::format_ident!("{}", rust_name::model(&body.model));
        let ty: Type = parse_quote!(models::#model);
        let value = values.body(&name, &ty);
        lines.push(setter(&name, &value));
    }
    lines.extend([".send()".to_owned(), ".await?;".to_owned()]);
    let uses = if values.uses_models {
        format!("use {crate_name}::models;\n")
    } else {
        String::new()
    };
    let call = lines
        .iter()
        .map(|line| format!("    {}\n", line.replace('\n', "\n    ")))
        .collect::<String>();
    (
        format!("{uses}let response = client\n{call}"),
        values.arguments,
    )
}
