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
/// /// Refuses addresses that do not belong to the public internet.
/// #[derive(Debug)]
/// struct OnlyPublic;
///
/// #[async_trait::async_trait]
/// impl Resolver for OnlyPublic {
///     async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, ResolverError> {
///         let found = tokio::net::lookup_host((host, 0)).await?;
///         Ok(found.map(|address| address.ip()).filter(is_public).collect())
///     }
/// }
///
/// fn is_public(address: &IpAddr) -> bool {
///     match address {
///         IpAddr::V4(v4) => {
///             let [a, b, c, _] = v4.octets();
///             let special = v4.is_private()
///                 || v4.is_loopback()
///                 || v4.is_link_local()
///                 || v4.is_documentation()
///                 || a == 0 // this network
///                 || (a == 100 && (64..128).contains(&b)) // shared by customers of a provider
///                 || (a, b, c) == (192, 0, 0) // protocols
///                 || (a, b, c) == (192, 88, 99) // relays to IPv6
///                 || (a == 198 && (18..20).contains(&b)) // benchmarks
///                 || a >= 224; // multicast, reserved, broadcast
///             !special
///         }
///         IpAddr::V6(v6) => {
///             let [a, b, ..] = v6.segments();
///             // Others are loopback, unique local, link-local, multicast, or contain an IPv4 address.
///             let global = a & 0xe000 == 0x2000;
///             let special = (a == 0x2001 && b < 0x0200) // protocols, among them Teredo
///                 || (a == 0x2001 && b == 0x0db8) // documentation
///                 || a == 0x2002 // 6to4: contains an IPv4 address
///                 || (a == 0x3fff && b < 0x1000); // documentation
///             global && !special
///         }
///     }
/// }
///
/// let public = |address: &str| is_public(&address.parse().unwrap());
/// for address in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::200e"] {
///     assert!(public(address), "{address}");
/// }
/// for address in [
///     "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1",
///     "0.0.0.0", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
///     "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
///     "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1",
///     "ff02::1", "2001::1", "2001:db8::1", "2002:a00:1::", "3fff::1", "5f00::1",
/// ] {
///     assert!(!public(address), "{address}");
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
