//! What was sent, as the operations of WaaS 2.0 show it.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::delivery::{Attempt, Delivery};
use super::message::Content;
use super::status::{DeliveryState, DeliveryStatus};

/// A message: its first delivery, and one more for each time that a call let it be sent again.
pub(crate) struct Copies {
    earlier: Vec<Delivery>,
    last: Delivery,
}

impl Copies {
    /// Groups deliveries, oldest first, by their message.
    pub(super) fn of<'a>(deliveries: impl Iterator<Item = &'a Delivery>) -> Vec<Self> {
        let mut places = HashMap::new();
        let mut all: Vec<Self> = Vec::new();
        for delivery in deliveries {
            let place = *places.entry(delivery.id()).or_insert(all.len());
            match all.get_mut(place) {
                Some(copies) => {
                    let before = std::mem::replace(&mut copies.last, delivery.clone());
                    copies.earlier.push(before);
                }
                None => all.push(Self {
                    earlier: Vec::new(),
                    last: delivery.clone(),
                }),
            }
        }
        all
    }

    pub(crate) fn id(&self) -> &str {
        self.last.id()
    }

    pub(crate) fn last(&self) -> &Delivery {
        &self.last
    }

    fn all(&self) -> impl DoubleEndedIterator<Item = &Delivery> {
        self.earlier.iter().chain([&self.last])
    }

    /// The event, as `WebhookEvent`.
    pub(crate) fn event(&self) -> Value {
        let sent = &self.last.sent;
        let progress = self.last.progress.borrow();
        let made = progress.attempts.len();
        let state = DeliveryState {
            status: progress.status,
            left: sent.message.max_attempts().saturating_sub(made),
            next_ms: progress.next_ms,
        };
        sent.message.shown(&sent.id, sent.created_ms, state)
    }

    /// The attempts to deliver the event, oldest first, each as `WebhookEventLog`. The sandbox does not measure how
    /// long an answer took.
    pub(crate) fn logs(&self) -> Vec<Value> {
        let attempts = self.all().flat_map(Delivery::attempts);
        let created_ms = self.last.sent.created_ms;
        attempts
            .enumerate()
            .map(|(number, attempt)| log(self.id(), number, created_ms, &attempt))
            .collect()
    }

    /// The callback message, as `CallbackMessage`; `None` before it has an outcome, because Cobo has no status for that.
    pub(crate) fn callback(&self) -> Option<Value> {
        let is_over = |it: &&Delivery| it.status() != DeliveryStatus::Retrying;
        let delivery = self.all().rev().find(is_over)?;
        let Content::Callback { transaction, .. } = &delivery.sent.message.content else {
            return None;
        };
        let attempts = delivery.attempts();
        let last = attempts.last()?;
        let mut message = json!({
            "id": delivery.id(),
            "created_timestamp": delivery.sent.created_ms,
            "updated_timestamp": last.at_ms,
            "request_id": transaction["request_id"],
            "transaction_id": transaction["transaction_id"],
            "wallet_id": transaction["wallet_id"],
            "url": delivery.url(),
            "data": transaction,
        });
        message["status"] = json!(match (delivery.status(), last.answer.as_str()) {
            (DeliveryStatus::Success, "ok") => "Approved",
            (DeliveryStatus::Success, _) => "Denied",
            _ => "Failed",
        });
        if delivery.status() == DeliveryStatus::Success {
            message["result"] = json!(last.answer);
        }
        Some(message)
    }
}

fn log(event_id: &str, number: usize, created_ms: u64, attempt: &Attempt) -> Value {
    let digest = hex::encode(Sha256::digest(format!("{event_id} {number}")));
    let headers: Map<String, Value> = attempt
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                json!(String::from_utf8_lossy(value.as_bytes())),
            )
        })
        .collect();
    let success = attempt.has_success_status();
    let body: Value = serde_json::from_slice(&attempt.body).unwrap_or_default();
    let mut log = json!({
        "id": uuid(digest.get(..32).unwrap_or_default()),
        "created_timestamp": created_ms,
        "request_headers": headers,
        "request_body": body,
        "success": success,
    });
    if let Some(status) = attempt.status {
        log["response_status_code"] = json!(status.as_u16());
        log["response_body"] = json!(attempt.answer);
    }
    if !success {
        let answered = || format!("the answer was HTTP {}", attempt.status.unwrap_or_default());
        log["failure_reason"] = json!(attempt.error.clone().unwrap_or_else(answered));
    }
    log
}

/// 32 hex digits in the form of a UUID.
pub(super) fn uuid(digits: &str) -> String {
    let mut text = digits.to_owned();
    for place in [8, 13, 18, 23] {
        text.insert(place, '-');
    }
    text
}
