//! A local Cobo server for development and tests.
//!
//! [`Sandbox::start`] runs a real HTTP server on a free port of this machine. It knows an app, the app's keys and the
//! organizations that have the app installed. It checks every signature over the bytes that it received, it issues,
//! rotates and expires tokens, and it signs every response with its own key. A test uses the sandbox's handle to
//! install and remove the app, end tokens, advance the time, and read the requests that were received.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), cobo_sandbox::StartError> {
//! use std::time::Duration;
//! use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! println!("point a client at {}", sandbox.base_url());
//!
//! sandbox.advance(Duration::from_secs(12 * 60 * 60)); // every access token has expired
//! sandbox.expire_refresh_tokens(DEMO_ORG_ID); // and the client must call `get_token` again
//! # Ok(())
//! # }
//! ```
//!
//! As a program, `cargo run -p cobo-sandbox` prints one line of JSON when it is ready, with `base_url`, `client_id`,
//! `org_ids`, `app_keys`, `app_secret` and `response_public_key`; `--help` lists its options.
//!
//! # Endpoints
//!
//! | operation | request | success |
//! | --- | --- | --- |
//! | `get_token` | `GET /v2/oauth/token` | 200 |
//! | `refresh_token` | `POST /v2/oauth/token` | 200 |
//! | `exchange_permission_token` | `POST /v2/oauth/permission_token/exchange` | 201 |
//! | `refresh_permission_token` | `POST /v2/oauth/permission_token/refresh` | 201 |
//! | `get_org_info` | `GET /v2/organizations/info`, with a bearer | 200 |
//! | `get_jwks` | `GET /v2/oauth/authorize/jwks.json`, without a signature | 200 |
//!
//! With an OpenAPI document ([`SandboxBuilder::specification`], `--spec FILE`), the sandbox also answers every other
//! operation of the document. An independent validator checks requests against the document, and the answers are values
//! made from its schemas. Lists are finite: `limit` is respected, the last page has an empty cursor, an unknown cursor
//! is refused, and items that do not match a query parameter are left out. A parameter filters by the property with the
//! same name or with its singular (`wallet_ids` by `wallet_id`), and a list separated by commas matches any of its
//! values.
//!
//! # Two kinds of keys
//!
//! | key | registered with | access token |
//! | --- | --- | --- |
//! | an app's | [`SandboxBuilder::app_key`], `--app-key` | required for every operation except those below `/oauth/`, whatever the document's `security` says |
//! | an organization's own | [`SandboxBuilder::org_key`], `--org-key` | refused if sent. The operations below `/oauth/` are refused too |
//!
//! # Failures
//!
//! A test decides how the next calls of any operation are answered, including the sandbox's own operations
//! ([`Sandbox::script`]): with an error, with headers, with a delay, with an old timestamp, without a signature, or
//! with a connection that is closed too early. Lists are scripted as pages ([`Sandbox::script_pages`]).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cobo_sandbox::http::StatusCode;
//! use cobo_sandbox::{Answer, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! let throttled = Answer::error(StatusCode::TOO_MANY_REQUESTS, 2026).header("Retry-After", "2");
//! // The refresh is carried out, and its answer is lost.
//! let lost = Answer::as_usual().dropped();
//! sandbox.script("refresh_token", [throttled, lost])?;
//! // Let the app under test refresh its token here, and look at what arrived:
//! assert_eq!(sandbox.replayed_refresh_tokens(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! # What the sandbox sends
//!
//! [`Sandbox::deliver`] posts a webhook event or a callback to an app, signs it, sends it again after a failure as Cobo
//! does, and records the answers. With `Sandbox::waas2`, changes become events for the endpoints that are registered with
//! `create_webhook_endpoint`, `trigger_test_webhook_event` sends a test event, a failed message is sent again by
//! `retry_webhook_event_by_id` or `retry_callback_message`, and a transfer or contract call waits for the callback of its
//! key ([`Sandbox::set_callback`]). An endpoint gets the events of the organization that registered it.
//!
//! `list_webhook_events`, `get_webhook_event_by_id` and `list_webhook_event_logs` show what was sent to an endpoint, so
//! that an app can be tested that reads what it missed; `list_callback_messages` shows the callbacks. An event of
//! [`Sandbox::deliver`] belongs to each endpoint with its URL. A callback is listed when it has an outcome. The log of an
//! attempt does not say how long the answer took. The 10,000 newest messages are kept.
//!
//! # Guesses
//!
//! Where Cobo's documentation says nothing, the sandbox guesses. Do not rely on these with Cobo:
//!
//! - Pauses between the attempts to deliver a message are 1, 2, 4, … minutes, up to an hour.
//! - The states of an object follow one another after fixed times.
//! - A fee is charged in the coin of the token's chain, and that coin has the id of the chain: `ETH` for `ETH_USDT`.
//!   This is not so for every chain.
//! - A transfer with `transaction_process_type` = `BuildOnly` waits in `PendingSignature` with the sub-status `Built`,
//!   for every type of wallet.
//! - A settlement moves through its states together with all of its parts. A part without an amount has none.
//! - An auto-sweep task has its transactions after 5 seconds: a transfer from each address with a balance. A cancelled
//!   task stays `Submitted`. Each chain has its own sweep-to address, although all EVM chains share one at Cobo.
//! - The balance of a merchant has no developer fees, and a refund without an order is one of top-ups.
//! - Lists are sorted by creation, oldest first, unless the query says otherwise.
//!
//! # Refusals
//!
//! | what is wrong | status | body |
//! | --- | --- | --- |
//! | a header of the signature missing, unknown key, bad signature, nonce used before or of a kind that is not accepted | 401 | `error_code` 2024 |
//! | parameter missing, empty or repeated, body not a JSON object | 400 | `invalid_request` |
//! | content type not JSON | 415 | `invalid_request` |
//! | unknown client id | 400 | `invalid_client` |
//! | another grant type | 400 | `unsupported_grant_type` |
//! | app not installed for the organization; refresh token unknown, used or expired | 400 | `invalid_grant` |
//! | an app's key without a bearer, or with a malformed one | 401 | `error_code` 2024 |
//! | an organization's own key with a bearer, or below `/oauth/` | 401 | `error_code` 2024 |
//! | access token unknown or expired | 500 | `error_code` 1000 |
//! | what the document does not allow, with `--spec` | 400 | `error_code` 2003 (something is missing) or 2006 |
//! | unknown pagination cursor, with `--spec` | 400 | `error_code` 2006 |
//! | an object that was not created, or a message that was not sent, with `Sandbox::waas2` | 404 | `error_code` 2028 |
//! | a used `request_id` of a transfer or contract call, with `Sandbox::waas2` | 400 | `error_code` 30001 |
//! | an order or transaction that ended already is ended, with `Sandbox::waas2` | 400 | `error_code` 2006 |
//! | a transaction is signed or broadcast that does not wait for it, with `Sandbox::waas2` | 400 | `error_code` 2006 |
//! | a test event that is not about a transaction or TSS request; a delivered message is sent again | 400 | `error_code` 2006 |
//! | no such path; no such method | 404; 405 | `error_code` 2021 |
//! | body over 1 MiB | 413 | `error_code` 2006 |
//!
//! The signature is checked first: an unsigned request gets a 401 on every path but that of `get_jwks`. Where Cobo's documentation is
//! ambiguous, the sandbox is strict, so that a client that works here is likely to work with Cobo: a nonce is accepted
//! once, a refresh token works once, and the key and the signature are in lower-case hex. Only input that is not HTTP
//! is answered without a signature.
//!
//! # Features
//!
//! All are on by default. Without them, the sandbox has fewer dependencies, and answers its own operations only.
//!
//! - `waas2`: `Sandbox::waas2` answers every operation of Cobo's WaaS 2.0 and keeps state.
//! - `specification`: reads OpenAPI documents ([`Specification`]), and answers from them.
//! - `program`: the program `cobo-sandbox`.
//!
//! # Why it shares no code with the client
//!
//! A server that used the client's signing code would accept every mistake in it. This crate therefore depends on none
//! of the client crates. It is written from the protocol, and tested with requests recorded from other implementations.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod courier;
mod demo;
mod endpoint;
mod list;
mod lock;
mod organization;
mod outbound;
mod reply;
mod sandbox;
mod script;
mod server;
mod signature;
mod spec;
mod state;
mod waas2;

pub use clock::Clock;
pub use demo::{DEMO_APP_KEY, DEMO_APP_SECRET, DEMO_CLIENT_ID, DEMO_ORG_ID};
pub use http;
pub use outbound::{Attempt, Delivery, DeliveryStatus, Message, UrlError};
pub use sandbox::{Sandbox, SandboxBuilder, StartError};
pub use script::{Answer, Page, ScriptError};
pub use signature::{
    AcceptedNonces, AppKey, AppKeys, KeyError, Refusal, RequestParts, SignedBy, check,
};
pub use spec::{Fields, Sample, SampleRequest, Specification, SpecificationError};
pub use state::{ReceivedRequest, Violation};
pub use waas2::{DepositError, End};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
