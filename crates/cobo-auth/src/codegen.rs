//! Items that generated clients use. Not for other code: they change with the generator.

use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Error;
use crate::operation::Operation;
use crate::pages::{Page, Pages};
use crate::response::{Body, Response};

pub use crate::__request as request;
pub use crate::draft::{Draft, Outgoing};
pub use crate::endpoint::{Endpoint, Input};
pub use crate::form::Form;
pub use crate::pages::{Cursor, List};

/// A client that builds requests. It cannot send them.
pub fn request_factory(client: &Client) -> reqwest::Client {
    client.shared().factory.clone()
}

/// The operation with this id.
pub fn find(tables: &[&[&'static Endpoint]], id: &str) -> Option<&'static Operation> {
    let mut endpoints = tables.iter().copied().flatten();
    endpoints
        .find(|endpoint| endpoint.operation.id() == id)
        .map(|endpoint| &endpoint.operation)
}

/// The error for an operation that the generated table does not have.
pub fn unknown_operation(id: &str) -> Error {
    Error::invalid_request(format!(
        "the operation `{id}` is not in this crate's table; generate the crate anew"
    ))
}

/// The outcome of a call, carried through progenitor's hook, which can only return a
/// `reqwest::Response`.
#[derive(Clone)]
struct Outcome(Result<Response<Body>, Error>);

/// Stores an outcome in a response, to carry it through the hook.
pub fn carry(outcome: Result<Response<Body>, Error>) -> reqwest::Response {
    let mut response = http::Response::new(reqwest::Body::default());
    response.extensions_mut().insert(Outcome(outcome));
    response.into()
}

/// Takes the outcome out of a response that came through the hook.
///
/// # Errors
///
/// The error of the call. Also an error if the response was not made by [`carry`], since its
/// request was not signed.
pub fn outcome(
    operation: &'static Operation,
    result: reqwest::Result<reqwest::Response>,
) -> Result<Response<Body>, Error> {
    let carried = match result {
        Ok(mut response) => response.extensions_mut().remove::<Outcome>(),
        Err(error) => Some(Outcome(Err(Error::transport(error)))),
    };
    carried
        .map_or_else(
            || {
                // The client's hooks sent the request without this crate.
                Err(Error::bypassed())
            },
            |outcome| outcome.0,
        )
        .map_err(|error| error.with_operation(operation.id()))
}

/// The pages of a list. `after` and `before` are the indices of the parameters that take a cursor.
pub fn pages<P: Page, F>(
    draft: Draft,
    after: usize,
    before: Option<usize>,
    fetch: impl Fn(Draft) -> F + Send + 'static,
) -> Pages<P>
where
    F: Future<Output = Result<Response<Body>, Error>> + Send + 'static,
{
    Pages::new(draft, after, before, move |draft| Box::pin(fetch(draft)))
}

/// Decodes a verified body.
///
/// # Errors
///
/// The body does not match the document.
pub fn decode<T: DeserializeOwned>(response: Response<Body>) -> Result<Response<T>, Error> {
    let value = response.json()?;
    Ok(response.map(|_| value))
}

/// The response of an operation that has no response body.
///
/// # Errors
///
/// None today; the signature matches [`decode`].
pub fn decode_empty(response: Response<Body>) -> Result<Response<()>, Error> {
    Ok(response.map(|_| ()))
}
