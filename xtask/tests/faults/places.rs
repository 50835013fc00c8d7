//! What is said of a place: sides, `null`, and what leads back to itself.

use xtask::api::{Api, ModelKind};
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, Stage, cross_check, load};

use super::{HEAD, assert_has, generate, generated, operation};

#[test]
fn read_only_and_write_only_marks_are_kept_for_every_property_type() {
    let it = generated(&format!(
        "{HEAD}paths:
  /it:
    post:
      operationId: add_it
      requestBody: {{required: true, content: {{application/json: {{schema: {{$ref: '#/components/schemas/W'}}}}}}}}
      responses: {{200: {{description: D., content: {{application/json: {{schema: {{$ref: '#/components/schemas/W'}}}}}}}}}}
components:
  schemas:
    W:
      type: object
      required: [status, meta, key, name]
      properties:
        status: {{type: string, enum: [a, b], readOnly: true}}
        meta: {{type: object, readOnly: true, properties: {{x: {{type: string}}}}}}
        key: {{writeOnly: true, oneOf: [{{type: object, properties: {{x: {{type: string}}}}}}, {{type: object, properties: {{y: {{type: string}}}}}}]}}
        name: {{type: string}}
"
    ));
    assert_has(
        &it.files["models.rs"],
        &["W { 0 status?, 1 meta?, 2 key?, 3 name }"],
    );
}

/// A value with every placeholder would have no end.
#[test]
fn required_property_of_a_recursive_alias_becomes_optional() {
    let it = generated(&format!(
        "{HEAD}paths: {{}}
components:
  schemas:
    A: {{type: object, required: [b], properties: {{b: {{$ref: '#/components/schemas/B'}}}}}}
    B: {{$ref: '#/components/schemas/A'}}
"
    ));
    assert_has(&it.files["models.rs"], &["A { 0 b? }"]);
}

#[test]
fn union_of_one_scalar_type_keeps_nullability_and_range_of_its_variants() {
    let it = generated(&format!(
        "{HEAD}paths: {{}}
components:
  schemas:
    M:
      type: object
      required: [a, b, c, d]
      properties:
        a: {{oneOf: [{{type: string, nullable: true}}, {{type: string, format: uuid}}]}}
        b: {{anyOf: [{{$ref: '#/components/schemas/N'}}, {{type: string, maxLength: 3}}]}}
        c: {{oneOf: [{{type: integer, maximum: 4}}, {{type: integer, format: uint64}}]}}
        d: {{oneOf: [{{type: integer, maximum: 18446744073709551615}}, {{type: integer, minimum: 5}}]}}
    N: {{type: string, nullable: true}}
"
    ));
    assert_has(
        &it.files["models.rs"],
        &[
            "pub a: Option<String>",
            "pub b: Option<String>",
            "pub c: Number",
            "pub d: Number",
        ],
    );
}

#[test]
fn control_characters_are_removed_from_markdown() {
    let text = xtask::print::markdown::rustdoc("A\u{0}B\u{202e}\tC\r\n```\nD\u{7}\n```\n");
    let odd = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(odd), "{text:?}");
    assert_has(&text, &["AB C", "```text\nD\n```"]);
}

#[test]
fn example_sets_required_nullable_properties() {
    let it = generated(&format!(
        "{HEAD}paths:
  /it:
    post:
      operationId: add_it
      requestBody: {{required: true, content: {{application/json: {{schema: {{$ref: '#/components/schemas/W'}}}}}}}}
      responses: {{200: {{description: D.}}}}
components:
  schemas:
    W: {{type: object, required: [name, both, some], properties: {{name: {{type: string}}, both: {{type: string, nullable: true}}, some: {{type: object, nullable: true}}}}}}
"
    ));
    assert_has(
        &it.files["client.rs"],
        &[
            ".name(\"text\")",
            ".both(\"text\")",
            ".some(serde_json::Map",
        ],
    );
}

#[test]
fn nullable_default_response_becomes_an_option() {
    let it = generated(&operation(
        "      responses: {default: {description: D., content: {application/json: {schema: {type: object, nullable: true, properties: {x: {type: string}}}}}}}
",
    ));
    assert_has(
        &it.files["operations.rs"],
        &["CallFuture<Response<Option<models::"],
    );
}

#[test]
fn success_responses_with_and_without_a_body_become_an_option() {
    let it = generated(&operation(
        "      responses:
        '204': {description: Nothing.}
        '200': {description: It., content: {application/json: {schema: {$ref: '#/components/schemas/U'}}}}
components: {schemas: {U: {type: object, required: [id], properties: {id: {type: string}}}}}
",
    ));
    assert_has(
        &it.files["operations.rs"],
        &[
            "CallFuture<Response<Option<models::U>>>",
            "self.request.send_optional()",
        ],
    );
}

