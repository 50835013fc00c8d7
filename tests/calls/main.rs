//! One call, from the bytes that leave to the error that the caller gets.

#![allow(clippy::unwrap_used, clippy::panic)] // a panic fails the test

mod cobo_time;
mod connecting;
mod credentials;
mod explanations;
mod faults;
mod http2;
mod https;
mod layers;
mod localhost;
mod options;
mod outcomes;
mod receiving;
mod recovery;
mod retries;
mod secrets;
mod user_info;
mod wire;
