//! State changes as messages: events for the registered endpoints, and callbacks.

use serde_json::{Value, json};

use super::call::Call;
use super::kind::ENDPOINT;
use super::make::overlay;
use super::store::{Ask, Change, Store};
use crate::outbound::{Content, Message};
use crate::reply::Failure;
use crate::spec::{Fields, Specification};

/// The endpoint of an organization.
struct Endpoint {
    id: String,
    org_id: String,
    url: String,
    subscribed: Vec<String>,
}

/// Returns the messages about the changes since the last call.
pub(super) fn messages(
    store: &mut Store,
    specification: &Specification,
    now_ms: u64,
) -> Vec<Message> {
    let asks = store.take_asks().into_iter().map(callback);
    let mut messages: Vec<Message> = asks.collect();
    let endpoints = endpoints(store, now_ms);
    for change in grouped(store.changes(now_ms)) {
        let status = change.value["status"].as_str();
        let types = event_types(change.kind.name, change.created, status);
        for event_type in types {
            let subscribed = endpoints.iter().filter(|endpoint| {
                endpoint.org_id == change.org_id
                    && endpoint.subscribed.iter().any(|it| it == event_type)
            });
            messages.extend(subscribed.map(|endpoint| {
                let data = data(specification, change.kind.name, &change.value);
                let mut message = event(endpoint, event_type, data);
                message.created_ms = Some(change.at_ms);
                message
            }));
        }
    }
    messages
}

/// The messages of `trigger_test_webhook_event`: to all endpoints of the organization.
pub(super) fn test_events(store: &Store, call: &Call<'_>) -> Result<Vec<Message>, Failure> {
    let body: Value = serde_json::from_slice(call.request.body).unwrap_or_default();
    let event_type = body["event_type"].as_str().unwrap_or_default();
    let (data_type, schema) = match event_type.rsplit_once('.') {
        Some(("wallets.transaction" | "fee_station.transaction", _)) => {
            ("Transaction", "TransactionWebhookEventData")
        }
        Some(("wallets.mpc.tss_request", _)) => ("TSSRequest", "TSSRequestWebhookEventData"),
        _ => {
            return Err(Failure::malformed(
                "only events about transactions and TSS requests can be tested",
            ));
        }
    };
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    let given = &body["override_data"];
    let mut data = call.specification.sample_like(&schema, Fields::All, given);
    for (name, value) in given.as_object().into_iter().flatten() {
        data[name.as_str()] = value.clone();
    }
    data["data_type"] = json!(data_type);
    let endpoints = endpoints(store, call.now_ms);
    let org_id = call.organization.map_or("", |it| &*it.org_id);
    let own = endpoints.iter().filter(|it| it.org_id == org_id);
    Ok(own
        .map(|endpoint| event(endpoint, event_type, data.clone()))
        .collect())
}

fn event(endpoint: &Endpoint, event_type: &str, data: Value) -> Message {
    let content = Content::Event {
        event_type: event_type.to_owned(),
        data,
        endpoint_id: Some(endpoint.id.clone()),
    };
    Message::new(endpoint.url.clone(), content)
}

fn callback(ask: Ask) -> Message {
    let content = Content::Callback {
        transaction: ask.transaction,
        waiting: Some(ask.org_id),
    };
    Message::new(ask.url, content)
}

/// The active endpoints.
fn endpoints(store: &Store, now_ms: u64) -> Vec<Endpoint> {
    let all = store.of_all(&ENDPOINT, now_ms).into_iter();
    let active = all.filter(|(_, value)| value["status"] == "STATUS_ACTIVE");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    active
        .map(|(org_id, value)| Endpoint {
            id: text(&value[ENDPOINT.id]),
            org_id,
            url: text(&value["url"]),
            subscribed: value["subscribed_events"]
                .as_array()
                .into_iter()
                .flatten()
                .map(text)
                .collect(),
        })
        .collect()
}

