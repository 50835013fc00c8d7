//! Operations of a document, and requests: of an operation, or to an endpoint without one.

use std::collections::BTreeSet;

use http::Method;

use crate::call::options::is_oauth;
use crate::request_id::IdempotencyKey;

mod endpoint;
pub(crate) mod form;
mod macros;
pub(crate) mod pages;
mod parameter;
mod preview;
mod request;
mod send;
mod sent_id;
mod values;

pub use parameter::Parameter;
pub use preview::SigningPreview;
pub use request::Request;
pub use send::CallFuture;

pub(crate) use parameter::Location;

/// An operation of an API: the facts of the document that are needed to send a request.
///
/// Generated crates have a constant for each operation. An app can collect the
/// [`scopes`](Self::scopes) of the operations that it calls for its manifest:
///
/// ```
/// use cobo_auth::Operation;
///
/// static LIST_WALLETS: Operation =
///     Operation::get("list_wallets", "/wallets").needs(&["wallet:read"]);
/// static GET_WALLET: Operation =
///     Operation::get("get_wallet", "/wallets/{wallet_id}").needs(&["wallet:read"]);
///
/// let scopes = Operation::scopes_of([&LIST_WALLETS, &GET_WALLET]);
/// assert_eq!(scopes, ["wallet:read"]);
/// ```
#[derive(Debug)]
pub struct Operation {
    id: &'static str,
    method: Method,
    path: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) body: Option<OperationBody>,
    /// Whether the response is JSON.
    pub(crate) json: bool,
    repeatable: bool,
    idempotency_key: Option<IdempotencyKey>,
    credential: bool,
    scopes: &'static [&'static str],
}

/// The body that an operation takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OperationBody {
    /// The name of its setter.
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    /// The media type of a body that is JSON.
    pub(crate) media_type: &'static str,
}

impl Operation {
    /// Creates an operation with this id, method and path template below the base URL
    /// (`/wallets/{wallet_id}`). By default it has no parameters, no body and no scopes, its
    /// response is JSON, and it is not repeatable.
    pub const fn new(id: &'static str, method: Method, path: &'static str) -> Self {
        Self {
            id,
            method,
            path,
            parameters: &[],
            body: None,
            json: true,
            repeatable: false,
            idempotency_key: None,
            credential: true,
            scopes: &[],
        }
    }

    /// Creates a `GET` operation. It is repeatable.
    pub const fn get(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::GET, path).repeatable(true)
    }

    /// Creates a `POST` operation.
    pub const fn post(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::POST, path)
    }

    /// Creates a `PUT` operation.
    pub const fn put(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::PUT, path)
    }

    /// Creates a `PATCH` operation.
    pub const fn patch(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::PATCH, path)
    }

    /// Creates a `DELETE` operation.
    pub const fn delete(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::DELETE, path)
    }

    /// Creates a `HEAD` operation. It is repeatable.
    pub const fn head(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::HEAD, path).repeatable(true)
    }

    /// Creates an `OPTIONS` operation.
    pub const fn options(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::OPTIONS, path)
    }

    /// Sets the parameters.
    pub const fn parameters(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    /// Gives the operation a body. `name` is the name of its setter.
    pub const fn body(mut self, name: &'static str, required: bool) -> Self {
        self.body = Some(OperationBody {
            name,
            required,
            media_type: "application/json",
        });
        self
    }

    /// Sets the media type of a JSON body, for example `application/merge-patch+json`. By default it
    /// is `application/json`.
    pub const fn body_type(mut self, media_type: &'static str) -> Self {
        if let Some(body) = &mut self.body {
            body.media_type = media_type;
        }
        self
    }

    /// Marks the operation as one whose response is not JSON or has no body.
    pub const fn not_json(mut self) -> Self {
        self.json = false;
        self
    }

    /// Sets whether the operation may be sent again after it may have been carried out.
    pub const fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }

    /// Gives the operation a request id: Cobo rejects a second request whose body has the same value
    /// in `property`. `lookup` is the id of the operation that finds a request by the id. It makes
    /// the operation [repeatable](Self::repeatable).
    pub const fn idempotent_by(mut self, property: &'static str, lookup: &'static str) -> Self {
        self.idempotency_key = Some(IdempotencyKey { property, lookup });
        self.repeatable = true;
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

    /// Returns the operation id of the document.
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The id in metrics and traces. A path may contain ids, so all requests without an operation share
    /// one name.
    pub(crate) fn id_or_raw(operation: Option<&Self>) -> &'static str {
        operation.map_or("raw", Self::id)
    }

    /// Returns the HTTP method.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path template below the base URL.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Returns whether the operation may be sent again after it may have been carried out.
    pub const fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// Returns where the body has the [`RequestId`](crate::RequestId) with which Cobo recognises a
    /// repeated request. `None` if Cobo does not say that it rejects a second request with the same id.
    pub const fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.idempotency_key
    }

    /// Returns the OAuth scopes (permissions) that the document lists for the operation, such as
    /// `transaction.withdraw`. An app requests them in its manifest. Empty if the document lists
    /// none; the operation may still be called with an organization's token.
    pub const fn scopes(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// Returns the scopes of several operations, sorted, each once: what an app that calls them
    /// requests in its manifest.
    pub fn scopes_of<'a>(operations: impl IntoIterator<Item = &'a Self>) -> Vec<&'static str> {
        let scopes = operations
            .into_iter()
            .flat_map(|operation| operation.scopes.iter().copied());
        BTreeSet::from_iter(scopes).into_iter().collect()
    }

    /// Whether the operation is sent with the access token of the client's credential.
    pub(crate) fn takes_credential(&self) -> bool {
        self.credential && !is_oauth(self.path)
    }
}
