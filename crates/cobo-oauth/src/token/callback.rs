//! Obtains tokens for installation callbacks. Callbacks are unauthenticated: anyone can send one.
//!
//! Callbacks of one organization share one task, with a pause after each answer. The number of tasks
//! is limited. Only a few of them ask the store at the same time whether their organization is known,
//! and only a few send requests. Organizations of which nothing is stored are most likely made up:
//! all of them together start requests at one low rate, and take no place from known organizations.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, watch};

use super::entry::{Entry, ROUNDS};
use super::error::{TokenError, TokenErrorKind};
use super::limits::REST;
use super::shared::Shared;
use super::slot::Need;

/// How many times a token is requested for a queued callback, whose sender does not call again.
/// Cobo may be unavailable.
const QUEUED_ATTEMPTS: u32 = 5;

/// The progress of an organization's callback task.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// The number of the last request that was answered.
    answered: u64,
    result: Result<(), TokenError>,
    /// Whether unanswered requests wait for the shared rate.
    queued: bool,
}

/// The result of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reissue {
    Obtained,
    Queued,
}

/// Answers the callbacks of an organization in a separate task, which continues if a sender
/// disconnects.
struct Callback {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    progress: watch::Sender<Progress>,
    /// The permit that counts this task among those that wait.
    place: Option<OwnedSemaphorePermit>,
}

