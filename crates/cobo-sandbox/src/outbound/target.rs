//! Where a message is posted to.

use http::Uri;
use http::uri::Scheme;

/// Why the sandbox does not post to a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The text is not an absolute URL, or contains a user name.
    #[error("invalid URL: expected one like http://127.0.0.1:8080/webhook")]
    Invalid,
    /// The URL has another scheme than `http`.
    #[error("unsupported URL scheme: use http://, because the sandbox has no TLS")]
    NotHttp,
    /// The host is not a loopback address.
    #[error(
        "{0} may be another machine: use 127.0.0.1, or allow it with SandboxBuilder::allow_remote"
    )]
    Remote(String),
}

/// The parts of a URL that a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name or an address, an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// For the header `Host`.
    pub(crate) authority: String,
    pub(crate) path_and_query: String,
}

impl Target {
    /// Parses a URL. `allow_remote` accepts hosts that are not loopback addresses.
    pub(crate) fn parse(url: &str, allow_remote: bool) -> Result<Self, UrlError> {
        let uri: Uri = url.parse().map_err(|_| UrlError::Invalid)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(UrlError::Invalid);
        };
        if *scheme != Scheme::HTTP {
            return Err(UrlError::NotHttp);
        }
        let host = authority.host();
        let host = host
            .strip_prefix('[')
            .and_then(|it| it.strip_suffix(']'))
            .unwrap_or(host);
        // A user name is before the host. `Authority::port` is `None` for a number that is too large.
        let rest = authority.as_str().strip_prefix(authority.host());
        let port = match rest.ok_or(UrlError::Invalid)?.strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| UrlError::Invalid)?,
            None => 80,
        };
        if host.is_empty() {
            return Err(UrlError::Invalid);
        }
        // A name is not looked up: only an address is certain to be this machine.
        let address = host.parse::<std::net::IpAddr>();
        let is_local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        if !is_local && !allow_remote {
            return Err(UrlError::Remote(host.to_owned()));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            authority: authority.as_str().to_owned(),
            path_and_query: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_urls_of_this_machine_are_accepted() {
        let parse = |url: &str| Target::parse(url, false);
        for url in [
            "",
            "/webhook",
            "127.0.0.1",
            "http://",
            "http:///path",
            "http://user@127.0.0.1/",
            "http://127.0.0.1:99999/",
            "http://a b/",
        ] {
            assert_eq!(parse(url), Err(UrlError::Invalid), "{url}");
        }
        assert_eq!(parse("https://127.0.0.1/"), Err(UrlError::NotHttp));
        assert_eq!(parse("ftp://127.0.0.1/"), Err(UrlError::NotHttp));
        for host in ["app.example", "10.0.0.1", "localhost.example"] {
            let url = format!("http://{host}/");
            assert_eq!(parse(&url), Err(UrlError::Remote(host.to_owned())));
            assert!(Target::parse(&url, true).is_ok());
        }
        for url in ["http://localhost", "http://127.0.0.1:80/x", "http://[::1]/"] {
            assert!(parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn target_has_the_parts_of_the_url() {
        let target = Target::parse("http://[::1]:8080/a/b?c=d", false).unwrap();
        let expected = Target {
            host: "::1".to_owned(),
            port: 8080,
            authority: "[::1]:8080".to_owned(),
            path_and_query: "/a/b?c=d".to_owned(),
        };
        assert_eq!(target, expected);
        let target = Target::parse("http://localhost", false).unwrap();
        assert_eq!((target.port, &*target.path_and_query), (80, "/"));
    }
}
