//! Operations of a document: checked against it, and answered with what a test wrote or its schemas give.

use super::bearer;
use crate::reply::{Failure, Reply};
use crate::script::Scripts;
use crate::signature::{RequestParts, split};
use crate::spec::{Documented, Form, Specification};
use crate::state::{State, lock};
use crate::violation::{Violation, Violations};

/// What the sandbox answers from beside its own endpoints.
pub(crate) struct Documents {
    pub(crate) specification: Specification,
    /// Whether the sandbox's own endpoints are left out.
    pub(crate) only: bool,
    pub(crate) scripts: std::sync::Mutex<Scripts>,
    pub(crate) violations: std::sync::Mutex<Violations>,
}

pub(super) fn answer(
    documents: &Documents,
    state: &State,
    request: &RequestParts<'_>,
    form: Option<&Form>,
) -> Result<Reply, Failure> {
    let violated = |operation: Option<&Documented>, problems: Vec<String>| {
        lock(&documents.violations).push(Violation {
            operation_id: operation.map(|operation| operation.id.clone()),
            method: request.method.to_owned(),
            path: split(request.target).0.to_owned(),
            problems,
        });
    };
    let specification = &documents.specification;
    // Clients take the base URL with `/v2` whatever the document's servers are.
    let path = split(request.target)
        .0
        .strip_prefix("/v2")
        .unwrap_or_default();
    let at = specification.at(path);
    if at.is_empty() {
        violated(None, vec!["no operation has this path".to_owned()]);
        return Err(Failure::no_such_endpoint());
    }
    let Some(operation) = at
        .iter()
        .find(|operation| operation.method == request.method)
    else {
        let methods: Vec<&str> = at
            .iter()
            .map(|operation| operation.method.as_str())
            .collect();
        violated(None, vec!["the path does not have this method".to_owned()]);
        return Err(Failure::method_not_allowed(methods.join(", ")));
    };
    check_bearer(documents, state, operation, request)?;
    let problems = operation.problems(specification, path, request, form);
    if !problems.is_empty() {
        let failure = Failure::violation(&operation.id, &problems);
        violated(Some(operation), problems);
        return Err(failure);
    }
    let success = &operation.success;
    let scripted = lock(&documents.scripts).next(specification, operation, split(request.target).1);
    scripted.unwrap_or_else(|| {
        Ok(match success.answer(specification) {
            Some(body) => Reply::new(success.status, body),
            None => Reply::empty(success.status),
        })
    })
}

/// A bearer that is sent must be alive, and one that the document demands must be sent.
fn check_bearer(
    documents: &Documents,
    state: &State,
    operation: &Documented,
    request: &RequestParts<'_>,
) -> Result<(), Failure> {
    let Some(token) = bearer(request.headers)? else {
        return if operation.bearer {
            Err(Failure::unauthenticated(
                "the header Authorization is missing",
            ))
        } else {
            Ok(())
        };
    };
    // Without the sandbox's own endpoints there is nowhere to get a token from.
    if documents.only {
        return Ok(());
    }
    let organizations = lock(&state.organizations);
    match organizations.of_access_token(token, state.clock.now_ms()) {
        Some(_) => Ok(()),
        None => Err(Failure::dead_access_token()),
    }
}
