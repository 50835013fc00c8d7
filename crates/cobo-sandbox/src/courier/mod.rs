//! The task that delivers messages, and publishes the changes that time brings to objects.

mod post;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::whole_ms;
use crate::outbound::{
    Attempt, Content, DeliveryState, DeliveryStatus, Order, Orders, Sent, Target,
};
use crate::signature::response_headers;
use crate::state::State;
use post::post;

/// The pause before the second attempt. It doubles with each attempt, up to [`MAX_PAUSE`]. Cobo documents how many
/// attempts it makes, but not when, so both values are guesses.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The running task. It stops when this is dropped.
pub(crate) struct Courier(JoinHandle<()>);

impl Courier {
    pub(crate) fn start(state: Arc<State>, orders: Orders) -> Self {
        Self(tokio::spawn(run(state, orders)))
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn run(state: Arc<State>, mut orders: Orders) {
    let mut deliveries = JoinSet::new();
    loop {
        let next_ms = state.next_change_ms();
        let changed = async {
            match next_ms {
                Some(next_ms) => state.clock.reached(next_ms).await,
                None => pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => {
                    deliveries.spawn(deliver(state.clone(), order));
                }
                None => return,
            },
            () = changed => state.publish(),
            () = state.outbound.published.notified() => {}
            Some(_) = deliveries.join_next() => {}
        }
    }
}

/// Makes attempts until one succeeds or none is left.
async fn deliver(state: Arc<State>, order: Order) {
    let Order { sent, progress } = order;
    let target = Target::parse(&sent.message.url, state.outbound.allow_remote);
    let max_attempts = sent.message.max_attempts();
    for number in 1..=max_attempts {
        let at_ms = state.clock.now_ms();
        let left = max_attempts - number;
        let next_ms = (left > 0).then(|| at_ms.saturating_add(pause_ms(number)));
        let shown = DeliveryState {
            status: DeliveryStatus::Retrying,
            left,
            next_ms,
        };
        let body = sent.message.shown(&sent.id, sent.created_ms, shown);
        let (headers, body) = signed(&state, body.to_string(), at_ms, sent.message.tampered);
        let answer = match &target {
            Ok(target) => {
                let limit = state.outbound.answer_limit;
                let answer = post(target, &headers, body.clone());
                let answer = tokio::time::timeout(limit, answer).await;
                answer.unwrap_or_else(|_| Err(format!("no answer within {limit:?}")))
            }
            Err(error) => Err(error.to_string()),
        };
        let (status, answer, error) = match answer {
            Ok((status, body)) => {
                let body = String::from_utf8_lossy(&body).into_owned();
                (Some(status), body, None)
            }
            Err(error) => (None, String::new(), Some(error)),
        };
        let attempt = Attempt {
            at_ms,
            headers,
            body,
            status,
            answer,
            error,
        };
        let accepted = accepts(&state, &sent, &attempt);
        // A retry cannot succeed with a URL that the sandbox does not post to.
        let next_ms = next_ms.filter(|_| !accepted && target.is_ok());
        progress.send_modify(|progress| {
            progress.attempts.push(attempt);
            progress.next_ms = next_ms;
            progress.status = match next_ms {
                _ if accepted => DeliveryStatus::Success,
                Some(_) => DeliveryStatus::Retrying,
                None => DeliveryStatus::Failed,
            };
        });
        match next_ms {
            Some(next_ms) => state.clock.reached(next_ms).await,
            None => return,
        }
    }
}

/// Returns whether the receiver accepted the message. Carries out its decision about a transaction that waits
/// for it.
fn accepts(state: &State, sent: &Sent, attempt: &Attempt) -> bool {
    if !attempt.has_success_status() {
        return false;
    }
    let Content::Callback {
        transaction,
        waiting,
    } = &sent.message.content
    else {
        return true;
    };
    let approved = match attempt.answer.as_str() {
        "ok" => true,
        "deny" => false,
        _ => return false,
    };
    if let Some(org_id) = waiting {
        let id = transaction["transaction_id"].as_str().unwrap_or_default();
        state.decide(org_id, id, approved);
    }
    true
}

/// The headers and the body of an attempt.
fn signed(state: &State, body: String, at_ms: u64, tampered: bool) -> (HeaderMap, Bytes) {
    let signature = state.response_key.sign(body.as_bytes(), &at_ms.to_string());
    let mut headers = HeaderMap::new();
    // Hex is always a valid header value.
    if let Ok(signature) = HeaderValue::try_from(signature) {
        headers.extend(response_headers(&at_ms.into(), &signature));
    }
    let json = HeaderValue::from_static("application/json");
    headers.insert(CONTENT_TYPE, json);
    let body = match tampered {
        true => body + " ",
        false => body,
    };
    (headers, body.into())
}

/// The pause after this attempt.
fn pause_ms(attempt: usize) -> u64 {
    let doubled = u32::try_from(attempt - 1).unwrap_or(u32::MAX);
    let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doubled));
    whole_ms(pause.min(MAX_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let minutes = |attempt| pause_ms(attempt) / 60_000;
        let pauses: Vec<u64> = (1..=9).map(minutes).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(minutes(29), 60);
        assert_eq!(minutes(usize::MAX), 60);
    }
}
