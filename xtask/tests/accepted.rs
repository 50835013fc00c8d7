//! Unusual documents that the generator accepts: each case goes through every stage. The result is
//! compiled and used in `rust_compiles`.
#![allow(clippy::panic, reason = "a test that fails may panic")]

use std::collections::BTreeMap;

use xtask::api::{Api, unsupported};
use xtask::diagnostic::Diagnostics;
use xtask::print::CrateNames;
use xtask::print::code;
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, cross_check, load};

/// What every document of these tests begins with.
const HEAD: &str = "openapi: 3.0.3\ninfo: {title: Tiny, version: 1.0.0}\n";

/// The files that a document becomes.
fn modules(text: &str) -> Result<BTreeMap<String, String>, Diagnostics> {
    let options = Options::default();
    let mut log = Log::default();
    let mut document = load::read(text.as_bytes(), "it.yaml", &options)?;
    transform(&mut document, &options, &mut log)?;
    let api = Api::of(&document, &mut log);
    unsupported::check(&document, &api)?;
    cross_check::run(&document, &api, &mut log)?;
    let code = code::print(&api, &CrateNames::of_crate("it"), "")?;
    Ok(code
        .files
        .into_iter()
        .map(|file| (file.path, file.text))
        .collect())
}

fn accepted(text: &str) -> BTreeMap<String, String> {
    modules(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// A document with these component schemas.
fn with_schemas(schemas: &str) -> String {
    format!("{HEAD}paths: {{}}\ncomponents:\n  schemas:\n{schemas}")
}

#[test]
fn duplicate_enum_value_is_accepted() {
    for schema in [
        "    It: {type: string, enum: [a, b, a]}\n",
        "    It: {type: string, enum: [up, UP], x-enum-varnames: [SMALL, LARGE]}\n",
        "    It: {type: object, properties: {of: {type: string, enum: [a, b, a]}}}\n",
    ] {
        accepted(&with_schemas(schema));
    }
}

#[test]
fn multipart_encoding_object_is_accepted() {
    accepted(&format!(
        "{HEAD}paths:
  /files:
    post:
      operationId: upload_file
      requestBody:
        content:
          multipart/form-data:
            schema: {{type: object, properties: {{file: {{type: string, format: binary}}}}}}
            encoding: {{file: {{contentType: application/pdf}}}}
      responses: {{200: {{description: Done.}}}}
"
    ));
}

#[test]
fn inline_object_with_an_already_used_name_gets_a_numbered_name() {
    let modules = accepted(&with_schemas(
        "    Order:
      type: object
      properties:
        fee:
          allOf: [{$ref: '#/components/schemas/OrderFee'}]
          required: [amount]
        total: {type: object, properties: {amount: {type: string, description: All of it.}}}
    OrderFee: {type: object, properties: {amount: {type: string}}}
",
    ));
    let models = &modules["models.rs"];
    for once in ["struct OrderFee ", "struct OrderFee2 ", "/// All of it."] {
        assert_eq!(models.matches(once).count(), 1, "{once}\n{models}");
    }
}

#[test]
fn properties_with_equal_rust_names_get_numbered_fields() {
    let modules = accepted(&with_schemas(
        "    Order:
      type: object
      required: [tx_id]
      properties:
        txId: {type: string}
        tx_id: {type: string}
        tx_id2: {type: string, nullable: true}
",
    ));
    let models = &modules["models.rs"];
    assert!(
        models.contains(
            "Order { 0 tx_id = \"txId\"?, 1 tx_id2 = \"tx_id\", 2 tx_id22 = \"tx_id2\"? }"
        ),
        "{models}"
    );
}

/// A path parameter, a query parameter and the names of the builder's own methods.
#[test]
fn parameters_with_equal_rust_names_get_different_setters() {
    let modules = accepted(&format!(
        "{HEAD}paths:
  /things/{{id}}:
    get:
      operationId: get_thing
      parameters:
        - {{name: id, in: path, required: true, schema: {{type: string}}}}
        - {{name: id, in: query, schema: {{type: string}}}}
        - {{name: send, in: query, schema: {{type: string}}}}
        - {{name: body, in: query, schema: {{type: string}}}}
      responses: {{200: {{description: Done.}}}}
"
    ));
    let operations = &modules["operations.rs"];
    for setter in ["fn id(", "fn id2(", "fn send_(", "fn send(", "fn body("] {
        assert_eq!(
            operations.matches(setter).count(),
            1,
            "{setter}\n{operations}"
        );
    }
}

#[test]
fn names_reserved_by_progenitor_are_accepted() {
    let text = with_schemas(
        "    It: {type: object, description: What api-version is, properties: {api-version: {type: string}}}\n",
    );
    accepted(&text.replace(
        "paths: {}",
        "paths: {/api-version: {get: {operationId: api-version, parameters: [{name: \
         api-version, in: header, schema: {type: string}}], responses: {200: {description: The \
         api-version.}}}}}",
    ));
}

#[test]
fn unknown_x_cobo_extensions_are_accepted() {
    accepted(&format!(
        "{HEAD}x-cobo-edition: 3
paths:
  /things:
    get:
      operationId: list_things
      x-cobo-permission: things_read
      responses: {{200: {{description: Done.}}}}
"
    ));
}

#[test]
fn duplicate_parameter_is_accepted_and_generated_once() {
    let modules = accepted(&format!(
        "{HEAD}paths:
  /things:
    parameters: [{{$ref: '#/components/parameters/Page'}}]
    get:
      operationId: list_things
      parameters:
        - {{$ref: '#/components/parameters/Page'}}
        - {{$ref: '#/components/parameters/Page'}}
        - {{name: page, in: query, schema: {{type: string}}}}
      responses: {{200: {{description: Done.}}}}
components:
  parameters: {{Page: {{name: page, in: query, schema: {{type: string}}}}}}
"
    ));
    let operations = &modules["operations.rs"];
    assert_eq!(operations.matches("fn page(").count(), 1, "{operations}");
}

#[test]
fn empty_or_inapplicable_openapi_keys_are_ignored() {
    let text = format!(
        "{HEAD}servers:
tags:
paths:
  /things:
    parameters:
    get:
      operationId: list_things
      parameters:
      tags:
      requestBody:
      responses:
        200:
          description:
          headers:
          content: {{application/json: {{schema: {{type: string}}, examples: [a]}}}}
components:
  parameters:
  schemas:
    It:
      type: object
      required:
      properties:
        a: {{type: integer, minimum: '1', exclusiveMinimum: 0, required: true}}
        b: {{type: string, pattern: 7, minLength: few, items:}}
        c: {{type: array, items: {{type: string, nullable:}}, uniqueItems: 1, maxItems: -1}}
"
    );
    let modules = accepted(&text);
    assert!(modules["models.rs"].contains("pub a: Option<i64>"));
}

#[test]
fn invalid_values_in_unused_document_parts_are_accepted() {
    accepted(
        "openapi: 3.0.3
info:
  title: Tiny
  version: 1.0.0
  license: {url: https://license.example}
  contact: Somebody
servers:
  - {url: 'https://{place}.example', variables: {place: {description: Where.}}}
externalDocs: {description: More.}
tags: [{name: Things, externalDocs: {}}]
paths:
  /things:
    description: [Things]
    servers: none
    get:
      operationId: list_things
      tags: [Things]
      externalDocs: {description: More.}
      responses:
        200:
          description: Done.
          headers: {X-Count: {description: How many.}}
          links: {next: 7}
components:
  schemas: {It: {type: object, externalDocs: {}, xml: it, properties: {a: {type: string}}}}
  securitySchemes:
    A: {type: oauth2}
    B: {type: oauth2, flows: {clientCredentials: {tokenUrl: here}}}
    C: {type: apiKey, name: X}
    D: {type: http}
    E: {type: hmac}
  links: 7
",
    );
}

#[test]
fn non_ascii_tag_becomes_an_escaped_module_name() {
    let modules = accepted(&format!(
        "{HEAD}paths:
  /a: {{get: {{operationId: get_a, tags: [\u{94b1}\u{5305}], responses: {{200: {{description: A.}}}}}}}}
  /b: {{get: {{operationId: get_b, tags: [Caf\u{e9}], responses: {{200: {{description: B.}}}}}}}}
"
    ));
    for file in ["client/u94b1_u5305.rs", "operations/caf_ue9.rs"] {
        assert!(modules.contains_key(file), "{:?}", modules.keys());
    }
}

/// The compiler refuses them.
#[test]
fn bidirectional_control_characters_never_reach_generated_code() {
    let text = "\"a \\u202eb\\u202c \\u2066c\\u2069\"";
    let modules = accepted(&format!(
        "openapi: 3.0.3
info: {{title: {text}, version: 1.0.0, description: {text}}}
paths:
  /things:
    get:
      operationId: list_things
      summary: {text}
      description: {text}
      parameters:
        - {{name: a, in: query, description: {text}, example: {text}, schema: {{type: string}}}}
      responses: {{200: {{description: {text}}}}}
components:
  schemas:
    It:
      type: object
      description: {text}
      properties:
        a: {{type: string, description: {text}, example: {text}}}
        b: {{type: string, enum: [{text}], description: {text}}}
"
    ));
    for (name, text) in &modules {
        let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!text.contains(turns), "{name}\n{text}");
    }
}
