//! Operations of a document: answered with pages that a test scripted, from the objects that calls have created, or with
//! values made from the document's schemas.

use http::Method;

use super::sending;
use crate::list;
use crate::lock::lock;
use crate::organization::Organization;
use crate::reply::{Body, Failure, Reply};
use crate::signature::{AppKey, RequestParts, split};
use crate::spec::Documented;
use crate::state::{Documents, State, below_base_url};
use crate::waas2::Call;

/// Answers a request that the document allows.
pub(super) fn answer(
    documents: &Documents,
    state: &State,
    operation: &Documented,
    request: &RequestParts<'_>,
    key: &AppKey,
    organization: Option<&Organization>,
) -> Result<Reply, Failure> {
    let success = &operation.success;
    let Some(answer) = operation.answer() else {
        return Ok(Reply::new(success.status, Body::Empty));
    };
    let query = split(request.target).1;
    if let Some(pages) = lock(&state.scripts).pages(&operation.id) {
        return pages.answer(success.status, answer, &operation.read_query(query));
    }
    if let Some(objects) = &documents.objects {
        let call = Call {
            specification: &documents.specification,
            operation,
            request,
            path: below_base_url(request),
            organization,
            callback: state.outbound.callback_of(key),
            now_ms: state.clock.now_ms(),
        };
        sending::send(state, objects, &call)?;
        if let Some(reply) = sending::show(state, objects, &call)? {
            return Ok(reply);
        }
        if let Some(reply) = objects.answer(&call)? {
            state.publish();
            return Ok(reply);
        }
    }
    if operation.method != Method::GET.as_str() {
        return Ok(Reply::json(success.status, answer));
    }
    let answer = list::answer(operation, answer, query, None)?;
    Ok(Reply::json(success.status, answer))
}
