use std::sync::Arc;

use arc_swap::ArcSwapWeak;

use super::entry::Entry;
use super::live::Live;
use super::shared::Shared;

/// An organization and the token that it had last, as whoever asks for it remembers: all that a hit
/// touches besides is that token.
///
/// What is remembered may be out of date, and says so. It keeps no token alive that was replaced.
#[derive(Debug)]
pub(crate) struct Recall {
    entry: Arc<Entry>,
    last: ArcSwapWeak<Live>,
}

impl Recall {
    pub(crate) fn new(entry: Arc<Entry>) -> Self {
        Self {
            entry,
            last: ArcSwapWeak::default(),
        }
    }

    pub(crate) fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// The token, while it is good for a while.
    pub(crate) fn current(&self, shared: &Arc<Shared>) -> Option<Arc<Live>> {
        let lately = shared.lately();
        let last = self.last.load().upgrade();
        if last.as_ref().is_some_and(|last| last.is_settled(&lately)) {
            return last;
        }
        let live = self.entry.current(shared, &lately)?;
        if last.is_none_or(|last| !Arc::ptr_eq(&last, &live)) {
            self.last.store(Arc::downgrade(&live));
        }
        Some(live)
    }
}

impl Clone for Recall {
    fn clone(&self) -> Self {
        Self {
            entry: self.entry.clone(),
            last: ArcSwapWeak::from(self.last.load_full()),
        }
    }
}
