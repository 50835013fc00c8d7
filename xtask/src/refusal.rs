//! Collects everything that a run refuses, so that one run reports every problem.

use std::fmt;

/// A problem in an input, and its location.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The path of the file as the user gave it.
    pub file: String,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// A JSON pointer into the file.
    pub pointer: Option<String>,
    pub reason: String,
}

impl Refusal {
    /// A problem with the file as a whole.
    pub fn of_file(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            pointer: None,
            reason: reason.into(),
        }
    }
}

/// Writes one line: `openapi/oauth.yaml:12: /paths/~1oauth~1token/get: it has no operationId`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match self.pointer.as_deref() {
            Some("") => f.write_str(": (root)")?,
            Some(pointer) => write!(f, ": {}", one_line(pointer))?,
            None => {}
        }
        write!(f, ": {}", one_line(&self.reason))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All refusals of a run, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals(Vec<Refusal>);

impl Refusals {
    pub fn push(&mut self, refusal: Refusal) {
        // The same place can be visited twice, through the parameters of a path and of an
        // operation.
        if !self.0.contains(&refusal) {
            self.0.push(refusal);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Refusal> {
        self.0.iter()
    }

    /// Returns `value` if nothing was refused. Otherwise returns the refusals sorted by line, so
    /// that the document can be fixed from top to bottom.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0
            .sort_by_key(|refusal| refusal.line.unwrap_or(usize::MAX));
        Err(self)
    }
}

impl From<Refusal> for Refusals {
    fn from(refusal: Refusal) -> Self {
        Self(vec![refusal])
    }
}

impl Extend<Refusal> for Refusals {
    fn extend<T: IntoIterator<Item = Refusal>>(&mut self, refusals: T) {
        for refusal in refusals {
            self.push(refusal);
        }
    }
}

impl IntoIterator for Refusals {
    type Item = Refusal;
    type IntoIter = std::vec::IntoIter<Refusal>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for refusal in &self.0 {
            writeln!(f, "{refusal}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusals {}
