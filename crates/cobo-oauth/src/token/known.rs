use std::sync::{Arc, Weak};

use super::entry::Entry;
use super::live::Live;
use super::shared::Shared;

/// The map's value for an organization. A cache hit reads only this and the token.
#[derive(Debug)]
pub(crate) struct Known {
    /// The last token, as a hint: a replaced token is marked as withdrawn. Weak, so that it does
    /// not keep a replaced token in memory.
    pub(crate) last: Weak<Live>,
    pub(crate) entry: Arc<Entry>,
}

impl Known {
    pub(crate) fn new(entry: Arc<Entry>) -> Self {
        let last = Weak::new();
        Self { entry, last }
    }

    /// The token, if it is outside the mandatory window. Starts a refresh if one is due.
    pub(crate) fn current(&self, shared: &Arc<Shared>) -> Option<Arc<Live>> {
        let remember = |live: &_| shared.remember(&self.entry, live);
        self.entry.recall(shared, self.last.upgrade(), remember)
    }
}
