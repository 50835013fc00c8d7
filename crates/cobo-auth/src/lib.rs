//! Signs requests to Cobo WaaS 2.0, sends them, and verifies the responses.
//!
//! Every generated Cobo client uses this crate. It can also be used alone, for endpoints that no
//! document describes:
//!
//! ```no_run
//! use cobo_auth::http::Method;
//! use cobo_auth::{Client, Ed25519Signer, Environment, FixedToken};
//!
//! # async fn example(token: String) -> Result<(), Box<dyn std::error::Error>> {
//! let signer = Ed25519Signer::from_hex(&std::env::var("COBO_APP_SECRET")?)?;
//! let client = Client::new(Environment::production(), signer)?;
//!
//! let organization = client
//!     .request(Method::GET, "/organizations/info")
//!     .credential(FixedToken::new(token)?)
//!     .send()
//!     .await?;
//! println!("{}", organization.json::<serde_json::Value>()?["name"]);
//! # Ok(())
//! # }
//! ```
//!
//! What it guarantees:
//!
//! - **The bytes that are signed are the bytes that are sent.** Path and query are written in [one
//!   canonical form](canonicalize) that every reading of Cobo's signature scheme agrees on; the
//!   body is serialised once.
//! - **Every attempt has its own nonce**, random by default, so that processes can share a key. See
//!   [`NonceStrategy`] for servers that accept milliseconds only.
//! - **A client with a [`Credential`] acts for an organization**: every call except those below
//!   `/oauth/` sends the credential's access token.
//! - **Redirects are never followed.** A redirect is an error, and a request is only sent to the
//!   origin of the environment.
//! - **Responses are verified** with the [environment's](Environment) key, over the raw bytes,
//!   before they are parsed.
//! - **What Cobo sends is verified, too**: an [`InboundVerifier`] turns the body of a webhook or callback
//!   into a [`Verified`] one, and only that can be parsed.
//! - **User info tokens are verified**, with the feature `user-info`: a `UserInfoVerifier` checks the
//!   portal's tokens, which say which user opened the app.
//! - **Calls are traced** with `tracing`: a span for each call (`cobo`, at `info`, with `operation`
//!   and, if the credential knows it, `org_id`), below it a span for each request that it sends
//!   (`attempt`, at `info`), a warning for each failed attempt that is retried, and one event at
//!   `debug` when a call succeeds or fails. The events also have `attempt`, `status`, `code` and
//!   `error_id`. The fields of the spans follow OpenTelemetry's semantic conventions.
//! - **Secrets are not leaked.** Keys and tokens are wiped from memory, and redacted in `Debug` and
//!   in the texts of errors.
//!
//! Methods, status codes and headers are types of the crate `http`, which is exported as [`http`].
//!
//! # Metrics
//!
//! With the feature `metrics`, calls are counted and timed through the crate `metrics`:
//!
//! | metric | kind | what |
//! | --- | --- | --- |
//! | `cobo_calls_total` | counter | calls, all of their attempts together |
//! | `cobo_call_attempts_total` | counter | signed requests, and attempts that failed before one was sent |
//! | `cobo_call_duration_seconds` | histogram | time of a call with all of its attempts and pauses |
//!
//! Each has two labels: `operation` is the operation's id in the document, or `raw` for a request
//! without one; `outcome` is `success`, or the [kind](ErrorKind) of the error in `snake_case`. A call
//! counts as a success when its response is verified. The response is decoded after that, so a
//! response that does not decode is an event in the log and is not counted here.
#![cfg_attr(docsrs, feature(doc_cfg))]

// The second condition is for a test, on machines without the target.
#[cfg(any(target_arch = "wasm32", cobo_test_wasm32))]
compile_error!(
    "cobo-auth does not support wasm32: it needs TCP connections and the time of the operating system, and \
     a private key does not belong in a web page; call Cobo from a server, and use `cobo-model` alone for \
     the models"
);

mod body;
mod call;
mod client;
#[doc(hidden)]
pub mod codegen;
mod error;
/// What the fuzz targets call. Not for other code.
#[cfg(feature = "user-info")]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::user_info::verifier::verify_with_jwks;
}
mod inbound;
mod keys;
mod operation;
mod request_id;
mod sign;
#[cfg(feature = "user-info")]
mod user_info;

pub use body::Body;
pub use call::response::Response;
pub use call::service::RequestService;
pub use client::Client;
pub use client::access_token::{AccessToken, Bearer};
pub use client::builder::ClientBuilder;
pub use client::clock::{Clock, Reading, SystemClock};
pub use client::credential::{Credential, FixedToken};
pub use client::environment::Environment;
pub use client::retry::RetryPolicy;
pub use client::transport::connect::{ConnectAttempt, ConnectOutcome};
pub use client::transport::options::HttpOptions;
pub use client::transport::resolver::{Resolver, ResolverError};
pub use cobo_model::{
    Date, DateError, DecodeError, File, MissingFields, Nullable, Number, NumberError, Secret,
};
pub use error::body::ErrorBody;
pub use error::code::ErrorCode;
pub use error::{Error, ErrorKind, Execution};
pub use inbound::error::{InboundError, InboundErrorKind};
pub use inbound::verified::Verified;
pub use inbound::verifier::InboundVerifier;
pub use keys::ed25519::Ed25519Signer;
pub use keys::error::KeyError;
pub use keys::public_key::{Curve, PublicKey};
#[cfg(feature = "secp256k1")]
pub use keys::secp256k1::Secp256k1Signer;
pub use keys::secret_key::SecretKey;
pub use keys::signer::{Signature, Signer, SignerError};
pub use operation::pages::{CursorPage, Items, PageItems, Pages};
pub use operation::{CallFuture, Operation, Request, SigningPreview};
pub use request_id::{IdempotencyKey, RequestId, RequestIdError};
pub use sign::message::{Digest, Message, double_sha256};
pub use sign::nonce::NonceStrategy;
pub use sign::target::{TargetError, canonicalize};
pub use sign::verifier::ResponseKeys;
#[cfg(feature = "user-info")]
pub use user_info::builder::UserInfoVerifierBuilder;
#[cfg(feature = "user-info")]
pub use user_info::claims::{RoleName, UserClaims};
#[cfg(feature = "user-info")]
pub use user_info::error::{UserInfoError, UserInfoErrorKind};
#[cfg(feature = "user-info")]
pub use user_info::jwks::JwksError;
#[cfg(feature = "user-info")]
pub use user_info::verifier::UserInfoVerifier;
// In the API of this crate: callers get the right version from here.
pub use {futures_core::Stream, http};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
