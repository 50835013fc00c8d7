//! Collects the problems of a run, so that one run reports all of them.

use std::fmt;

use serde_json::{Value, json};

/// Whether a run can succeed in spite of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Everything is written, but a person should look at it.
    Warning,
}

/// A problem in an input, its location, and how to solve it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    pub severity: Severity,
    /// The path of the file as the user gave it.
    pub file: String,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// A JSON pointer into the file.
    pub pointer: Option<String>,
    /// What is wrong, and why.
    pub message: String,
    /// What would mend it.
    pub mend: Option<String>,
}

impl Diagnostic {
    /// An error in the file as a whole.
    pub fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.into(),
            line: None,
            pointer: None,
            message: message.into(),
            mend: None,
        }
    }

    /// The same problem, and what would mend it.
    pub fn mended_by(self, mend: impl Into<String>) -> Self {
        Self {
            mend: Some(mend.into()),
            ..self
        }
    }

    /// The same problem as a warning.
    pub fn as_warning(self) -> Self {
        Self {
            severity: Severity::Warning,
            ..self
        }
    }

    /// The problem for `--report`.
    pub fn json(&self) -> Value {
        json!({
            "file": self.file,
            "line": self.line,
            "pointer": self.pointer,
            "message": one_line(&self.message),
            "mend": self.mend.as_deref().map(one_line),
        })
    }
}

/// Writes one line, `openapi/oauth.yaml:12: /paths/~1oauth~1token/get: it has no operationId`, and a
/// second one if it is known what would mend it.
impl fmt::Display for Diagnostic {
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
        if self.severity == Severity::Warning {
            f.write_str(": warning")?;
        }
        write!(f, ": {}", one_line(&self.message))?;
        if let Some(mend) = &self.mend {
            write!(f, "\n  mend: {}", one_line(mend))?;
        }
        Ok(())
    }
}

/// A text as one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All problems of a run, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub fn push(&mut self, problem: Diagnostic) {
        // The same place can be visited twice, through the parameters of a path and of an
        // operation.
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Sorts by line, so that the document can be fixed from top to bottom.
    pub fn sort(&mut self) {
        self.0
            .sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
    }

    /// Returns `value` if there is no problem, and otherwise the problems, sorted.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.sort();
        Err(self)
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(problem: Diagnostic) -> Self {
        Self(vec![problem])
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, problems: T) {
        for problem in problems {
            self.push(problem);
        }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
