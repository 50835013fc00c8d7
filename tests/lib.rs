//! What the end-to-end tests and the benchmarks share.

#![allow(clippy::unwrap_used, clippy::expect_used)] // in a test a panic is the report

pub mod canned;
pub mod client;
pub mod vector;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
