//! What is refused is named with its place, all of it in one run, and nothing is written.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use xtask::diagnostic::Diagnostics;
use xtask::stage::{Options, load};

#[path = "refusals/mends.rs"]
mod mends;

/// The place of a problem and a part of its reason.
type Problem = (Option<&'static str>, &'static str);

/// Each document of the folder with its problems.
const REFUSED: &[(&str, &[Problem])] = &[
    ("not-yaml", &[(None, "not valid YAML")]),
    ("text", &[(Some(""), "not OpenAPI")]),
    (
        "enum-descriptions",
        &[
            (
                Some("/paths/~1things/get/parameters/0/schema/x-enumDescriptions/up"),
                "the schema has no `enum`",
            ),
            (
                Some("/components/schemas/State/x-enumDescriptions/OPEN"),
                "the description of `OPEN` is not text",
            ),
            (
                Some("/components/schemas/State/x-enumDescriptions/CLOSED"),
                "not a value of the enum: its values are OPEN, DONE",
            ),
        ],
    ),
    ("not-openapi", &[(Some(""), "not OpenAPI")]),
    ("swagger", &[(Some(""), "Swagger 2")]),
    (
        "openapi-3.1",
        &[(Some("/openapi"), "OpenAPI 3.1.0 is not supported")],
    ),
    (
        "dangling-reference",
        &[(
            Some("/paths/~1things/get/responses/200/content/application~1json/schema"),
            "`#/components/schemas/Nothing` leads nowhere",
        )],
    ),
    (
        "foreign-reference",
        &[(
            Some("/paths/~1things/get/responses/200/content/application~1json/schema"),
            "into another file",
        )],
    ),
    (
        "endless-reference",
        &[
            (Some("/components/schemas/Loop"), "leads to itself"),
            (Some("/components/schemas/Pool"), "leads to itself"),
        ],
    ),
    (
        "duplicate-operation-id",
        &[(
            Some("/paths/~1things/post/operationId"),
            "taken by /paths/~1things/get",
        )],
    ),
    (
        "similar-operation-id",
        &[(
            Some("/paths/~1things/post/operationId"),
            "both `list_things` in Rust",
        )],
    ),
    (
        "unknown-mark",
        &[(
            Some("/paths/~1things/get/x-cobo-repeatible"),
            "unknown mark `x-cobo-repeatible`",
        )],
    ),
    (
        "mark-without-a-value",
        &[(
            Some("/paths/~1things/get/x-cobo-repeatable"),
            "expected true or false",
        )],
    ),
    (
        "credential-mark",
        &[(
            Some("/paths/~1things/get/x-cobo-credential"),
            "has one value, `none`",
        )],
    ),
    (
        "idempotency-key",
        &[
            (
                Some("/components/schemas/Body/properties/lost"),
                "is not an operation with a query parameter `lost`",
            ),
            (
                Some("/components/schemas/Body/properties/second"),
                "this is another one",
            ),
            (
                Some("/components/schemas/Thing/properties/name"),
                "marks a string property of a JSON request body",
            ),
        ],
    ),
    (
        "final-states",
        &[
            (
                Some("/components/schemas/State"),
                "\"Done\" is listed twice",
            ),
            (
                Some("/components/schemas/State"),
                "\"Gone\" is not a value of this enum",
            ),
            (
                Some("/components/schemas/Thing/properties/name"),
                "is a mark of enums of strings that are components",
            ),
        ],
    ),
    (
        "misplaced-mark",
        &[
            (
                Some("/paths/~1things/x-cobo-repeatable"),
                "is a mark of operations",
            ),
            (
                Some("/components/schemas/Thing/properties/name/x-cobo-credential"),
                "is a mark of operations",
            ),
        ],
    ),
    (
        "unknown-security-scheme",
        &[(
            Some("/paths/~1things/get/security/0"),
            "no security scheme `Typo`",
        )],
    ),
    (
        "path-with-a-query",
        &[(Some("/paths/~1things?all=1"), "has a query")],
    ),
    (
        "path-with-an-escape",
        &[(Some("/paths/~1th%69ngs"), "an escape")],
    ),
    (
        "path-with-dots",
        &[(Some("/paths/~1x~1..~1things"), "a dot for one")],
    ),
    (
        "options-operation",
        &[(Some("/paths/~1things/options"), "options is not supported")],
    ),
    (
        "two-successes",
        &[(
            Some("/paths/~1things/get/responses/201"),
            "200 and 201 have different schemas",
        )],
    ),
    (
        "text-body",
        &[(
            Some("/paths/~1things/post/requestBody/content/text~1plain"),
            "`text/plain`",
        )],
    ),
    (
        "multipart-body",
        &[(
            Some("/paths/~1things/post/requestBody/content/multipart~1form-data"),
            "a form has fields",
        )],
    ),
    (
        "binary-response",
        &[(
            Some("/paths/~1things/get/responses/200/content/application~1pdf"),
            "`application/pdf` is not supported",
        )],
    ),
    (
        "duplicate-key",
        &[(
            Some("/components/schemas/Thing/properties/name"),
            "is duplicated",
        )],
    ),
    (
        "secret-number",
        &[(
            Some("/components/schemas/Thing/properties/pin"),
            "only fits the type string",
        )],
    ),
    (
        "secret-component",
        &[(Some("/components/schemas/Token"), "is a mark of properties")],
    ),
    (
        "checked-nothing",
        &[(
            Some("/components/schemas/Thing/properties/pin"),
            "nothing to check",
        )],
    ),
    (
        "paths-list",
        &[(Some("/paths"), "expected an object, found a list")],
    ),
    (
        "parameter-without-name",
        &[(Some("/paths/~1things/get/parameters/0"), "needs `name`")],
    ),
    (
        "cookie-parameter",
        &[(Some("/paths/~1things/get/parameters/0/in"), "`cookie`")],
    ),
    (
        "undeclared-path-parameter",
        &[(Some("/paths/~1things~1{id}/get"), "the path has `{id}`")],
    ),
    (
        "schema-list",
        &[(
            Some("/components/schemas/Odd"),
            "expected a schema, found a list",
        )],
    ),
    (
        "unknown-type",
        &[(
            Some("/components/schemas/Thing/properties/count/type"),
            "found the text `int`",
        )],
    ),
    (
        "path-reference",
        &[(Some("/paths/~1others"), "a path item cannot be a reference")],
    ),
    (
        "reference-to-another-kind",
        &[
            (
                Some("/paths/~1things/get/responses/200/content/application~1json/schema"),
                "`#/components/parameters/Page` is a parameter",
            ),
            (
                Some("/components/parameters/Page/schema"),
                "`#/info` is something else",
            ),
        ],
    ),
    (
        "many-problems",
        &[
            (Some("/openapi"), "OpenAPI 3.1.0"),
            (
                Some("/paths/~1a/get/responses/200"),
                "`#/components/responses/Missing`",
            ),
            (
                Some("/paths/~1a/post/operationId"),
                "taken by /paths/~1a/get",
            ),
            (
                Some("/paths/~1a/post/requestBody/content/application~1xml"),
                "application/xml",
            ),
            (Some("/paths/~1a/post/responses/201"), "different schemas"),
            (
                Some("/components/schemas/One/properties/next"),
                "`#/components/schemas/Three`",
            ),
        ],
    ),
];

