//! How objects end.

/// How a created object ends, for [`Sandbox::script_end`](crate::Sandbox::script_end).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an end does nothing until it is scripted"]
pub struct End(pub(crate) Ending);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    how: How,
    /// Whether the object is in its last state as soon as it is created.
    pub(crate) at_once: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    Succeeds,
    Fails(String),
    Stays(String),
}

impl Ending {
    /// Why the object fails; `None` if it does not fail.
    pub(crate) fn failure(&self) -> Option<&str> {
        match &self.how {
            How::Fails(reason) => Some(reason),
            How::Succeeds | How::Stays(_) => None,
        }
    }
    /// The state in which the object stays.
    pub(crate) fn stays_in(&self) -> Option<&str> {
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
    /// `failed_reason`; a pay-in order expires, and a TSS request is `KeyGeneratingFailed`. An auto-sweep task stays
    /// `Submitted` and has the reason in its `failed_reasons`. A forced sweep cannot fail.
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
