//! The model of our own document: what the printers are told.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use xtask::api::{Api, Bounds, Location, ModelKind, Operation, Outcome, Presence};
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, load};

fn api(text: &str) -> Api {
    let options = Options::default();
    let mut document = load::read(text.as_bytes(), "it.yaml", &options).expect("a document");
    transform(&mut document, &options, &mut Log::default()).expect("a transformed document");
    Api::of(&document, &mut Log::default())
}

fn oauth() -> Api {
    api(&std::fs::read_to_string("../openapi/oauth.yaml").expect("the document"))
}

#[test]
fn operations_are_in_the_order_of_the_document() {
    let api = oauth();
    let operations: Vec<_> = api
        .operations
        .iter()
        .map(|operation| {
            (
                operation.id.as_str(),
                operation.method.as_str(),
                api.model(operation.success.model.expect("a model"))
                    .name
                    .as_str(),
                operation.success.status.as_str(),
                operation.repeatable,
                operation.deprecated,
            )
        })
        .collect();
    assert_eq!(
        operations,
        [
            (
                "get_token",
                "GET",
                "GetToken200Response",
                "2XX",
                true,
                false
            ),
            (
                "refresh_token",
                "POST",
                "RefreshToken200Response",
                "2XX",
                false,
                false
            ),
            (
                "exchange_permission_token",
                "POST",
                "PermissionToken201Response",
                "201",
                false,
                true
            ),
            (
                "refresh_permission_token",
                "POST",
                "PermissionToken201Response",
                "201",
                false,
                true
            ),
        ]
    );
}

#[test]
fn parameters_are_in_the_order_of_the_document() {
    let api = oauth();
    let names: Vec<_> = api.operations[0]
        .parameters
        .iter()
        .map(|parameter| parameter.wire.as_str())
        .collect();
    assert_eq!(names, ["client_id", "org_id", "grant_type"]);
    let first = &api.operations[0].parameters[0];
    assert_eq!(first.location, Location::Query);
    assert!(first.required);
    assert_eq!(
        first.example.as_ref().expect("an example"),
        "pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij"
    );
}

#[test]
fn required_secret_and_bounds_attributes_of_properties_are_kept() {
    let api = oauth();
    let model = api
        .models
        .iter()
        .find(|model| model.name == "GetToken200Response")
        .expect("it");
    let fields: Vec<_> = model
        .object()
        .expect("an object")
        .fields
        .iter()
        .map(|field| {
            (
                field.wire.as_str(),
                field.presence == Presence::Required,
                field.secret,
                field.bounds,
            )
        })
        .collect();
    assert_eq!(
        fields,
        [
            ("access_token", true, true, Some(Bounds::NotEmpty)),
            ("token_type", false, false, None),
            ("scope", false, false, None),
            ("expires_in", true, false, Some(Bounds::AtLeast(1))),
            ("refresh_token", false, true, None),
        ]
    );
}

#[test]
fn request_body_schema_becomes_a_named_model() {
    let api = oauth();
    let body = api.operations[1].body.as_ref().expect("a body");
    assert_eq!(api.model(body.model).name, "RefreshTokenRequest");
    assert!(body.required);
    assert_eq!(body.media_type, "application/json");
}

#[test]
fn operation_with_an_http_bearer_scheme_takes_a_bearer_token() {
    let api = oauth();
    assert!(api.operations.iter().all(|operation| !operation.bearer));
    let tiny = std::fs::read_to_string("tests/documents/tiny.yaml").expect("it");
    let secured = tiny.replace(
        "      responses:",
        "      security: [{Org: []}]\n      responses:",
    ) + "  securitySchemes: {Org: {type: http, scheme: Bearer}}\n";
    assert!(operation_of(&secured).bearer);
    assert!(!operation_of(&tiny).bearer);
}

#[test]
fn scopes_are_the_distinct_scopes_of_oauth2_requirements() {
    let tiny = std::fs::read_to_string("tests/documents/tiny.yaml").expect("it");
    let security =
        "      security: [{Key: []}, {OAuth: [a.read, a.write]}, {OAuth: [a.read], Key: []}]";
    let secured = tiny.replace("      responses:", &format!("{security}\n      responses:"))
        + "  securitySchemes:\n    OAuth: {type: oauth2, flows: {}}\n    Key: {type: apiKey, in: header, name: k}\n";
    assert_eq!(operation_of(&secured).scopes, ["a.read", "a.write"]);
    assert!(operation_of(&tiny).scopes.is_empty());
}

#[test]
fn operation_marked_credential_none_does_not_use_the_client_credential() {
    let tiny = std::fs::read_to_string("tests/documents/tiny.yaml").expect("it");
    let mark = "      x-cobo-credential: none\n      responses:";
    assert!(operation_of(&tiny).credential);
    assert!(!operation_of(&tiny.replace("      responses:", mark)).credential);
}

fn operation_of(text: &str) -> Operation {
    api(text).operations.remove(0)
}

#[test]
fn final_states_are_read_from_the_x_cobo_final_states_extension() {
    let tiny = std::fs::read_to_string("tests/documents/tiny.yaml").expect("it");
    let state = "        state:\n          $ref: '#/components/schemas/State'\n    State:\n      \
                 type: string\n      enum: [Running, Done, Failed]\n      \
                 x-cobo-final-states: {success: [Done], failure: [Failed]}\n";
    let api = api(&(tiny + state));
    let states = api.models.iter().find_map(|model| match &model.kind {
        ModelKind::StringEnum(open) => Some(&open.values),
        _ => None,
    });
    let outcomes: Vec<_> = states
        .expect("an enum")
        .iter()
        .map(|value| value.outcome)
        .collect();
    assert_eq!(
        outcomes,
        [None, Some(Outcome::Success), Some(Outcome::Failure)]
    );
}

#[test]
fn operation_with_an_idempotency_key_is_repeatable_and_requires_it() {
    let text = "
openapi: 3.0.3
info: {title: Keys, version: 1.0.0}
paths:
  /things:
    post:
      operationId: make_thing
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
      responses: {'204': {description: Done.}}
    get:
      operationId: list_things
      parameters: [{name: key, in: query, schema: {type: string}}]
      responses: {'204': {description: Done.}}
components:
  schemas:
    Thing:
      type: object
      properties: {key: {type: string, x-cobo-idempotency-key: list_things}}
";
    let api = api(text);
    let make = &api.operations[0];
    assert!(make.repeatable && make.body.as_ref().expect("a body").required);
    let key = ("key".to_owned(), "list_things".to_owned());
    assert_eq!(make.idempotency_key, Some(key));
    assert_eq!(api.operations[1].idempotency_key, None);
    let thing = api.models[0].object().expect("an object");
    assert_eq!(thing.fields[0].presence, Presence::Required);
}

#[test]
fn get_is_repeatable_and_post_is_repeatable_only_if_marked() {
    let tiny = std::fs::read_to_string("tests/documents/tiny.yaml").expect("it");
    assert!(operation_of(&tiny).repeatable);
    assert!(!operation_of(&tiny.replace("get:", "post:")).repeatable);
    let marked = tiny.replace("get:", "post:\n      x-cobo-repeatable: true");
    assert!(operation_of(&marked).repeatable);
}