#[test]
fn integer_marked_exact_becomes_a_number() {
    let it = generated(&format!(
        "{HEAD}paths: {{}}
components:
  schemas:
    A: {{type: object, properties: {{wei: {{type: integer, x-cobo-number: exact}}, n: {{type: integer}}}}}}
"
    ));
    assert_has(
        &it.files["models.rs"],
        &["pub wei: Option<Number>", "pub n: Option<i64>"],
    );
    let said: Vec<&str> = it.log.changes(crate::Stage::CrossCheck).collect();
    assert_eq!(said, ["1 of 1 models agree"]);
}

#[test]
fn merge_patch_body_keeps_its_declared_media_type() {
    let it = generated(&operation(
        "      requestBody:
        required: true
        content: {application/merge-patch+json: {schema: {type: object, properties: {a: {type: string}}}}}
      responses: {200: {description: Done.}}
",
    ));
    assert_has(
        &it.files["operations.rs"],
        &[".body_type(\"application/merge-patch+json\")"],
    );
}

#[test]
fn marked_parameters_and_parameters_with_secret_names_are_secrets() {
    let it = generated(&operation(
        "      parameters:
        - {name: one, in: query, schema: {type: string, x-cobo-secret: true}}
        - {name: X-Two, in: header, x-cobo-secret: true, schema: {$ref: '#/components/schemas/Text'}}
        - {name: access_token, in: query, required: true, schema: {type: string}}
        - {name: some, in: query, schema: {type: array, items: {type: string, x-cobo-secret: true}}}
        - {name: api_key, in: query, x-cobo-secret: false, schema: {type: string}}
        - {name: text, in: query, schema: {$ref: '#/components/schemas/Text'}}
      responses: {200: {description: D.}}
components: {schemas: {Text: {type: string, minLength: 3}}}
",
    ));
    assert_has(
        &it.files["operations.rs"],
        &[
            "Parameter::query(\"one\").secret()",
            "Parameter::header(\"X-Two\").secret()",
            "Parameter::query(\"access_token\").required().secret()",
            "Parameter::query(\"some\").secret()",
            "Parameter::query(\"api_key\"),",
            "Parameter::query(\"text\"),",
            "pub fn one(mut self, value: impl Into<Secret>)",
            "pub fn x_two(mut self, value: impl Into<Secret>)",
            "pub fn access_token(mut self, value: impl Into<Secret>)",
            "pub fn some(mut self, value: impl Into<Vec<Secret>>)",
        ],
    );
}

