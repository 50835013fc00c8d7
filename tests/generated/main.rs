//! The generated OAuth client: its API as snapshots, and its operations on the sandbox.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod api;
mod oauth;
