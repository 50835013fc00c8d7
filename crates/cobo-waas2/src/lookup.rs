//! Finds the transaction of a request id.

use std::fmt;

use cobo_auth::{Error, RequestId};

use crate::Waas2Client;
use crate::models::Transaction;

/// What [`Waas2Client::find_transaction`] found.
///
/// It is not a `Result`, so `?` cannot return the error of the lookup in place of the error of the write.
/// If the transaction is not found or the lookup failed, the write stays as it was: return **its** error.
#[derive(Debug, Clone)]
#[must_use = "it says whether Cobo has a transaction with the request id"]
pub enum Lookup {
    /// Cobo has a transaction with this request id. Compare its wallet, token, recipient and amount with
    /// your order: another request may have used the id.
    Found(Box<Transaction>),
    /// The list has no transaction with this request id. This does not prove that the write was not carried
    /// out: a transaction may not be listed at once, and the list covers the last 90 days only.
    NotListed,
    /// The list could not be read.
    Failed(LookupError),
}

/// Why the list could not be read. It says nothing about the write, so it has no `execution()`; its
/// `source()` is the [`Error`] of the list.
#[derive(Debug, Clone)]
pub struct LookupError(Error);

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the transactions with the request id cannot be listed; whether the write was carried out \
             stays unknown: {}",
            self.0
        )
    }
}

impl std::error::Error for LookupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Waas2Client {
    /// Looks for the transaction of a transfer or a contract call by its request id, in the list of the
    /// last 90 days. For an older one use [`list_transactions`](Self::list_transactions) with
    /// `min_created_timestamp`.
    ///
    /// ```no_run
    /// use cobo_waas2::{Error, Lookup, RequestId, Waas2Client};
    ///
    /// /// The id of the transaction, after a write failed with `RequestIdTaken`.
    /// async fn sent_before(client: &Waas2Client, id: &RequestId, error: Error) -> Result<String, Error> {
    ///     match client.find_transaction(id).await {
    ///         // A real app also compares wallet, token, recipient and amount.
    ///         Lookup::Found(transaction) => Ok(transaction.transaction_id),
    ///         // Still unknown: the error of the write, not of the lookup.
    ///         Lookup::NotListed | Lookup::Failed(_) => Err(error),
    ///     }
    /// }
    /// ```
    pub async fn find_transaction(&self, request_id: &RequestId) -> Lookup {
        let mut listed = self.list_transactions().request_id(request_id).items();
        while let Some(transaction) = listed.next().await {
            match transaction {
                // Never returns another transaction, even if the server ignores the filter.
                Ok(transaction)
                    if transaction.request_id.as_deref() == Some(request_id.as_str()) =>
                {
                    return Lookup::Found(Box::new(transaction));
                }
                Ok(_) => {}
                Err(error) => return Lookup::Failed(LookupError(error)),
            }
        }
        Lookup::NotListed
    }
}
