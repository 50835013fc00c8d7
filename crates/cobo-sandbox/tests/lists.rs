//! Lists without a script: pages end, `limit` is kept, and filters filter.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{AppKey, DEMO_APP_KEY, DEMO_ORG_ID, Sandbox, Specification};
use serde_json::{Value, json};
use support::Call;

/// Coins are of five kinds, so there are five different ones.
const DOCUMENT: &str = r##"
openapi: 3.0.3
info: { title: Lists, version: "1" }
paths:
  /coins:
    get:
      operationId: list_coins
      parameters:
        - { name: limit, in: query, schema: { type: integer, default: 2 } }
        - { name: before, in: query, schema: { type: string } }
        - { name: after, in: query, schema: { type: string } }
        - { name: kind, in: query, schema: { type: string } }
        - { name: kinds, in: query, schema: { type: array, items: { type: string } } }
        - { name: chains, in: query, schema: { type: string } }
        - { name: is_active, in: query, schema: { type: boolean } }
        - { name: sort_by, in: query, schema: { type: string } }
      responses:
        "200":
          description: OK
          content:
            application/json:
              schema:
                type: object
                properties:
                  data: { type: array, items: { $ref: "#/components/schemas/Coin" } }
                  pagination:
                    type: object
                    properties:
                      before: { type: string, example: some }
                      after: { type: string, example: some }
                      total_count: { type: integer }
  /coins/all:
    get:
      operationId: list_all_coins
      parameters:
        - { name: kind, in: query, schema: { type: string } }
      responses:
        "200":
          description: OK
          content:
            application/json:
              schema: { type: array, items: { $ref: "#/components/schemas/Coin" } }
    post:
      operationId: create_coins
      responses:
        "200":
          description: OK
          content:
            application/json:
              schema: { type: array, items: { $ref: "#/components/schemas/Coin" } }
  /events:
    get:
      operationId: list_events
      parameters:
        - { name: after, in: query, schema: { type: string } }
      responses:
        "200":
          description: OK
          content:
            application/json:
              schema:
                type: object
                properties:
                  data: { type: array, items: { type: string, enum: [a, b, c, d, e, f, g, h, i, j, k, l] } }
                  after: { type: string, nullable: true, example: some }
  /ledgers:
    get:
      operationId: list_ledgers
      responses:
        "200":
          description: OK
          content:
            application/json:
              schema:
                type: object
                properties:
                  debits: { type: array, items: { type: string } }
                  credits: { type: array, items: { type: string } }
                  pagination: { type: object, properties: { after: { type: string } } }
  /coin:
    get:
      operationId: get_coin
      responses:
        "200":
          description: OK
          content:
            application/json:
              schema: { $ref: "#/components/schemas/Coin" }
components:
  schemas:
    Coin:
      type: object
      properties:
        kind: { type: string, enum: [gold, silver, copper, tin, lead] }
        chains: { type: array, items: { type: string, enum: [one, two, three, four, five] } }
        is_active: { type: boolean }
"##;

async fn sandbox() -> Sandbox {
    let document = Specification::from_text(DOCUMENT).unwrap();
    let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    let builder = Sandbox::builder().org_key(key, DEMO_ORG_ID);
    builder.specification(document).start().await.unwrap()
}

async fn get(sandbox: &Sandbox, target: &str) -> Value {
    let answer = Call::get(&format!("/v2{target}")).send(sandbox).await;
    answer.assert_ok(200).json()
}

fn kinds(items: &Value) -> Vec<&str> {
    let items = items.as_array().unwrap().iter();
    items.map(|item| item["kind"].as_str().unwrap()).collect()
}

/// The pages that a query gives, followed by `after` to their end: the kinds of each.
async fn pages(sandbox: &Sandbox, query: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut after = String::new();
    loop {
        let page = get(sandbox, &format!("/coins?{query}&after={after}")).await;
        let kinds = kinds(&page["data"]);
        pages.push(kinds.into_iter().map(str::to_owned).collect());
        after = page["pagination"]["after"].as_str().unwrap().to_owned();
        if after.is_empty() {
            return pages;
        }
        assert!(pages.len() < 10, "the pages do not end");
    }
}

#[tokio::test]
async fn paging_stops_at_the_last_item_and_respects_the_limit() {
    let sandbox = sandbox().await;
    let whole = ["gold", "silver", "copper", "tin", "lead"];
    assert_eq!(pages(&sandbox, "limit=50").await, [whole]);
    let threes = [&whole[..3], &whole[3..]];
    assert_eq!(pages(&sandbox, "limit=3").await, threes);
    // The document's default.
    let twos = [&whole[..2], &whole[2..4], &whole[4..]];
    assert_eq!(pages(&sandbox, "").await, twos);
}

