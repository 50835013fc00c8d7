//! The tokens of one organization.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use super::cached_token::CachedToken;
use super::error::{TokenError, TokenErrorKind};
use super::moment::Moment;
use super::org_state::OrgState;
use super::refresh_state::{Activity, RefreshState};
use crate::store::TokenPair;

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
        self.org_state_locked(&self.state(), now)
    }

    /// Like [`org_state`](Self::org_state), for a caller that holds the lock of the state.
    pub(crate) fn org_state_locked(&self, state: &RefreshState, now: &Moment) -> OrgState {
        let token = self.cached();
        let token = token.as_deref();
        OrgState {
            valid: token.is_some_and(|token| token.is_valid(now)),
            expires_at: token.map(|token| token.expires.wall),
            generation: token.map(CachedToken::generation),
            refreshing: matches!(state.activity, Activity::Refreshing(_)),
            queued: state.callback.is_queued(),
            failing_since: state.failures.since,
            error: state.failures.last_error.clone(),
            unsaved: self.has_unsaved(),
        }
    }

    pub(crate) fn watch(&self, now: &Moment) -> watch::Receiver<OrgState> {
        let mut state = self.state();
        if let Some(watch) = &state.watch {
            return watch.subscribe();
        }
        let current = self.org_state_locked(&state, now);
        let (sender, receiver) = watch::channel(current);
        state.watch = Some(sender);
        receiver
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