/// Optional properties may exclude each other, so that all of them together are refused.
#[test]
fn example_sets_required_properties_or_one_optional_property() {
    let it = generated(&format!(
        "{HEAD}paths:
  /it:
    post:
      operationId: add_it
      requestBody: {{required: true, content: {{application/json: {{schema: {{$ref: '#/components/schemas/One'}}}}}}}}
      responses: {{200: {{description: D.}}}}
  /that:
    post:
      operationId: add_that
      requestBody: {{required: true, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Two'}}}}}}}}
      responses: {{200: {{description: D.}}}}
components:
  schemas:
    One: {{type: object, required: [id], properties: {{id: {{type: string, example: a}}, by: {{type: string, example: b}}, nested: {{$ref: '#/components/schemas/Two'}}}}}}
    Two: {{type: object, properties: {{old: {{type: string, example: o, deprecated: true}}, a: {{type: string}}, b: {{type: string, example: c}}, nested: {{$ref: '#/components/schemas/One'}}}}}}
"
    ));
    let client = &it.files["client.rs"];
    assert_has(
        client,
        &[
            "models::One::builder().id(\"a\");",
            "models::Two::builder().a(\"text\");",
        ],
    );
}

#[test]
fn example_value_outside_its_enum_is_replaced_and_reported() {
    let it = generated(&operation(
        "      parameters:
        - {name: kind, in: query, required: true, example: wrong, schema: {$ref: '#/components/schemas/Kind'}}
        - {name: levels, in: query, required: true, example: [2, 7], schema: {type: array, items: {type: integer, enum: [1, 2]}}}
        - {name: kinds, in: query, required: true, example: 'b,a', schema: {type: array, items: {$ref: '#/components/schemas/Kind'}}}
      responses: {200: {description: D., content: {application/json: {schema: {$ref: '#/components/schemas/Root'}}}}}
components:
  schemas:
    Kind: {type: string, enum: [a, b], example: c}
    Root: {type: object, properties: {kind: {type: string, enum: [x, y], example: z}, fine: {type: string, enum: [x, y], example: y}}}
",
    ));
    let said: Vec<String> = it.log.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 4, "{said:?}");
    for (said, part) in said.iter().zip([
        "the example of Kind is \"c\", which is not a value of its enum: examples show \"a\"",
        "the example of RootKind is \"z\", which is not a value of its enum: examples show \"x\"",
        "the example of the parameter `kind` of get_it is \"wrong\"",
        "the example of the parameter `levels` of get_it is [2,7]",
    ]) {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(it.api.operations[0].parameters[0].example, Some("a".into()));
}

#[test]
fn additional_properties_of_a_multipart_form_are_sent() {
    let it = generated(&format!(
        "{HEAD}paths:
  /it:
    post:
      operationId: add_it
      requestBody: {{required: true, content: {{multipart/form-data: {{schema: {{type: object, properties: {{file: {{type: string, format: binary}}}}, additionalProperties: {{type: integer}}}}}}}}}}
      responses: {{200: {{description: D.}}}}
"
    ));
    assert_has(&it.files["operations.rs"], &[".values(& body.extra)"]);
}

#[test]
fn head_response_has_no_body_type() {
    for media in ["application/json", "text/plain"] {
        let text = operation(&format!(
            "      responses: {{200: {{description: D., content: {{{media}: {{schema: {{type: object, properties: {{a: {{type: string}}}}}}}}}}}}}}\n"
        ));
        let it = generated(&text.replace("    get:", "    head:"));
        assert_eq!(it.api.operations[0].success.model, None);
        assert_has(
            &it.files["operations.rs"],
            &["CallFuture<Response<()>>", ".not_json()"],
        );
    }
}

#[test]
fn unsupported_media_type_of_a_default_response_is_refused() {
    let refused = |status: &str| {
        let text = operation(&format!(
            "      responses: {{{status}: {{description: D., content: {{text/csv: {{schema: {{type: string}}}}}}}}}}\n"
        ));
        match generate(&text, &Options::default()) {
            Ok(_) => panic!("{status} is accepted"),
            Err(problems) => problems.to_string(),
        }
    };
    for status in ["200", "default"] {
        assert_has(
            &refused(status),
            &["a response of `text/csv` is not supported"],
        );
    }
}

/// Each edit of the model is one that the second reading does not make.
#[test]
fn cross_check_refuses_operations_and_unions_that_differ() {
    let text = operation(
        "      parameters:
        - {name: id, in: query, required: true, schema: {type: string}}
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}
      responses: {200: {description: D., content: {application/json: {schema: {$ref: '#/components/schemas/Root'}}}}}
components:
  schemas:
    Root: {oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}
    A: {type: object, required: [a], properties: {a: {type: string}}}
    B: {type: object, required: [b], properties: {b: {type: string}}}
",
    )
    .replace("    get:", "    post:");
    let options = Options::default();
    let mut log = Log::default();
    let mut document = load::read(text.as_bytes(), "it.yaml", &options).unwrap();
    transform(&mut document, &options, &mut log).unwrap();
    let api = Api::of(&document, &mut log);
    cross_check::run(&document, &api, &mut log).unwrap();
    type Edit = fn(&mut Api);
    let edits: [(&str, Edit); 6] = [
        ("only progenitor has it", |api| {
            api.operations[0].method = "PUT".to_owned();
        }),
        ("its id", |api| api.operations[0].id.push('2')),
        ("its parameters", |api| {
            api.operations[0].parameters[0].required = false;
        }),
        ("whether its body is required", |api| {
            api.operations[0].body.as_mut().unwrap().required = false;
        }),
        ("its success", |api| api.operations[0].success.model = None),
        ("its variants", |api| {
            for model in &mut api.models {
                if let ModelKind::Union(union) = &mut model.kind {
                    union.variants.pop();
                }
            }
        }),
    ];
    for (reason, edit) in edits {
        let mut edited = api.clone();
        edit(&mut edited);
        let problems = cross_check::run(&document, &edited, &mut Log::default()).unwrap_err();
        assert_has(&problems.to_string(), &[reason]);
    }
}

/// Progenitor is told to use our types here, and then does not read `nullable`.
#[test]
fn nullable_numbers_and_secrets_are_accepted_where_they_are_required() {
    let it = generated(&format!(
        "{HEAD}paths: {{}}
components:
  schemas:
    M:
      type: object
      required: [number, exact, wide, secret, list]
      properties:
        number: {{type: number, nullable: true}}
        exact: {{type: integer, nullable: true, x-cobo-number: exact}}
        wide: {{type: integer, format: uint64, nullable: true}}
        secret: {{type: string, nullable: true, x-cobo-secret: true}}
        list: {{type: array, items: {{type: number, nullable: true}}}}
        map: {{type: object, additionalProperties: {{type: number, nullable: true}}}}
"
    ));
    assert_has(
        &it.files["models.rs"],
        &[
            "pub number: Option<Number>",
            "pub exact: Option<Number>",
            "pub wide: Option<Number>",
            "pub secret: Option<Secret>",
            "pub list: Vec<Option<Number>>",
        ],
    );
    let said: Vec<&str> = it.log.changes(Stage::CrossCheck).collect();
    assert_eq!(said, ["1 of 1 models agree"]);
}
