//! Operations of a document: requests are checked against it, and answered with pages that a test scripted or with
//! values made from its schemas.

use http::Method;

use super::sending;
use crate::key::AppKey;
use crate::list;
use crate::organization::Organization;
use crate::reply::{Body, Failure, Reply};
use crate::signature::{RequestParts, split};
use crate::spec::{Documented, Form, Specification};
use crate::state::{State, lock};
use crate::violation::{Violation, Violations};
use crate::waas2::{Call, Objects};

/// The document, and the requests that violated it.
pub(crate) struct Documents {
    pub(crate) specification: Specification,
    /// Whether the sandbox's own operations are disabled.
    pub(crate) only: bool,
    pub(crate) violations: std::sync::Mutex<Violations>,
    /// What calls have created; `None` if each answer is independent of the others.
    pub(crate) objects: Option<Objects>,
}

impl Documents {
    /// Finds the operation of a request. A request without an operation is recorded as a violation.
    pub(super) fn find(&self, request: &RequestParts<'_>) -> Result<&Documented, Failure> {
        let at = self.specification.at(below_base_url(request));
        if at.is_empty() {
            self.violated(None, request, vec!["no operation has this path".to_owned()]);
            return Err(Failure::no_such_endpoint());
        }
        let found = at
            .iter()
            .find(|operation| operation.method == request.method);
        found.copied().ok_or_else(|| {
            let problem = "the path does not have this method".to_owned();
            self.violated(None, request, vec![problem]);
            let methods: Vec<&str> = at
                .iter()
                .map(|operation| operation.method.as_str())
                .collect();
            Failure::method_not_allowed(methods.join(", "))
        })
    }

    /// Refuses a request that violates the document, and records its problems.
    pub(super) fn check(
        &self,
        operation: &Documented,
        request: &RequestParts<'_>,
        form: Option<&Form>,
    ) -> Result<(), Failure> {
        let problems =
            operation.problems(&self.specification, below_base_url(request), request, form);
        if problems.is_empty() {
            return Ok(());
        }
        let failure = Failure::violation(&operation.id, &problems);
        self.violated(Some(operation), request, problems);
        Err(failure)
    }

    fn violated(
        &self,
        operation: Option<&Documented>,
        request: &RequestParts<'_>,
        problems: Vec<String>,
    ) {
        lock(&self.violations).push(Violation {
            operation_id: operation.map(|operation| operation.id.clone()),
            method: request.method.to_owned(),
            path: split(request.target).0.to_owned(),
            problems,
        });
    }
}

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
    let Some(answer) = success.answer(&documents.specification) else {
        return Ok(Reply::new(success.status, Body::Empty));
    };
    let query = split(request.target).1;
    if let Some(pages) = lock(&state.scripts).pages(&operation.id) {
        return pages.answer(success.status, answer, query);
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
    let answer = list::answer(&documents.specification, operation, answer, query, None)?;
    Ok(Reply::json(success.status, answer))
}

/// The path relative to the base URL, as in the document. Clients use the base URL with `/v2`, whatever `servers` the
/// document has.
fn below_base_url<'a>(request: &RequestParts<'a>) -> &'a str {
    let path = split(request.target).0;
    path.strip_prefix("/v2").unwrap_or_default()
}
