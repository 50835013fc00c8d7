//! What Cobo sends to an app: webhook events and callbacks, and the attempts to deliver them.

mod copies;
mod deliveries;
mod delivery;
mod message;
mod status;
mod target;

pub(crate) use copies::Copies;
pub(crate) use deliveries::Outbound;
pub use delivery::{Attempt, Delivery};
pub(crate) use delivery::{Order, Orders, Sent};
pub(crate) use message::Content;
pub use message::Message;
pub(crate) use status::DeliveryState;
pub use status::DeliveryStatus;
pub(crate) use target::Target;
pub use target::UrlError;
