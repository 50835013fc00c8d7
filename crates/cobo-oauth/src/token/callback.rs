//! Obtains tokens for installation callbacks. Callbacks are unauthenticated: anyone can send one.
//!
//! Callbacks of one organization share one task, with a pause after each answer. The number of tasks
//! is limited. Only a few of them ask the store at the same time whether their organization is known,
//! and only a few send requests. Organizations without a stored token are most likely made up: all
//! of them together start requests at one low rate, and use separate limits, so that they do not
//! delay known organizations.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, watch};
use tracing::Instrument as _;

use super::callback_state::Progress;
use super::error::{TokenError, TokenErrorKind};
use super::installation::{Installation, InstallationOutcome};
use super::limits::CALLBACK_INTERVAL;
use super::limits::MAX_WAITS;
use super::org_tokens::OrgTokens;
use super::refresh_state::RefreshReason;
use super::shared::Shared;

/// How many times a token is requested for a queued callback, whose sender does not call again.
/// Cobo may be unavailable.
const QUEUED_ATTEMPTS: u32 = 5;

/// Answers the callbacks of an organization in a separate task, which continues if a sender
/// disconnects.
struct CallbackTask {
    shared: Arc<Shared>,
    tokens: Arc<OrgTokens>,
    progress: watch::Sender<Progress>,
    /// The permit that counts this task among those that wait.
    place: Option<OwnedSemaphorePermit>,
}

impl OrgTokens {
    /// Obtains a token with `get_token`, even if there is a valid one, which is served meanwhile.
    /// Callers that arrive during a request share the next request.
    pub(crate) async fn handle_callback(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        installation: Installation,
    ) -> Result<InstallationOutcome, TokenError> {
        for _ in 0..MAX_WAITS {
            let (request, mut progress) = self.request_get_token(shared)?;
            let progress = progress.wait_for(|now| now.answered >= request || now.queued);
            // An error if the task's runtime was shut down: start another task.
            if let Ok(progress) = progress.await {
                if progress.answered < request {
                    return Ok(InstallationOutcome::Queued(installation));
                }
                progress.result.clone()?;
                return Ok(InstallationOutcome::Confirmed(installation));
            }
        }
        Err(TokenError::new(TokenErrorKind::Unavailable, self.org_id()))
    }

    /// Registers a request for a new token by `get_token`, and starts the task if it is not
    /// running.
    fn request_get_token(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> Result<(u64, watch::Receiver<Progress>), TokenError> {
        let mut state = self.state();
        if state.reason != RefreshReason::Reissue {
            state.reason = RefreshReason::Callback;
        }
        state.requested += 1;
        let request = state.requested;
        state.callback.requested = request;
        if let Some(progress) = &state.callback.progress {
            return Ok((request, progress.clone()));
        }
        let (runtime, _counted) = shared.may_start_task(self.org_id())?;
        // Taken before the task starts: the number of made-up organizations is not limited.
        let limits = &shared.callbacks;
        let places = match self.cached().is_some() || self.has_unsaved() {
            true => &limits.places,
            false => &limits.lookup_places,
        };
        let place = places.clone().try_acquire_owned();
        let place = place.map_err(|_| TokenError::overloaded(self.org_id()))?;
        let (sender, progress) = watch::channel(Progress {
            answered: 0,
            result: Ok(()),
            queued: false,
        });
        let task = CallbackTask {
            shared: shared.clone(),
            tokens: self.clone(),
            progress: sender,
            place: Some(place),
        };
        state.callback.progress = Some(progress.clone());
        // A runtime that is shutting down drops the task below, and the drop takes this lock.
        drop(state);
        let task = task.run().in_current_span();
        shared.tasks.spawn_on(task, &runtime);
        Ok((request, progress))
    }
}

impl CallbackTask {
    async fn run(mut self) {
        loop {
            let (answered, result) = self.answer().await;
            let mut state = self.tokens.state();
            state.callback.last_answer = Some(self.shared.now());
            let done = state.callback.requested <= answered;
            if done {
                state.callback.progress = None;
            }
            self.progress.send_replace(Progress {
                answered,
                result,
                queued: false,
            });
            self.shared.notify_watchers(&self.tokens, &state);
            drop(state);
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
            let pause = {
                let state = self.tokens.state();
                let retry = result.as_ref().is_err_and(TokenError::is_retryable)
                    && self.progress.borrow().queued
                    && state.reason.requires_get_token()
                    && attempts < QUEUED_ATTEMPTS;
                if !retry {
                    return (answered, result);
                }
                let now = self.shared.now();
                let backoff = state.backoff(&now);
                backoff.map_or(CALLBACK_INTERVAL, |backoff| backoff.until.remaining(&now))
            };
            attempts += 1;
            self.place = None; // for others meanwhile
            let pause = tokio::time::sleep(pause);
            self.shared.stop.run_until_cancelled(pause).await;
        }
    }

