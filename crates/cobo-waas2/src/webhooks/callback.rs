use crate::models::Transaction;

/// The body of a callback: the transaction that Cobo asks about.
///
/// A callback without one of its required fields does not decode. It is then answered with an
/// error, and not approved.
///
/// The signature does not say for whom a callback is: a genuine one may be about a wallet of another
/// organization. Compare `wallet_id` with your own before you approve.
pub type CallbackRequest = Transaction;

/// The answer to a callback.
///
/// ```
/// use cobo_waas2::webhooks::Decision;
///
/// assert_eq!(Decision::Approve.answer(), "ok");
/// assert_eq!(Decision::Deny("above the limit".to_owned()).answer(), "deny");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "Cobo learns the decision only from the answer to its callback"]
pub enum Decision {
    /// The transaction may go on.
    Approve,
    /// The transaction is refused. The reason is for the app's own log; Cobo does not get it.
    Deny(String),
}

impl Decision {
    /// Returns the body to answer with, as plain text and with status 200. Cobo accepts exactly
    /// these texts, and no JSON.
    pub fn answer(&self) -> &'static str {
        match self {
            Self::Approve => "ok",
            Self::Deny(_) => "deny",
        }
    }
}
