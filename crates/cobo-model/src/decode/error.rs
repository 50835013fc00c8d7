use std::fmt;

/// How many missing fields `Display` names.
const SHOWN: usize = 20;

/// Why a JSON text does not decode: every missing field, and the first wrong value, by their paths.
///
/// A path is written `data[3].transaction.transaction_id`. The text names fields of the type that
/// was decoded, and keys of maps if they are short and printable. It never contains a value.
///
/// ```
/// #[derive(Clone, Debug)]
/// struct Transfer {
///     id: String,
///     amount: i64,
/// }
/// cobo_model::model! { Transfer { 0 id, 1 amount } }
///
/// let error = cobo_model::decode::<Vec<Transfer>>(br#"[{"amount": 1}, {}]"#).unwrap_err();
/// assert_eq!(error.missing_fields(), ["[0].id", "[1].id", "[1].amount"]);
/// assert_eq!(error.to_string(), "missing required fields: [0].id, [1].id, [1].amount");
///
/// let error = cobo_model::decode::<Vec<Transfer>>(br#"[{"id": "t", "amount": "x"}]"#).unwrap_err();
/// assert_eq!(error.to_string(), "[0].amount: expected an integer");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    pub(super) missing: Vec<String>,
    /// How many fields are missing beyond those in `missing`.
    pub(super) more_missing: usize,
    pub(super) problem: Option<Problem>,
}

/// The problem that stopped decoding. Missing fields do not stop it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    Wrong { path: String, what: String },
    Syntax { line: usize, column: usize },
    Truncated,
    TooDeep,
}

impl DecodeError {
    /// Returns the paths of the required fields that are missing, the first hundred of them.
    pub fn missing_fields(&self) -> &[String] {
        &self.missing
    }

    /// Returns the path of the first wrong value and what is wrong with it, such as `expected an
    /// integer`. Values after it were not read. The path of the whole document is empty.
    pub fn wrong_value(&self) -> Option<(&str, &str)> {
        match &self.problem {
            Some(Problem::Wrong { path, what }) => Some((path, what)),
            _ => None,
        }
    }

    /// Returns whether the text is not valid JSON, or ends too early.
    pub fn is_invalid_json(&self) -> bool {
        matches!(
            self.problem,
            Some(Problem::Syntax { .. } | Problem::Truncated)
        )
    }

    /// Returns whether lists and objects are nested deeper than the decoder reads.
    pub fn is_too_deep(&self) -> bool {
        self.problem == Some(Problem::TooDeep)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.missing.is_empty() {
            let shown = &self.missing[..self.missing.len().min(SHOWN)];
            write!(f, "missing required fields: {}", shown.join(", "))?;
            let more = self.missing.len() - shown.len() + self.more_missing;
            if more > 0 {
                write!(f, " and {more} more")?;
            }
        }
        let Some(problem) = &self.problem else {
            return Ok(());
        };
        if !self.missing.is_empty() {
            f.write_str("; ")?;
        }
        match problem {
            Problem::Wrong { path, what } if path.is_empty() => f.write_str(what),
            Problem::Wrong { path, what } => write!(f, "{path}: {what}"),
            Problem::Syntax { line, column } => {
                write!(f, "not valid JSON (line {line}, column {column})")
            }
            Problem::Truncated => f.write_str("the JSON ends too early"),
            Problem::TooDeep => f.write_str("the JSON is nested too deep"),
        }
    }
}

impl std::error::Error for DecodeError {}
