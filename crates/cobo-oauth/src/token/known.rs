use std::sync::{Arc, Weak};

use super::entry::Entry;
use super::live::Live;
use super::shared::Shared;

/// What the map has of an organization. A hit touches nothing else but the token.
#[derive(Debug)]
pub(crate) struct Known {
    /// Which token it had last, as a hint: it may be out of date, and says so. It keeps no token
    /// alive that was replaced.
    pub(crate) last: Weak<Live>,
    pub(crate) entry: Arc<Entry>,
}

impl Known {
    pub(crate) fn new(entry: Arc<Entry>) -> Self {
        let last = Weak::new();
        Self { entry, last }
    }

    /// The token, while it is good for a while.
    pub(crate) fn current(&self, shared: &Arc<Shared>) -> Option<Arc<Live>> {
        let remember = |live: &_| shared.remember(&self.entry, live);
        self.entry.recall(shared, self.last.upgrade(), remember)
    }
}
