//! Takes events from the log and calls their handlers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cobo_waas2::webhooks::Event;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::time::millis;
use crate::log::{Claim, LogError};

/// How long a worker waits before it looks for events by itself. Another process may share the log.
const IDLE: Duration = Duration::from_secs(60);
/// The pause after a failure of the log.
const LOG_PAUSE: Duration = Duration::from_secs(1);

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
        let now = shared.time.now();
        let claim = shared.on_log(async move |log| log.claim(now).await).await;
        let pause = match claim {
            Ok(Claim::Event { id, body, attempt }) => {
                // There may be more: another worker looks, too.
                shared.recorded.notify_one();
                handle(&shared, &mut stop, &id, &body, attempt).await;
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

/// Handles a claimed event, and writes the result to the log.
async fn handle(
    shared: &Shared,
    stop: &mut watch::Receiver<bool>,
    id: &str,
    body: &Bytes,
    attempt: u32,
) {
    // More attempts than allowed are only claimed if the process ended while it handled the event. Handling it
    // again could end the process each time.
    let outcome = if attempt > shared.max_attempts {
        Outcome::Hopeless("the process ended while the event was handled".to_owned())
    } else {
        call(shared, body).await
    };
    while let Err(error) = write(shared, id, attempt, &outcome).await {
        // The event stays claimed until this is written, so that it is not handled twice.
        tracing::error!(
            event_id = id,
            "the result of an event was not written: {error}"
        );
        tokio::select! {
            () = sleep(LOG_PAUSE) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Calls the handler in its own task, so that a panic does not end the worker.
async fn call(shared: &Shared, body: &[u8]) -> Outcome {
    let event: Event = match cobo_model::decode(body) {
        Ok(event) => event,
        // A later version of this crate may decode it.
        Err(error) => return Outcome::Hopeless(format!("the event does not decode: {error}")),
    };
    let handlers = shared.handlers.clone();
    let task = tokio::spawn(async move {
        let result = handlers.handle(event).await;
        result.map_err(|error| error.to_string())
    });
    let abort = task.abort_handle();
    match timeout(shared.handler_limit, task).await {
        Ok(Ok(Ok(()))) => Outcome::Done,
        Ok(Ok(Err(error))) => Outcome::Failed(error),
        Ok(Err(_)) => Outcome::Failed("the handler panicked".to_owned()),
        Err(_) => {
            abort.abort();
            Outcome::Failed(format!(
                "the handler took longer than {:?}",
                shared.handler_limit
            ))
        }
    }
}

/// Writes the result of an attempt: the event is done, waits for its next attempt, or is parked.
async fn write(shared: &Shared, id: &str, attempt: u32, outcome: &Outcome) -> Result<(), LogError> {
    let (now, key) = (shared.time.now(), id.to_owned());
    let reason = match outcome {
        Outcome::Done => {
            return shared
                .on_log(async move |log| log.done(&key, now).await)
                .await;
        }
        Outcome::Failed(reason) if attempt < shared.max_attempts => {
            let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
            let pause = shared.first_pause.saturating_mul(factor);
            let pause = pause.min(shared.longest_pause);
            let due = now.saturating_add(millis(pause));
            shared
                .on_log(async move |log| log.retry(&key, due).await)
                .await?;
            tracing::warn!(
                event_id = id,
                attempt,
                "an attempt to handle an event failed, the next one is in {pause:?}: {reason}"
            );
            return Ok(());
        }
        Outcome::Failed(reason) | Outcome::Hopeless(reason) => reason,
    };
    let parked = reason.clone();
    shared
        .on_log(async move |log| log.park(&key, &parked).await)
        .await?;
    tracing::error!(event_id = id, attempt, "an event was parked: {reason}");
    Ok(())
}
