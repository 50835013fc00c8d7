use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::client::credential::Credential;

/// The options of one call, which override those of its client and its operation.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    /// Whether the call may be repeated, if the caller set it.
    pub(crate) repeatable: Option<bool>,
    pub(crate) credential: CallCredential,
}

/// The credential whose access token a call sends.
#[derive(Clone, Default)]
pub(crate) enum CallCredential {
    /// The client's, unless the operation is sent without one.
    #[default]
    Client,
    /// No credential.
    None,
    /// The credential that the caller gave, for every operation.
    Given(Arc<dyn Credential>),
}

impl CallCredential {
    pub(crate) fn given(credential: impl Credential + 'static) -> Self {
        Self::Given(Arc::new(credential))
    }

    /// The credential of a call. `by_default` says whether the operation is sent with the client's.
    pub(crate) fn of_call(
        self,
        client: Option<Arc<dyn Credential>>,
        by_default: bool,
    ) -> Option<Arc<dyn Credential>> {
        match self {
            Self::Client => client.filter(|_| by_default),
            Self::None => None,
            Self::Given(credential) => Some(credential),
        }
    }
}

impl fmt::Debug for CallCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => f.write_str("Client"),
            Self::None => f.write_str("None"),
            Self::Given(credential) => f.debug_tuple("Given").field(credential).finish(),
        }
    }
}

/// Whether a path below the base URL is one of Cobo's OAuth endpoints. These issue an
/// organization's token, so they are called without one.
pub(crate) fn is_oauth(path: &str) -> bool {
    const OAUTH: &[u8] = b"/oauth/";
    percent_decode_str(path)
        .take(OAUTH.len())
        .eq(OAUTH.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_oauth_are_oauth_endpoints() {
        for path in [
            "/oauth/token",
            "/oauth/",
            "/%6fauth/token",
            "/oauth%2Ftoken",
        ] {
            assert!(is_oauth(path), "{path}");
        }
        for path in ["/oauth", "/oauth2/token", "/wallets/oauth/x", "", "/"] {
            assert!(!is_oauth(path), "{path}");
        }
    }
}
