use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapWeak;
use async_trait::async_trait;
use cobo_auth::{AccessToken, Credential, Error};

use super::entry::Entry;
use super::live::Live;
use super::source::Source;

/// Adds a valid access token of one organization to requests. Created by
/// [`TokenSource::credential`](crate::TokenSource::credential).
///
/// Cheap to clone. It keeps its token source alive.
pub struct OrgCredential {
    entry: Arc<Entry>,
    /// The last token that it used, as a hint: see `Known`.
    last: ArcSwapWeak<Live>,
    source: Arc<Source>,
}

impl OrgCredential {
    pub(crate) fn new(entry: Arc<Entry>, source: Arc<Source>) -> Self {
        Self {
            entry,
            last: ArcSwapWeak::default(),
            source,
        }
    }

    /// The organization whose token this credential adds.
    pub fn org_id(&self) -> &str {
        self.entry.org_id()
    }
}

#[async_trait]
impl Credential for OrgCredential {
    fn current(&self) -> Option<AccessToken> {
        let shared = &self.source.shared;
        let remember = |live: &_| self.last.store(Arc::downgrade(live));
        let live = self
            .entry
            .recall(shared, self.last.load().upgrade(), remember)?;
        Some(live.into())
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        let live = self.entry.fetch(&self.source.shared).await?;
        Ok(live.into())
    }

    fn rejected(&self, token: &AccessToken) {
        self.entry.reject(&self.source.shared, token);
    }

    fn org_id(&self) -> Option<&str> {
        Some(self.entry.org_id())
    }
}

impl Clone for OrgCredential {
    fn clone(&self) -> Self {
        Self::new(self.entry.clone(), self.source.clone())
    }
}

impl fmt::Debug for OrgCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrgCredential")
            .field("org_id", &self.org_id())
            .finish_non_exhaustive()
    }
}
