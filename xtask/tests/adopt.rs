//! `xtask adopt` keeps the facts of a release and sets our texts.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const RELEASE: &str = r#"
openapi: 3.0.3
info:
  title: A vendor's API
  description: Sentence of the vendor.
  version: 1.0.0
servers:
  - url: https://api.example.com/v2
    description: Server of the vendor
tags:
  - name: Things
    description: Operations related to things.
  - name: Unused
    description: Nothing has this tag.
  - name: OAuth
    description: Tokens of the vendor.
paths:
  /oauth/token:
    get:
      operationId: get_token
      tags: [OAuth]
      responses:
        "200":
          description: A token of the vendor.
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Token'
  /things/{thing_id}:
    get:
      operationId: get_thing
      summary: Gets thing
      description: Sentence of the vendor.
      tags: [Things, Extras]
      externalDocs: { url: https://docs.example.com }
      parameters:
        - name: thing_id
          in: path
          required: true
          description: Sentence of the vendor.
          schema: { type: string, example: "0x00" }
        - $ref: '#/components/parameters/limitParam'
      responses:
        "200":
          description: Sentence of the vendor.
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Thing'
        "4XX":
          $ref: '#/components/responses/error'
    delete:
      operationId: delete_thing
      tags: [Things]
      responses: { "204": { description: Gone. } }
components:
  parameters:
    limitParam:
      name: limit
      in: query
      description: Sentence of the vendor.
      schema: { type: integer }
    unusedParam:
      name: unused
      in: query
      schema: { type: integer }
  responses:
    error:
      description: Sentence of the vendor.
      content:
        application/json:
          schema:
            type: object
            properties:
              error_code: { type: integer, description: Sentence of the vendor. }
  schemas:
    Token:
      type: object
      properties: { scope: { $ref: '#/components/schemas/Scope' } }
    Scope: { type: string }
    Webhook:
      description: Nothing refers to it, and it is kept.
      type: object
    Thing:
      type: object
      title: A long title
      description: Sentence of the vendor.
      properties:
        description:
          type: string
          description: Sentence of the vendor.
          example: This sample has so many words that it is a sentence.
        note: { type: string, example: Monthly payment - January }
        kind: { $ref: '#/components/schemas/Kind' }
        secret: { type: string }
        parts:
          type: array
          items:
            oneOf:
              - title: FirstPart
                type: object
                properties:
                  size: { type: string, enum: [on, '1'], x-enum-descriptions: [Is on., Is one.] }
    Kind:
      description: Sentence of the vendor.
      type: string
      enum: [A, B]
"#;

const WORDS: &str = r"
tags:
  Things: Our things.
  Extras: Our extras.
operations:
  get_thing:
    summary: Get a thing
    description: |-
      Returns a thing.

      The second paragraph.
    parameters: { thing_id: Which thing. }
    responses: { '200': The thing. }
schemas:
  Webhook: What a webhook sends.
  Thing:
    description: Our thing.
    properties:
      description: Our text about it.
      secret: Known to you only.
      parts: Its parts.
      parts.size: How large.
    values:
      parts.size: { on: Switched on., '1': One. }
  Kind:
    description: Our kind.
    values: { A: Ours., B: Theirs. }
";

const COMMON: &str = r"
common:
  parameters: { limit: How many. }
  properties: { note: Your note., error_code: The code., secret: Every secret has its own. }
  responses: { 4XX: The call failed. }
";

const DECISIONS: &str = r"
- operation: delete_thing
  leave_out: Things are never deleted.
- pointer: /components/schemas/Thing/properties/secret
  set: { x-cobo-secret: true }
  reason: It signs requests.
";

const OAUTH: &str = r"
openapi: 3.0.3
info: { title: T, version: '1' }
servers:
  - url: https://api.example.com/v2
    description: Our server
paths: { /oauth/token: { get: { operationId: get_token } } }
";

fn checkout() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("Cargo.toml", "[workspace]\n"),
        ("release-v1.yaml", RELEASE),
        ("openapi/oauth.yaml", OAUTH),
        ("openapi/decisions/waas2.yaml", DECISIONS),
        ("openapi/words/things.yaml", WORDS),
        ("openapi/words/common.yaml", COMMON),
    ] {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

fn document(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("openapi/waas2.yaml")).expect("the document")
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .current_dir(folder)
        .arg("adopt")
        .args(arguments)
        .output()
        .expect("a run");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().expect("a code"),
        String::from_utf8(text).expect("text"),
    )
}

