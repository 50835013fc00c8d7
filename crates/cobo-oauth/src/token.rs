//! Access tokens that stay fresh.
//!
//! # Design
//!
//! - [`TokenSource`] and [`OrgCredential`] are handles to one `Shared`: the issuer (Cobo), the
//!   store, the clocks, the limits, and a map from organization id to `OrgTokens`.
//! - `OrgTokens` owns everything about one organization: the `CachedToken`, which callers read
//!   without a lock, and the `RefreshState`, behind a mutex that is never held across an await.
//! - A `CachedToken` is immutable. The time alone decides its `Phase`: `Fresh`, `RefreshDue` (a
//!   refresh starts, callers get this token), `RefreshRequired` (callers wait for the refresh),
//!   `Expired` (never served).
//! - `RefreshState` has one `Activity`: `Idle`, `Refreshing` with the `RefreshHandle` that all
//!   callers wait on, or `BackingOff` with the `Backoff` whose error they get instead.
//! - A `RefreshTask` makes one attempt in a tokio task. It makes a `Plan`: adopt a token that
//!   another process stored, or obtain one by `refresh_token` or `get_token`, as its
//!   `RefreshReason` allows. It saves the new pair, installs the token, and publishes one
//!   `RefreshOutcome`.
//! - `invalidate` and `forget` increase the epoch of the `RefreshState`, so that the result of a
//!   running task is discarded.
//! - The refresh token is only in the store. A task takes it out durably before it sends it. A pair
//!   that the store could not save stays in `OrgTokens`, and a save task retries.
//! - Installation callbacks have a `CallbackTask` for each organization, which asks for
//!   `RefreshReason::Callback` within the `CallbackLimits`.
//! - Each of these imports only later ones: `TokenSourceBuilder`; `TokenSource`; `OrgCredential`,
//!   `OrgWatch`; the ways to get and invalidate a token (`access`, `callback`, `invalidation`); the
//!   steps of a refresh (`attempt`, `plan`, `issued_pair`, `unsaved_pair`); `RefreshTask`; `Shared`;
//!   `OrgTokens`; `RefreshState`; `CachedToken`.

mod access;
mod attempt;
mod builder;
mod cached_token;
mod callback;
mod callback_limits;
mod callback_state;
mod cobo_clock;
mod credential;
mod error;
mod installation;
mod invalidation;
mod issued_pair;
mod issuer;
mod limits;
mod metrics;
mod moment;
mod org_state;
mod org_tokens;
mod org_watch;
mod plan;
mod rate_limit;
mod refresh_state;
mod refresh_task;
mod shared;
mod source;
mod store_access;
#[cfg(test)]
mod tests;
mod unsaved_pair;
mod window;

pub use builder::TokenSourceBuilder;
pub use credential::OrgCredential;
pub use error::{TokenError, TokenErrorKind};
pub use installation::{Approval, Installation, InstallationError, InstallationOutcome};
pub use org_state::OrgState;
pub use org_watch::OrgWatch;
pub use source::TokenSource;
