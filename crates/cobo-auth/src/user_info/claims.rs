use std::fmt;

use serde_json::{Map, Value};

use crate::user_info::error::{UserInfoError, UserInfoErrorKind};

/// The claims of a verified user info token. Only
/// [`UserInfoVerifier::verify`](crate::UserInfoVerifier::verify) makes them.
///
/// The token does not name the organization: an organization id that arrives with it is not
/// verified. `Debug` shows neither the email address nor the values of unknown claims.
#[derive(Clone)]
#[non_exhaustive]
pub struct UserClaims {
    /// The user's id.
    pub sub: String,
    /// The user's email address.
    pub email: Option<String>,
    /// The user's roles in the organization. Empty if the token has none.
    pub role_names: Vec<RoleName>,
    /// The issuer: the URL of the portal.
    pub iss: String,
    /// The audiences, among them the app's client id.
    pub aud: Vec<String>,
    /// When the token was issued, in Unix seconds.
    pub iat: u64,
    /// When the token expires, in Unix seconds.
    pub exp: u64,
    /// The token's id.
    pub jti: Option<String>,
    /// All other claims, unchanged.
    pub other: Map<String, Value>,
}

/// A role of a user in an organization. Organizations can have other roles than these.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RoleName {
    /// `Admin`.
    Admin,
    /// `Approver`.
    Approver,
    /// `Operator`.
    Operator,
    /// `Spender`.
    Spender,
    /// `Viewer`.
    Viewer,
    /// Any other role, by its name.
    Unknown(String),
}
cobo_model::open_enum! {
    RoleName, Unknown {
        Admin = "Admin",
        Approver = "Approver",
        Operator = "Operator",
        Spender = "Spender",
        Viewer = "Viewer",
    }
}

/// The values that the claims must match.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    /// The time, in Unix seconds.
    pub(super) now: u64,
    /// By how many seconds clocks may differ.
    pub(super) leeway: u64,
}

impl UserClaims {
    /// Reads and checks the payload of a token whose signature is right.
    pub(super) fn read(payload: &[u8], expected: &Expected<'_>) -> Result<Self, UserInfoError> {
        let mut claims = Claims(
            serde_json::from_slice(payload).map_err(|_| UserInfoErrorKind::MalformedPayload)?,
        );
        let claims = Self {
            iss: claims.required("iss", string)?,
            aud: claims.required("aud", string_or_strings)?,
            exp: claims.required("exp", seconds)?,
            iat: claims.required("iat", seconds)?,
            sub: claims.required("sub", string)?,
            email: claims.optional("email", string)?,
            role_names: claims.optional("role_names", roles)?.unwrap_or_default(),
            jti: claims.optional("jti", string)?,
            other: claims.0,
        };
        claims.check(expected)?;
        Ok(claims)
    }

    fn check(&self, expected: &Expected<'_>) -> Result<(), UserInfoError> {
        if self.iss != expected.issuer {
            return Err(UserInfoError::wrong_issuer(expected.issuer));
        }
        if !self.aud.iter().any(|it| it == expected.audience) {
            return Err(UserInfoError::wrong_audience(expected.audience));
        }
        let Expected { now, leeway, .. } = *expected;
        if now >= self.exp.saturating_add(leeway) {
            return Err(UserInfoErrorKind::Expired.into());
        }
        let valid_from = match self.other.get("nbf") {
            None => 0,
            Some(value) => seconds(value).ok_or_else(|| UserInfoError::malformed_claim("nbf"))?,
        };
        if self.iat.max(valid_from) > now.saturating_add(leeway) {
            return Err(UserInfoErrorKind::InFuture.into());
        }
        Ok(())
    }
}

impl fmt::Debug for UserClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others: Vec<_> = self.other.keys().collect();
        f.debug_struct("UserClaims")
            .field("sub", &self.sub)
            .field("email", &self.email.as_ref().map(|_| "REDACTED"))
            .field("role_names", &self.role_names)
            .field("iss", &self.iss)
            .field("aud", &self.aud)
            .field("iat", &self.iat)
            .field("exp", &self.exp)
            .field("jti", &self.jti)
            .field("other", &others)
            .finish()
    }
}

/// The claims that are not read yet.
struct Claims(Map<String, Value>);

impl Claims {
    fn optional<T>(
        &mut self,
        name: &'static str,
        read: fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, UserInfoError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(&value) {
                Some(value) => Ok(Some(value)),
                None => Err(UserInfoError::malformed_claim(name)),
            },
        }
    }

    fn required<T>(
        &mut self,
        name: &'static str,
        read: fn(&Value) -> Option<T>,
    ) -> Result<T, UserInfoError> {
        self.optional(name, read)?
            .ok_or_else(|| UserInfoError::missing_claim(name))
    }
}

fn string(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(string).collect()
}

fn string_or_strings(value: &Value) -> Option<Vec<String>> {
    string(value)
        .map(|one| vec![one])
        .or_else(|| strings(value))
}

fn roles(value: &Value) -> Option<Vec<RoleName>> {
    Some(strings(value)?.into_iter().map(RoleName::from).collect())
}

/// A time in Unix seconds. RFC 7519 allows fractions; they are dropped.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the range is checked
fn seconds(value: &Value) -> Option<u64> {
    const LIMIT: f64 = 9_007_199_254_740_992.0; // larger ones are not exact
    value.as_u64().or_else(|| {
        let seconds = value.as_f64()?;
        (0.0..LIMIT).contains(&seconds).then_some(seconds as u64)
    })
}
