use http::Method;

use crate::options::is_oauth;

/// The properties of an API operation that are needed to send a request.
///
/// Generated crates have one for each operation. Requests to endpoints that no document describes
/// have none ([`Client::request`](crate::Client::request)).
///
/// ```
/// use cobo_auth::Operation;
///
/// static GET_TOKEN: Operation = Operation::new("get_token", "GET", "/oauth/token").repeatable(true);
/// assert_eq!(GET_TOKEN.id(), "get_token");
/// assert!(GET_TOKEN.is_repeatable());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    id: &'static str,
    method: &'static str,
    path: &'static str,
    repeatable: bool,
    credential: bool,
    scopes: &'static [&'static str],
}

impl Operation {
    /// An operation with this id, method (in upper case) and path template below the base URL
    /// (`/wallets/{wallet_id}`). By default it is not repeatable and has no scopes.
    pub const fn new(id: &'static str, method: &'static str, path: &'static str) -> Self {
        Self {
            id,
            method,
            path,
            repeatable: false,
            credential: true,
            scopes: &[],
        }
    }

    /// Sets whether the operation may be sent again after it may have been carried out.
    pub const fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }

    /// Marks the operation as one that is sent without the access token of the client's credential.
    /// By default only operations below `/oauth/` are sent without it.
    pub const fn without_credential(mut self) -> Self {
        self.credential = false;
        self
    }

    /// Sets the OAuth scopes (permissions) that the operation needs.
    pub const fn needs(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// The operation id of the document.
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The HTTP method, in upper case.
    pub const fn method(&self) -> &'static str {
        self.method
    }

    /// The path template below the base URL.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Whether the operation may be sent again after it may have been carried out.
    pub const fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// The OAuth scopes (permissions) that the document lists for the operation, such as
    /// `transaction.withdraw`. An app requests them in its manifest. Empty if the document lists
    /// none; the operation may still be called with an organization's token.
    pub const fn scopes(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// Whether the operation is sent with the access token of the client's credential.
    pub(crate) fn takes_credential(&self) -> bool {
        self.credential && !is_oauth(self.path)
    }

    /// Whether a request matches this operation: its method, and a path that has a non-empty
    /// segment for each parameter of the template and equals the template elsewhere.
    pub(crate) fn fits(&self, method: &Method, path: &str) -> bool {
        let mut segments = path.split('/');
        let mut template = self.path.split('/');
        let fits = template.by_ref().all(|expected| {
            segments
                .next()
                .is_some_and(|segment| segment_fits(expected, segment))
        });
        method.as_str() == self.method && fits && segments.next().is_none()
    }
}

/// Whether a path segment matches a template's segment. A parameter may have text around it:
/// `{id}`, `{id}:cancel`.
fn segment_fits(expected: &str, segment: &str) -> bool {
    let (Some(open), Some(close)) = (expected.find('{'), expected.rfind('}')) else {
        return expected == segment;
    };
    let (before, after) = (&expected[..open], &expected[close + 1..]);
    segment.len() > before.len() + after.len()
        && segment.starts_with(before)
        && segment.ends_with(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Operation = Operation::new("list", "GET", "/wallets/{wallet_id}/addresses");

    #[test]
    fn a_path_fits_its_template_only() {
        assert!(LIST.fits(&Method::GET, "/wallets/w1/addresses"));
        for path in [
            "/wallets//addresses",
            "/wallets/addresses",
            "/wallets/w1/x/addresses",
            "/wallets/w1/addresses/",
            "/wallets/w1",
            "wallets/w1/addresses",
            "",
        ] {
            assert!(!LIST.fits(&Method::GET, path), "{path}");
        }
        assert!(!LIST.fits(&Method::POST, "/wallets/w1/addresses"));
    }

    #[test]
    fn text_around_a_parameter_has_to_be_there() {
        let cancel = Operation::new("cancel", "POST", "/orders/{id}:cancel");
        assert!(cancel.fits(&Method::POST, "/orders/7:cancel"));
        assert!(!cancel.fits(&Method::POST, "/orders/:cancel"));
        assert!(!cancel.fits(&Method::POST, "/orders/7"));
    }
}
