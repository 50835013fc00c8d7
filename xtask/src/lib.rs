//! The generator: reads OpenAPI documents and writes client crates and reference pages.
//!
//! It is a library as well as a program, so that tests can run one stage at a time. It is not
//! published, so `missing_docs` is allowed.
#![allow(missing_docs)]

pub mod adopt;
pub mod api;
mod catch_panic;
pub mod cli;
pub mod conformance;
pub mod console;
pub mod decisions;
pub mod diagnostic;
pub mod diff;
pub mod document;
pub mod kind;
pub mod marks;
pub mod media;
pub mod output;
pub mod print;
mod reachable;
pub mod regen;
pub mod release;
pub mod report;
pub mod rust_name;
pub mod schema;
pub mod stage;
pub mod standalone;
pub mod workspace;
mod yaml_writer;
