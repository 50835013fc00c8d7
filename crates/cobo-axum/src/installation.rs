use axum::extract::{FromRef, FromRequestParts};
use cobo_oauth::{InstallationError, InstallationOutcome, TokenSource};
use http::StatusCode;
use http::request::Parts;

use crate::rejection::Rejection;

/// An extractor for installation callbacks: Cobo calls the app when an organization installs it or
/// changes its permissions. The server's state must contain a [`TokenSource`].
///
/// Cobo does not sign these calls, so anybody can send one. The extractor passes the query to
/// [`TokenSource::on_installation`], which requests a token from Cobo: only a token proves the
/// installation. A forged call changes nothing.
///
/// - The handler runs if Cobo confirmed the installation, and if the call waits in the queue
///   ([`InstallationOutcome::Queued`]). Store the organization only if
///   [`is_confirmed`](InstallationOutcome::is_confirmed).
/// - 400: the query is malformed, or its `approval_result` is unknown.
/// - 403: Cobo refused a token for the organization.
/// - 503: no token could be obtained now.
///
/// ```
/// use axum::routing::post;
/// use cobo_axum::InstallationCallback;
/// use cobo_oauth::TokenSource;
///
/// async fn installed(InstallationCallback(outcome): InstallationCallback) -> &'static str {
///     if outcome.is_confirmed() {
///         println!("{} installed the app", outcome.installation().org_id());
///     }
///     "ok"
/// }
///
/// fn app(tokens: TokenSource) -> axum::Router {
///     axum::Router::new()
///         .route("/installed", post(installed))
///         .with_state(tokens)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationCallback(pub InstallationOutcome);

impl<S> FromRequestParts<S> for InstallationCallback
where
    S: Send + Sync,
    TokenSource: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let tokens = TokenSource::from_ref(state);
        let query = parts.uri.query().unwrap_or_default();
        match tokens.on_installation(query).await {
            Ok(outcome) => Ok(Self(outcome)),
            Err(error) => Err(refusal(&error)),
        }
    }
}

/// Logs the reason.
fn refusal(error: &InstallationError) -> Rejection {
    tracing::warn!("an installation callback was refused: {error}");
    match error {
        InstallationError::Token(error) if error.is_retryable() => Rejection::LATER,
        InstallationError::Token(_) => {
            Rejection::new(StatusCode::FORBIDDEN, "not confirmed by Cobo")
        }
        _ => Rejection::new(StatusCode::BAD_REQUEST, "malformed installation callback"),
    }
}
