//! What changes with a refresh of an organization's token.

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

/// What changes with a refresh. Locked for moments, never across an await.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Rises when what is known is thrown away; a flight of an earlier epoch brings nothing in.
    pub(crate) epoch: u64,
    pub(crate) need: Need,
    /// The newest generation known.
    pub(crate) generation: u64,
    /// The newest generation that was refused or thrown away: nothing up to it is taken in.
    pub(crate) refused: u64,
    /// The newest generation whose refresh token was taken to be sent: it is spent, even if a
    /// store comes back that has it.
    pub(crate) spent: u64,
    /// How often `get_token` was asked for.
    pub(crate) wanted: u64,
    /// The last of them that a callback asked for.
    pub(crate) requested: u64,
    /// The progress of the task that answers callbacks.
    pub(crate) callback: Option<watch::Receiver<Progress>>,
    /// Whether that task waits for the rate that unknown organizations share.
    pub(crate) queued: bool,
    /// When the last callback was answered.
    pub(crate) called_back: Option<Moment>,
    /// Not in the map any more: whoever comes here has to look again.
    pub(crate) detached: bool,
    pub(crate) flight: Option<InFlight>,
    pub(crate) flights: u64,
    pub(crate) hold: Option<Hold>,
    pub(crate) failures: u32,
    /// How many attempts in a row were dropped before they ended, mostly with their runtime.
    pub(crate) dropped: u32,
    /// Unix milliseconds.
    pub(crate) failing_since: Option<u64>,
    /// Tokens that were refused soon after they came, in a row.
    pub(crate) rejections: u32,
    /// What the store could not take yet.
    pub(crate) unsaved: Option<TokenPair>,
    pub(crate) saving: bool,
    pub(crate) watch: Option<watch::Sender<OrgState>>,
}

/// What the next flight has to bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Need {
    /// The next token, by any way.
    #[default]
    Renewal,
    /// Another token than the one that was refused.
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
    /// As many calls for `get_token` as it answers.
    pub(crate) wanted: u64,
    pub(crate) landing: watch::Receiver<Option<Landed>>,
    /// When it is given up for stranded, by the monotonic clock: its runtime does not run any more.
    pub(crate) overdue: Duration,
}

/// Until when nothing is tried, and what is said meanwhile.
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

    /// From here on nothing comes in that was there, or is under way.
    pub(crate) fn throw_away(&mut self, entry: &Entry) {
        let newest = entry.live().as_ref().map(|live| live.generation());
        self.epoch += 1;
        self.generation = self.generation.max(newest.unwrap_or_default());
        self.refused = self.refused.max(self.generation);
        self.unsaved = None;
        entry.replace(None);
    }

    /// Gives the place of a flight free, if it is still that flight's.
    pub(crate) fn leave(&mut self, number: u64) {
        self.flight.take_if(|flight| flight.number == number);
    }

    /// Tells whoever watches.
    pub(crate) fn tell(&self, entry: &Entry, shared: &Shared) {
        if let Some(watch) = &self.watch {
            watch.send_replace(OrgState::of(self, entry.live().as_deref(), &shared.now()));
        }
    }
}

impl InFlight {
    /// What came of it; `None` where it vanished with its runtime, or has not landed in time.
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
