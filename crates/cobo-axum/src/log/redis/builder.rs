use std::fmt;
use std::time::Duration;

use cobo_auth::Secret;
use redis::{Client, ConnectionAddr, IntoConnectionInfo as _};

use super::connection::Connection;
use super::script::Keys;
use super::{RedisLog, tls};
use crate::log::{Bounds, LogError};

/// Sets up a [`RedisLog`].
///
/// ```
/// use std::time::Duration;
/// use cobo_axum::RedisLog;
///
/// # fn main() -> Result<(), cobo_axum::LogError> {
/// let log = RedisLog::builder("redis://10.0.0.1", 10_000)
///     .namespace("staging")
///     .lease(Duration::from_secs(120))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct RedisLogBuilder {
    /// It may contain a password.
    url: Secret,
    namespace: String,
    bounds: Bounds,
    lease: Duration,
    timeout: Duration,
}

impl RedisLogBuilder {
    pub(super) fn new(url: &str, capacity: usize) -> Self {
        Self {
            url: url.into(),
            namespace: "cobo".to_owned(),
            bounds: Bounds::new(capacity),
            lease: Duration::from_secs(5 * 60),
            timeout: Duration::from_secs(2),
        }
    }

    /// Sets the part of all keys that tells logs apart; the default is `cobo`. Use a separate one for each
    /// app and each Cobo environment. [`build`](Self::build) refuses braces.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets how many events may be parked before new ones are refused. With `usize::MAX`, only the
    /// memory of Redis limits them. Default: 100,000.
    pub fn max_parked(mut self, events: usize) -> Self {
        self.bounds.parked = events;
        self
    }

    /// Sets after which time an event is claimed again if its worker does not write a result. A handler
    /// may take three quarters of it. Default: 5 minutes.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets how long one call may take, including connecting. Default: 2 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Builds the log. Does not connect, and needs no runtime.
    ///
    /// # Errors
    ///
    /// The URL is not a valid Redis URL or needs TLS that this build does not have, or the namespace
    /// contains a brace.
    pub fn build(self) -> Result<RedisLog, LogError> {
        let refused = |why: &'static str| LogError::Failed(why.into());
        if self.namespace.contains(['{', '}']) {
            return Err(refused(
                "invalid namespace: braces are not allowed, because Redis selects a cluster's slot by \
                 them",
            ));
        }
        // The `redis` crate's own error is not used: it may quote parts of the URL.
        let invalid = |_| {
            refused(
                "invalid Redis URL: expected redis://user:password@host:6379/0, or rediss:// for TLS, \
                 or unix:// for a socket",
            )
        };
        let info = self.url.expose().into_connection_info().map_err(invalid)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
            return Err(refused(
                "invalid Redis URL: #insecure trusts every server; remove it",
            ));
        }
        let tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        if tls && !tls::is_available() {
            return Err(refused(
                "a `rediss://` URL needs TLS, which this build does not have: enable the feature \
                 `rustls-aws-lc` or `rustls-ring` of the crate `cobo-axum`",
            ));
        }
        let client = Client::open(info).map_err(invalid)?;
        Ok(RedisLog {
            connection: Connection::new(client, tls, self.timeout),
            keys: Keys::new(&self.namespace),
            bounds: self.bounds,
            lease: self.lease,
        })
    }
}

impl fmt::Debug for RedisLogBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLogBuilder")
            .field("url", &self.url)
            .field("namespace", &self.namespace)
            .field("bounds", &self.bounds)
            .field("lease", &self.lease)
            .field("timeout", &self.timeout)
            .finish()
    }
}
