//! The two calls that bring tokens, and what their failures mean.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{Error, ErrorKind, Execution, RetryPolicy, Secret};
use http::StatusCode;
use progenitor_client::ClientInfo as _;

use crate::{Client, models};

/// Where tokens come from.
#[async_trait]
pub(crate) trait Issuer: fmt::Debug + Send + Sync {
    /// `get_token`: works as long as the app is installed, and spends nothing.
    async fn issue(&self, org_id: &str) -> Result<Issued, Failure>;

    /// `refresh_token`: spends the refresh token.
    async fn refresh(&self, refresh_token: Secret) -> Result<Issued, Failure>;
}

/// What Cobo issued.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) life: Duration,
}

/// Why nothing was issued, as far as this side can know.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) fate: Fate,
    /// Whether the server asked for fewer requests.
    pub(crate) throttled: bool,
    /// For how long it asked not to be called.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) source: Arc<dyn StdError + Send + Sync>,
}

impl Failure {
    pub(crate) fn new(fate: Fate, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            fate,
            throttled: false,
            retry_after: None,
            source: Arc::new(source),
        }
    }
}

/// What became of a request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was certainly not carried out: never sent, or turned away at the door.
    NotCarriedOut,
    /// Nobody knows: it was sent, and no answer tells what became of it.
    Lost,
    /// Refused: the grant is no good. A refresh token is dead, or the app not installed.
    GrantRefused,
    /// Refused: this app's key, client id or request is no good, for any organization.
    AppRefused,
}

/// Cobo.
#[derive(Debug)]
pub(crate) struct Cobo {
    issuing: Client,
    /// Attempts once: what keeps a refresh from its answer must not look like a lost one because
    /// it was attempted again until the time was up.
    refreshing: Client,
    client_id: String,
}

impl Cobo {
    pub(crate) fn new(client: &Client, client_id: String) -> Self {
        // Tokens are not asked for with a token.
        let auth = client.inner().without_credential();
        Self {
            refreshing: Client::new(auth.with_retry(RetryPolicy::none())),
            issuing: Client::new(auth),
            client_id,
        }
    }
}

#[async_trait]
impl Issuer for Cobo {
    async fn issue(&self, org_id: &str) -> Result<Issued, Failure> {
        let request = self
            .issuing
            .get_token()
            .client_id(&self.client_id)
            .org_id(org_id)
            .grant_type("org_implicit");
        let pair = request.send().await?.into_inner();
        issued(pair.access_token, pair.refresh_token, pair.expires_in)
    }

    async fn refresh(&self, refresh_token: Secret) -> Result<Issued, Failure> {
        let body = models::RefreshTokenRequest::builder()
            .client_id(&self.client_id)
            .grant_type("refresh_token")
            .refresh_token(refresh_token);
        let request = self.refreshing.refresh_token().refresh_token_request(body);
        let pair = request.send().await?.into_inner();
        issued(pair.access_token, pair.refresh_token, pair.expires_in)
    }
}

fn issued(
    access_token: Secret,
    refresh_token: Option<Secret>,
    expires_in: i64,
) -> Result<Issued, Failure> {
    Ok(Issued {
        access_token,
        refresh_token: refresh_token.filter(|token| !token.is_empty()),
        // A token without a life has expired when it arrives, and is told so there.
        life: Duration::from_secs(u64::try_from(expires_in).unwrap_or(0)),
    })
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let unavailable = error.status() == Some(StatusCode::SERVICE_UNAVAILABLE);
        Self {
            fate: fate(&error),
            throttled: error.is_rate_limited() || unavailable,
            retry_after: error.retry_after(),
            source: Arc::new(error),
        }
    }
}

fn fate(error: &Error) -> Fate {
    let said_no = error.kind() == ErrorKind::Api
        && !error.is_retryable()
        && error
            .status()
            .is_some_and(|status| status.is_client_error());
    match (error.oauth_error(), error.code()) {
        (Some(name), _) if said_no && APP_REFUSALS.contains(&name) => Fate::AppRefused,
        (Some(name), _) if said_no && !TEMPORARY.contains(&name) => Fate::GrantRefused,
        (None, Some(_)) if said_no => Fate::AppRefused,
        // Never sent, or turned away before Cobo looked at the refresh token: a fresh 429.
        _ if error.execution() == Execution::NotExecuted => Fate::NotCarriedOut,
        _ => Fate::Lost,
    }
}

/// The names of OAuth errors that do not say whether the grant was used.
const TEMPORARY: [&str; 3] = ["server_error", "slow_down", "temporarily_unavailable"];

/// The names of OAuth errors (RFC 6749, 5.2) that are about whoever asks.
const APP_REFUSALS: [&str; 5] = [
    "invalid_client",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
];
