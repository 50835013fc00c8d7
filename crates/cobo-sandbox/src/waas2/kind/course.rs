//! The states that an object moves through as time passes.

use serde_json::{Value, json};

use super::end::Ending;
use super::pause::Pause;

/// The states of a kind, in the property `status`.
pub(crate) struct Course {
    /// Each state, and the milliseconds from the object's creation to it.
    pub(crate) states: &'static [(&'static str, u64)],
    /// `None` if an object cannot fail.
    pub(crate) failed: Option<&'static str>,
    /// The property with the reason of a failure, or with a list of reasons.
    pub(crate) reason: Option<&'static str>,
    /// At the last state, the first property gets the value of the second.
    pub(crate) at_success: Option<(&'static str, &'static str)>,
    /// The list whose items have the same status.
    pub(crate) parts: Option<&'static str>,
    /// The number of units in a second: 1 if the timestamps are in seconds, 1,000 if they are in milliseconds.
    pub(crate) units_per_second: u64,
}

pub(crate) static TRANSACTION_COURSE: Course = Course {
    states: &[
        ("Submitted", 0),
        ("PendingSignature", 5_000),
        ("Broadcasting", 10_000),
        ("Confirming", 15_000),
        ("Completed", 60_000),
    ],
    failed: Some("Failed"),
    reason: Some("failed_reason"),
    at_success: None,
    parts: None,
    units_per_second: 1_000,
};

pub(crate) static ORDER_COURSE: Course = Course {
    states: &[
        ("Pending", 0),
        ("Processing", 30_000),
        ("Completed", 60_000),
    ],
    failed: Some("Expired"),
    reason: None,
    at_success: Some(("received_token_amount", "payable_amount")),
    parts: None,
    units_per_second: 1,
};

pub(crate) static REFUND_COURSE: Course = Course {
    states: &[("Pending", 0), ("Processing", 5_000), ("Completed", 60_000)],
    failed: Some("Failed"),
    reason: Some("failed_reason"),
    at_success: None,
    parts: None,
    units_per_second: 1,
};

/// A payment that comes from outside.
pub(crate) static DEPOSIT_COURSE: Course = Course {
    states: &[("Confirming", 0), ("Completed", 45_000)],
    failed: Some("Failed"),
    reason: Some("failed_reason"),
    at_success: None,
    parts: None,
    units_per_second: 1_000,
};

pub(crate) static TSS_COURSE: Course = Course {
    states: &[
        ("PendingKeyHolderConfirmation", 0),
        ("KeyGenerating", 10_000),
        ("Success", 60_000),
    ],
    failed: Some("KeyGeneratingFailed"),
    reason: None,
    at_success: None,
    parts: None,
    units_per_second: 1_000,
};

pub(crate) static PAYOUT_COURSE: Course = Course {
    states: &[
        ("Pending", 0),
        ("Preparing", 5_000),
        ("Transferring", 10_000),
        ("Completed", 60_000),
    ],
    failed: Some("Failed"),
    reason: Some("failed_reason"),
    at_success: None,
    parts: None,
    units_per_second: 1,
};

pub(crate) static SETTLEMENT_COURSE: Course = Course {
    states: &[("Pending", 0), ("Processing", 5_000), ("Completed", 60_000)],
    failed: Some("Failed"),
    reason: None,
    at_success: None,
    parts: Some("settlements"),
    units_per_second: 1,
};

pub(crate) static SWEEP_COURSE: Course = Course {
    states: &[("Pending", 0), ("Processing", 5_000), ("Completed", 60_000)],
    failed: None,
    reason: None,
    at_success: None,
    parts: None,
    units_per_second: 1,
};

pub(crate) static SWEEP_TASK_COURSE: Course = Course {
    states: &[("Submitted", 0), ("TransactionCreated", 5_000)],
    // There is no state for a failed task.
    failed: Some("Submitted"),
    reason: Some("failed_reasons"),
    at_success: None,
    parts: None,
    units_per_second: 1_000,
};

impl Course {
    /// Gives the parts of an object its status, and what is paid of them.
    pub(crate) fn set_parts(&self, value: &mut Value) {
        let status = value["status"].clone();
        let parts = self.parts.and_then(|parts| value.get_mut(parts));
        for part in parts.and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(amount) = part.get("amount").cloned() {
                let paid = status == "Completed";
                part["settled_amount"] = if paid { amount } else { json!("0") };
            }
            part["status"] = status.clone();
        }
    }

    /// How many milliseconds after its creation an object enters this state.
    pub(crate) fn enters_after(&self, state: &str) -> u64 {
        let entered = self.states.iter().find(|(name, _)| *name == state);
        entered.map_or(0, |(_, after)| *after)
    }

    /// Whether an object can stay in this state.
    pub(crate) fn can_stay(&self, state: &str) -> bool {
        self.before_last().any(|(name, _)| *name == state)
    }

    /// The names of the states in which an object can stay.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.before_last().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    fn before_last(&self) -> impl Iterator<Item = &(&'static str, u64)> {
        self.states.iter().take(self.states.len().saturating_sub(1))
    }

    /// How long after its creation an object reaches its last state; `None` if it stays in one before.
    pub(crate) fn ends_after(&self, ending: &Ending) -> Option<u64> {
        match ending.stays_in() {
            Some(_) => None,
            None if ending.at_once => Some(0),
            None => self.states.last().map(|(_, after)| *after),
        }
    }

    /// Brings an object, created `age` milliseconds ago, to its state. It does not get past `pause`.
    pub(crate) fn advance(
        &self,
        value: &mut Value,
        ending: &Ending,
        pause: Option<&Pause>,
        created_ms: u64,
        age: u64,
    ) {
        let last = self.states.len().saturating_sub(1);
        let mut reached = None;
        for (index, (name, after)) in self.states.iter().enumerate() {
            let after = if ending.at_once { 0 } else { *after };
            if after > age {
                break;
            }
            reached = Some((index, *name, after));
            if let Some(pause) = pause.filter(|pause| pause.state == *name) {
                if let Some(sub_status) = pause.sub_status {
                    value["sub_status"] = json!(sub_status);
                }
                break;
            }
            if ending.stays_in() == Some(name) {
                break;
            }
        }
        let Some((index, name, after)) = reached else {
            return;
        };
        if let Some(updated) = value.get_mut("updated_timestamp") {
            *updated = json!((created_ms + after) * self.units_per_second / 1_000);
        }
        match ending.failure() {
            Some(reason) if index == last => {
                value["status"] = json!(self.failed.unwrap_or(name));
                if let Some(property) = self.reason {
                    let is_list = value[property].is_array();
                    value[property] = if is_list {
                        json!([reason])
                    } else {
                        json!(reason)
                    };
                }
            }
            _ => {
                value["status"] = json!(name);
                if index == last
                    && let Some((to, from)) = self.at_success
                {
                    value[to] = value[from].clone();
                }
            }
        }
        self.set_parts(value);
    }
}
