use std::str::FromStr;

use url::form_urlencoded;

use super::error::TokenError;

/// An installation callback: the organization, and what it approved. Cobo sends it as a POST to the
/// app's callback URL, with `approval_result` and `org_id` in the query.
///
/// ```
/// use cobo_oauth::{Approval, Installation};
///
/// let installation: Installation =
///     "approval_result=1&org_id=e3986401-4aec-480a-973d-e775a4518413".parse()?;
/// assert_eq!(installation.approval(), Approval::Installed);
/// # Ok::<(), cobo_oauth::InstallationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    org_id: String,
    approval: Approval,
}

/// What the organization approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Approval {
    /// It installed the app (1).
    Installed,
    /// It changed the app's settings, for example its permissions (2).
    Changed,
}

/// The result of an installation callback. Returned by
/// [`TokenSource::on_installation`](crate::TokenSource::on_installation).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a queued installation is not confirmed by Cobo yet"]
pub enum InstallationOutcome {
    /// Cobo issued a new token, so the organization has installed the app.
    Confirmed(Installation),
    /// The callback waits in a queue, because no token of the organization is stored and other such
    /// callbacks arrived before. The source calls Cobo for it later. Until then the callback may be
    /// forged: do not trust it.
    ///
    /// [`TokenSource::state`](crate::TokenSource::state) and
    /// [`TokenSource::watch`](crate::TokenSource::watch) report when the token was obtained. A call
    /// for the organization does not wait for the queue. A shutdown of the source, or of the runtime
    /// that called `on_installation`, removes the callback from the queue: the state is then no
    /// longer [`queued`](crate::OrgState::queued), and the next call for the organization, or the
    /// next callback, obtains the token.
    Queued(Installation),
}

impl InstallationOutcome {
    /// Returns the content of the callback.
    pub fn installation(&self) -> &Installation {
        match self {
            Self::Confirmed(installation) | Self::Queued(installation) => installation,
        }
    }

    /// Returns whether Cobo confirmed the installation.
    pub fn is_confirmed(&self) -> bool {
        matches!(self, Self::Confirmed(_))
    }
}

/// Why an installation callback failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum InstallationError {
    /// A parameter is missing or empty.
    #[error("the query has no `{0}`")]
    Missing(&'static str),
    /// A parameter occurs more than once.
    #[error("the query has more than one `{0}`")]
    Repeated(&'static str),
    /// `approval_result` has a value that this version does not know.
    #[error("`approval_result` is neither 1 nor 2; do not treat the app as installed")]
    UnknownResult,
    /// No new token could be obtained for the organization.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Installation {
    /// Returns the organization's id.
    pub fn org_id(&self) -> &str {
        &self.org_id
    }

    /// Returns what the organization approved.
    pub fn approval(&self) -> Approval {
        self.approval
    }
}

impl FromStr for Installation {
    type Err = InstallationError;

    /// Parses the percent-encoded query of the callback's URL, with or without a leading `?`.
    fn from_str(query: &str) -> Result<Self, InstallationError> {
        let query = query.strip_prefix('?').unwrap_or(query);
        let approval = match parameter(query, "approval_result")?.as_str() {
            "1" => Approval::Installed,
            "2" => Approval::Changed,
            _ => return Err(InstallationError::UnknownResult),
        };
        let org_id = parameter(query, "org_id")?;
        Ok(Self { org_id, approval })
    }
}

fn parameter(query: &str, name: &'static str) -> Result<String, InstallationError> {
    let mut values = form_urlencoded::parse(query.as_bytes())
        .filter(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Err(InstallationError::Missing(name)),
        (Some(value), None) => Ok(value.into_owned()),
        (Some(_), Some(_)) => Err(InstallationError::Repeated(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_is_parsed_or_refused_with_a_reason() {
        let read = |query: &str| match query.parse::<Installation>() {
            Ok(installation) => format!("{:?} {}", installation.approval, installation.org_id),
            Err(error) => error.to_string(),
        };
        assert_eq!(read("approval_result=1&org_id=a-b"), "Installed a-b");
        let reordered = "?org_id=a%2Db&state=x&approval_result=2";
        assert_eq!(read(reordered), "Changed a-b");
        assert_eq!(read("org_id=a"), "the query has no `approval_result`");
        let empty = "approval_result=1&org_id=";
        assert_eq!(read(empty), "the query has no `org_id`");
        let twice = "approval_result=1&org_id=a&org_id=b";
        assert_eq!(read(twice), "the query has more than one `org_id`");
        for result in ["0", "3", "01", "installed"] {
            let query = format!("approval_result={result}&org_id=a");
            assert!(read(&query).contains("neither 1 nor 2"), "{result}");
        }
    }
}
