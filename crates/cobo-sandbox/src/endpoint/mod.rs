//! The endpoints, and the way to them.

mod documented;
mod organization;
mod permission_token;
mod token;

pub(crate) use documented::Documents;

use http::{HeaderMap, Method, header};

use crate::reply::{Failure, Reply};
use crate::signature::{RequestParts, split};
use crate::spec::Form;
use crate::state::State;

/// Answers a request whose signature has been accepted.
///
/// The sandbox's own endpoints go before those of a document, since they have a state: tokens that live and die.
pub(crate) fn answer(
    state: &State,
    request: &RequestParts<'_>,
    form: Option<&Form>,
) -> Result<Reply, Failure> {
    if let Some(documents) = state.documents.as_ref().filter(|documents| documents.only) {
        return documented::answer(documents, state, request, form);
    }
    let (path, query) = split(request.target);
    let method = request.method;
    let (get, post) = (Method::GET.as_str(), Method::POST.as_str());
    match path {
        "/v2/oauth/token" if method == get => token::get(state, query),
        "/v2/oauth/token" if method == post => token::refresh(state, request),
        "/v2/oauth/token" => Err(Failure::method_not_allowed("GET, POST")),

        "/v2/oauth/permission_token/exchange" if method == post => {
            permission_token::exchange(state, request)
        }
        "/v2/oauth/permission_token/refresh" if method == post => {
            permission_token::refresh(state, request)
        }
        "/v2/oauth/permission_token/exchange" | "/v2/oauth/permission_token/refresh" => {
            Err(Failure::method_not_allowed("POST"))
        }

        "/v2/organizations/info" if method == get => organization::info(state, request.headers),
        "/v2/organizations/info" => Err(Failure::method_not_allowed("GET")),

        _ => match &state.documents {
            Some(documents) => documented::answer(documents, state, request, form),
            None => Err(Failure::no_such_endpoint()),
        },
    }
}

/// The bearer token of a request, when it has one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let malformed = || Failure::unauthenticated("the header Authorization is not one Bearer token");
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(malformed());
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(malformed());
    }
    Ok(Some(token))
}
