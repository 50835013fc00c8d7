//! What was sent, as the operations for events, their attempts and callback messages show it.

use super::*;

fn events_of(endpoint: &Value) -> String {
    format!(
        "{ENDPOINTS}/{}/events",
        endpoint["endpoint_id"].as_str().unwrap()
    )
}

/// The document requires properties that it does not describe, so each object gets them here.
fn assert_valid_but_for(missing: &str, schema: &str, object: &Value) {
    let mut object = object.clone();
    object[missing] = json!("00000000-0000-4000-8000-000000000000");
    assert_valid(schema, &object);
}

/// An app that was away reads what it missed.
#[tokio::test]
async fn events_of_an_outage_are_listed_with_their_state() {
    let sandbox = sandbox().await;
    let app = App::start(|number| match number {
        0 => StatusCode::OK.into_response(),
        _ => StatusCode::BAD_GATEWAY.into_response(),
    })
    .await;
    let all = ["wallets.created", "wallets.transaction.succeeded"];
    let endpoint = register(&sandbox, &app.url, &all).await;
    let other = register(&sandbox, &app.url, &["wallets.updated"]).await;
    let events = events_of(&endpoint);
    assert_eq!(get(&sandbox, &events).await["data"], json!([]));

    let wallet_id = wallet(&sandbox).await;
    sandbox.deliveries()[0].ended().await;
    let id = sent(&sandbox, &wallet_id, "r-1").await;
    // The clock alone, so that the list must take note of it.
    sandbox.clock().advance(MINUTE);
    get(&sandbox, &events).await;
    sandbox.deliveries()[1].attempted(1).await;

    let listed = get(&sandbox, &events).await;
    let [created, succeeded] = listed["data"].as_array().unwrap().as_slice() else {
        panic!("{listed}");
    };
    assert_eq!(created["status"], "Success");
    assert_eq!(created["data"]["wallet"]["wallet_id"], wallet_id.as_str());
    assert_eq!(created.get("retries_left"), None);
    assert_eq!(created.get("next_retry_timestamp"), None);
    assert_eq!(succeeded["status"], "Retrying");
    assert_eq!(succeeded["type"], "wallets.transaction.succeeded");
    assert_eq!(succeeded["data"]["transaction_id"], id.as_str());
    assert_eq!(succeeded["created_timestamp"], NOW_MS + 60_000);
    assert_eq!(succeeded["retries_left"], 9);
    assert_eq!(succeeded["next_retry_timestamp"], NOW_MS + 120_000);
    assert_eq!(succeeded["event_id"], app.bodies()[1]["event_id"]);
    assert_valid_but_for("id", "WebhookEvent", succeeded);

    let missed = sandbox.deliveries()[1].clone();
    assert_eq!(sandbox.finish(&missed).await, DeliveryStatus::Failed);
    let listed = get(&sandbox, &format!("{events}?status=Failed")).await;
    let [failed] = listed["data"].as_array().unwrap().as_slice() else {
        panic!("{listed}");
    };
    assert_eq!(failed["event_id"], missed.id());
    assert_eq!(failed.get("retries_left"), None);
    let target = format!("{events}/{}", missed.id());
    assert_eq!(get(&sandbox, &target).await, *failed);
    let of_type = get(&sandbox, &format!("{events}?type=wallets.created")).await;
    assert_eq!(of_type["data"], json!([created]));
    let page = get(&sandbox, &format!("{events}?limit=1")).await;
    assert_eq!(page["data"], json!([created]));
    assert_eq!(page["pagination"]["total_count"], 2);

    // The events of an endpoint are not those of another one with the same URL.
    assert_eq!(get(&sandbox, &events_of(&other)).await["data"], json!([]));
    let unknown = [
        format!("{ENDPOINTS}/{UNKNOWN}/events"),
        format!("{events}/{UNKNOWN}"),
        format!("{events}/{UNKNOWN}/logs"),
        format!("{}/{}", events_of(&other), missed.id()),
    ];
    for target in unknown {
        let answer = Call::get(&target).send(&sandbox).await;
        answer.assert_api_error(404, 2028);
    }
}

