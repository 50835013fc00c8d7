use std::ops::Deref;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::body::Body;
use crate::inbound::error::InboundError;

/// A value that Cobo signed. Only [`InboundVerifier::verify`](crate::InboundVerifier::verify) makes
/// one, and only a verified body can be parsed.
///
/// The signature proves that Cobo wrote these bytes at this time. It does not prove that they are
/// for this app, or that they have not arrived before.
#[derive(Debug, Clone)]
#[must_use]
pub struct Verified<T> {
    value: T,
    timestamp: u64,
    age: Duration,
}

impl<T> Verified<T> {
    /// Returns the value, without the proof that Cobo signed it.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns the timestamp of the signature, in Unix milliseconds.
    pub fn timestamp_millis(&self) -> u64 {
        self.timestamp
    }

    /// Returns how old the signature was when it was verified. Zero if its timestamp was in the
    /// future.
    pub fn age(&self) -> Duration {
        self.age
    }
}

impl Verified<Body> {
    pub(super) fn new(body: Body, timestamp: u64, age: Duration) -> Self {
        Self {
            value: body,
            timestamp,
            age,
        }
    }

    /// Parses the body as JSON.
    ///
    /// # Errors
    ///
    /// [`Undecodable`](crate::InboundErrorKind::Undecodable): the body is not JSON or not of this
    /// type. The error names the paths of missing fields and wrong values, but no value.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<Verified<T>, InboundError> {
        let value = cobo_model::decode(&self.value).map_err(InboundError::undecodable)?;
        Ok(Verified {
            value,
            timestamp: self.timestamp,
            age: self.age,
        })
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
