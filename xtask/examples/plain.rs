//! What progenitor makes of a document by itself, to compare with: as few transforms as it takes to get a crate that
//! compiles, and no pass over the code.
//!
//!     cargo run --package xtask --example plain -- FILE DIR [STAGE,...]
//!
//! `.ci/figures` measures the crate in DIR. It is not a working client: it neither signs nor decodes correctly. The third argument
//! replaces the transforms that it takes.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "it is a program")]

use std::path::Path;
use std::process::ExitCode;

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use serde_json::Value;
use xtask::report::Log;
use xtask::stage::transforms::{TRANSFORMS, transform};
use xtask::stage::{Options, load};

/// Without it progenitor panics; with it alone, and what `mend` mends, the output compiles.
const NEEDED: &str = "error-responses";

const MANIFEST: &str = r#"[package]
name = "plain"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
bytes = "1"
chrono = { version = "0.4", default-features = false, features = ["serde"] }
futures-core = "0.3"
progenitor-client = "0.15.1"
regress = "0.12"
reqwest = { version = "0.13", default-features = false, features = ["json", "query", "stream"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
serde_urlencoded = "0.7"
uuid = { version = "1", features = ["serde"] }

[workspace]
"#;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (document, folder, needed) = match arguments.as_slice() {
        [document, folder] => (document, folder, NEEDED),
        [document, folder, needed] => (document, folder, needed.as_str()),
        _ => {
            eprintln!("usage: plain FILE DIR [STAGE,...]");
            return ExitCode::from(2);
        }
    };
    match write(Path::new(document), Path::new(folder), needed) {
        Ok(lines) => {
            println!("{lines} lines");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn write(path: &Path, folder: &Path, needed: &str) -> Result<usize, String> {
    let needed: Vec<&str> = needed.split(',').collect();
    let named = |name: &&str| TRANSFORMS.iter().any(|(stage, _)| stage.name() == *name);
    if let Some(unknown) = needed.iter().find(|name| !named(name)) {
        return Err(format!("there is no stage {unknown}"));
    }
    let skip = TRANSFORMS
        .iter()
        .map(|(stage, _)| *stage)
        .filter(|stage| !needed.contains(&stage.name()))
        .collect();
    let options = Options {
        skip,
        ..Options::default()
    };
    let refused = |refusals: xtask::diagnostic::Diagnostics| {
        let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        lines.join("\n")
    };
    let source = path.display().to_string();
    let mut document = load::run(path, &source, &options).map_err(refused)?;
    transform(&mut document, &options, &mut Log::default()).map_err(refused)?;
    mend(&mut document.root);
    let api: OpenAPI = serde_json::from_value(document.root).map_err(|error| error.to_string())?;
    let mut settings = GenerationSettings::default();
    settings.with_interface(InterfaceStyle::Builder);
    let tokens = Generator::new(&settings)
        .generate_tokens(&api)
        .map_err(|error| error.to_string())?;
    let file = syn::parse2(tokens).map_err(|error| error.to_string())?;
    let code = prettyplease::unparse(&file);

    std::fs::create_dir_all(folder.join("src"))
        .and_then(|()| std::fs::write(folder.join("Cargo.toml"), MANIFEST))
        .and_then(|()| std::fs::write(folder.join("src/lib.rs"), &code))
        .map_err(|error| error.to_string())?;
    Ok(code.lines().count())
}

/// Progenitor refuses uploads, which pass as JSON, and cannot name the variants `>`, `>=` and so on.
fn mend(value: &mut Value) {
    let symbol = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| !text.contains(|c: char| c.is_ascii_alphanumeric()))
    };
    match value {
        Value::Object(map) => {
            if let Some(form) = map.remove("multipart/form-data") {
                map.insert("application/json".to_owned(), form);
            }
            if let Some(Value::Array(values)) = map.get("enum")
                && values.iter().any(symbol)
            {
                map.remove("enum");
            }
            map.values_mut().for_each(mend);
        }
        Value::Array(list) => list.iter_mut().for_each(mend),
        _ => {}
    }
}
