//! Finds the operation of a request, authorizes the request and answers it.

mod bearer;
mod documented;
mod organization;
mod own;
mod params;
mod permission_token;
mod sending;
mod token;

use bearer::bearer;

use crate::lock::lock;
use crate::organization::Organization;
use crate::reply::{Failure, Reply};
use crate::signature::{AppKey, Caller, RequestParts, split};
use crate::spec::{Documented, Form};
use crate::state::{Documents, Own, State};

/// Paths with this prefix are called without an organization's access token, and only with an app's key.
const OAUTH: &str = "/v2/oauth/";

/// The operation of a request.
#[derive(Clone, Copy)]
enum Operation<'a> {
    Own(Own),
    Documented(&'a Documents, &'a Documented),
}

impl Operation<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Own(own) => own.id(),
            Self::Documented(_, documented) => &documented.id,
        }
    }

    /// Whether an app calls it without an organization's access token.
    fn is_without_token(&self, path: &str) -> bool {
        let marked = match self {
            Self::Own(_) => false,
            Self::Documented(_, documented) => documented.is_without_credential,
        };
        marked || path.starts_with(OAUTH)
    }
}

/// Answers a request whose signature and nonce were accepted: with a scripted answer, or else by carrying the operation
/// out. The access token and the document are checked first in both cases.
pub(crate) fn answer(
    state: &State,
    key: &AppKey,
    caller: &Caller,
    request: &RequestParts<'_>,
    form: Option<&Form>,
) -> Result<Reply, Failure> {
    let operation = find(state, request)?;
    let organization = authorize(state, caller, &operation, request)?;
    if let Operation::Documented(documents, documented) = operation {
        documents.check(documented, request, form)?;
    }
    let carry_out = || match operation {
        Operation::Own(own) => own::answer(own, state, request, organization.as_ref()),
        Operation::Documented(documents, documented) => {
            let organization = organization.as_ref();
            documented::answer(documents, state, documented, request, key, organization)
        }
    };
    scripted_or(state, operation.id(), carry_out)
}

/// Answers a request that needs no signature; `None` if it needs one.
pub(crate) fn answer_public(
    state: &State,
    request: &RequestParts<'_>,
) -> Option<Result<Reply, Failure>> {
    let mut at_path = own_at(state, split(request.target).0).into_iter();
    let own = at_path.find(|own| own.is_public() && own.method() == request.method)?;
    Some(scripted_or(state, own.id(), || {
        own::answer(own, state, request, None)
    }))
}

/// The sandbox's own operations at this path.
fn own_at(state: &State, path: &str) -> Vec<Own> {
    let own = state.has_own_operations().then_some(Own::ALL);
    let own = own.into_iter().flatten();
    own.filter(|own| own.path() == path).collect()
}

/// Answers with the next script of an operation, or carries the operation out.
fn scripted_or(
    state: &State,
    operation_id: &str,
    carry_out: impl Fn() -> Result<Reply, Failure>,
) -> Result<Reply, Failure> {
    // The lock is released before the operation is carried out, because the operation may take it too.
    let scripted = lock(&state.scripts).next(operation_id);
    match scripted {
        Some(answer) => Ok(answer.into_reply(carry_out, || state.errors.next())),
        None => carry_out(),
    }
}

/// Finds the operation of a request. The sandbox's own operations take precedence over those of a document, because
/// they have state: they issue tokens, which expire.
fn find<'a>(state: &'a State, request: &RequestParts<'_>) -> Result<Operation<'a>, Failure> {
    let at_path = own_at(state, split(request.target).0);
    let methods: Vec<&str> = at_path.iter().map(|own| own.method()).collect();
    if let Some(own) = at_path
        .into_iter()
        .find(|own| own.method() == request.method)
    {
        return Ok(Operation::Own(own));
    }
    if !methods.is_empty() {
        return Err(Failure::method_not_allowed(methods.join(", ")));
    }
    let documents = state.documents.as_ref();
    let documents = documents.ok_or_else(Failure::no_such_endpoint)?;
    let documented = documents.find(request)?;
    Ok(Operation::Documented(documents, documented))
}

/// The organization that a call acts for; `None` for the OAuth operations, and if the sandbox issues no tokens.
///
/// The document's `security` is ignored: Cobo's document has no OAuth requirement for many operations that an app
/// nevertheless calls with an organization's access token.
fn authorize(
    state: &State,
    caller: &Caller,
    operation: &Operation<'_>,
    request: &RequestParts<'_>,
) -> Result<Option<Organization>, Failure> {
    let path = split(request.target).0;
    let organizations = || lock(&state.organizations);
    match caller {
        Caller::Organization(_) if path.starts_with(OAUTH) => Err(Failure::unauthenticated(
            "the OAuth operations need an app's key, and this key is an organization's own",
        )),
        Caller::Organization(org_id) => match bearer(request.headers)? {
            Some(_) => Err(Failure::unauthenticated(
                "an organization's own key acts without an access token: send no header Authorization",
            )),
            None => Ok(organizations().with_key(org_id).cloned()),
        },
        // The OAuth operations read the `Authorization` header themselves, if they use it.
        Caller::App if path.starts_with(OAUTH) => Ok(None),
        Caller::App => match bearer(request.headers)? {
            None if operation.is_without_token(path) => Ok(None),
            None => Err(Failure::unauthenticated(
                "the header Authorization is missing: an app's key needs an organization's access token",
            )),
            // Without the sandbox's own operations, no valid token can be obtained, so any token is accepted.
            Some(_) if !state.has_own_operations() => Ok(None),
            Some(token) => {
                let organizations = organizations();
                let organization = organizations.of_access_token(token, state.clock.now_ms());
                Ok(Some(
                    organization.ok_or_else(Failure::dead_access_token)?.clone(),
                ))
            }
        },
    }
}
