//! What Cobo sends to an app: webhook events and callbacks, in typed form.
//!
//! [`InboundVerifier`](cobo_auth::InboundVerifier) verifies a request first; its
//! [`parse`](cobo_auth::Verified::parse) then returns an [`Event`] or a [`CallbackRequest`].
//!
//! ```
//! use cobo_auth::{InboundError, InboundVerifier};
//! use cobo_waas2::webhooks::{Event, Router};
//!
//! fn router() -> Router {
//!     Router::new()
//!         .on_transaction(async |event| {
//!             println!("{}: {}", event.data.transaction_id, event.data.status);
//!             Ok::<_, std::io::Error>(())
//!         })
//!         .otherwise(async |event| {
//!             println!("{} is not handled", event.type_);
//!             Ok::<_, std::io::Error>(())
//!         })
//! }
//!
//! fn parse(
//!     verifier: &InboundVerifier,
//!     body: &[u8],
//!     headers: &http::HeaderMap,
//! ) -> Result<Event, InboundError> {
//!     Ok(verifier.verify(body, headers)?.parse::<Event>()?.into_inner())
//! }
//! ```
//!
//! A handler that uses the app's state clones it for each event. An `async |event|` closure cannot
//! capture state: use an `async move` block.
//!
//! ```
//! use std::sync::Arc;
//!
//! use cobo_waas2::webhooks::Router;
//!
//! struct Db;
//!
//! impl Db {
//!     async fn save(&self, _transaction_id: &str) -> std::io::Result<()> {
//!         Ok(())
//!     }
//! }
//!
//! fn router(db: Arc<Db>) -> Router {
//!     Router::new().on_transaction(move |event| {
//!         let db = db.clone();
//!         async move { db.save(&event.data.transaction_id).await }
//!     })
//! }
//! ```

mod callback;
mod event;
mod latest;
mod router;

pub use callback::{CallbackRequest, Decision};
pub use event::Event;
pub use latest::Latest;
pub use router::{BoxError, Router, RouterError};
