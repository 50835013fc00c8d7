//! The states that an object moves through as time passes.

use serde_json::{Value, json};

use super::pause::Pause;

/// How a created object ends, for [`Sandbox::script_end`](crate::Sandbox::script_end).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an end does nothing until it is scripted"]
pub struct End(pub(super) Ending);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    how: How,
    /// Whether the object is in its last state as soon as it is created.
    at_once: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    Succeeds,
    Fails(String),
    Stays(String),
}

impl Ending {
    pub(super) fn fails(&self) -> bool {
        matches!(self.how, How::Fails(_))
    }

    /// The state in which the object stays.
    pub(super) fn stays_in(&self) -> Option<&str> {
        match &self.how {
            How::Stays(state) => Some(state),
            How::Succeeds | How::Fails(_) => None,
        }
    }
}

impl End {
    fn new(how: How) -> Self {
        Self(Ending {
            how,
            at_once: false,
        })
    }

    /// Makes the object move through all its states and succeed. This also happens without a
    /// script.
    pub fn succeeds() -> Self {
        Self::new(How::Succeeds)
    }

    /// Makes the object fail instead of reaching its last state. A transaction, a refund and a payout have this
    /// `failed_reason`; a pay-in order expires, and a TSS request is `KeyGeneratingFailed`. A forced sweep cannot fail.
    pub fn fails(reason: impl Into<String>) -> Self {
        Self::new(How::Fails(reason.into()))
    }

    /// Makes the object stay in this state, one of those before the last.
    pub fn stays(state: impl Into<String>) -> Self {
        Self::new(How::Stays(state.into()))
    }

    /// Makes the object reach its end at once: the first request for it after its creation gets its final
    /// state, although no time has passed. For code that creates an object and waits for its end itself.
    ///
    /// ```
    /// # async fn example(sandbox: cobo_sandbox::Sandbox) -> Result<(), Box<dyn std::error::Error>> {
    /// use cobo_sandbox::End;
    ///
    /// let ends = [End::succeeds().at_once(), End::fails("out of gas").at_once()];
    /// sandbox.script_end("create_transfer_transaction", ends)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn at_once(mut self) -> Self {
        self.0.at_once = true;
        self
    }
}

/// The states of a kind, in the property `status`.
pub(super) struct Course {
    /// Each state, and the milliseconds from the object's creation to it.
    pub(super) states: &'static [(&'static str, u64)],
    /// `None` if an object cannot fail.
    pub(super) failed: Option<&'static str>,
    /// The property with the reason of a failure.
    pub(super) reason: Option<&'static str>,
    /// At the last state, the first property gets the value of the second.
    pub(super) at_success: Option<(&'static str, &'static str)>,
    /// The list whose items have the same status.
    pub(super) parts: Option<&'static str>,
    /// The number of units in a second: 1 if the timestamps are in seconds, 1,000 if they are in milliseconds.
    pub(super) units_per_second: u64,
}

pub(super) static TRANSACTION_COURSE: Course = Course {
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

pub(super) static ORDER_COURSE: Course = Course {
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

pub(super) static REFUND_COURSE: Course = Course {
    states: &[("Pending", 0), ("Processing", 5_000), ("Completed", 60_000)],
    failed: Some("Failed"),
    reason: Some("failed_reason"),
    at_success: None,
    parts: None,
    units_per_second: 1,
};

/// A payment that comes from outside.
pub(super) static DEPOSIT_COURSE: Course = Course {
    states: &[("Confirming", 0), ("Completed", 45_000)],
    failed: Some("Failed"),
    reason: Some("failed_reason"),
    at_success: None,
    parts: None,
    units_per_second: 1_000,
};

pub(super) static TSS_COURSE: Course = Course {
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

pub(super) static PAYOUT_COURSE: Course = Course {
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

pub(super) static SETTLEMENT_COURSE: Course = Course {
    states: &[("Pending", 0), ("Processing", 5_000), ("Completed", 60_000)],
    failed: Some("Failed"),
    reason: None,
    at_success: None,
    parts: Some("settlements"),
    units_per_second: 1,
};

pub(super) static SWEEP_COURSE: Course = Course {
    states: &[("Pending", 0), ("Processing", 5_000), ("Completed", 60_000)],
    failed: None,
    reason: None,
    at_success: None,
    parts: None,
    units_per_second: 1,
};

impl Course {
    /// Gives the parts of an object its status, and what is paid of them.
    pub(super) fn set_parts(&self, value: &mut Value) {
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
    pub(super) fn enters_after(&self, state: &str) -> u64 {
        let entered = self.states.iter().find(|(name, _)| *name == state);
        entered.map_or(0, |(_, after)| *after)
    }

    /// Whether an object can stay in this state.
    pub(super) fn can_stay(&self, state: &str) -> bool {
        self.before_last().any(|(name, _)| *name == state)
    }

    /// The names of the states in which an object can stay.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.before_last().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    fn before_last(&self) -> impl Iterator<Item = &(&'static str, u64)> {
        self.states.iter().take(self.states.len().saturating_sub(1))
    }

    /// How long after its creation an object reaches its last state; `None` if it stays in one before.
    pub(super) fn ends_after(&self, ending: &Ending) -> Option<u64> {
        match ending.how {
            How::Stays(_) => None,
            How::Succeeds | How::Fails(_) if ending.at_once => Some(0),
            How::Succeeds | How::Fails(_) => self.states.last().map(|(_, after)| *after),
        }
    }

    /// Brings an object, created `age` milliseconds ago, to its state. It does not get past `pause`.
    pub(super) fn advance(
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
        match &ending.how {
            How::Fails(reason) if index == last => {
                value["status"] = json!(self.failed.unwrap_or(name));
                if let Some(property) = self.reason {
                    value[property] = json!(reason);
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