#[tokio::test]
async fn before_cursor_returns_the_previous_page() {
    let sandbox = sandbox().await;
    let at = |cursor: &str| format!("/coins?limit=2&{cursor}");
    let first = get(&sandbox, &at("")).await;
    assert_eq!(
        first["pagination"],
        json!({ "before": "", "after": "item-2", "total_count": 5 })
    );
    let last = get(&sandbox, &at("after=item-4")).await;
    assert_eq!(
        last["pagination"],
        json!({ "before": "item-4", "after": "", "total_count": 5 })
    );
    let middle = get(&sandbox, &at("before=item-4")).await;
    assert_eq!(kinds(&middle["data"]), ["copper", "tin"]);
    let again = get(&sandbox, &at("before=item-2")).await;
    assert_eq!(again, first);
}

#[tokio::test]
async fn unknown_cursor_is_refused() {
    let sandbox = sandbox().await;
    for cursor in [
        "after=item-0",
        "after=item-5",
        "after=item--1",
        "after=page-1",
        "after=x",
        "before=item-0",
        "before=item-5",
        "before=some",
    ] {
        let answer = Call::get(&format!("/v2/coins?{cursor}"))
            .send(&sandbox)
            .await;
        answer.assert_api_error(400, 2006);
        let message = answer.text("error_message");
        assert!(message.contains("unknown pagination cursor"), "{message}");
    }
    let answer = Call::get("/v2/coins?limit=0").send(&sandbox).await;
    answer.assert_api_error(400, 2006);
}

#[tokio::test]
async fn item_that_does_not_match_a_filter_is_not_served() {
    let sandbox = sandbox().await;
    for (query, expected) in [
        ("kind=tin", &["tin"][..]),
        ("kind=tin%2Cgold", &["gold", "tin"]),
        // The singular of a list's name.
        ("kinds=silver,lead", &["silver", "lead"]),
        ("kind=tin&kinds=tin,lead", &["tin"]),
        ("kind=tin&kinds=lead", &[]),
        ("kind=plastic", &[]),
        // A property that is a list.
        ("chains=five,two", &["silver", "lead"]),
        (
            "is_active=true",
            &["gold", "silver", "copper", "tin", "lead"],
        ),
        ("is_active=false", &[]),
        // No property has this name, and an empty value asks for nothing.
        (
            "sort_by=kind&kind=",
            &["gold", "silver", "copper", "tin", "lead"],
        ),
    ] {
        let page = get(&sandbox, &format!("/coins?limit=9&{query}")).await;
        assert_eq!(kinds(&page["data"]), expected, "{query}");
        assert_eq!(page["pagination"]["total_count"], expected.len(), "{query}");
        assert_eq!(page["pagination"]["after"], "", "{query}");
    }
    let filtered = pages(&sandbox, "kinds=gold,tin,lead&limit=2").await;
    assert_eq!(filtered, [vec!["gold", "tin"], vec!["lead"]]);
}

#[tokio::test]
async fn list_without_cursor_parameters_returns_all_matching_items() {
    let sandbox = sandbox().await;
    assert_eq!(kinds(&get(&sandbox, "/coins/all").await).len(), 5);
    assert_eq!(
        kinds(&get(&sandbox, "/coins/all?kind=lead,tin").await),
        ["tin", "lead"]
    );
}

#[tokio::test]
async fn last_page_with_a_top_level_cursor_has_an_empty_cursor() {
    let sandbox = sandbox().await;
    let first = get(&sandbox, "/events").await;
    assert_eq!(first["data"].as_array().unwrap().len(), 10);
    assert_eq!(first["after"], "item-10");
    let last = get(&sandbox, "/events?after=item-10").await;
    assert_eq!(last, json!({ "data": ["k", "l"], "after": "" }));
    // A list with two candidates for its items has one page.
    assert_eq!(get(&sandbox, "/ledgers").await["pagination"]["after"], "");
}

#[tokio::test]
async fn responses_that_are_not_lists_are_not_paged() {
    let sandbox = sandbox().await;
    let coin = json!({ "kind": "gold", "chains": ["one"], "is_active": true });
    assert_eq!(get(&sandbox, "/coin").await, coin);
    let created = Call::unsigned(reqwest::Method::POST, "/v2/coins/all", "");
    let created = created.sign(&support::demo_key()).send(&sandbox).await;
    assert_eq!(created.assert_ok(200).json(), json!([coin]));
}
