//! Tokens that stay fresh: obtaining, refreshing and sharing them.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod installation;
mod obtaining;
mod refreshes;
#[cfg(unix)]
mod sharing;
mod telemetry;
mod tokens;
