//! Takes events from the log and calls their handlers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cobo_waas2::webhooks::Event;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Shared;
use crate::log::{Claim, LogError};

/// How long a worker waits before it looks for events by itself. Another process may share the log.
const IDLE: Duration = Duration::from_secs(60);
/// The pause after a failure of the log.
const LOG_PAUSE: Duration = Duration::from_secs(1);

/// Handles events until the inbox stops.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    while !*stop.borrow() {
        let pause = match shared.log.claim(shared.now()).await {
            Ok(Claim::Event { id, body, attempt }) => {
                // There may be more: another worker looks, too.
                shared.recorded.notify_one();
                handle(&shared, &mut stop, &id, &body, attempt).await;
                continue;
            }
            Ok(Claim::Nothing { next_due }) => next_due.map_or(IDLE, |due| {
                Duration::from_millis(due.saturating_sub(shared.now())).min(IDLE)
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
    let result = if attempt > shared.max_attempts {
        Err("the process ended while the event was handled".to_owned())
    } else {
        call(shared, body).await
    };
    loop {
        let written = match &result {
            Ok(()) => shared.log.done(id, shared.now()).await,
            Err(reason) => give_back(shared, id, attempt, reason).await,
        };
        let Err(error) = written else {
            return;
        };
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
async fn call(shared: &Shared, body: &[u8]) -> Result<(), String> {
    let event: Event = cobo_model::decode(body).map_err(|error| error.to_string())?;
    let handlers = shared.handlers.clone();
    let task = tokio::spawn(async move {
        let result = handlers.handle(event).await;
        result.map_err(|error| error.to_string())
    });
    let abort = task.abort_handle();
    match timeout(shared.handler_limit, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err("the handler panicked".to_owned()),
        Err(_) => {
            abort.abort();
            Err(format!(
                "the handler took longer than {:?}",
                shared.handler_limit
            ))
        }
    }
}

/// Makes a failed event wait for its next attempt, or parks it.
async fn give_back(shared: &Shared, id: &str, attempt: u32, reason: &str) -> Result<(), LogError> {
    if attempt >= shared.max_attempts {
        shared.log.park(id, reason).await?;
        tracing::error!(event_id = id, attempt, "an event was parked: {reason}");
        return Ok(());
    }
    let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
    let pause = shared.first_pause.saturating_mul(factor);
    let pause = pause.min(shared.longest_pause);
    let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    let due = shared.now().saturating_add(millis);
    shared.log.retry(id, due).await?;
    tracing::warn!(
        event_id = id,
        attempt,
        "an event is handled again in {pause:?}: {reason}"
    );
    Ok(())
}
