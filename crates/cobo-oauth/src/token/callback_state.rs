use tokio::sync::watch;

use super::error::TokenError;
use super::moment::Moment;

/// The callbacks of one organization.
#[derive(Debug, Default)]
pub(crate) struct CallbackState {
    /// The last `get_token` that a callback requested: see `RefreshState::requested`.
    pub(crate) requested: u64,
    /// The progress of the task, if it is running.
    pub(crate) progress: Option<watch::Receiver<Progress>>,
    pub(crate) last_answer: Option<Moment>,
}

impl CallbackState {
    /// Whether the task waits for the rate limit of unknown organizations.
    pub(crate) fn is_queued(&self) -> bool {
        let progress = self.progress.as_ref();
        progress.is_some_and(|progress| progress.borrow().queued)
    }
}

/// The progress of an organization's callback task.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// The number of the last request that was answered.
    pub(crate) answered: u64,
    pub(crate) result: Result<(), TokenError>,
    /// Whether unanswered requests wait for the rate limit of unknown organizations.
    pub(crate) queued: bool,
}
