//! The part of an organization's state that changes with refreshes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::cached_token::CachedToken;
use super::callback_state::CallbackState;
use super::error::TokenError;
use super::moment::Moment;
use super::org_state::OrgState;

/// The state that refreshes change. Locked briefly, never across an await.
#[derive(Debug, Default)]
pub(crate) struct RefreshState {
    pub(crate) activity: Activity,
    /// Increased when the tokens are invalidated. The result of a task with an earlier epoch is
    /// discarded.
    pub(crate) epoch: u64,
    /// Why the next task will run.
    pub(crate) reason: RefreshReason,
    /// How many times `get_token` was requested: by `invalidate`, `forget` and callbacks.
    pub(crate) requested: u64,
    pub(crate) callback: CallbackState,
    /// The newest known generation.
    pub(crate) generation: u64,
    /// The newest generation that was rejected or invalidated. It and all older ones are not used.
    pub(crate) rejected: u64,
    /// The newest generation whose refresh token was taken out of the store to be sent. It is spent, even if the
    /// store is restored to a state that still has it.
    pub(crate) spent: u64,
    /// How many tokens in a row were rejected soon after they were obtained.
    pub(crate) rejections: u32,
    pub(crate) failures: Failures,
    /// How many tasks were started. The number of a task tells it from later ones.
    pub(crate) tasks: u64,
    /// How many tasks in a row were dropped before they ended, usually by a runtime shutdown.
    pub(crate) dropped_tasks: u32,
    /// The task that saves the unsaved pair.
    pub(crate) save_task: Option<JoinHandle<()>>,
    /// Removed from the map: a caller that reaches this organization must look it up again.
    pub(crate) detached: bool,
    pub(crate) watch: Option<watch::Sender<OrgState>>,
}

/// What is being done to obtain the next token.
#[derive(Debug, Default)]
pub(crate) enum Activity {
    #[default]
    Idle,
    Refreshing(RefreshHandle),
    BackingOff(Backoff),
}

/// Why a refresh task runs, which decides what it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum RefreshReason {
    /// The token expires soon, or no token exists. Any newer token will do.
    #[default]
    Expiring,
    /// A server rejected the token. Any newer token will do.
    Rejected,
    /// An installation callback asks for a token of `get_token`. Anyone can send a callback, so the
    /// current token and the stored one are served until the new one is there.
    Callback,
    /// Only a new token of `get_token` will do: the tokens were invalidated, or a refreshed token
    /// was rejected as well.
    Reissue,
}

impl RefreshReason {
    /// Whether the task must call `get_token`.
    pub(crate) fn requires_get_token(self) -> bool {
        matches!(self, Self::Callback | Self::Reissue)
    }
}

/// A running refresh task, as its waiting callers see it.
#[derive(Debug, Clone)]
pub(crate) struct RefreshHandle {
    pub(crate) number: u64,
    /// The epoch of the state when the task started.
    pub(crate) epoch: u64,
    pub(crate) reason: RefreshReason,
    /// The task answers all requests for `get_token` up to this number.
    pub(crate) requested: u64,
    pub(crate) outcome: watch::Receiver<Option<RefreshOutcome>>,
    /// When the task is considered lost, by the monotonic clock: its runtime is not running any
    /// more.
    pub(crate) lost_at: Duration,
}

impl RefreshHandle {
    /// Waits for the outcome, for at most this time. Returns `None` if the task was dropped with its
    /// runtime, or did not end in time.
    pub(crate) async fn wait(mut self, timeout: Duration) -> Option<RefreshOutcome> {
        let outcome = self.outcome.wait_for(Option::is_some);
        let outcome = tokio::time::timeout(timeout, outcome).await;
        outcome.ok()?.ok()?.clone()
    }
}

/// The result of a refresh task.
#[derive(Debug, Clone)]
pub(crate) enum RefreshOutcome {
    Obtained(Arc<CachedToken>),
    Failed(TokenError),
    /// The organization's tokens were invalidated meanwhile; the result was discarded.
    Superseded,
}

/// Until when no task starts, and the error that callers get meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    pub(crate) until: Moment,
    pub(crate) error: TokenError,
}

/// The failures since a token was last obtained.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) count: u32,
    /// When the first of them happened, in Unix milliseconds.
    pub(crate) since: Option<u64>,
    pub(crate) last_error: Option<TokenError>,
}

impl Failures {
    /// Records a failure.
    pub(crate) fn add(&mut self, error: &TokenError, now: &Moment) {
        self.count = self.count.saturating_add(1);
        self.since.get_or_insert(now.wall);
        self.last_error = Some(error.clone());
    }
}

impl RefreshState {
    /// The running task, unless it is lost.
    pub(crate) fn running(&self, now: &Moment) -> Option<RefreshHandle> {
        match &self.activity {
            Activity::Refreshing(handle) if now.monotonic < handle.lost_at => Some(handle.clone()),
            _ => None,
        }
    }

    /// Whether this task is the current one.
    pub(crate) fn is_running(&self, number: u64) -> bool {
        matches!(&self.activity, Activity::Refreshing(handle) if handle.number == number)
    }

    /// The backoff, unless it is over.
    pub(crate) fn backoff(&self, now: &Moment) -> Option<&Backoff> {
        match &self.activity {
            Activity::BackingOff(backoff) if !backoff.until.has_passed(now) => Some(backoff),
            _ => None,
        }
    }

    /// Ends a backoff after such an error, so that the next caller starts a task.
    pub(crate) fn end_backoff(&mut self, after: impl FnOnce(&TokenError) -> bool) {
        if let Activity::BackingOff(backoff) = &self.activity
            && after(&backoff.error)
        {
            self.activity = Activity::Idle;
        }
    }
}
