use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cobo_auth::{AccessToken, Credential, Error};

use super::entry::Entry;
use super::source::Source;

/// Always carries a valid access token of one organization. From
/// [`TokenSource::credential`](crate::TokenSource::credential).
///
/// Cheap to clone. It keeps the source that it comes from alive.
#[derive(Clone)]
pub struct OrgCredential {
    pub(crate) entry: Arc<Entry>,
    pub(crate) source: Arc<Source>,
}

impl OrgCredential {
    /// The organization whose token this carries.
    pub fn org_id(&self) -> &str {
        self.entry.org_id()
    }
}

#[async_trait]
impl Credential for OrgCredential {
    fn current(&self) -> Option<AccessToken> {
        self.entry.current(&self.source.shared)
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        Ok(self.entry.fetch(&self.source.shared).await?)
    }

    fn rejected(&self, token: &AccessToken) {
        self.entry.reject(&self.source.shared, token);
    }
}

impl fmt::Debug for OrgCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrgCredential")
            .field("org_id", &self.org_id())
            .finish_non_exhaustive()
    }
}