#[tokio::test]
async fn each_attempt_of_an_event_is_logged_also_when_it_is_sent_again() {
    let sandbox = sandbox().await;
    let app = App::start(|number| match number {
        10 => (StatusCode::CREATED, "thanks").into_response(),
        _ => (StatusCode::BAD_GATEWAY, "away").into_response(),
    })
    .await;
    let endpoint = register(&sandbox, &app.url, &["wallets.updated"]).await;
    // An event of the test belongs to the endpoint with its URL.
    let delivery = sandbox.deliver(event(&app.url).id("8f2e919a-6a7b-4a9b-8c1a-4c0b3f5b8b1f"));
    sandbox.finish(&delivery).await;
    let target = format!("{}/{}", events_of(&endpoint), delivery.id());
    let retry = post_nothing(&format!("{target}/retry"));
    retry.send(&sandbox).await.assert_ok(201);
    sandbox.deliveries()[1].ended().await;

    let shown = get(&sandbox, &target).await;
    assert_eq!(shown["status"], "Success");
    let listed = get(&sandbox, &events_of(&endpoint)).await;
    assert_eq!(
        listed["data"],
        json!([shown]),
        "once, although it was sent twice"
    );

    let logs = get(&sandbox, &format!("{target}/logs?limit=50")).await;
    let logs = logs["data"].as_array().unwrap();
    assert_eq!(logs.len(), 11);
    for log in logs {
        assert_valid_but_for("status", "WebhookEventLog", &{
            let mut log = log.clone();
            log["request_body"]["id"] = json!(delivery.id());
            log
        });
        assert_eq!(log["created_timestamp"], NOW_MS);
    }
    let (first, last) = (&logs[0], &logs[10]);
    assert_ne!(first["id"], last["id"]);
    assert_eq!(first["success"], false);
    assert_eq!(first["response_status_code"], 502);
    assert_eq!(first["response_body"], "away");
    assert_eq!(
        first["failure_reason"],
        "the answer was HTTP 502 Bad Gateway"
    );
    assert_eq!(first["request_body"], app.bodies()[0]);
    let headers = &first["request_headers"];
    assert_eq!(headers["biz-timestamp"], NOW_MS.to_string());
    assert_eq!(last["success"], true);
    assert_eq!(last["response_status_code"], 201);
    assert_eq!(last.get("failure_reason"), None);

    // Nothing listens on port 1.
    let endpoint = register(&sandbox, "http://127.0.0.1:1/", &["wallets.updated"]).await;
    let unanswered = sandbox.deliver(event("http://127.0.0.1:1/"));
    unanswered.attempted(1).await;
    let target = format!("{}/{}/logs", events_of(&endpoint), unanswered.id());
    let logs = get(&sandbox, &target).await;
    let log = &logs["data"][0];
    assert_eq!(log.get("response_status_code"), None);
    assert!(
        log["failure_reason"]
            .as_str()
            .unwrap()
            .starts_with("cannot connect")
    );
}

#[tokio::test]
async fn callback_message_is_listed_with_its_outcome() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let answers = ["ok", "deny", "later"];
    let app = App::start(move |number| answers[number.min(2)].into_response()).await;
    let demo = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    sandbox.set_callback(&demo, &app.url).unwrap();
    let mut ids = Vec::new();
    for request_id in ["r-1", "r-2", "r-3"] {
        ids.push(sent(&sandbox, &wallet_id, request_id).await);
        let asked = sandbox.deliveries().pop().unwrap();
        asked.attempted(1).await;
    }
    let messages = "/v2/developers/callback_messages";
    let listed = get(&sandbox, messages).await;
    let [approved, denied] = listed["data"].as_array().unwrap().as_slice() else {
        panic!("the third has no outcome yet: {listed}");
    };
    assert_eq!(
        (&approved["status"], &approved["result"]),
        (&json!("Approved"), &json!("ok"))
    );
    assert_eq!(
        (&denied["status"], &denied["result"]),
        (&json!("Denied"), &json!("deny"))
    );
    assert_eq!(denied["transaction_id"], ids[1].as_str());
    assert_eq!(denied["request_id"], "r-2");
    assert_eq!(denied["data"]["wallet_id"], wallet_id.as_str());
    assert_valid("CallbackMessage", denied);

    let third = sandbox.deliveries().pop().unwrap();
    assert_eq!(sandbox.finish(&third).await, DeliveryStatus::Failed);
    let failed = get(&sandbox, &format!("{messages}?status=Failed")).await;
    assert_eq!(failed["data"][0]["id"], third.id());
    assert_eq!(failed["data"][0].get("result"), None);
    assert_valid("CallbackMessage", &failed["data"][0]);
    for (parameter, value) in [
        ("callback_message_ids", denied["id"].as_str().unwrap()),
        ("request_ids", "r-2"),
        ("transaction_ids", ids[1].as_str()),
    ] {
        let found = get(&sandbox, &format!("{messages}?{parameter}={value}")).await;
        assert_eq!(found["data"], json!([denied]), "{parameter}");
    }
    let none = get(&sandbox, &format!("{messages}?wallet_ids={UNKNOWN}")).await;
    assert_eq!(none["data"], json!([]));
}
