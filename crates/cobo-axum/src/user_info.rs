use axum::extract::{FromRef, FromRequestParts};
use cobo_auth::{Secret, UserClaims, UserInfoVerifier};
use http::request::Parts;
use http::{HeaderMap, header};

use crate::rejection::Rejection;

/// An extractor that verifies the user info token of a request, and contains the claims about the user.
/// The server's state must contain a [`UserInfoVerifier`].
///
/// It takes the token from `Authorization: Bearer`. If your page sends it in another place, call
/// [`UserInfoVerifier::verify`] in the handler: its error becomes a [`Rejection`] with `?`.
///
/// A 401 has the header `WWW-Authenticate`, as in RFC 6750: `Bearer` for a request without a token or with
/// several, and `Bearer error="invalid_token"` for a token that is refused.
///
/// ```no_run
/// use cobo_auth::{Client, RoleName, UserInfoVerifier};
/// use cobo_axum::UserInfo;
/// use http::StatusCode;
///
/// async fn approve(UserInfo(user): UserInfo) -> StatusCode {
///     match user.role_names.contains(&RoleName::Approver) {
///         true => StatusCode::OK,
///         false => StatusCode::FORBIDDEN,
///     }
/// }
///
/// # fn example(client: &Client) -> Result<(), cobo_auth::Error> {
/// let app: axum::Router = axum::Router::new()
///     .route("/approve", axum::routing::post(approve))
///     .with_state(UserInfoVerifier::new(client, "the-client-id")?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct UserInfo(pub UserClaims);

impl<S> FromRequestParts<S> for UserInfo
where
    S: Send + Sync,
    UserInfoVerifier: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let token = bearer(&parts.headers).ok_or(Rejection::NO_TOKEN)?;
        let verifier = UserInfoVerifier::from_ref(state);
        Ok(Self(verifier.verify(&token).await?))
    }
}

/// The bearer token of a request, if it has exactly one.
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Secret::new(token.trim()))
        .filter(|token| !token.is_empty())
}
