//! Receives webhooks, callbacks and user info tokens of Cobo's in an axum server.
//!
//! - [`Inbox`] receives webhooks: it verifies each, records it in an [`EventLog`], acknowledges it
//!   only then, and calls the handlers of a [`Router`](cobo_waas2::webhooks::Router) in the
//!   background, again after a failure. Nothing is acknowledged and then lost.
//! - [`callback`] answers callbacks with exactly `ok` or `deny`.
//! - [`Webhook`] is an extractor for servers that record events themselves, and [`VerifyLayer`] a tower
//!   layer for other servers than axum.
//! - `InstallationCallback` (feature `oauth`) is an extractor for installation callbacks.
//! - `UserInfo` (feature `user-info`) is an extractor for the user who opened the app in Cobo's portal.
//!
//! Events are kept in a [`MemoryLog`] for tests, a `RedbLog` (feature `redb`, on by default) for one
//! process, or a `RedisLog` (feature `redis`) for processes on several machines.
//!
//! Requests that do not verify are answered with 400, 401, 408, 413 or 503 and a short text, and are
//! logged with the reason. A request that verifies is from Cobo, but may be about another customer of Cobo:
//! see [`Inbox`] and [`callback`].
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use cobo_auth::{Environment, InboundVerifier};
//! use cobo_axum::{Inbox, MemoryLog, callback};
//! use cobo_waas2::webhooks::{Decision, Router};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = InboundVerifier::new(&Environment::production())?;
//! let handlers = Router::new()
//!     .on_transaction(async |event| {
//!         // A real app first checks that `event.data.wallet_id` is one of its wallets.
//!         println!("{}: {}", event.data.transaction_id, event.data.status);
//!         Ok::<_, std::io::Error>(())
//!     })
//!     // Without this, events of other types are parked.
//!     .otherwise(async |_| Ok::<_, std::io::Error>(()));
//! // The request ids of this app's own records. A real app also compares wallet, token, amount and recipient.
//! let ours = std::collections::BTreeSet::from(["order-1024".to_owned()]);
//! // In memory: events that are not handled yet are lost when the process ends. `RedbLog` keeps them.
//! let inbox = Inbox::builder(verifier.clone(), MemoryLog::new(10_000), handlers).start()?;
//! let app = axum::Router::new()
//!     .route("/webhook", inbox.route())
//!     .route(
//!         "/callback",
//!         callback(verifier, Duration::from_secs(5), move |transaction| {
//!             let id = transaction.request_id.as_ref();
//!             let known = id.is_some_and(|id| ours.contains(id));
//!             let decision = match known {
//!                 true => Decision::Approve,
//!                 false => Decision::Deny("not one of our requests".to_owned()),
//!             };
//!             async { Ok::<_, std::io::Error>(decision) }
//!         }),
//!     );
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod callback;
mod inbox;
#[cfg(feature = "oauth")]
mod installation;
mod layer;
mod log;
mod receive;
mod rejection;
#[cfg(feature = "user-info")]
mod user_info;
mod webhook;

// In the API of this crate: callers get the right version from here.
pub use axum;
pub use callback::callback;
pub use inbox::Inbox;
pub use inbox::builder::{InboxBuilder, StartError};
#[cfg(feature = "oauth")]
pub use installation::InstallationCallback;
pub use layer::{Verify, VerifyLayer};
pub use log::memory::MemoryLog;
#[cfg(feature = "redb")]
pub use log::redb::{RedbLog, RedbLogBuilder};
#[cfg(feature = "redis")]
pub use log::redis::{RedisLog, RedisLogBuilder};
pub use log::{Claim, Counts, EventLog, LogError, NewEvent, ParkedEvent, Recorded};
pub use receive::ReadLimits;
pub use rejection::Rejection;
#[cfg(feature = "user-info")]
pub use user_info::UserInfo;
pub use webhook::Webhook;
pub use {tower_layer::Layer, tower_service::Service};

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "redb"))]
#[doc = include_str!("../README.md")]
mod readme {}
