use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cobo_auth::{AccessToken, Credential, Error};

use super::org_tokens::OrgTokens;
use super::shared::Source;

/// Adds a valid access token of one organization to requests. Created by
/// [`TokenSource::credential`](crate::TokenSource::credential).
///
/// Cheap to clone. It keeps its token source alive.
#[derive(Clone)]
pub struct OrgCredential {
    tokens: Arc<OrgTokens>,
    source: Arc<Source>,
}

impl OrgCredential {
    pub(crate) fn new(tokens: Arc<OrgTokens>, source: Arc<Source>) -> Self {
        Self { tokens, source }
    }

    /// Returns the organization whose token this credential adds.
    pub fn org_id(&self) -> &str {
        self.tokens.org_id()
    }
}

#[async_trait]
impl Credential for OrgCredential {
    fn current(&self) -> Option<AccessToken> {
        self.tokens.current(&self.source.shared)
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        Ok(self.tokens.fetch(&self.source.shared).await?)
    }

    fn rejected(&self, token: &AccessToken) {
        self.tokens.reject(&self.source.shared, token);
    }

    fn org_id(&self) -> Option<&str> {
        Some(self.tokens.org_id())
    }
}

impl fmt::Debug for OrgCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrgCredential")
            .field("org_id", &self.org_id())
            .finish_non_exhaustive()
    }
}
