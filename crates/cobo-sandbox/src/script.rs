//! Answers that a test wrote, in place of those that the document's schemas give.

use std::collections::{HashMap, VecDeque};

use http::StatusCode;
use serde_json::{Value, json};

use crate::page::Pages;
use crate::reply::{Failure, Reply};
use crate::spec::{Documented, Specification};

/// An answer of an operation, for [`Sandbox::script`](crate::Sandbox::script).
#[derive(Clone)]
pub struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Option<Value>,
}

impl Answer {
    /// A JSON body. Whether the document's schema allows it is up to the test.
    pub fn json(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
        }
    }

    /// No body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, body: None }
    }

    /// An error as Cobo's API answers it: `error_code`, `error_message` and `error_id`.
    pub fn error(status: StatusCode, error_code: u32) -> Self {
        let body = json!({
            "error_code": error_code,
            "error_message": "scripted",
            "error_id": "scripted",
        });
        Self::json(status, body)
    }

    pub(crate) fn into_reply(self) -> Reply {
        match self.body {
            Some(body) => Reply::new(self.status, body),
            None => Reply::empty(self.status),
        }
    }
}

/// A body can hold a token.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Why a script was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The sandbox answers from no document.
    #[error(
        "the sandbox was started without a document: give it one with `SandboxBuilder::specification`"
    )]
    NoSpecification,
    /// The document has no such operation.
    #[error("the document has no operation {0}")]
    NoOperation(String),
    /// The operation is no list.
    #[error("the operation {0} does not answer with an object that has a list and `pagination`")]
    NoList(String),
}

/// What is left to be answered, by operation.
#[derive(Default)]
pub(crate) struct Scripts {
    answers: HashMap<String, VecDeque<Answer>>,
    pages: HashMap<String, Pages>,
}

impl Scripts {
    pub(crate) fn push(&mut self, operation_id: &str, answers: impl IntoIterator<Item = Answer>) {
        let queue = self.answers.entry(operation_id.to_owned()).or_default();
        queue.extend(answers);
    }

    pub(crate) fn set_pages(&mut self, operation_id: &str, pages: Pages) {
        self.pages.insert(operation_id.to_owned(), pages);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next answer that was written for an operation: single ones go before pages.
    pub(crate) fn next(
        &mut self,
        specification: &Specification,
        operation: &Documented,
        query: &str,
    ) -> Option<Result<Reply, Failure>> {
        let queue = self.answers.get_mut(&operation.id);
        if let Some(answer) = queue.and_then(VecDeque::pop_front) {
            return Some(Ok(answer.into_reply()));
        }
        let pages = self.pages.get_mut(&operation.id)?;
        let answer = operation.success.answer(specification)?;
        Some(pages.answer(operation.success.status, answer, query))
    }
}
