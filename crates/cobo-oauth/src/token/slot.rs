//! The part of an organization's state that refreshes change.

use std::time::Duration;

use tokio::sync::watch;

use super::callback::Progress;
use super::entry::Entry;
use super::error::TokenError;
use super::flight::Landed;
use super::moment::Moment;
use super::shared::Shared;
use super::state::OrgState;
use crate::store::TokenPair;

/// The state that refreshes change. Locked briefly, never across an await.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Increased when the tokens are invalidated. The result of a flight with an earlier epoch is
    /// discarded.
    pub(crate) epoch: u64,
    pub(crate) need: Need,
    /// The newest known generation.
    pub(crate) generation: u64,
    /// The newest generation that was refused or invalidated. It and all older ones are not used.
    pub(crate) refused: u64,
    /// The newest generation whose refresh token was taken for sending. It is spent, even if the
    /// store is restored to a state that still has it.
    pub(crate) spent: u64,
    /// How many times `get_token` was requested.
    pub(crate) wanted: u64,
    /// The last of these requests that came from a callback.
    pub(crate) requested: u64,
    /// The progress of the callback task.
    pub(crate) callback: Option<watch::Receiver<Progress>>,
    /// Whether the callback task waits for the rate limit of unknown organizations.
    pub(crate) queued: bool,
    /// When the last callback was answered.
    pub(crate) called_back: Option<Moment>,
    /// Removed from the map: a caller that reaches this entry must look it up again.
    pub(crate) detached: bool,
    pub(crate) flight: Option<InFlight>,
    pub(crate) flights: u64,
    pub(crate) hold: Option<Hold>,
    pub(crate) failures: u32,
    /// How many flights in a row were dropped before they ended, usually by a runtime shutdown.
    pub(crate) dropped: u32,
    /// Since when every attempt has failed, in Unix milliseconds.
    pub(crate) failing_since: Option<u64>,
    /// How many tokens in a row were refused soon after they were obtained.
    pub(crate) rejections: u32,
    /// The pair that the store could not save yet.
    pub(crate) unsaved: Option<TokenPair>,
    pub(crate) saving: bool,
    pub(crate) watch: Option<watch::Sender<OrgState>>,
}

/// The kind of token that the next flight must obtain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Need {
    /// The next token, from any source.
    #[default]
    Renewal,
    /// A different token, because the last one was refused.
    Replacement,
    /// A token by `get_token`, since a callback says so, which anyone can send: until it is there,
    /// a stored token is as good as before.
    CalledBack,
    /// A token by `get_token`: what a refresh would bring is no good.
    Issue,
}

impl Need {
    /// Whether only a token of `get_token` will do.
    pub(crate) fn is_issue(self) -> bool {
        matches!(self, Self::CalledBack | Self::Issue)
    }
}

/// Who is obtaining a token.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    pub(crate) number: u64,
    pub(crate) need: Need,
    /// It answers all `get_token` requests up to this number.
    pub(crate) wanted: u64,
    pub(crate) landing: watch::Receiver<Option<Landed>>,
    /// When the flight is considered lost, by the monotonic clock: its runtime is not running any
    /// more.
    pub(crate) overdue: Duration,
}

/// A backoff: until when no attempt starts, and the error that callers get meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    pub(crate) until: Moment,
    pub(crate) error: TokenError,
}

impl Slot {
    pub(crate) fn under_way(&mut self, now: &Moment) -> Option<InFlight> {
        let stranded = |flight: &InFlight| flight.overdue <= now.monotonic;
        self.flight.clone().filter(|flight| !stranded(flight))
    }

    /// Invalidates cached and in-flight tokens.
    pub(crate) fn throw_away(&mut self, entry: &Entry) {
        let newest = entry.live().as_ref().map(|live| live.generation());
        self.epoch += 1;
        self.generation = self.generation.max(newest.unwrap_or_default());
        self.refused = self.refused.max(self.generation);
        self.unsaved = None;
        entry.replace(None);
    }

    /// Unregisters a flight, if it is still the registered one.
    pub(crate) fn leave(&mut self, number: u64) {
        self.flight.take_if(|flight| flight.number == number);
    }

    /// Notifies the watchers.
    pub(crate) fn tell(&self, entry: &Entry, shared: &Shared) {
        if let Some(watch) = &self.watch {
            watch.send_replace(OrgState::of(self, entry.live().as_deref(), &shared.now()));
        }
    }
}

impl InFlight {
    /// Waits for the result. `None` if the flight was dropped with its runtime, or did not end in
    /// time.
    pub(crate) async fn landed(
        mut self,
        shared: &Shared,
        patience: Option<Duration>,
    ) -> Option<Landed> {
        let patience = patience.unwrap_or_else(|| shared.limits.flight());
        let landing = self.landing.wait_for(Option::is_some);
        let landed = tokio::time::timeout(patience, landing).await;
        landed.ok()?.ok()?.clone()
    }
}
