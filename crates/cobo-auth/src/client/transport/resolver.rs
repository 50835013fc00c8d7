use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Finds the addresses of a host, instead of the machine's resolver.
///
/// It is asked before a connection is opened, for the host of the base URL or of the proxy. It is
/// not asked for a host that is an IP address, for `localhost`, and for hosts that have addresses
/// of [`HttpOptions::resolve`](crate::HttpOptions::resolve). A resolver can also refuse addresses:
/// the client only connects to those that it returns.
///
/// ```
/// use std::net::IpAddr;
/// use cobo_auth::{Resolver, ResolverError};
///
/// /// Refuses addresses of the private network.
/// #[derive(Debug)]
/// struct OnlyPublic;
///
/// #[async_trait::async_trait]
/// impl Resolver for OnlyPublic {
///     async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, ResolverError> {
///         let found = tokio::net::lookup_host((host, 0)).await?;
///         let private = |address: &IpAddr| match address {
///             IpAddr::V4(address) => address.is_private() || address.is_loopback(),
///             IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
///         };
///         Ok(found.map(|address| address.ip()).filter(|ip| !private(ip)).collect())
///     }
/// }
/// ```
#[async_trait]
pub trait Resolver: fmt::Debug + Send + Sync {
    /// Returns the addresses of `host`, in the order in which they are tried. The port is that of the
    /// URL.
    ///
    /// # Errors
    ///
    /// The host is unknown or refused. The call fails with
    /// [`ErrorKind::Connect`](crate::ErrorKind::Connect), and this error is among its sources. An
    /// empty list is an error, too.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, ResolverError>;
}

/// The error of a [`Resolver`] that found no address.
pub type ResolverError = Box<dyn std::error::Error + Send + Sync>;

/// Adapts a [`Resolver`] to the trait of the HTTP library.
pub(super) struct Adapter(Arc<dyn Resolver>);

impl Adapter {
    pub(super) fn new(resolver: &Arc<dyn Resolver>) -> Self {
        Self(Arc::clone(resolver))
    }
}

impl Resolve for Adapter {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = resolver.resolve(name.as_str()).await?;
            if addresses.is_empty() {
                return Err("the resolver returned no address".into());
            }
            let addresses = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
