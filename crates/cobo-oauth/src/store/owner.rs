use std::collections::BTreeSet;

use cobo_auth::Environment;
use serde::{Deserialize, Serialize};
use url::Url;

use super::StoreError;

/// The app and the Cobo environment that a token pair belongs to.
///
/// The environment is identified by the fingerprints of its response keys, so it stays the same
/// when its URL changes. An environment without keys is identified by its origin
/// (`https://host:port`). An owner contains no secret.
///
/// To rotate response keys, configure the old and the new key together until each organization's
/// pair was saved again, or for the lifetime of refresh tokens (30 days): each pair is saved with the
/// keys that the environment has at that time. A pair that was not saved again is an error
/// ([`StoreErrorKind::OtherApp`](super::StoreErrorKind::OtherApp)) until both of its tokens have
/// expired; then a [`TokenSource`](crate::TokenSource) of the same client id replaces it. The same
/// applies to a change from [`ResponseKeys::unverified`](cobo_auth::ResponseKeys::unverified) to keys.
/// To get new tokens at once, use a new directory or namespace.
///
/// ```
/// use cobo_auth::Environment;
/// use cobo_oauth::Owner;
///
/// let owner = Owner::new("pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij", &Environment::production());
/// assert!(owner.matches(&owner));
/// assert!(!owner.matches(&Owner::new("another app", &Environment::production())));
/// assert!(!owner.matches(&Owner::new(owner.client_id(), &Environment::development())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    client_id: String,
    /// The fingerprints of the response keys, or the origin without response keys.
    environment: BTreeSet<String>,
}

impl Owner {
    /// Creates the owner for the app with this client id in this environment.
    pub fn new(client_id: impl Into<String>, environment: &Environment) -> Self {
        let keys = environment.response_keys().fingerprints();
        let environment = match keys.is_empty() {
            true => BTreeSet::from([origin(environment.base_url())]),
            false => keys.into_iter().collect(),
        };
        let client_id = client_id.into();
        Self {
            client_id,
            environment,
        }
    }

    #[cfg(feature = "redis")]
    pub(super) fn from_parts(client_id: String, environment: BTreeSet<String>) -> Self {
        Self {
            client_id,
            environment,
        }
    }

    /// Returns the client id of the app.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The fingerprints of the environment's response keys, or its origin.
    #[cfg(feature = "redis")]
    pub(super) fn environment(&self) -> impl Iterator<Item = &str> {
        self.environment.iter().map(String::as_str)
    }

    /// Returns whether this is the same app in the same environment: the client ids are equal, and
    /// the environments share at least one response key. Pairs therefore stay usable during a
    /// rotation of response keys, as long as one key stays.
    pub fn matches(&self, other: &Self) -> bool {
        self.client_id == other.client_id && !self.environment.is_disjoint(&other.environment)
    }

    /// Checks that this app may use, replace and remove a pair of that owner. Every app may use a
    /// pair without an owner; the pair belongs to the first app that replaces it.
    ///
    /// # Errors
    ///
    /// The pair belongs to [another app](super::StoreErrorKind::OtherApp).
    pub fn check(&self, org_id: &str, stored: Option<&Self>) -> Result<(), StoreError> {
        check(org_id, Some(self), stored)
    }

    /// The error for a pair that belongs to this owner. Its text names the app and says what to do.
    pub(super) fn conflict(&self, org_id: &str) -> StoreError {
        let environment: Vec<_> = self.environment.iter().map(String::as_str).collect();
        // Shortened, because an invalid id may have any length.
        let org_id: String = org_id.chars().take(256).collect();
        StoreError::other_app(format!(
            "the pair of organization {org_id:?} belongs to the app with client id {:?} in the \
             environment {}; use a separate directory or Redis namespace for each app and \
             environment",
            self.client_id,
            environment.join(", "),
        ))
    }
}

/// Like [`Owner::check`], for an app that may be unknown. An unknown app may use only pairs without
/// an owner.
pub(super) fn check(
    org_id: &str,
    app: Option<&Owner>,
    stored: Option<&Owner>,
) -> Result<(), StoreError> {
    match stored {
        Some(stored) if !app.is_some_and(|app| app.matches(stored)) => Err(stored.conflict(org_id)),
        _ => Ok(()),
    }
}

fn origin(url: &str) -> String {
    let parsed = Url::parse(url).map(|url| url.origin().ascii_serialization());
    parsed.unwrap_or_else(|_| url.to_owned())
}

#[cfg(test)]
mod tests {
    use cobo_auth::ResponseKeys;

    use super::*;

    const ONE: &str = "a04ea1d5fa8da71f1dcfccf972b9c4eba0a2d8aba1f6da26f49977b08a0d2718";
    const OTHER: &str = "8d4a482641adb2a34b726f05827dba9a9653e5857469b8749052bf4458a86729";

    fn owner(url: &str, keys: &[&str]) -> Owner {
        let keys = match keys {
            [] => ResponseKeys::unverified(),
            keys => ResponseKeys::from_hex(keys.iter().copied()).unwrap(),
        };
        Owner::new("app", &Environment::custom(url, keys).unwrap())
    }

    #[test]
    fn owners_match_if_they_share_a_response_key() {
        let before = owner("https://old.example/v2", &[ONE]);
        let during = owner("https://new.example/v2", &[OTHER, ONE]);
        let after = owner("https://new.example/v2", &[OTHER]);
        assert!(during.matches(&before) && after.matches(&during));
        assert!(!after.matches(&before));
    }

    #[test]
    fn environment_without_keys_is_identified_by_its_origin() {
        let one = owner("https://h.example/v2", &[]);
        assert!(one.matches(&owner("https://h.example:443/other/v2", &[])));
        assert!(!one.matches(&owner("https://h.example:444/v2", &[])));
        assert!(!one.matches(&owner("https://h.example/v2", &[ONE])));
    }

    #[test]
    fn owner_of_an_environment_with_keys_has_no_url() {
        let owner = serde_json::to_string(&owner("https://h.example/v2", &[ONE])).unwrap();
        assert!(!owner.contains("h.example"), "{owner}");
    }

    #[test]
    fn unknown_app_may_use_only_pairs_without_an_owner() {
        let owner = owner("https://h.example/v2", &[ONE]);
        assert!(check("org", None, None).is_ok());
        assert!(check("org", Some(&owner), None).is_ok());
        assert!(check("org", Some(&owner), Some(&owner)).is_ok());
        let error = check("org", None, Some(&owner)).unwrap_err();
        assert!(error.to_string().contains("client id \"app\""), "{error}");
    }
}
