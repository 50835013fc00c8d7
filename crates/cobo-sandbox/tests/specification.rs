//! A sandbox that answers from an OpenAPI document.
#![allow(clippy::unwrap_used)] // in a test a panic is the report

mod support;

use cobo_sandbox::{
    Answer, AppKey, DEMO_APP_KEY, DEMO_ORG_ID, Fields, Page, Sandbox, ScriptError, Specification,
};
use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};
use support::{Call, demo_key, get_token, token_target};

const DOCUMENT: &str = include_str!("specification.yaml");
const WALLET: &str = "/v2/wallets/f47ac10b-58cc-4372-a567-0e02b2c3d479";

/// The demo key is an organization's own here, so that calls need no token.
async fn sandbox() -> Sandbox {
    let specification = Specification::from_text(DOCUMENT).unwrap();
    let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    let builder = Sandbox::builder().org_key(key, DEMO_ORG_ID);
    builder.specification(specification).start().await.unwrap()
}

fn hot() -> Value {
    json!({ "kind": "hot", "amount": "1.00", "fee": 0.5 })
}

fn delete(target: &str) -> Call {
    Call::unsigned(Method::DELETE, target, "").header("x-reason", "old")
}

/// The call is refused with 400, and these problems are named and counted.
async fn assert_violates(call: Call, problems: &[&str]) {
    let sandbox = sandbox().await;
    let answer = call.sign(&demo_key()).send(&sandbox).await;
    answer.assert_ok(400);
    let violations = sandbox.violations();
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].problems, problems);
    assert_eq!(sandbox.violation_count(), 1);
    for problem in problems {
        assert!(answer.text("error_message").contains(problem), "{problem}");
    }
}

#[tokio::test]
async fn response_from_the_document_has_all_described_fields() {
    let sandbox = sandbox().await;
    let answer = Call::get("/v2/wallets?limit=5&kinds=hot%2Ccold")
        .send(&sandbox)
        .await;
    let body = answer.assert_ok(200).json();
    let wallet = &body["data"][0];
    assert_eq!(wallet["kind"], "cold");
    assert_eq!(wallet["amount"], "0.00");
    assert_eq!(wallet["vault"], "textxxxxxxxx");
    assert_eq!(wallet["note"], "text");
    assert_eq!(wallet["parent"]["kind"], "cold", "{body}");
    assert_eq!(wallet["parent"].get("parent"), None, "{body}");

    let created = Call::post("/v2/wallets", &hot()).send(&sandbox).await;
    created.assert_ok(201);
    let deleted = delete(WALLET).sign(&demo_key()).send(&sandbox).await;
    assert!(deleted.assert_ok(204).body.is_empty());
    assert_eq!(sandbox.violation_count(), 0, "{:?}", sandbox.violations());
}

#[tokio::test]
async fn each_invalid_part_of_a_request_is_reported_as_a_violation() {
    let get = |target: &str| Call::unsigned(Method::GET, target, "");
    assert_violates(
        get("/v2/wallets?limit=0&kinds=hot,warm"),
        &[
            "the query parameter limit, /: value is less than the minimum of 1",
            r#"the query parameter kinds, /1: value is not one of "hot" or "cold""#,
        ],
    )
    .await;
    assert_violates(
        get("/v2/wallets?limit=five&other=1"),
        &[
            r#"the operation has no query parameter "other""#,
            r#"the query parameter limit, /: value is not of type "integer""#,
        ],
    )
    .await;
    assert_violates(
        get("/v2/wallets?after=a&after=b"),
        &["the query parameter after is repeated"],
    )
    .await;
    assert_violates(
        delete("/v2/wallets/7").header("x-reason", "too long"),
        &[
            "the header parameter X-Reason, /: value is longer than 5 characters",
            r#"the path parameter wallet_id, /: value is not a "uuid""#,
        ],
    )
    .await;
    assert_violates(
        Call::unsigned(Method::DELETE, WALLET, ""),
        &["the header parameter X-Reason is missing"],
    )
    .await;
}

#[tokio::test]
async fn integer_outside_of_its_format_is_a_violation() {
    let document = r"
openapi: 3.0.3
info: { title: Tiny, version: '1' }
paths:
  /numbers:
    get:
      operationId: get_numbers
      parameters:
        - { name: narrow, in: query, schema: { type: integer, format: int32 } }
        - { name: wide, in: query, schema: { type: integer, format: int64 } }
        - { name: any, in: query, schema: { type: integer } }
      responses: { '200': { description: OK } }
";
    let specification = Specification::from_text(document).unwrap();
    let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    let builder = Sandbox::builder().org_key(key, DEMO_ORG_ID);
    let sandbox = builder.specification(specification).start().await.unwrap();
    for (query, status) in [
        (
            "narrow=2147483647&wide=-9223372036854775808&any=9223372036854775808",
            200,
        ),
        ("narrow=2147483648", 400),
        ("wide=9223372036854775808", 400),
    ] {
        let target = format!("/v2/numbers?{query}");
        let call = Call::unsigned(Method::GET, &target, "").sign(&demo_key());
        call.send(&sandbox).await.assert_ok(status);
    }
    let problems: Vec<String> = sandbox
        .violations()
        .into_iter()
        .flat_map(|it| it.problems)
        .collect();
    assert_eq!(
        problems,
        [
            "the query parameter narrow, /: value is greater than the maximum of 2147483647",
            "the query parameter wide, /: value is greater than the maximum of 9223372036854775807",
        ]
    );
}

