//! Webhooks and callbacks: what the sandbox sends.

use std::time::Duration;

use super::handle::Sandbox;
use crate::outbound::{Delivery, DeliveryStatus, Message, UrlError};
use crate::signature::AppKey;

/// Webhooks and callbacks: what the sandbox sends.
impl Sandbox {
    /// Posts a webhook event or a callback, signed with the sandbox's key ([`Sandbox::response_public_key`]).
    ///
    /// An event is delivered when it is answered with 200 or 201 within 2 seconds, a callback when it is also answered
    /// with exactly `ok` or `deny`. Otherwise it is sent again: an event 10 times in all, a callback 30 times. The next
    /// attempt is made one minute later by the sandbox's clock, and each further pause is twice as long, up to an hour.
    /// Cobo does not document its pauses, so these are a guess. Each attempt is signed with its own time.
    ///
    /// Give your verifier the sandbox's [clock](Sandbox::clock), if you advance it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), cobo_sandbox::StartError> {
    /// use cobo_sandbox::{DeliveryStatus, Message, Sandbox};
    /// use serde_json::json;
    ///
    /// let sandbox = Sandbox::start().await?;
    /// let data = json!({ "data_type": "Chains", "chains": [] });
    /// // Nothing listens on port 1.
    /// let event = Message::event("http://127.0.0.1:1/webhook", "wallet.chain.enabled", data);
    /// let delivery = sandbox.deliver(event);
    /// assert_eq!(sandbox.finish(&delivery).await, DeliveryStatus::Failed);
    /// assert_eq!(delivery.attempts().len(), 10);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// None: the reason why an attempt failed is in [`Attempt::error`](crate::Attempt::error). If the sandbox cannot
    /// post to the URL ([`UrlError`]), it makes no further attempt.
    pub fn deliver(&self, message: Message) -> Delivery {
        self.state.deliver(message)
    }

    /// Moves the sandbox's time forward to each attempt of a delivery, until it has succeeded or failed.
    pub async fn finish(&self, delivery: &Delivery) -> DeliveryStatus {
        let mut made = 0;
        loop {
            let progress = delivery.wait_for(|it| it.attempts.len() > made).await;
            let Some(next_ms) = progress.next_ms else {
                return progress.status;
            };
            made = progress.attempts.len();
            let missing_ms = next_ms.saturating_sub(self.now_ms());
            self.advance(Duration::from_millis(missing_ms));
        }
    }

    /// Returns the deliveries, oldest first: those of [`Sandbox::deliver`], those of events that changes of
    /// the sandbox's state cause, and those of callbacks. At most 10,000 are kept.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.outbound.all()
    }

    /// Sets the URL that must approve every transfer and contract call that this key starts, with
    /// `Sandbox::waas2`.
    ///
    /// Such a transaction has the state `PendingAuthorization` until the callback is answered. With `ok` it goes on,
    /// with `deny` it ends as `Rejected`. If all attempts fail, it stays as it is.
    ///
    /// # Errors
    ///
    /// The sandbox cannot post to the URL.
    pub fn set_callback(&self, key: &AppKey, url: impl Into<String>) -> Result<(), UrlError> {
        self.state.outbound.set_callback(key, url.into())
    }

    /// Removes the callback URL of this key: its transfers and contract calls need no approval any more.
    pub fn remove_callback(&self, key: &AppKey) {
        self.state.outbound.remove_callback(key);
    }
}
