//! The handle of a running sandbox, and the settings to start it.

mod builder;
mod deliver;
mod handle;
mod objects;
mod script;
mod start;
mod start_error;
mod user_info;

pub use builder::SandboxBuilder;
pub use handle::Sandbox;
pub use start_error::StartError;
