//! The document that the sandbox answers from, and the requests that violated it.

use std::sync::Mutex;

use super::violation::{Violation, Violations};
use crate::lock::lock;
use crate::reply::Failure;
use crate::signature::{RequestParts, split};
use crate::spec::{Documented, Form, Specification};
use crate::waas2::Objects;

/// The document, and the requests that violated it.
pub(crate) struct Documents {
    pub(crate) specification: Specification,
    /// Whether the sandbox's own operations are disabled.
    pub(crate) only: bool,
    pub(crate) violations: Mutex<Violations>,
    /// What calls have created; `None` if each answer is independent of the others.
    pub(crate) objects: Option<Objects>,
}

impl Documents {
    /// Finds the operation of a request. A request without an operation is recorded as a violation.
    pub(crate) fn find(&self, request: &RequestParts<'_>) -> Result<&Documented, Failure> {
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
    pub(crate) fn check(
        &self,
        operation: &Documented,
        request: &RequestParts<'_>,
        form: Option<&Form>,
    ) -> Result<(), Failure> {
        let problems = operation.problems(below_base_url(request), request, form);
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

/// The path relative to the base URL, as in the document. Clients use the base URL with `/v2`, whatever `servers` the
/// document has.
pub(crate) fn below_base_url<'a>(request: &RequestParts<'a>) -> &'a str {
    let path = split(request.target).0;
    path.strip_prefix("/v2").unwrap_or_default()
}
