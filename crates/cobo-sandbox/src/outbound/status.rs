//! The state of a delivery.

/// The state of a delivery, with Cobo's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// No attempt has succeeded yet, and there are attempts left.
    #[default]
    Retrying,
    /// The receiver accepted the message.
    Success,
    /// All attempts failed, or the sandbox cannot post to the URL.
    Failed,
}

impl DeliveryStatus {
    /// Cobo's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Retrying => "Retrying",
            Self::Success => "Success",
            Self::Failed => "Failed",
        }
    }
}

/// The state of a delivery.
#[derive(Clone, Copy)]
pub(crate) struct DeliveryState {
    pub(crate) status: DeliveryStatus,
    /// How many attempts are left.
    pub(crate) left: usize,
    /// When the next attempt is made, in milliseconds since 1970.
    pub(crate) next_ms: Option<u64>,
}
