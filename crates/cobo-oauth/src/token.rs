//! Access tokens that stay fresh.

mod builder;
mod callback;
mod cobo_clock;
mod credential;
mod entry;
mod error;
mod flight;
mod installation;
mod issuer;
mod key;
mod known;
mod limits;
mod live;
mod meter;
mod moment;
mod plan;
mod rate;
mod saving;
mod shared;
mod slot;
mod source;
mod state;
#[cfg(test)]
mod tests;
mod window;

pub use builder::TokenSourceBuilder;
pub use credential::OrgCredential;
pub use error::{TokenError, TokenErrorKind};
pub use installation::{Approval, Installation, InstallationError, InstallationOutcome};
pub use source::TokenSource;
pub use state::{OrgState, OrgWatch};
