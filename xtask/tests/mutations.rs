//! No document makes a stage panic, however it is broken: it is refused or it is transformed.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use xtask::api::Api;
use xtask::diagnostic::Diagnostics;
use xtask::document::{Document, at, item};
use xtask::report::Log;
use xtask::stage::transforms::{TRANSFORMS, transform};
use xtask::stage::{Options, load};

const CASES: usize = 600;

/// A generator of numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).expect("a bound")).expect("a number")
    }
}

fn pointers(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                found.push(at(pointer, key));
                pointers(value, &at(pointer, key), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                found.push(item(pointer, index));
                pointers(value, &item(pointer, index), found);
            }
        }
        _ => {}
    }
}

fn mutate(root: &mut Value, numbers: &mut Numbers) {
    let mut found = Vec::new();
    pointers(root, "", &mut found);
    let pointer = found[numbers.below(found.len())].clone();
    let other = found[numbers.below(found.len())].clone();
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("2XX"),
        json!("é{}/~#"),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"": {}}),
        json!({"$ref": "#/components/schemas/GetToken200Response"}),
        json!({"$ref": "#/components/schemas/Nothing"}),
        json!({"$ref": "#"}),
        json!({"$ref": "#/%zz"}),
        json!({"$ref": 1}),
        json!({"allOf": [{"$ref": "#/components/schemas/RefreshTokenRequest"}, {"oneOf": [{}]}]}),
        json!({"allOf": [{"allOf": [{}]}, 1], "nullable": true}),
        json!({"type": "string", "x-cobo-secret": true, "enum": [null], "title": "A"}),
        json!({"oneOf": [{"$ref": "#/components/schemas/Pet"}, {"nullable": true}]}),
        json!({"anyOf": [{"oneOf": [{"type": "string"}]}, {}], "oneOf": [{"enum": [1, ">"]}]}),
        json!({"propertyName": "kind", "mapping": {"a": "Cat:", "": 1}}),
        json!({"type": "integer", "enum": [1, -1, 99_999_999_999_999_999_999.0]}),
    ];
    let value = match numbers.below(3) {
        // Parts of the document in places where they do not belong, references to themselves too.
        0 => root.pointer(&other).cloned().unwrap_or_default(),
        1 => json!({"$ref": format!("#{pointer}")}),
        _ => odd[numbers.below(odd.len())].clone(),
    };
    if numbers.below(3) == 0 {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let key = key.replace("~1", "/").replace("~0", "~");
        match root.pointer_mut(parent) {
            Some(Value::Object(map)) => drop(map.shift_remove(&key)),
            Some(Value::Array(list)) => drop(list.pop()),
            _ => {}
        }
    } else if let Some(slot) = root.pointer_mut(&pointer) {
        *slot = value;
    }
}

/// The documents that are broken: our own, the one with every shape, and the tiny ones of the stages.
fn documents() -> Vec<Document> {
    let options = Options::default();
    let mut documents = ["../openapi/oauth.yaml", "tests/conformance/whole.yaml"]
        .map(|path| load::run(path.as_ref(), path, &options).expect("a document"))
        .to_vec();
    let mut paths: Vec<_> = std::fs::read_dir("tests/documents/stages")
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        documents.push(load::run(&path, "stage.yaml", &options).expect("a document"));
    }
    documents
}

fn broken(whole: &Document, cases: usize, numbers: &mut Numbers) -> usize {
    let options = Options::default();
    let mut passed = 0;
    for case in 0..cases {
        let mut document = Document::from_value(whole.source.clone(), whole.root.clone());
        for _ in 0..=numbers.below(3) {
            mutate(&mut document.root, numbers);
        }
        let mut problems = Diagnostics::default();
        load::check(&mut document, &options, &mut problems);
        // What is refused goes through the stages as well: they must not rely on `load` alone.
        let mut each = document.clone();
        for (_, run) in TRANSFORMS {
            let _ = run(&mut each, &options, &mut Log::default());
        }
        let _ = Api::of(&each, &mut Log::default());
        if problems.is_empty() {
            passed += 1;
            let transformed = transform(&mut document, &options, &mut Log::default());
            assert!(transformed.is_ok(), "case {case}: {transformed:?}");
        }
    }
    passed
}

/// How many cases there are: `MUTATIONS`, or few enough for every run of the tests.
fn cases() -> usize {
    let asked = std::env::var("MUTATIONS").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(CASES)
}

#[test]
fn broken_documents_never_panic() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let documents = documents();
    for (index, document) in documents.iter().enumerate() {
        // Half of the cases are those of the two large documents.
        let cases = match index {
            0 | 1 => cases() / 4,
            _ => cases() / 2 / (documents.len() - 2),
        };
        let passed = broken(document, cases, &mut numbers);
        assert!(
            passed > cases / 20,
            "only {passed} of {cases} were let through of document {index}"
        );
    }
}

#[test]
fn documents_with_corrupted_bytes_never_panic() {
    let text = std::fs::read_to_string("../openapi/oauth.yaml").expect("it");
    let mut numbers = Numbers(7);
    for _ in 0..CASES / 4 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..=numbers.below(4) {
            let place = numbers.below(bytes.len());
            match numbers.below(3) {
                0 => drop(bytes.remove(place)),
                1 => bytes.insert(place, b"\n:-{[&*\"'\0\xff #"[numbers.below(13)]),
                _ => bytes.truncate(place + 1),
            }
        }
        let _ = load::read(&bytes, "oauth.yaml", &Options::default());
    }
    for odd in [
        "",
        "\u{feff}",
        "a: &a [*a]",
        "? [a]\n: b",
        "- ".repeat(5000).as_str(),
        "a: b: c",
    ] {
        assert!(
            load::read(odd.as_bytes(), "odd.yaml", &Options::default()).is_err(),
            "{odd}"
        );
    }
}
