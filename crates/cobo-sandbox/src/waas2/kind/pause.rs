//! States in which objects wait for a call.

/// A state in which an object waits for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) state: &'static str,
    pub(crate) sub_status: Option<&'static str>,
}

/// A transaction that Cobo has built and does not sign by itself.
pub(crate) static BUILT: Pause = Pause {
    state: "PendingSignature",
    sub_status: Some("Built"),
};

/// A transaction that Cobo has signed and does not send to the chain by itself.
pub(crate) static SIGNED: Pause = Pause {
    state: "Broadcasting",
    sub_status: None,
};
