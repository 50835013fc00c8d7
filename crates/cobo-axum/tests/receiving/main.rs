//! What arrives is verified, recorded and acknowledged, or refused.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod callbacks;
mod clock;
mod failing_log;
mod inbox;
mod layer;
mod limits;
mod refused;
mod settings;
#[path = "../support/mod.rs"]
mod support;
