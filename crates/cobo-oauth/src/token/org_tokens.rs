//! The tokens of one organization, and how callers get them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use cobo_auth::AccessToken;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Instrument as _;

use super::cached_token::{CachedToken, Phase};
use super::error::{TokenError, TokenErrorKind};
use super::moment::Moment;
use super::org_state::OrgState;
use super::refresh_state::{Activity, RefreshHandle, RefreshState};
use super::refresh_task::{RefreshOutcome, RefreshTask};
use super::shared::Shared;
use crate::store::TokenPair;

/// How many times a caller retries when the task that it waited for gave it no result.
pub(crate) const MAX_WAITS: usize = 4;

#[derive(Debug)]
pub(crate) struct OrgTokens {
    org_id: Arc<str>,
    /// The current token. Read without a lock; changed only while `state` is locked.
    cached: ArcSwapOption<CachedToken>,
    /// The pair that the store could not save yet. Read and changed like `cached`.
    pub(super) unsaved: ArcSwapOption<TokenPair>,
    state: Mutex<RefreshState>,
    /// Serialises saving an unsaved pair and removing the stored one.
    pub(super) saving: tokio::sync::Mutex<()>,
}

impl OrgTokens {
    pub(crate) fn new(org_id: Arc<str>) -> Self {
        Self {
            org_id,
            cached: ArcSwapOption::empty(),
            unsaved: ArcSwapOption::empty(),
            state: Mutex::default(),
            saving: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn org_id(&self) -> &Arc<str> {
        &self.org_id
    }

    /// Locks the state. Ignores poisoning: every change is complete before anything can panic.
    pub(crate) fn state(&self) -> MutexGuard<'_, RefreshState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token in memory, even if it has expired.
    pub(crate) fn cached(&self) -> Option<Arc<CachedToken>> {
        self.cached.load_full()
    }

    /// The token in memory, if it has not expired.
    pub(crate) fn valid(&self, now: &Moment) -> Option<Arc<CachedToken>> {
        self.cached().filter(|token| token.is_valid(now))
    }

    /// Whether there is a pair that the store could not save yet.
    pub(crate) fn has_unsaved(&self) -> bool {
        self.unsaved.load().is_some()
    }

    /// Returns the token without waiting, unless it expires very soon. Starts a refresh if one is
    /// due.
    pub(crate) fn current(self: &Arc<Self>, shared: &Arc<Shared>) -> Option<AccessToken> {
        if self.has_unsaved() {
            shared.resume_saving(self);
        }
        let token = self.cached()?;
        match token.phase(&shared.now_without_lock()) {
            Phase::Fresh => {}
            Phase::RefreshDue => drop(self.join_or_start(shared)),
            Phase::RefreshRequired | Phase::Expired => return None,
        }
        Some(token.into())
    }

    /// Returns the token. Waits for a refresh if no token is cached or if it expires very soon.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> Result<AccessToken, TokenError> {
        for _ in 0..MAX_WAITS {
            if let Some(token) = self.current(shared) {
                return Ok(token);
            }
            let task = match self.join_or_start(shared) {
                Ok(task) => task,
                Err(error) => return self.valid_or(error, shared),
            };
            // Limits the wait, so that a server that hangs does not delay callers until the old
            // token expires.
            let now = shared.now();
            let timeout = match self.valid(&now) {
                Some(token) => token.expires.remaining(&now) / 2,
                None => shared.limits.refresh_task(),
            };
            match task.wait(timeout).await {
                Some(RefreshOutcome::Obtained(token)) if token.is_valid(&shared.now()) => {
                    return Ok(token.into());
                }
                Some(RefreshOutcome::Failed(error)) => return self.valid_or(error, shared),
                Some(RefreshOutcome::Obtained(_) | RefreshOutcome::Superseded) => {}
                None => {
                    if let Some(token) = self.valid(&shared.now()) {
                        return Ok(token.into());
                    }
                }
            }
        }
        self.valid_or(self.unavailable(), shared)
    }

    /// The token in memory if it has not expired, and otherwise this error.
    fn valid_or(&self, error: TokenError, shared: &Shared) -> Result<AccessToken, TokenError> {
        let token = self.valid(&shared.now()).ok_or(error)?;
        Ok(token.into())
    }

    /// Waits for the `get_token` that answers this and all earlier requests for one.
    pub(crate) async fn reissued(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        requested: u64,
    ) -> Result<(), TokenError> {
        for _ in 0..MAX_WAITS {
            let task = self.join_or_start(shared)?;
            let answers = task.reason.requires_get_token() && task.requested >= requested;
            match task.wait(shared.limits.refresh_task()).await {
                Some(RefreshOutcome::Obtained(_)) if answers => return Ok(()),
                Some(RefreshOutcome::Failed(error)) if answers => return Err(error),
                _ => {}
            }
        }
        Err(self.unavailable())
    }

    fn unavailable(&self) -> TokenError {
        TokenError::new(TokenErrorKind::Unavailable, &self.org_id)
    }

    /// Joins the running task or starts one. An error while backing off, after a shutdown, or
    /// without a runtime.
    fn join_or_start(self: &Arc<Self>, shared: &Arc<Shared>) -> Result<RefreshHandle, TokenError> {
        let now = shared.now();
        let mut state = self.state();
        if let Some(task) = state.running(&now) {
            return Ok(task);
        }
        if let Some(backoff) = state.backoff(&now) {
            return Err(backoff.error.clone());
        }
        let (runtime, _counted) = self.may_start_task(shared)?;
        let task = self.register(&mut state, shared, now);
        let handle = task.handle.clone();
        state.notify_watchers(self, shared);
        // A runtime that is shutting down drops the task inside `spawn_on`, and the drop takes this
        // lock.
        drop(state);
        // A trace shows the refresh below the call that started it.
        let task = task.run().in_current_span();
        shared.tasks.spawn_on(task, &runtime);
        Ok(handle)
    }

    /// Checks that a task may start for this organization. Returns the runtime, and a token that
    /// makes a shutdown wait: hold it until the task is spawned.
    pub(crate) fn may_start_task(
        &self,
        shared: &Shared,
    ) -> Result<(Handle, TaskTrackerToken), TokenError> {
        check_org_id(&self.org_id)?;
        let counted = shared.tasks.token();
        if shared.stop.is_cancelled() {
            return Err(TokenError::new(TokenErrorKind::ShutDown, &self.org_id));
        }
        let runtime = Handle::try_current().map_err(|no_runtime| {
            TokenError::caused_by(TokenErrorKind::Unavailable, &self.org_id, no_runtime)
        })?;
        Ok((runtime, counted))
    }

    /// Registers a task as the running one.
    pub(super) fn register(
        self: &Arc<Self>,
        state: &mut RefreshState,
        shared: &Arc<Shared>,
        now: Moment,
    ) -> RefreshTask {
        let (sender, outcome) = watch::channel(None);
        state.tasks += 1;
        let handle = RefreshHandle {
            number: state.tasks,
            epoch: state.epoch,
            reason: state.reason,
            requested: state.requested,
            outcome,
            lost_at: now.monotonic.saturating_add(shared.limits.refresh_task()),
        };
        state.activity = Activity::Refreshing(handle.clone());
        RefreshTask {
            shared: shared.clone(),
            tokens: self.clone(),
            handle,
            outcome: sender,
        }
    }

    /// Whether this generation is newer than the current token and than every rejected one.
    pub(crate) fn is_newer(&self, state: &RefreshState, generation: u64) -> bool {
        let current = self.cached().map_or(0, |token| token.generation());
        generation > state.rejected.max(current)
    }

    /// Makes a token the current one if it is newer, so that generations only increase.
    pub(crate) fn install(&self, state: &mut RefreshState, token: Arc<CachedToken>) {
        if self.is_newer(state, token.generation()) {
            state.generation = state.generation.max(token.generation());
            self.cached.store(Some(token));
        }
    }

    /// Removes the current token.
    pub(super) fn discard(&self, _locked: &mut RefreshState) {
        self.cached.store(None);
    }

    /// Marks the organization as detached if it has nothing that must be kept. A detached one must
    /// not be used any more.
    pub(crate) fn detach(self: &Arc<Self>, now: &Moment) -> bool {
        let mut state = self.state();
        // The map holds one reference.
        state.detached = Arc::strong_count(self) == 1
            && !matches!(state.activity, Activity::Refreshing(_))
            && state.backoff(now).is_none()
            && !self.has_unsaved()
            && self.cached().is_none();
        state.detached
    }

    pub(crate) fn is_detached(&self) -> bool {
        self.state().detached
    }

    pub(crate) fn org_state(&self, now: &Moment) -> OrgState {
        OrgState::of(self, &self.state(), now)
    }

    pub(crate) fn watch(&self, now: &Moment) -> watch::Receiver<OrgState> {
        let mut state = self.state();
        if let Some(watch) = &state.watch {
            return watch.subscribe();
        }
        let current = OrgState::of(self, &state, now);
        let (sender, receiver) = watch::channel(current);
        state.watch = Some(sender);
        receiver
    }
}

impl RefreshState {
    pub(crate) fn notify_watchers(&self, tokens: &OrgTokens, shared: &Shared) {
        if let Some(watch) = &self.watch {
            watch.send_replace(OrgState::of(tokens, self, &shared.now()));
        }
    }
}

/// Checks that this is a valid organization id: 1 to 256 visible ASCII characters.
pub(crate) fn check_org_id(org_id: &str) -> Result<(), TokenError> {
    if (1..=256).contains(&org_id.len()) && org_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let kind = TokenErrorKind::InvalidOrganization;
    Err(TokenError::new(kind, &org_id.into()))
}