fn load(name: &str) -> Diagnostics {
    let source = format!("{name}.yaml");
    let path = Path::new("tests/documents/refused").join(&source);
    load::run(&path, &source, &Options::default()).expect_err(name)
}

#[test]
fn each_refused_document_reports_pointer_file_and_reason() {
    for (name, expected) in REFUSED {
        let problems = load(name);
        let found: Vec<_> = problems.iter().collect();
        assert_eq!(found.len(), expected.len(), "{name}: {problems}");
        for (problem, (pointer, reason)) in found.iter().zip(*expected) {
            assert_eq!(problem.pointer.as_deref(), *pointer, "{name}: {problems}");
            assert!(problem.message.contains(reason), "{name}: {problems}");
            assert_eq!(problem.file, format!("{name}.yaml"));
            assert!(problem.line.is_some(), "{name}: {problems}");
        }
    }
}

#[test]
fn every_document_in_the_refused_folder_has_a_test() {
    let names = std::fs::read_dir("tests/documents/refused")
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .path()
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        });
    for name in names {
        assert!(
            REFUSED.iter().any(|(tested, _)| *tested == name),
            "{name} is not tested"
        );
    }
}

#[test]
fn error_has_the_line_number_of_its_cause() {
    let lines = |name| {
        load(name)
            .iter()
            .map(|problem| problem.line)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("openapi-3.1"), [Some(1)]);
    assert_eq!(lines("unknown-type"), [Some(24)]);
    assert_eq!(lines("duplicate-key"), [Some(23)]);
    assert_eq!(lines("two-successes"), [Some(16)]);
}

#[test]
fn missing_document_file_is_refused() {
    let path = Path::new("tests/documents/none.yaml");
    let problems = load::run(path, "none.yaml", &Options::default()).expect_err("no file");
    assert_eq!(problems.to_string(), "none.yaml: the file does not exist\n");
}

#[test]
fn each_error_is_one_stderr_line_with_a_suggestion_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let run = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            "regen",
            "--spec",
            "tests/documents/refused/many-problems.yaml",
            "--out",
        ])
        .arg(&out)
        .output()
        .expect("a run");
    assert_eq!(run.status.code(), Some(2));
    assert!(run.stdout.is_empty());
    let stderr = String::from_utf8(run.stderr).expect("text");
    let problems = stderr.lines().filter(|line| !line.starts_with("  mend: "));
    assert_eq!(problems.count(), 6, "{stderr}");
    assert!(stderr.starts_with(
        "tests/documents/refused/many-problems.yaml:1: /openapi: OpenAPI 3.1.0 is not supported"
    ));
    assert!(!out.exists());
}

#[test]
fn unsupported_multipart_in_an_unselected_operation_is_not_refused() {
    let text = std::fs::read_to_string("tests/documents/refused/multipart-body.yaml").expect("it");
    let text = text.replace(
        "operationId: list_things",
        "operationId: upload\n      tags: [Files]",
    );
    let options = Options {
        tags: vec!["Things".to_owned()],
        ..Options::default()
    };
    let problems = load::read(text.as_bytes(), "it", &options).expect_err("no such tag");
    assert_eq!(
        problems.to_string(),
        "it: no operation has the tag `Things`; the tags of operations are `Files`\n  mend: correct `--tag`\n"
    );
    let options = Options {
        tags: vec!["Files".to_owned()],
        ..Options::default()
    };
    assert!(load::read(text.as_bytes(), "it", &options).is_err());
}
