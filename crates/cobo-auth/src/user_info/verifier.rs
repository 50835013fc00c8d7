use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cobo_model::Secret;

use crate::client::clock::Clock;
use crate::user_info::cache::KeyCache;
use crate::user_info::claims::{Expected, UserClaims};
use crate::user_info::error::UserInfoError;
use crate::user_info::key_set::KeySet;
use crate::user_info::token::Token;

/// Verifies user info tokens: the JWTs by which Cobo's portal tells an app who its user is.
///
/// It checks the signature with the key that the token names, and then issuer, audience and times.
/// Only asymmetric algorithms are accepted: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384
/// and EdDSA.
///
/// The keys come from the portal's JWKS, at `/oauth/authorize/jwks.json` below the base URL. They
/// are fetched once for all callers. They are fetched again after 5 minutes, or if a token names an
/// unknown key id, at most once in 10 seconds. While a fetch fails, the keys that are known stay in
/// use until they are an hour old
/// ([`max_key_age`](crate::UserInfoVerifierBuilder::max_key_age)). A clone shares the keys and costs
/// a few reference counts.
///
/// ```no_run
/// use cobo_auth::{Client, Ed25519Signer, Environment, RoleName, Secret, UserInfoVerifier};
///
/// # async fn example(token: String) -> Result<(), Box<dyn std::error::Error>> {
/// let signer = Ed25519Signer::from_hex(&std::env::var("COBO_APP_SECRET")?)?;
/// let client = Client::new(Environment::production(), signer)?;
/// let verifier = UserInfoVerifier::new(&client, "the-client-id")?;
///
/// let user = verifier.verify(&Secret::new(token)).await?;
/// if user.role_names.contains(&RoleName::Admin) {
///     println!("{} is an admin", user.sub);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct UserInfoVerifier {
    pub(super) keys: KeyCache,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) issuer: Arc<str>,
    pub(super) audience: Arc<str>,
    pub(super) leeway: Duration,
}

impl UserInfoVerifier {
    /// Verifies a token and returns its claims.
    ///
    /// If the keys have to be fetched first, this waits for at most the timeout of the HTTP client;
    /// if the token's key is known but 5 minutes old, for at most 2 seconds, as long as it may be
    /// used. A caller that stops waiting does not end the fetch.
    ///
    /// # Errors
    ///
    /// [`UserInfoErrorKind`](crate::UserInfoErrorKind) has all reasons.
    pub async fn verify(&self, token: &Secret) -> Result<UserClaims, UserInfoError> {
        let token = Token::parse(token.expose())?;
        let keys = self.keys.with(&token.key_id).await?;
        let expected = Expected {
            issuer: &self.issuer,
            audience: &self.audience,
            now: self.clock.unix_millis() / 1_000,
            leeway: self.leeway.as_secs(),
        };
        claims(&token, &keys, &expected)
    }
}

/// Verifies the signature of a token, and only then reads and checks its claims.
fn claims(
    token: &Token<'_>,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<UserClaims, UserInfoError> {
    keys.verify(token)?;
    UserClaims::read(&token.payload()?, expected)
}

/// Verifies a token with the keys of a JWKS at a time in Unix seconds, without leeway. `None` if the
/// JWKS is malformed. For the fuzz target, which cannot make a request for each input.
pub fn verify_with_jwks(
    token: &str,
    jwks: &[u8],
    issuer: &str,
    audience: &str,
    now: u64,
) -> Option<Result<UserClaims, UserInfoError>> {
    let keys = KeySet::parse(jwks).ok()?;
    let expected = Expected {
        issuer,
        audience,
        now,
        leeway: 0,
    };
    let token = Token::parse(token).map_err(UserInfoError::from);
    Some(token.and_then(|token| claims(&token, &keys, &expected)))
}

impl fmt::Debug for UserInfoVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInfoVerifier")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
