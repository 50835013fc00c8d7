//! Why a script was refused.

/// Why a script was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The sandbox has no operation with this id.
    #[error("the sandbox has no operation `{operation_id}`{}", self.advice())]
    NoOperation {
        /// The id that was given.
        operation_id: String,
        /// Operations with similar ids, the most similar first.
        similar: Vec<String>,
        /// Whether the sandbox answers from a document. Without one it has only its own few operations.
        has_document: bool,
    },
    /// The operation does not return a list in pages.
    #[error("the operation {0} does not answer with an object that has a list and `pagination`")]
    NoList(String),
    /// The operation does not create an object that moves through states.
    #[error(
        "the operation {0} creates no object that moves through states in this sandbox: `Sandbox::waas2` has such \
         operations for transactions, TSS requests, pay-in orders, refunds and payouts"
    )]
    NoStates(String),
    /// An object cannot stay in this state.
    #[error("an object cannot stay in the state {state:?}, only in one of: {states}")]
    NoState {
        /// The state that was given.
        state: String,
        /// The states in which an object can stay.
        states: String,
    },
    /// An answer has a header that cannot be sent.
    #[error(
        "the header {0:?} cannot be scripted: its name or value is not valid HTTP, or the server sets it itself"
    )]
    InvalidHeader(String),
}

impl ScriptError {
    /// Ids are not similar if more than one third of their characters differ.
    const SIMILAR: usize = 3;
    /// The maximum number of similar ids in the error.
    const MAX_SIMILAR: usize = 3;

    pub(crate) fn no_operation<'a>(
        operation_id: &str,
        known: impl Iterator<Item = &'a str>,
        has_document: bool,
    ) -> Self {
        let wanted = letters(operation_id);
        let mut similar: Vec<(usize, &str)> = known
            .map(|id| (distance(&wanted, &letters(id)), id))
            .filter(|(distance, _)| distance * Self::SIMILAR <= wanted.len())
            .collect();
        similar.sort_unstable();
        Self::NoOperation {
            operation_id: operation_id.to_owned(),
            similar: similar
                .into_iter()
                .take(Self::MAX_SIMILAR)
                .map(|(_, id)| id.to_owned())
                .collect(),
            has_document,
        }
    }

    fn advice(&self) -> String {
        let Self::NoOperation {
            similar,
            has_document,
            ..
        } = self
        else {
            return String::new();
        };
        let mut advice = String::new();
        if !similar.is_empty() {
            advice = format!("; similar: {}", similar.join(", "));
        }
        if !has_document {
            advice.push_str(
                "; it was started without a document and has its own operations only: give it one with \
                 `SandboxBuilder::specification`",
            );
        }
        advice
    }
}

/// The letters and digits of an id, in lower case, so that `listWallets` equals `list_wallets`.
fn letters(id: &str) -> Vec<char> {
    id.chars()
        .filter(|it| it.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The Levenshtein distance: how many characters have to be added, removed or replaced.
fn distance(one: &[char], other: &[char]) -> usize {
    // The distances between the part of `one` read so far and every prefix of `other`.
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (read, left) in one.iter().enumerate() {
        let mut next = vec![read + 1];
        let mut last = read + 1;
        for ((right, above), diagonal) in other.iter().zip(row.iter().skip(1)).zip(&row) {
            last = (diagonal + usize::from(left != right))
                .min(above + 1)
                .min(last + 1);
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_added_removed_and_replaced_characters() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("listWallets", "list_wallets", 0),
        ] {
            assert_eq!(
                distance(&letters(one), &letters(other)),
                expected,
                "{one} {other}"
            );
        }
    }
}