#[test]
fn adopted_document_combines_release_structure_with_local_texts() {
    let folder = checkout();
    let (code, said) = run(folder.path(), &["release-v1.yaml"]);
    assert_eq!(code, 0, "{said}");
    insta::assert_snapshot!("adopted", document(folder.path()));
    insta::assert_snapshot!("adopted_said", said);
    assert_eq!(run(folder.path(), &["--check"]).0, 0);
}

#[test]
fn adopting_again_changes_nothing() {
    let folder = checkout();
    run(folder.path(), &["release-v1.yaml"]);
    let first = document(folder.path());
    let (_, said) = run(folder.path(), &["release-v1.yaml"]);
    assert!(said.starts_with("unchanged: openapi/waas2.yaml"), "{said}");
    assert!(said.contains("new: 0\ngone: 0\n"), "{said}");
    assert_eq!(document(folder.path()), first);
}

#[test]
fn adopting_a_later_release_lists_new_gone_and_undescribed_parts() {
    let folder = checkout();
    run(folder.path(), &["release-v1.yaml"]);
    let later = RELEASE
        .replace(
            "        secret: { type: string }",
            "        secret: { type: string }\n        age: { type: integer }",
        )
        .replace("enum: [A, B]", "enum: [A, C]");
    write(folder.path(), "release-v2.yaml", &later);
    let (code, said) = run(folder.path(), &["release-v2.yaml"]);
    assert_eq!(code, 0);
    for expected in [
        "new: 2\n  /components/schemas/Kind/enum/C\n  /components/schemas/Thing/properties/age\n",
        "gone: 1\n  /components/schemas/Kind/enum/B\n",
        "no words yet: 2\n",
        "  /components/schemas/Thing/properties/age: write /schemas/Thing/properties/age\n",
        "  /components/schemas/Kind/enum: C: write /schemas/Kind/values/C\n",
        "words without a place: 1\n  openapi/words/things.yaml:27: delete or rename /schemas/Kind/values/B\n",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert_eq!(run(folder.path(), &["--check"]).0, 1);
}

#[test]
fn check_fails_until_a_changed_text_is_adopted() {
    let folder = checkout();
    run(folder.path(), &["release-v1.yaml"]);
    write(
        folder.path(),
        "openapi/words/things.yaml",
        &WORDS.replace("Our thing.", "Our own thing."),
    );
    let (code, said) = run(folder.path(), &["--check"]);
    assert_eq!(code, 1);
    assert!(said.contains("stale: openapi/waas2.yaml"), "{said}");
    run(folder.path(), &["release-v1.yaml"]);
    assert_eq!(run(folder.path(), &["--check"]).0, 0);
}

#[test]
fn long_list_is_truncated_without_the_verbose_flag() {
    let folder = checkout();
    write(folder.path(), "openapi/words/things.yaml", "tags: {}\n");
    let (_, said) = run(folder.path(), &["release-v1.yaml"]);
    assert!(said.contains("more: --verbose lists them"), "{said}");
    let (_, all) = run(folder.path(), &["release-v1.yaml", "--verbose"]);
    assert!(!all.contains("--verbose"), "{all}");
    assert!(all.lines().count() > said.lines().count());
}

#[test]
fn invalid_text_files_or_decisions_are_refused_and_nothing_is_written() {
    for (path, text, expected) in [
        (
            "openapi/words/more.yaml",
            "schemas: { Kind: Again. }",
            "openapi/words/more.yaml:1 already has a text for this place",
        ),
        (
            "openapi/words/more.yaml",
            "schemas: { Other: 3 }",
            "expected a text, found `3`",
        ),
        (
            "openapi/words/more.yaml",
            "schemas: [",
            "openapi/words/more.yaml:1: not valid YAML",
        ),
        (
            "openapi/decisions/waas2.yaml",
            "- { operation: none, leave_out: Why. }",
            "has no operation `none`",
        ),
        (
            "openapi/decisions/waas2.yaml",
            "- { pointer: /a, set: { x-cobo-secret: true }, reason: Why. }",
            "/a: `release-v1.yaml` has no object here",
        ),
        (
            "openapi/decisions/waas2.yaml",
            "- { pointer: /info, set: { x-cobo-secret: true } }",
            "decision 1 is malformed",
        ),
        (
            "openapi/decisions/waas2.yaml",
            "- { pointer: /info, set: { description: Ours. }, reason: Why. }",
            "decision 1 is malformed",
        ),
    ] {
        let folder = checkout();
        write(folder.path(), path, text);
        let (code, said) = run(folder.path(), &["release-v1.yaml"]);
        assert_eq!(code, 2, "{text}");
        assert!(said.contains(expected), "{text}\n{said}");
        assert!(!folder.path().join("openapi/waas2.yaml").exists(), "{text}");
    }
}
