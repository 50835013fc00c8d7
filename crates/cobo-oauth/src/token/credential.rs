use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cobo_auth::{AccessToken, Credential, Error};

use super::recall::Recall;
use super::source::Source;

/// Always carries a valid access token of one organization. From
/// [`TokenSource::credential`](crate::TokenSource::credential).
///
/// Cheap to clone. It keeps the source that it comes from alive.
#[derive(Clone)]
pub struct OrgCredential {
    pub(crate) organization: Recall,
    pub(crate) source: Arc<Source>,
}

impl OrgCredential {
    /// The organization whose token this carries.
    pub fn org_id(&self) -> &str {
        self.organization.entry().org_id()
    }
}

#[async_trait]
impl Credential for OrgCredential {
    fn current(&self) -> Option<AccessToken> {
        let live = self.organization.current(&self.source.shared)?;
        Some(live.into())
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        let live = self.organization.entry().fetch(&self.source.shared).await?;
        Ok(live.into())
    }

    fn rejected(&self, token: &AccessToken) {
        let entry = self.organization.entry();
        entry.reject(&self.source.shared, token);
    }
}

impl fmt::Debug for OrgCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrgCredential")
            .field("org_id", &self.org_id())
            .finish_non_exhaustive()
    }
}
