//! The two API calls that issue tokens, and the classification of their failures.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{Error, ErrorCode, ErrorKind, Execution, RetryPolicy, Secret};
use http::StatusCode;

use crate::{OAuthClient, models};

/// Issues tokens: Cobo, or a fake in tests.
#[async_trait]
pub(crate) trait Issuer: fmt::Debug + Send + Sync {
    /// Calls `get_token`. Works as long as the app is installed, and spends no refresh token.
    async fn issue(&self, org_id: &str) -> Result<Issued, Failure>;

    /// Calls `refresh_token`, which spends the refresh token.
    async fn refresh(&self, refresh_token: Secret) -> Result<Issued, Failure>;

    /// A time that Cobo's clock has certainly reached, in Unix milliseconds, if known.
    fn cobo_time_millis(&self) -> Option<u64>;
}

/// A token that was issued.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) life: Duration,
}

/// Why no token was issued.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    /// Whether the server asked for fewer requests.
    pub(crate) throttled: bool,
    /// How long the server asked not to be called.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) source: Arc<dyn StdError + Send + Sync>,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            kind,
            throttled: false,
            retry_after: None,
            source: Arc::new(source),
        }
    }
}

/// What happened to a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// Cobo certainly did not process it: it was never sent, or Cobo's own response says so.
    NotProcessed,
    /// Unknown: it was sent, and no response says whether it was processed.
    Unknown,
    /// Cobo issued a token that this crate cannot use.
    UnusableToken,
    /// Refused: the grant is invalid. The refresh token is not valid any more, or the app is not
    /// installed.
    GrantRefused,
    /// Refused: this app's client id or request is invalid. The same for every organization.
    AppRefused,
    /// Refused: key, signature or nonce (code 2024). A wrong key fails every time; a nonce that
    /// another process also used fails once.
    Unauthenticated {
        /// Whether the response was verified as Cobo's. Cobo then did not look at the refresh
        /// token.
        verified: bool,
    },
}

/// Issues tokens through Cobo's API.
#[derive(Debug)]
pub(crate) struct Cobo {
    issuing: OAuthClient,
    /// Never retries: a refresh that was not processed must not end with an unknown result because
    /// retries used up its time.
    refreshing: OAuthClient,
    client_id: String,
}

impl Cobo {
    pub(crate) fn new(client: &OAuthClient, client_id: String) -> Self {
        // Token requests do not carry a token themselves.
        let auth = client.as_ref().without_credential();
        Self {
            refreshing: OAuthClient::new(auth.with_retry(RetryPolicy::none())),
            issuing: OAuthClient::new(auth),
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
        issued(
            pair.access_token,
            pair.token_type,
            pair.expires_in,
            pair.refresh_token,
        )
    }

    async fn refresh(&self, refresh_token: Secret) -> Result<Issued, Failure> {
        let body = models::RefreshTokenRequest::builder()
            .client_id(&self.client_id)
            .grant_type("refresh_token")
            .refresh_token(refresh_token);
        let request = self.refreshing.refresh_token().refresh_token_request(body);
        let pair = request.send().await?.into_inner();
        issued(
            pair.access_token,
            pair.token_type,
            pair.expires_in,
            pair.refresh_token,
        )
    }

    fn cobo_time_millis(&self) -> Option<u64> {
        self.issuing.as_ref().cobo_time_millis()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the `token_type` of the issued token is not Bearer; only Bearer tokens are supported")]
struct UnsupportedTokenType;

fn issued(
    access_token: Secret,
    token_type: Option<String>,
    expires_in: i64,
    refresh_token: Option<Secret>,
) -> Result<Issued, Failure> {
    if token_type.is_some_and(|name| !name.eq_ignore_ascii_case("bearer")) {
        return Err(Failure::new(
            FailureKind::UnusableToken,
            UnsupportedTokenType,
        ));
    }
    Ok(Issued {
        access_token,
        refresh_token: refresh_token.filter(|token| !token.is_empty()),
        // A token without a valid lifetime gets 0, so that it is reported as expired when it is
        // used.
        life: Duration::from_secs(u64::try_from(expires_in).unwrap_or(0)),
    })
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let unavailable = error.status() == Some(StatusCode::SERVICE_UNAVAILABLE);
        Self {
            kind: failure_kind(&error),
            throttled: error.is_rate_limited() || unavailable,
            retry_after: error.retry_after(),
            source: Arc::new(error),
        }
    }
}

fn failure_kind(error: &Error) -> FailureKind {
    // The request was never sent, or Cobo refused it before it looked at the refresh token.
    let not_executed = error.execution() == Execution::NotExecuted;
    if error.code() == Some(ErrorCode::AUTHENTICATION) {
        return FailureKind::Unauthenticated {
            verified: not_executed,
        };
    }
    let is_refusal = error.kind() == ErrorKind::Api
        && !error.is_retryable()
        && error
            .status()
            .is_some_and(|status| status.is_client_error());
    match (error.oauth_error(), error.code()) {
        (Some(name), _) if is_refusal && APP_REFUSALS.contains(&name) => FailureKind::AppRefused,
        (Some(name), _) if is_refusal && !TEMPORARY.contains(&name) => FailureKind::GrantRefused,
        (None, Some(_)) if is_refusal => FailureKind::AppRefused,
        _ if not_executed => FailureKind::NotProcessed,
        _ => FailureKind::Unknown,
    }
}

/// OAuth errors that do not say whether the grant was used.
const TEMPORARY: [&str; 3] = ["server_error", "slow_down", "temporarily_unavailable"];

/// OAuth errors (RFC 6749, 5.2) that are about the app.
const APP_REFUSALS: [&str; 5] = [
    "invalid_client",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
];
