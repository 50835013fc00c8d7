//! What is signed and verified: recorded vectors, inputs that cannot be signed, nonces, and the properties
//! of the fuzz targets.

#![allow(clippy::unwrap_used, clippy::panic)] // a panic fails the test

mod corpus;
mod nonces;
mod unsignable;
mod vectors;
mod verifying;
