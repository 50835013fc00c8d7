//! The official SDKs: theirs against the sandbox, the sandbox against theirs, and the examples of their reference pages in
//! Rust.

#![allow(clippy::expect_used, clippy::unwrap_used)] // a panic fails the test

mod official;
mod seeds;
mod webhooks;