    async fn attempt(&mut self) -> (u64, Result<(), TokenError>) {
        let (shared, tokens) = (self.shared.clone(), self.tokens.clone());
        let stop = shared.stop.clone();
        let permit = stop.run_until_cancelled(self.permit(&shared)).await;
        let shut_down = || Err(TokenError::new(TokenErrorKind::ShutDown, tokens.org_id()));
        let _permit = match permit.unwrap_or_else(shut_down) {
            Ok(permit) => permit,
            Err(error) => return (tokens.state().callback.requested, Err(error)),
        };
        let requested = {
            let mut state = tokens.state();
            if !state.reason.requires_get_token() {
                // A call of the app has obtained it meanwhile, or the organization was forgotten.
                let obtained = tokens.valid(&shared.now()).map(drop);
                let missing = || TokenError::new(TokenErrorKind::Unavailable, tokens.org_id());
                return (state.callback.requested, obtained.ok_or_else(missing));
            }
            // Retry after a refusal: the callback suggests that Cobo may now accept the request.
            state.end_backoff(TokenError::is_refusal);
            state.requested
        };
        (requested, tokens.reissued(&shared, requested).await)
    }

    /// Waits until this organization may send a request.
    async fn permit<'a>(&mut self, shared: &'a Shared) -> Result<SemaphorePermit<'a>, TokenError> {
        let last_answer = self.tokens.state().callback.last_answer;
        if let Some(last_answer) = last_answer {
            let elapsed = last_answer.elapsed(&shared.now());
            tokio::time::sleep(CALLBACK_INTERVAL.saturating_sub(elapsed)).await;
        }
        let limits = &shared.callbacks;
        let org_id = self.tokens.org_id().clone();
        if self.place.is_none() {
            self.take_place(&limits.lookup_places)?;
        }
        if shared.is_known(&self.tokens).await? {
            self.take_place(&limits.places)?;
            return shared.permit(&limits.requests, &org_id).await;
        }
        self.take_place(&limits.unknown_places)?;
        if !limits.unknown_rate.try_start() {
            self.queue();
            limits.unknown_rate.start().await;
        }
        shared.permit(&limits.unknown_requests, &org_id).await
    }

    /// Takes a permit for a waiting task, and releases the previous one.
    fn take_place(&mut self, places: &Arc<Semaphore>) -> Result<(), TokenError> {
        self.place = None;
        let place = places.clone().try_acquire_owned();
        let place = place.map_err(|_| TokenError::overloaded(self.tokens.org_id()))?;
        self.place = Some(place);
        Ok(())
    }

    /// Tells callers that the request is queued, so that they stop waiting.
    fn queue(&self) {
        self.progress.send_modify(|progress| progress.queued = true);
        let state = self.tokens.state();
        self.shared.notify_watchers(&self.tokens, &state);
    }
}

/// A task that is dropped with its runtime is unregistered, so that the next callback starts a task
/// and the next use of the organization obtains the token. Watchers are notified.
impl Drop for CallbackTask {
    fn drop(&mut self) {
        let ours = self.progress.subscribe();
        let mut state = self.tokens.state();
        let registered = &mut state.callback.progress;
        let registered = registered.take_if(|progress| progress.same_channel(&ours));
        if registered.is_some() {
            self.shared.notify_watchers(&self.tokens, &state);
        }
    }
}
