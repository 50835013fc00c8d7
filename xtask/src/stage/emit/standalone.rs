//! The files around generated code that make it a crate.

use std::collections::BTreeMap;

use crate::api::Api;
use crate::diagnostic::one_line;
use crate::print::CrateNames;
use crate::print::code::{Code, Feature};
use crate::print::markdown;
use crate::standalone::{Dependency, toml};

const CARGO: &str = include_str!("../../../templates/Cargo.toml.in");
const LIB: &str = include_str!("../../../templates/lib.rs.in");
const README: &str = include_str!("../../../templates/README.md.in");

/// The crates that generated code may name beside `cobo-auth`, and what it asks of them.
const DEPENDENCIES: [(&str, &str, &str); 2] = [
    (
        "serde",
        "serde::",
        "{ version = \"1.0.228\", features = [\"derive\"] }",
    ),
    ("serde_json", "serde_json::", "\"1.0.145\""),
];

/// A complete crate: the path of each file below the crate's folder, and its text.
pub fn standalone(
    crate_name: &str,
    dependency: &Dependency,
    api: &Api,
    code: Code,
) -> BTreeMap<String, String> {
    let Code { files, features } = code;
    let mut out = BTreeMap::new();
    for file in files {
        out.insert(format!("src/generated/{}", file.path), file.text);
    }
    let uses = |path: &str| {
        let mut code = out.iter().filter(|(name, _)| name.ends_with(".rs"));
        code.any(|(_, text)| text.contains(path))
    };
    let dependencies: String = DEPENDENCIES
        .iter()
        .filter(|(_, path, _)| uses(path))
        .map(|(name, _, wanted)| format!("{name} = {wanted}\n"))
        .collect();
    let fill = |template: &str| {
        template
            .replace("@crate@", crate_name)
            .replace("@library@", &crate_name.replace('-', "_"))
            .replace("@license@", &toml(env!("CARGO_PKG_LICENSE")))
            .replace("@rust@", &toml(env!("CARGO_PKG_RUST_VERSION")))
            .replace("@client@", &CrateNames::of_crate(crate_name).client)
            .replace("@auth@", &dependency.auth)
            .replace("@model@", &dependency.model)
            .replace(
                "@description@",
                &toml(&format!("A client of {}", api.title)),
            )
            .replace("@dependencies@\n", &dependencies)
            .replace("@features@\n", &self::features(&features))
            .replace("@parts@\n", &parts(&features))
            .replace("@title@", &markdown::rustdoc(&api.title))
            .replace("@methods@\n", &methods(api))
    };
    out.insert("Cargo.toml".to_owned(), fill(CARGO));
    out.insert("README.md".to_owned(), fill(README));
    out.insert("src/lib.rs".to_owned(), fill(LIB));
    out
}

/// The features of `cobo-auth` that choose TLS, which a crate passes on.
const TLS: [(&str, &str); 3] = [
    ("rustls-aws-lc", "TLS by rustls with AWS-LC"),
    ("rustls-ring", "TLS by rustls with ring"),
    (
        "webpki-roots",
        "Mozilla's root certificates, for machines that have none",
    ),
];

/// The `[features]` of the manifest: one feature for each tag, all enabled by default, and those
/// that choose TLS.
pub fn features(features: &[Feature]) -> String {
    let list = |names: &mut dyn Iterator<Item = &String>| -> String {
        let names: Vec<String> = names.map(|name| toml(name)).collect();
        names.join(", ")
    };
    let tls = TLS[0].0.to_owned();
    let tags = features.iter().map(|feature| &feature.name);
    let all = list(&mut std::iter::once(&tls).chain(tags));
    let mut out = format!("[features]\ndefault = [{all}]\n");
    for feature in features {
        let about = one_line(&feature.about);
        let needs = list(&mut feature.needs.iter());
        out.push_str(&format!("# {about}\n{} = [{needs}]\n", feature.name));
    }
    for (name, about) in TLS {
        out.push_str(&format!("# {about}\n{name} = [\"cobo-auth/{name}\"]\n"));
    }
    out.push('\n');
    out
}

/// The README's section about features.
fn parts(features: &[Feature]) -> String {
    if features.is_empty() {
        return String::new();
    }
    let mut out = "Each tag of the document is a cargo feature, on by default; with \
        `default-features = false` only the\ntags that you name are compiled. Then name `rustls-aws-lc` or `rustls-ring`, too: without one of them there\nis no TLS.\n\n\
        | Feature | What it has |\n| --- | --- |\n"
        .to_owned();
    for feature in features {
        let about = one_line(&feature.about).replace('|', "\\|");
        out.push_str(&format!("| `{}` | {about} |\n", feature.name));
    }
    out.push('\n');
    out
}

fn methods(api: &Api) -> String {
    api.operations
        .iter()
        .map(|operation| {
            let summary = one_line(operation.summary.as_deref().unwrap_or_default());
            format!(
                "| `{}` | `{} {}` | {} |\n",
                operation.rust,
                operation.method,
                operation.path,
                summary.replace('|', "\\|"),
            )
        })
        .collect()
}
