use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id of a write, by which Cobo recognises a request that it has taken before.
///
/// Cobo rejects a second request with the same id, so a write that has one can be sent again without
/// being carried out twice, but only with the **same** id. Make the id, store it together with your
/// own order, and then send the request. After a crash, send it again with the stored id. This crate
/// never makes an id by itself: an id that is lost with the process cannot protect anything.
///
/// ```
/// use cobo_auth::RequestId;
///
/// # fn store_with_order(_: &str) {}
/// # fn stored() -> String { "3a5c1c4e-0001".to_owned() }
/// # fn main() -> Result<(), cobo_auth::Error> {
/// let id = RequestId::random()?;
/// store_with_order(id.as_str()); // before the request is sent
///
/// // After a restart:
/// let id = RequestId::new(stored())?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(String);

impl RequestId {
    /// Checks an id of your own. Cobo's document gives no length or alphabet for the ids of transfers
    /// and contract calls.
    ///
    /// # Errors
    ///
    /// [`RequestIdError::Invalid`]: the id is empty or blank, or contains a control character.
    pub fn new(id: impl Into<String>) -> Result<Self, RequestIdError> {
        let id = id.into();
        if id.trim().is_empty() || id.contains(char::is_control) {
            return Err(RequestIdError::Invalid);
        }
        Ok(Self(id))
    }

    /// Creates a random id: a UUID of version 4 (122 random bits).
    ///
    /// # Errors
    ///
    /// [`RequestIdError::Random`]: the operating system has no random numbers.
    pub fn random() -> Result<Self, RequestIdError> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).map_err(|_| RequestIdError::Random)?;
        // The version and the variant of RFC 9562.
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut id = hex::encode(bytes);
        for position in [20, 16, 12, 8] {
            id.insert(position, '-');
        }
        Ok(Self(id))
    }

    /// Returns the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

impl From<&RequestId> for String {
    fn from(id: &RequestId) -> Self {
        id.0.clone()
    }
}

impl TryFrom<String> for RequestId {
    type Error = RequestIdError;

    fn try_from(id: String) -> Result<Self, RequestIdError> {
        Self::new(id)
    }
}

impl FromStr for RequestId {
    type Err = RequestIdError;

    fn from_str(id: &str) -> Result<Self, RequestIdError> {
        Self::new(id)
    }
}

/// Why a [`RequestId`] could not be made. `?` turns it into an [`Error`](crate::Error).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestIdError {
    /// The id is blank, or contains a control character.
    #[error("invalid request id: it is blank, or contains a control character")]
    Invalid,
    /// The operating system has no random numbers.
    #[error(
        "cannot create a random request id: the operating system has no random numbers; use an id \
         of your own with `RequestId::new`"
    )]
    Random,
}

/// Where an operation takes its [`RequestId`], and how a request is found by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdempotencyKey {
    /// The property of the JSON body that has the id, for example `request_id`.
    pub property: &'static str,
    /// The id of the operation that finds a request by its id, which it takes as the parameter of the
    /// same name as the property.
    pub lookup: &'static str,
}

/// The request id that a call sends.
#[derive(Debug, Clone)]
pub(crate) struct SentId {
    pub(crate) id: RequestId,
    pub(crate) key: IdempotencyKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_uuids_and_differ() {
        let (one, other) = (RequestId::random().unwrap(), RequestId::random().unwrap());
        assert_ne!(one, other);
        let parts: Vec<&str> = one.as_str().split('-').collect();
        assert_eq!(
            parts.iter().map(|part| part.len()).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12]
        );
        assert!(parts[2].starts_with('4'), "{one}");
        assert!(parts[3].starts_with(['8', '9', 'a', 'b']), "{one}");
    }

    #[test]
    fn blank_ids_and_control_characters_are_refused() {
        for id in ["", " ", "\t", "a\nb", "a\0"] {
            RequestId::new(id).unwrap_err();
            assert!(serde_json::from_value::<RequestId>(id.into()).is_err());
        }
        assert_eq!(RequestId::new("order 7/é").unwrap().as_str(), "order 7/é");
    }
}
