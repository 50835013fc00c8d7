use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use cobo_auth::Secret;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, TlsCertificates};

use super::connection::Connection;
use super::script::Keys;
use super::{RedisLog, tls};
use crate::log::{Bounds, LogError};

const INVALID_URL: &str = "invalid Redis URL: expected redis://user:password@host:6379/0, or \
     rediss:// for TLS, or unix:// for a socket";
const INVALID_CERTIFICATE: &str = "invalid root certificate: expected PEM certificates";
/// Redis counts leases in milliseconds.
const SHORTEST: Duration = Duration::from_millis(1);

/// Sets up a [`RedisLog`].
///
/// ```
/// use std::time::Duration;
/// use cobo_axum::RedisLog;
///
/// # fn main() -> Result<(), cobo_axum::LogError> {
/// let log = RedisLog::builder("rediss://10.0.0.1", 10_000)
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
    root_certificate: Option<Vec<u8>>,
    allow_plain: bool,
}

impl RedisLogBuilder {
    pub(super) fn new(url: &str, capacity: usize) -> Self {
        Self {
            url: url.into(),
            namespace: "cobo".to_owned(),
            bounds: Bounds::new(capacity),
            lease: Duration::from_secs(5 * 60),
            timeout: Duration::from_secs(2),
            root_certificate: None,
            allow_plain: false,
        }
    }

    /// Sets the part of all keys that tells logs apart; the default is `cobo`. Use a separate one for each
    /// app and each Cobo environment. [`build`](Self::build) refuses braces, and an empty one.
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

    /// Sets the PEM certificate that a `rediss://` server is verified with, instead of the machine's
    /// root certificates.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(pem.into());
        self
    }

    /// Allows `redis://` (without TLS) to another machine, for a network in which you trust every
    /// machine: each of them can read events and the password, and can forge events.
    pub fn danger_allow_plain_redis(mut self) -> Self {
        self.allow_plain = true;
        self
    }

    /// Builds the log. Does not connect, and needs no runtime.
    ///
    /// # Errors
    ///
    /// - The URL is not a valid Redis URL, needs TLS that this build does not have, or leads to another
    ///   machine without TLS.
    /// - The namespace is empty or contains a brace, or the certificate is malformed.
    /// - The lease or the timeout is less than a millisecond, or the capacity or the limit of parked
    ///   events is 0.
    pub fn build(self) -> Result<RedisLog, LogError> {
        self.bounds.validate()?;
        if self.namespace.is_empty() || self.namespace.contains(['{', '}']) {
            return Err(refused(
                "invalid namespace: it must not be empty or contain braces, because Redis selects a \
                 cluster's slot by the text between braces",
            ));
        }
        if self.lease < SHORTEST {
            return Err(refused(
                "invalid lease: it is less than a millisecond, so that each claim would end at once",
            ));
        }
        if self.timeout < SHORTEST {
            return Err(refused(
                "invalid timeout: it is less than a millisecond, so that each call would fail",
            ));
        }
        let info = self.address()?;
        let tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        if tls && !tls::is_available() {
            return Err(refused(
                "a `rediss://` URL needs TLS, which this build does not have: enable the feature \
                 `rustls-aws-lc` or `rustls-ring` of the crate `cobo-axum`",
            ));
        }
        let client = match self.root_certificate {
            Some(pem) if tls => {
                if !tls::has_certificates(&pem) {
                    return Err(refused(INVALID_CERTIFICATE));
                }
                let certificates = TlsCertificates {
                    client_tls: None,
                    root_cert: Some(pem),
                };
                let client = Client::build_with_tls(info, certificates);
                client.map_err(|_| refused(INVALID_CERTIFICATE))?
            }
            _ => Client::open(info).map_err(|_| refused(INVALID_URL))?,
        };
        Ok(RedisLog {
            connection: Connection::new(client, tls, self.timeout),
            keys: Keys::new(&self.namespace),
            bounds: self.bounds,
            lease: self.lease,
        })
    }

    /// Parses the URL. The `redis` crate's own error is not used: it may quote parts of the URL.
    fn address(&self) -> Result<ConnectionInfo, LogError> {
        let info = self.url.expose().into_connection_info();
        let info = info.map_err(|_| refused(INVALID_URL))?;
        match info.addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => Err(refused(
                "invalid Redis URL: #insecure trusts every server; set a root certificate instead",
            )),
            ConnectionAddr::Tcp(host, _) if !self.allow_plain && !is_loopback(host) => {
                Err(refused(
                    "`redis://` to another machine is refused, because others in the network could \
                     read and forge events; use `rediss://`, or call \
                     `RedisLogBuilder::danger_allow_plain_redis`",
                ))
            }
            _ => Ok(info),
        }
    }
}

fn refused(why: &'static str) -> LogError {
    LogError::Failed(why.into())
}

/// Whether the host is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl fmt::Debug for RedisLogBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLogBuilder")
            .field("url", &self.url)
            .field("namespace", &self.namespace)
            .field("bounds", &self.bounds)
            .field("lease", &self.lease)
            .field("timeout", &self.timeout)
            .field("allow_plain", &self.allow_plain)
            .finish_non_exhaustive()
    }
}
