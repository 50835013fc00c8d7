//! What can be waited for. The final states are marked in the document.

#![allow(unused_imports, reason = "each feature uses some of them")]

use cobo_auth::Error;
use cobo_model::Outcome;

use super::{Progress, StateRequest};
use crate::{models, operations};

/// A request that gets the state of a thing by its id.
macro_rules! state_requests {
    ($($feature:literal: $request:ident -> $thing:ident;)*) => {
        $(
            #[cfg(feature = $feature)]
            impl StateRequest for operations::$request {
                type Thing = models::$thing;

                async fn fetch(self) -> Result<models::$thing, Error> {
                    Ok(self.send().await?.into_inner())
                }
            }
        )*
    };
}

state_requests! {
    "transactions": GetTransactionById -> TransactionDetail;
    "fee-station": GetFeeStationTransactionById -> TransactionDetail;
    "wallets-mpc-wallets": GetTssRequestById -> TssRequest;
    "stakings": GetStakingActivityById -> Activity;
    "swaps": GetSwapActivity -> SwapActivityDetail;
    "tokenization": GetTokenizationActivity -> TokenizationActivityInfo;
}

#[cfg(any(feature = "transactions", feature = "fee-station"))]
impl Progress for models::TransactionDetail {
    fn outcome(&self) -> Option<Outcome> {
        self.status.outcome()
    }

    fn reason(&self) -> String {
        let mut reason = self.status.to_string();
        if let Some(sub_status) = &self.sub_status {
            reason = format!("{reason}, {sub_status}");
        }
        if let Some(text) = self
            .failed_reason
            .as_deref()
            .filter(|text| !text.is_empty())
        {
            reason = format!("{reason}: {text}");
        }
        let replacement = self.replacement.as_ref();
        let by = replacement.and_then(|it| it.replaced_by_transaction_id.as_deref());
        match by.filter(|id| !id.is_empty()) {
            Some(id) => format!("{reason}; transaction {id} replaced it: wait for that one"),
            None => reason,
        }
    }
}

/// A thing whose model has only a status.
macro_rules! status_only {
    ($($feature:literal: $thing:ident $(, $optional:ident)?;)*) => {
        $(
            #[cfg(feature = $feature)]
            impl Progress for models::$thing {
                fn outcome(&self) -> Option<Outcome> {
                    status_only!(@ self $($optional)?)?.outcome()
                }

                fn reason(&self) -> String {
                    match status_only!(@ self $($optional)?) {
                        Some(status) => status.to_string(),
                        None => "without a status".to_owned(),
                    }
                }
            }
        )*
    };
    (@ $this:ident optional) => {
        $this.status.as_ref()
    };
    (@ $this:ident) => {
        Some(&$this.status)
    };
}

status_only! {
    "wallets-mpc-wallets": TssRequest, optional;
    "stakings": Activity;
    "swaps": SwapActivityDetail, optional;
    "tokenization": TokenizationActivityInfo;
}