impl Entry {
    /// Obtains a token with `get_token`, even if there is a valid one, which is served meanwhile.
    /// Callers that arrive during a request share the next request.
    pub(crate) async fn reissue(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> Result<Reissue, TokenError> {
        for _ in 0..ROUNDS {
            let (request, mut progress) = self.request(shared)?;
            let known = progress.wait_for(|now| now.answered >= request || now.queued);
            // Closed without an answer if the task's runtime was shut down: start another task.
            if let Ok(progress) = known.await {
                if progress.answered >= request {
                    return progress.result.clone().map(|()| Reissue::Obtained);
                }
                return Ok(Reissue::Queued);
            }
        }
        Err(TokenError::new(TokenErrorKind::Unavailable, self.org_id()))
    }

    /// Registers a request for a new token by `get_token`, and starts the task if it is not
    /// running.
    fn request(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> Result<(u64, watch::Receiver<Progress>), TokenError> {
        let mut slot = self.slot();
        if slot.need != Need::Issue {
            slot.need = Need::CalledBack;
        }
        slot.wanted += 1;
        slot.requested = slot.wanted;
        if let Some(progress) = &slot.callback {
            return Ok((slot.requested, progress.clone()));
        }
        let (runtime, _counted) = self.may_begin(shared)?;
        // Before a task is begun: organizations that strangers make up are as many as they like.
        let known = self.live().is_some() || slot.unsaved.is_some();
        let places = match known {
            true => &shared.waiting,
            false => &shared.looking,
        };
        let crowded = |_| TokenError::crowded(self.org_id());
        let place = places.clone().try_acquire_owned().map_err(crowded)?;
        let (progress, receiver) = watch::channel(Progress {
            answered: 0,
            result: Ok(()),
            queued: false,
        });
        let callback = Callback {
            shared: shared.clone(),
            entry: self.clone(),
            progress,
            place: Some(place),
        };
        slot.callback = Some(receiver.clone());
        let request = slot.requested;
        drop(slot); // a runtime that is shutting down drops the task below, which locks the slot
        shared.tasks.spawn_on(callback.run(), &runtime);
        Ok((request, receiver))
    }
}

impl Callback {
    async fn run(mut self) {
        loop {
            let (answered, result) = self.answer().await;
            let done = {
                let mut slot = self.entry.slot();
                slot.called_back = Some(self.shared.now());
                slot.queued = false;
                let done = slot.requested <= answered;
                if done {
                    slot.callback = None;
                }
                slot.tell(&self.entry, &self.shared);
                done
            };
            self.progress.send_replace(Progress {
                answered,
                result,
                queued: false,
            });
            if done {
                return;
            }
            self.place = None;
        }
    }

    /// Obtains the token. Returns the number of the last request that this answers, and the result.
    async fn answer(&mut self) -> (u64, Result<(), TokenError>) {
        let mut attempts = 1;
        loop {
            let (answered, result) = self.attempt().await;
            // The sender of a queued callback does not call again, so retry for it.
            let again = {
                let slot = self.entry.slot();
                let again = result.as_ref().is_err_and(TokenError::is_retryable)
                    && slot.queued
                    && slot.need.is_issue()
                    && attempts < QUEUED_ATTEMPTS;
                let now = self.shared.now();
                again.then(|| slot.hold.as_ref().map(|hold| hold.until.left(&now)))
            };
            let Some(backoff) = again else {
                return (answered, result);
            };
            attempts += 1;
            self.place = None; // for others meanwhile
            let backoff = tokio::time::sleep(backoff.unwrap_or(REST));
            self.shared.stop.run_until_cancelled(backoff).await;
        }
    }

    async fn attempt(&mut self) -> (u64, Result<(), TokenError>) {
        let (shared, entry) = (self.shared.clone(), self.entry.clone());
        let stop = shared.stop.clone();
        let _permit = match stop.run_until_cancelled(self.turn(&shared)).await {
            Some(Ok(permit)) => permit,
            Some(Err(error)) => return (entry.slot().requested, Err(error)),
            None => {
                let error = TokenError::new(TokenErrorKind::ShutDown, entry.org_id());
                return (entry.slot().requested, Err(error));
            }
        };
        let wanted = {
            let mut slot = entry.slot();
            if !slot.need.is_issue() {
                // A call of the app has obtained it meanwhile, or it is not wanted any more.
                let obtained = entry.valid(&shared.now()).map(drop);
                let gone = || TokenError::new(TokenErrorKind::Unavailable, entry.org_id());
                return (slot.requested, obtained.ok_or_else(gone));
            }
            // Retry after a refusal: the callback suggests that Cobo may now accept the request.
            slot.hold.take_if(|hold| hold.error.is_refusal());
            slot.wanted
        };
        (wanted, entry.issued(&shared, wanted).await)
    }

    /// Waits until this organization may send a request.
    async fn turn<'a>(&mut self, shared: &'a Shared) -> Result<SemaphorePermit<'a>, TokenError> {
        let called_back = self.entry.slot().called_back;
        if let Some(called_back) = called_back {
            let since = called_back.until(&shared.now());
            tokio::time::sleep(REST.saturating_sub(since)).await;
        }
        let org_id = self.entry.org_id().clone();
        if self.place.is_none() {
            self.take_place(&shared.looking)?;
        }
        if shared.is_known(&self.entry).await? {
            self.take_place(&shared.waiting)?;
            return shared.permit(&shared.callbacks, &org_id).await;
        }
        self.take_place(&shared.unknown_waiting)?;
        if !shared.unknown_rate.try_start() {
            self.queue();
            shared.unknown_rate.start().await;
        }
        shared.permit(&shared.unknown_callbacks, &org_id).await
    }

    /// Takes a permit for a waiting task, and releases the previous one.
    fn take_place(&mut self, places: &Arc<Semaphore>) -> Result<(), TokenError> {
        self.place = None;
        let place = places.clone().try_acquire_owned();
        let crowded = |_| TokenError::crowded(self.entry.org_id());
        self.place = Some(place.map_err(crowded)?);
        Ok(())
    }

    /// Tells callers that the request is queued, so that they stop waiting.
    fn queue(&self) {
        let mut slot = self.entry.slot();
        slot.queued = true;
        slot.tell(&self.entry, &self.shared);
        drop(slot);
        self.progress.send_modify(|progress| progress.queued = true);
    }
}

/// However it ends, the next callback may start a task. If it ends with its runtime, whoever watches
/// is told, and the next use of the organization obtains the token.
impl Drop for Callback {
    fn drop(&mut self) {
        let ours = self.progress.subscribe();
        let mut slot = self.entry.slot();
        if slot
            .callback
            .take_if(|callback| callback.same_channel(&ours))
            .is_some()
        {
            slot.queued = false;
            slot.tell(&self.entry, &self.shared);
        }
    }
}
