//! State for the operations of WaaS 2.0: what a call creates is found by later calls.
//!
//! `kind/rules.rs` lists which operations create, read and change which kind of object, and `kind/table.rs` lists the
//! kinds. All other operations are answered from the document, with the variants that the request selects.

#![cfg_attr(not(feature = "waas2"), allow(dead_code))]

mod action;
mod amount;
mod call;
mod check;
mod deposit;
mod events;
mod kind;
mod make;
mod objects;
mod store;

pub(crate) use call::Call;
pub use deposit::DepositError;
pub use kind::End;
pub(crate) use objects::Objects;
