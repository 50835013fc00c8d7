use std::borrow::Cow;
use std::str::FromStr;

use url::{Host, Url};

use crate::error::Error;
use crate::sign::target::canonicalize;
use crate::sign::verifier::ResponseKeys;

/// The Cobo environment that a client talks to: its base URL and the keys that sign its responses.
///
/// A key that is registered in one environment is refused in the other (HTTP 401, code 2024).
///
/// ```
/// use cobo_auth::{Environment, ResponseKeys};
///
/// assert_eq!(Environment::production().base_url(), "https://api.cobo.com/v2");
///
/// // A gateway without a key that signs its responses: nothing is verified, and the code says so.
/// let gateway = Environment::custom("https://cobo.example.com/v2", ResponseKeys::unverified())?;
/// # Ok::<(), cobo_auth::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Environment {
    base_url: Cow<'static, str>,
    keys: ResponseKeys,
}

const DEVELOPMENT_URL: &str = "https://api.dev.cobo.com/v2";
const PRODUCTION_URL: &str = "https://api.cobo.com/v2";

#[cfg(feature = "user-info")]
const DEVELOPMENT_PORTAL: &str = "https://portal.dev.cobo.com/";
#[cfg(feature = "user-info")]
const PRODUCTION_PORTAL: &str = "https://portal.cobo.com/";

const DEVELOPMENT_KEY: [u8; 32] = [
    0xa0, 0x4e, 0xa1, 0xd5, 0xfa, 0x8d, 0xa7, 0x1f, 0x1d, 0xcf, 0xcc, 0xf9, 0x72, 0xb9, 0xc4, 0xeb,
    0xa0, 0xa2, 0xd8, 0xab, 0xa1, 0xf6, 0xda, 0x26, 0xf4, 0x99, 0x77, 0xb0, 0x8a, 0x0d, 0x27, 0x18,
];
const PRODUCTION_KEY: [u8; 32] = [
    0x8d, 0x4a, 0x48, 0x26, 0x41, 0xad, 0xb2, 0xa3, 0x4b, 0x72, 0x6f, 0x05, 0x82, 0x7d, 0xba, 0x9a,
    0x96, 0x53, 0xe5, 0x85, 0x74, 0x69, 0xb8, 0x74, 0x90, 0x52, 0xbf, 0x44, 0x58, 0xa8, 0x67, 0x29,
];

impl Environment {
    /// Returns Cobo's development environment.
    pub fn development() -> Self {
        Self {
            base_url: Cow::Borrowed(DEVELOPMENT_URL),
            keys: ResponseKeys::trusted(DEVELOPMENT_KEY),
        }
    }

    /// Returns Cobo's production environment.
    pub fn production() -> Self {
        Self {
            base_url: Cow::Borrowed(PRODUCTION_URL),
            keys: ResponseKeys::trusted(PRODUCTION_KEY),
        }
    }

    /// Creates any other environment: a base URL that includes `/v2`, and the keys that sign its
    /// responses, or [`ResponseKeys::unverified`].
    ///
    /// # Errors
    ///
    /// The base URL is not `http` or `https`, or it contains a user, a query or a fragment. Plain
    /// `http` is meant for loopback; the client's builder refuses it for other hosts by default.
    pub fn custom(base_url: &str, keys: ResponseKeys) -> Result<Self, Error> {
        let base_url = base_url.trim_end_matches('/');
        let refuse = |what: &str| {
            Err(Error::configuration(format!(
                "the base URL {what}; it looks like `https://api.example.com/v2`"
            )))
        };
        let Ok(url) = Url::parse(base_url) else {
            return refuse("is not a valid URL");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("is neither http nor https");
        }
        if url.host().is_none() {
            return refuse("has no host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("has a user or a password in it");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("has a query or a fragment");
        }
        let mut url = url;
        // Request URLs are compared with the base URL in the canonical form.
        canonicalize(&mut url).map_err(|why| Error::target("base URL", why))?;
        Ok(Self {
            base_url: Cow::Owned(url.as_str().trim_end_matches('/').to_owned()),
            keys,
        })
    }

    /// Returns the base URL, which every path is appended to, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the keys that responses are verified with.
    pub fn response_keys(&self) -> &ResponseKeys {
        &self.keys
    }

    /// The issuer of user info tokens: the URL of the portal. `None` for a custom environment.
    #[cfg(feature = "user-info")]
    pub(crate) fn issuer(&self) -> Option<&'static str> {
        match self.base_url() {
            DEVELOPMENT_URL => Some(DEVELOPMENT_PORTAL),
            PRODUCTION_URL => Some(PRODUCTION_PORTAL),
            _ => None,
        }
    }

    pub(crate) fn url(&self) -> Result<Url, Error> {
        Url::parse(&self.base_url)
            .map_err(|_| Error::configuration("the base URL is not a valid URL".to_owned()))
    }
}

impl FromStr for Environment {
    type Err = Error;

    /// Parses `development` or `production`, or the short forms `dev` and `prod`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match name.to_ascii_lowercase().as_str() {
            "development" | "dev" => Ok(Self::development()),
            "production" | "prod" => Ok(Self::production()),
            _ => Err(Error::configuration(
                "an environment is named `development` or `production`; \
                 another one is made with `Environment::custom`"
                    .to_owned(),
            )),
        }
    }
}

/// Whether requests to a URL are neither encrypted nor for this machine.
pub(crate) fn is_plain_http_to_others(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

/// Whether the host of a URL is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_keys_equal_the_published_keys() {
        assert_eq!(
            hex::encode(DEVELOPMENT_KEY),
            "a04ea1d5fa8da71f1dcfccf972b9c4eba0a2d8aba1f6da26f49977b08a0d2718"
        );
        assert_eq!(
            hex::encode(PRODUCTION_KEY),
            "8d4a482641adb2a34b726f05827dba9a9653e5857469b8749052bf4458a86729"
        );
        for keys in [
            Environment::development().keys,
            Environment::production().keys,
        ] {
            assert!(
                keys.usable(),
                "a key that no signature can pass is of no use"
            );
        }
    }

    #[test]
    fn trailing_slash_of_the_base_url_is_removed() {
        let custom = |url| Environment::custom(url, ResponseKeys::unverified());
        let base_url = |url| custom(url).unwrap().base_url().to_owned();
        assert_eq!(base_url("http://127.0.0.1:80/v2/"), "http://127.0.0.1/v2");
        assert_eq!(base_url("https://h.example/v2"), "https://h.example/v2");
    }

    #[test]
    fn invalid_base_url_is_refused_and_not_shown_in_the_error() {
        for url in [
            "",
            "api.cobo.com/v2",
            "ftp://h/v2",
            "https://user:hunter2@h/v2",
            "https://h/v2?x=1",
            "https://h/v2#x",
        ] {
            let error = Environment::custom(url, ResponseKeys::unverified()).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("base URL"), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn environment_is_parsed_from_its_name() {
        let base_url = |name: &str| name.parse::<Environment>().unwrap().base_url().to_owned();
        assert_eq!(base_url("dev"), DEVELOPMENT_URL);
        assert_eq!(base_url("PRODUCTION"), PRODUCTION_URL);
        assert!("staging".parse::<Environment>().is_err());
    }
}
