//! Scripted answers, and the operations of the document.

use super::handle::Sandbox;
use crate::lock::lock;
use crate::script::{Answer, Page, Pages, ScriptError};
use crate::spec::Fields;
use crate::state::Violation;

/// Scripted answers, and operations of the document.
impl Sandbox {
    /// Returns the ids of all operations: the sandbox's own, and those of its document.
    pub fn operation_ids(&self) -> impl Iterator<Item = &str> {
        self.state.operation_ids()
    }

    /// Answers the next calls of an operation with these answers, one for each call.
    ///
    /// This works for every operation: the sandbox's own (`get_token`, `get_org_info` …) and those of its document.
    /// Signature, nonce, access token and, for an operation of a document, the request are checked first; a refused
    /// request does not use up an answer.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use cobo_sandbox::{Answer, Sandbox};
    /// use http::StatusCode;
    ///
    /// let sandbox = Sandbox::start().await?;
    /// // The refresh is carried out, and its answer is lost. The next call is refused.
    /// let answers = [
    ///     Answer::as_usual().dropped(),
    ///     Answer::error(StatusCode::TOO_MANY_REQUESTS, 2026).header("Retry-After", "2"),
    /// ];
    /// sandbox.script("refresh_token", answers)?;
    ///
    /// let error = sandbox.script("refresh_tokens", []).unwrap_err();
    /// assert!(error.to_string().contains("similar: refresh_token"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no operation with this id: the error names similar ones. When an answer has a header that cannot
    /// be sent. In both cases nothing is scripted.
    pub fn script(
        &self,
        operation_id: &str,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Result<(), ScriptError> {
        let id = self.state.script_id(operation_id)?;
        let answers: Vec<Answer> = answers.into_iter().collect();
        if let Some(name) = answers.iter().find_map(Answer::invalid_header) {
            return Err(ScriptError::InvalidHeader(name.to_owned()));
        }
        lock(&self.state.scripts).push(id, answers);
        Ok(())
    }

    /// Answers a list operation with these pages from now on, and drops its earlier pages. Without pages, the list is
    /// empty.
    ///
    /// # Errors
    ///
    /// When there is no operation with this id: the error names similar ones. When the operation does not answer with a
    /// list and `pagination`, or an answer of a page has a header that cannot be sent. In all cases nothing is
    /// scripted.
    pub fn script_pages(
        &self,
        operation_id: &str,
        pages: impl IntoIterator<Item = Page>,
    ) -> Result<(), ScriptError> {
        let id = self.state.script_id(operation_id)?;
        let documents = self.state.documents.as_ref();
        let success =
            documents.and_then(|documents| documents.specification.success(id, Fields::All, 0));
        let answer = success.and_then(|(_, sample)| sample);
        if !answer.is_some_and(|answer| Pages::fit(&answer.value)) {
            return Err(ScriptError::NoList(operation_id.to_owned()));
        }
        let pages: Vec<Page> = pages.into_iter().collect();
        if let Some(name) = pages.iter().find_map(Page::invalid_header) {
            return Err(ScriptError::InvalidHeader(name.to_owned()));
        }
        lock(&self.state.scripts).set_pages(id, Pages::new(pages));
        Ok(())
    }

    /// Removes all scripted answers and pages that are not sent yet, and all ends that no object has yet.
    pub fn clear_scripts(&self) {
        lock(&self.state.scripts).clear();
        if let Some((objects, _)) = self.state.objects() {
            objects.clear_scripts();
        }
    }

    /// Returns the most recent requests that violated the document, oldest first; at most 1,000 are
    /// kept.
    pub fn violations(&self) -> Vec<Violation> {
        let documents = self.state.documents.as_ref();
        documents.map_or_else(Vec::new, |documents| lock(&documents.violations).to_vec())
    }

    /// Returns how many requests have violated the document since the start.
    pub fn violation_count(&self) -> u64 {
        let documents = self.state.documents.as_ref();
        documents.map_or(0, |documents| lock(&documents.violations).count())
    }
}