#[tokio::test]
async fn union_body_is_checked_against_the_variant_of_its_discriminator() {
    let post = |body: &Value| Call::unsigned(Method::POST, "/v2/wallets", body.to_string());
    let mut cold = hot();
    cold["kind"] = json!("cold");
    assert_violates(
        post(&cold),
        &[r#"the body, /: "vault" is a required property"#],
    )
    .await;
    let mut other = hot();
    other["kind"] = json!("warm");
    assert_violates(
        post(&other),
        &[r#"the body, /kind: value is not one of "cold" or "hot""#],
    )
    .await;
    let mut free = hot();
    free["fee"] = json!(0);
    assert_violates(
        post(&free),
        &["the body, /fee: value is less than or equal to the minimum of 0"],
    )
    .await;
    let mut noted = hot();
    noted["note"] = Value::Null;
    let sandbox = sandbox().await;
    Call::post("/v2/wallets", &noted)
        .send(&sandbox)
        .await
        .assert_ok(201);

    let call = Call::unsigned(Method::POST, "/v2/wallets", "");
    assert_violates(call, &["the body is missing"]).await;
    let call = Call::unsigned(Method::POST, "/v2/wallets", "{\"a\":");
    assert_violates(call, &["the body is not JSON (line 1, column 5)"]).await;
    let call = post(&hot()).header("content-type", "text/plain");
    assert_violates(call, &["the content type must be application/json"]).await;
    let call = Call::unsigned(Method::GET, "/v2/wallets", "{}");
    assert_violates(call, &["the operation takes no body"]).await;
}

#[tokio::test]
async fn multipart_form_is_checked_part_by_part() {
    let form = |parts: &[(&str, &str)]| {
        let mut body = String::new();
        for (name, content) in parts {
            body.push_str(&format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n"
            ));
        }
        body.push_str("--b--\r\n");
        Call::unsigned(Method::POST, "/v2/files", body)
            .header("content-type", "multipart/form-data; boundary=b")
    };
    let sandbox = sandbox().await;
    let good = form(&[("file", "{}"), ("size", "7")]).sign(&demo_key());
    good.send(&sandbox).await.assert_ok(200);
    assert_violates(
        form(&[("file", "x"), ("size", "big")]),
        &[r#"the body, /size: value is not of type "integer""#],
    )
    .await;
    assert_violates(
        form(&[("size", "7"), ("size", "7")]),
        &["the form: a part is repeated"],
    )
    .await;
}

#[tokio::test]
async fn requests_to_unknown_paths_or_methods_are_violations() {
    let sandbox = sandbox().await;
    Call::get("/v2/nothing")
        .send(&sandbox)
        .await
        .assert_api_error(404, 2021);
    let answer = Call::post(WALLET, &json!({})).send(&sandbox).await;
    answer.assert_api_error(405, 2021);
    assert_eq!(answer.headers["allow"], "DELETE");
    assert_eq!(sandbox.violation_count(), 2);
}

#[tokio::test]
async fn specification_only_disables_built_in_endpoints() {
    let specification = Specification::from_text(DOCUMENT).unwrap();
    let builder = Sandbox::builder().specification(specification.clone());
    let only = builder.specification_only(true).start().await.unwrap();
    let answer = Call::get(&token_target("a", "b", "org_implicit"))
        .send(&only)
        .await;
    answer.assert_api_error(404, 2021);
    let builder = Sandbox::builder().specification(specification);
    let both = builder.start().await.unwrap();
    get_token(&both, DEMO_ORG_ID).await.assert_ok(200);
}

#[tokio::test]
async fn scripted_responses_are_sent_before_generated_ones() {
    let sandbox = sandbox().await;
    let scripted = [
        Answer::json(StatusCode::OK, json!({ "mine": 1 })),
        Answer::error(StatusCode::TOO_MANY_REQUESTS, 2026),
    ];
    sandbox.script("list_wallets", scripted).unwrap();
    let get = || Call::get("/v2/wallets");
    assert_eq!(get().send(&sandbox).await.json(), json!({ "mine": 1 }));
    get().send(&sandbox).await.assert_api_error(429, 2026);
    assert!(get().send(&sandbox).await.json()["data"].is_array());
}

async fn page(sandbox: &Sandbox, target: &str) -> (usize, Value) {
    let body = Call::get(target).send(sandbox).await.assert_ok(200).json();
    let count = body["data"].as_array().unwrap().len();
    (count, body["pagination"].clone())
}

#[tokio::test]
async fn scripted_pages_are_served_by_cursor() {
    let sandbox = sandbox().await;
    let list = "/v2/wallets";
    sandbox.script_pages("list_wallets", []).unwrap();
    let ends = json!({ "before": "", "after": "", "total_count": 0 });
    assert_eq!(page(&sandbox, list).await, (0, ends));

    let unavailable = Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000);
    let pages = [
        Page::of(2),
        Page::of(0),
        Page::items([hot()]).fails_first(unavailable),
        Page::of(1).next("page-1"),
        Page::error(Answer::error(StatusCode::FORBIDDEN, 2025)),
    ];
    sandbox.script_pages("list_wallets", pages).unwrap();
    let cursors = |before, after| json!({ "before": before, "after": after, "total_count": 4 });
    assert_eq!(page(&sandbox, list).await, (2, cursors("", "page-1")));
    let at = |cursor: &str| format!("{list}?after={cursor}&limit=10");
    let empty = page(&sandbox, &at("page-1")).await;
    assert_eq!(empty, (0, cursors("page-0", "page-2")));
    let call = || Call::get("/v2/wallets?after=page-2");
    call().send(&sandbox).await.assert_api_error(503, 2000);
    assert_eq!(call().send(&sandbox).await.json()["data"], json!([hot()]));
    let again = page(&sandbox, &at("page-3")).await;
    assert_eq!(again, (1, cursors("page-2", "page-1")));
    let back = page(&sandbox, "/v2/wallets?before=page-0").await;
    assert_eq!(back, (2, cursors("", "page-1")));
    for _ in 0..2 {
        Call::get(&at("page-4"))
            .send(&sandbox)
            .await
            .assert_api_error(403, 2025);
    }
    Call::get(&at("page-9"))
        .send(&sandbox)
        .await
        .assert_api_error(400, 2006);

    let no_list = sandbox.script_pages("create_wallet", []);
    assert_eq!(
        no_list,
        Err(ScriptError::NoList("create_wallet".to_owned()))
    );
}

#[test]
fn successive_samples_cover_every_union_variant() {
    let specification = Specification::from_text(DOCUMENT).unwrap();
    let schema = json!({ "$ref": "#/components/schemas/Wallet" });
    let sample = |turn| specification.sample(&schema, Fields::Required, turn);
    assert_eq!(sample(0).turns, 2);
    assert_eq!(sample(0).value["kind"], "cold");
    assert_eq!(sample(1).value["kind"], "hot");
    let with_note = specification
        .sample(&schema, Fields::RequiredAnd("note"), 1)
        .value;
    assert_eq!(
        with_note,
        json!({ "kind": "hot", "amount": "0.00", "fee": 1.25, "note": "text" })
    );
}

/// An envelope that requires `id` and describes `event_id`.
#[test]
fn required_name_without_a_property_schema_is_not_required() {
    let schema = |required: Value| {
        json!({
            "allOf": [
                { "type": "object", "properties": { "a": { "type": "string" } } },
                { "type": "object", "properties": { "b": {} }, "required": required },
            ],
        })
    };
    let specification = Specification::from_text(DOCUMENT).unwrap();
    let problems = |required: Value| specification.problems(&schema(required), &json!({ "b": 1 }));
    assert_eq!(problems(json!(["id", "b"])), Vec::<String>::new());
    assert_eq!(
        problems(json!(["a", "b"])),
        [r#"/: "a" is a required property"#]
    );
    let made = specification
        .sample(&schema(json!(["id", "a"])), Fields::Required, 0)
        .value;
    assert_eq!(made, json!({ "a": "text" }));
    let undescribed = json!({ "type": "object", "required": ["id"] });
    assert_eq!(specification.problems(&undescribed, &json!({})).len(), 1);
    let made = specification
        .sample(&undescribed, Fields::Required, 0)
        .value;
    assert_eq!(made, json!({ "id": "text" }));
}

#[test]
fn unsupported_or_invalid_sandbox_document_is_refused() {
    let refused = |text: &str| Specification::from_text(text).unwrap_err().to_string();
    assert!(refused("a: [").starts_with("the document is not YAML: "));
    let old = "the document cannot be answered from: it has no key `openapi`";
    assert_eq!(refused("swagger: '2.0'"), old);
    let new = "the document cannot be answered from: it is OpenAPI 3.1.0, not 3.0";
    assert_eq!(refused("openapi: 3.1.0"), new);
    let dangling = DOCUMENT.replace(
        "- { name: wallet_id",
        "- { $ref: '#/nowhere', name: wallet_id",
    );
    assert_eq!(
        refused(&dangling),
        "the document cannot be answered from: delete /wallets/{wallet_id}: a parameter's reference leads nowhere"
    );
}
