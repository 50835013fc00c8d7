//! The generator: OpenAPI documents in, client crates and reference pages out.
//!
//! A library as well as a program, so that its tests can run one stage at a time. It is not
//! published: names and types say what there is, comments say why.
#![allow(missing_docs)]

pub mod api;
pub mod catalog;
pub mod cli;
pub mod decisions;
pub mod diff;
pub mod document;
pub mod exercise;
pub mod media;
pub mod output;
pub mod print;
pub mod reference;
pub mod refusal;
pub mod regen;
pub mod rendering;
pub mod report;
pub mod rust_name;
pub mod schema;
mod silence;
pub mod stage;
pub mod standalone;
pub mod workspace;
