//! Takes events from the log and calls their handlers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cobo_waas2::webhooks::{Event, RouterError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::Shared;
use super::time::millis;
use crate::log::{Claim, LogError};

/// How long a worker waits before it looks for events by itself. Another process may share the log.
const IDLE: Duration = Duration::from_secs(60);
/// The pause after a failure of the log.
const LOG_PAUSE: Duration = Duration::from_secs(1);
/// How often a result is written again after the inbox was stopped, if that fails.
const WRITES_AFTER_STOP: u32 = 5;

/// The result of an attempt to handle an event.
enum Outcome {
    Done,
    /// Why it failed. Another attempt may succeed.
    Failed(String),
    /// Why no attempt can succeed.
    Hopeless(String),
}

/// Handles events until the inbox stops.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    while !*stop.borrow() {
        let (now, asked) = (shared.time.now(), Instant::now());
        let claim = shared.on_log(async move |log| log.claim(now).await).await;
        let pause = match claim {
            Ok(Claim::Event {
                id,
                body,
                attempt,
                claim,
            }) => {
                // There may be more: another worker looks, too.
                shared.recorded.notify_one();
                let claimed = Claimed {
                    id,
                    attempt,
                    claim,
                    asked,
                };
                handle(&shared, &mut stop, &claimed, &body).await;
                continue;
            }
            Ok(Claim::Nothing { next_due }) => next_due.map_or(IDLE, |due| {
                shared.time.wait_for(due, shared.longest_pause).min(IDLE)
            }),
            Err(error) => {
                tracing::error!("no event can be claimed: {error}");
                LOG_PAUSE
            }
        };
        tokio::select! {
            () = shared.recorded.notified() => {}
            () = sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

/// A claimed event, without its body.
struct Claimed {
    id: String,
    attempt: u32,
    /// The number of the claim.
    claim: u32,
    /// When the log was asked for it. Its lease did not begin earlier.
    asked: Instant,
}

/// Handles a claimed event, and writes the result to the log.
async fn handle(
    shared: &Shared,
    stop: &mut watch::Receiver<bool>,
    claimed: &Claimed,
    body: &Bytes,
) {
    // The number of attempts exceeds the maximum only if the process ended while it handled the event.
    // Handling it again could end the process each time.
    let outcome = if claimed.attempt > shared.max_attempts {
        Outcome::Hopeless("the process ended while the event was handled".to_owned())
    } else {
        call(shared, body, shared.handler_limit(claimed.asked)).await
    };
    let event_id = &claimed.id;
    let mut writes_after_stop = WRITES_AFTER_STOP;
    while let Err(error) = write(shared, claimed, &outcome).await {
        // The event stays claimed until this is written, so that it is not handled twice.
        tracing::error!(event_id, "the result of an event was not written: {error}");
        if !*stop.borrow() {
            tokio::select! {
                () = sleep(LOG_PAUSE) => {}
                _ = stop.changed() => {}
            }
        } else if writes_after_stop > 0 {
            writes_after_stop -= 1;
            sleep(LOG_PAUSE).await;
        } else {
            tracing::error!(event_id, "the event will be handled again");
            return;
        }
    }
}

/// Calls the handler in its own task, so that a panic does not end the worker.
async fn call(shared: &Shared, body: &[u8], limit: Duration) -> Outcome {
    if limit.is_zero() {
        return Outcome::Failed("the answer to the claim took most of its lease".to_owned());
    }
    let event: Event = match cobo_model::decode(body) {
        Ok(event) => event,
        // A later version of this crate may decode it.
        Err(error) => return Outcome::Hopeless(format!("the event does not decode: {error}")),
    };
    let handlers = shared.handlers.clone();
    let task = tokio::spawn(async move {
        match handlers.handle(event).await {
            Ok(()) => Outcome::Done,
            // Only another version of the app can handle it.
            Err(error @ (RouterError::NoHandler(_) | RouterError::Undecodable(..))) => {
                Outcome::Hopeless(error.to_string())
            }
            Err(error) => Outcome::Failed(error.to_string()),
        }
    });
    let abort = task.abort_handle();
    match timeout(limit, task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Outcome::Failed("the handler panicked".to_owned()),
        Err(_) => {
            abort.abort();
            Outcome::Failed(format!("the handler took longer than {limit:?}"))
        }
    }
}

/// Writes the result of an attempt: the event is done, waits for its next attempt, or is parked.
async fn write(shared: &Shared, claimed: &Claimed, outcome: &Outcome) -> Result<(), LogError> {
    let Claimed {
        id: event_id,
        attempt,
        claim,
        ..
    } = claimed;
    let (now, id, claim) = (shared.time.now(), event_id.clone(), *claim);
    let reason = match outcome {
        Outcome::Done => {
            return shared
                .on_log(async move |log| log.done(&id, now).await)
                .await;
        }
        Outcome::Failed(reason) if *attempt < shared.max_attempts => {
            let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
            let pause = shared.first_pause.saturating_mul(factor);
            let pause = pause.min(shared.longest_pause);
            let due = now.saturating_add(millis(pause));
            shared
                .on_log(async move |log| log.retry(&id, claim, due).await)
                .await?;
            tracing::warn!(
                event_id,
                attempt,
                "an attempt to handle an event failed, the next one is in {pause:?}: {reason}"
            );
            return Ok(());
        }
        Outcome::Failed(reason) | Outcome::Hopeless(reason) => reason,
    };
    let parked = reason.clone();
    shared
        .on_log(async move |log| log.park(&id, claim, &parked).await)
        .await?;
    tracing::error!(event_id, attempt, "an event was parked: {reason}");
    Ok(())
}
