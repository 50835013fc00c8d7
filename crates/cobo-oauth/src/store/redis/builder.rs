use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use cobo_auth::Secret;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use super::connection::{SharedConnection, Target};
use super::{Inner, RedisStore};
use crate::store::StoreError;

/// Sets up a [`RedisStore`].
///
/// ```
/// # fn main() -> Result<(), cobo_oauth::StoreError> {
/// use std::time::Duration;
/// use cobo_oauth::RedisStore;
///
/// let store = RedisStore::builder("rediss://10.0.0.1:7000")
///     .node("rediss://10.0.0.2:7000") // of a cluster
///     .namespace("staging")
///     .timeout(Duration::from_secs(1))
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub struct RedisStoreBuilder {
    /// These may contain passwords.
    urls: Vec<Secret>,
    cluster: bool,
    namespace: String,
    timeout: Duration,
    root_certificate: Option<Vec<u8>>,
    allow_plain: bool,
}

impl RedisStoreBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            urls: vec![url.into()],
            cluster: false,
            namespace: "cobo".to_owned(),
            timeout: Duration::from_secs(2),
            root_certificate: None,
            allow_plain: false,
        }
    }

    /// Adds a node of a cluster. Nodes that are not named are found through those that are; all
    /// must have the same user and password.
    #[must_use]
    pub fn node(mut self, url: &str) -> Self {
        self.urls.push(url.into());
        self.cluster()
    }

    /// Declares that the URL is a node of a cluster. Implied by more than one node.
    #[must_use]
    pub fn cluster(mut self) -> Self {
        self.cluster = true;
        self
    }

    /// Sets the prefix of all keys; the default is `cobo`. Use a separate namespace for each app
    /// and each Cobo environment: the pair of another app is refused, and not replaced.
    /// [`build`](Self::build) refuses braces.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets how long one call may take, including connecting; the default is 2 s. Keep it below the
    /// [`TokenSource`](crate::TokenSourceBuilder::store_timeout)'s own timeout, which is 3 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the PEM certificate that `rediss://` servers are verified with, instead of the
    /// machine's root certificates.
    #[must_use]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(pem.into());
        self
    }

    /// Allows `redis://` (without TLS) to another machine, and to a cluster, for a network in which you
    /// trust every machine: each of them can read, use and replace the tokens and the password.
    ///
    /// A cluster needs this even if its URLs are of this machine, because it names further nodes, which
    /// may be on other machines.
    #[must_use]
    pub fn danger_allow_plain_redis(mut self) -> Self {
        self.allow_plain = true;
        self
    }

    /// Builds the store. Does not connect, and needs no runtime.
    ///
    /// # Errors
    ///
    /// A URL is not a valid Redis URL, or leads to another machine or to a cluster without TLS; the
    /// nodes of a cluster have different passwords; the certificate is malformed; or the namespace
    /// contains a brace.
    pub fn build(self) -> Result<RedisStore, StoreError> {
        if self.namespace.contains(['{', '}']) {
            let what = "invalid namespace: braces are not allowed, because Redis selects a cluster's slot by them";
            return Err(StoreError::unavailable(what));
        }
        let urls = self.urls.iter().map(|url| self.address(url.expose()));
        let nodes = urls.collect::<Result<Vec<_>, _>>()?;
        let target = Target::new(nodes, self.cluster, self.root_certificate, self.timeout)?;
        Ok(RedisStore(Arc::new(Inner {
            namespace: self.namespace,
            connection: SharedConnection::new(target),
        })))
    }

    /// Parses a URL. The `redis` crate's own error is not used: it may quote parts of the URL.
    fn address(&self, url: &str) -> Result<ConnectionInfo, StoreError> {
        let info = url.into_connection_info().map_err(|_| {
            StoreError::unavailable(
                "invalid Redis URL: expected redis://user:password@host:6379/0, or rediss:// for TLS, \
                 or unix:// for a socket",
            )
        })?;
        match info.addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => Err(StoreError::unavailable(
                "invalid Redis URL: #insecure trusts every server; set a root certificate instead",
            )),
            ConnectionAddr::Tcp(host, _) if !self.allow_plain && !is_loopback(host) => {
                Err(StoreError::unavailable(
                    "`redis://` to another machine is refused, because others in the network could read \
                     the tokens and the password; use `rediss://`, or call \
                     `RedisStoreBuilder::danger_allow_plain_redis`",
                ))
            }
            ConnectionAddr::Tcp(..) if !self.allow_plain && self.cluster => {
                Err(StoreError::unavailable(
                    "`redis://` to a cluster is refused, because its nodes may be on other machines, and \
                     others in the network could read the tokens and the password; use `rediss://`, or \
                     call `RedisStoreBuilder::danger_allow_plain_redis`",
                ))
            }
            ConnectionAddr::Tcp(host, port) if is_localhost(host) => {
                // Not resolved: DNS or the hosts file could name another machine.
                let own = ConnectionAddr::Tcp("127.0.0.1".to_owned(), *port);
                Ok(info.set_addr(own))
            }
            _ => Ok(info),
        }
    }
}

/// Whether the host is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    is_localhost(host) || address.is_ok_and(|address| address.is_loopback())
}

fn is_localhost(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("urls", &self.urls)
            .field("cluster", &self.cluster)
            .field("namespace", &self.namespace)
            .field("timeout", &self.timeout)
            .field("allow_plain", &self.allow_plain)
            .finish_non_exhaustive()
    }
}
