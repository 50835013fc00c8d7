//! Calls every operation of a document through its generated client, against a sandbox that holds the document against
//! each request, and takes every model through JSON and back.
//!
//!     conformance DOCUMENT [--turns N] [--record FILE]
//!
//! All values are made from the document by the sandbox's crate, which reads it for itself. N bounds how many of a
//! union's variants are tried in one place; 200 without it. With FILE, a line of JSON is written for each call, and the models are
//! left out. Ends with 1 when anything is not as it should be.

mod call;
mod calls;
mod model;
mod models;
mod odd;
mod record;

use std::process::ExitCode;

use cobo_sandbox::{Sandbox, Specification};
use serde_json::Value;

/// The document after its inline schemas have got names: what the models that have no name in the document itself are
/// made of.
const NAMED_DOCUMENT: &str = include_str!("../named.json");

/// What was found, and how much was tried.
#[derive(Default)]
struct Found {
    operations: usize,
    calls: usize,
    models: usize,
    values: usize,
    problems: Vec<String>,
    recorder: Option<record::Recorder>,
}

impl Found {
    fn problem(&mut self, what: impl std::fmt::Display, reason: impl std::fmt::Display) {
        self.problems.push(format!("{what}: {reason}"));
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let usage = || {
        eprintln!("usage: conformance DOCUMENT [--turns N] [--record FILE]");
        ExitCode::from(2)
    };
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        return usage();
    };
    let mut found = Found::default();
    let mut turns = 200;
    let mut models = true;
    while let Some(flag) = arguments.next() {
        match (flag.as_str(), arguments.next()) {
            ("--turns", Some(value)) => turns = value.parse().expect("--turns takes a number"),
            ("--record", Some(file)) => {
                found.recorder = Some(record::Recorder::create(&file));
                models = false;
            }
            _ => return usage(),
        }
    }
    let specification = Specification::read(path).expect("a document");
    let named = Specification::from_text(NAMED_DOCUMENT).expect("the document with names");

    let sandbox = Sandbox::builder()
        .specification(specification.clone())
        .specification_only(true)
        .received_limit(1);
    let sandbox = sandbox.start().await.expect("a sandbox");
    call::all(&sandbox, &specification, &named, turns, &mut found).await;
    if models {
        model::all(&specification, &named, turns, &mut found);
    }

    for problem in found.problems.iter().take(100) {
        println!("{problem}");
    }
    println!(
        "{} operations in {} calls, {} models in {} values: {} problems",
        found.operations,
        found.calls,
        found.models,
        found.values,
        found.problems.len()
    );
    ExitCode::from(u8::from(!found.problems.is_empty()))
}

/// Where two values differ first, by a JSON pointer; `None` when they are equal. Numbers are compared as they are
/// written.
fn difference(sent: &Value, back: &Value) -> Option<String> {
    match (sent, back) {
        (Value::Object(sent), Value::Object(back)) => sent
            .iter()
            .find_map(|(name, value)| match back.get(name) {
                Some(other) => Some(format!("/{name}{}", difference(value, other)?)),
                None => Some(format!("/{name} is lost")),
            })
            .or_else(|| {
                let added = back.keys().find(|name| !sent.contains_key(*name))?;
                Some(format!("/{added} is added"))
            }),
        (Value::Array(sent), Value::Array(back)) if sent.len() == back.len() => {
            let pairs = sent.iter().zip(back).enumerate();
            pairs
                .filter_map(|(index, (sent, back))| {
                    Some(format!("/{index}{}", difference(sent, back)?))
                })
                .next()
        }
        _ if sent == back => None,
        _ => Some(format!(": {sent} became {back}")),
    }
}
