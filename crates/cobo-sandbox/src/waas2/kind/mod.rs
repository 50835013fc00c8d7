//! The kinds of objects, the states that they move through, and what the operations do with them.

mod course;
mod end;
mod pause;
mod rules;
mod table;

pub use end::End;
pub(crate) use end::Ending;
pub(crate) use pause::{BUILT, Pause, SIGNED};
pub(crate) use rules::{
    Action, By, DEPOSIT_RULE, Rule, SWEEP_ADDRESS_RULE, SWEEP_RULE, TOP_UP_RULE, rule_of,
};
pub(crate) use table::{
    ADDRESS, ENDPOINT, Kind, Made, ORDER, REFUND, SETTLEMENT, SWEEP_ADDRESS, SWEEP_TASK, TOP_UP,
    TOP_UP_ADDRESS, TRANSACTION, WALLET,
};
