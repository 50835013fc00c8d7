//! Scripted answers and pages that are not sent yet, by operation.

mod answer;
mod error;
mod page;

use std::collections::{HashMap, VecDeque};

pub use answer::Answer;
pub use error::ScriptError;
pub use page::Page;
pub(crate) use page::Pages;

/// The scripted answers and pages that remain, by operation.
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

    /// Takes the next scripted answer of an operation. Answers are used before pages.
    pub(crate) fn next(&mut self, operation_id: &str) -> Option<Answer> {
        self.answers.get_mut(operation_id)?.pop_front()
    }

    /// The scripted pages of an operation.
    pub(crate) fn pages(&mut self, operation_id: &str) -> Option<&mut Pages> {
        self.pages.get_mut(operation_id)
    }
}