/// Changes with the addresses that one call created in one change.
fn grouped(changes: Vec<Change>) -> Vec<Change> {
    let mut grouped: Vec<Change> = Vec::new();
    for mut change in changes {
        if change.kind.name == "address" {
            let mut address = change.value;
            address["wallet_id"] = change.place["wallet_id"].clone();
            if let Some(last) = grouped.last_mut()
                && last.kind.name == "address"
                && (&last.org_id, &last.place, last.at_ms)
                    == (&change.org_id, &change.place, change.at_ms)
                && let Value::Array(addresses) = &mut last.value
            {
                addresses.push(address);
                continue;
            }
            change.value = json!([address]);
        }
        grouped.push(change);
    }
    grouped
}

/// The types of the events about a change; empty if Cobo sends none.
fn event_types(kind: &str, created: bool, status: Option<&str>) -> &'static [&'static str] {
    const UPDATED: &str = "wallets.transaction.updated";
    const TSS_UPDATED: &str = "wallets.mpc.tss_request.updated";
    match (kind, created, status) {
        // Cobo sends `updated` together with each of the other types.
        ("transaction", true, _) => &["wallets.transaction.created", UPDATED],
        ("transaction", _, Some("Completed")) => &["wallets.transaction.succeeded", UPDATED],
        ("transaction", _, Some("Failed" | "Rejected")) => &["wallets.transaction.failed", UPDATED],
        ("transaction", ..) => &[UPDATED],
        ("wallet", true, _) => &["wallets.created"],
        ("wallet", false, _) => &["wallets.updated"],
        ("address", true, _) => &["wallets.addresses.created"],
        ("vault", true, _) => &["mpc_vaults.created"],
        ("vault", false, _) => &["mpc_vaults.updated"],
        ("TSS request", true, _) => &["wallets.mpc.tss_request.created", TSS_UPDATED],
        ("TSS request", _, Some("Success")) => &["wallets.mpc.tss_request.succeeded", TSS_UPDATED],
        ("TSS request", _, Some("KeyGeneratingFailed")) => {
            &["wallets.mpc.tss_request.failed", TSS_UPDATED]
        }
        ("TSS request", ..) => &[TSS_UPDATED],
        ("payout", ..) => &["payment.payout.status.updated"],
        ("top-up", true, _) => &["payment.transaction.created"],
        ("top-up", _, Some("Completed")) => &["payment.transaction.completed"],
        ("pay-in order", ..) => &["payment.order.status.updated"],
        ("refund", ..) => &["payment.refund.status.updated"],
        ("settlement", ..) => &["payment.settlement.status.updated"],
        _ => &[],
    }
}

/// The data of an event about an object, with its `data_type`.
fn data(specification: &Specification, kind: &str, value: &Value) -> Value {
    let with = |data_type: &str| {
        let mut data = value.clone();
        data["data_type"] = json!(data_type);
        data
    };
    // The schema of these events has more properties than the object.
    let over = |schema: &str, data_type: &str| {
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        let all = specification.sample_like(&schema, Fields::All, value);
        let mut data = specification.sample_like(&schema, Fields::Required, value);
        overlay(&mut data, &all, value);
        data["data_type"] = json!(data_type);
        data
    };
    match kind {
        "transaction" => with("Transaction"),
        "wallet" => json!({ "data_type": "WalletInfo", "wallet": value }),
        "address" => json!({ "data_type": "Addresses", "addresses": value }),
        "vault" => with("MPCVault"),
        "pay-in order" => with("PaymentOrder"),
        "refund" => with("PaymentRefund"),
        "TSS request" => with("TSSRequest"),
        "settlement" => over("PaymentSettlementEvent", "PaymentSettlement"),
        "payout" => over("PaymentPayoutEvent", "PaymentPayout"),
        "top-up" => over("PaymentTransactionEventData", "PaymentTransaction"),
        _ => value.clone(),
    }
}
