//! Tests of a token source with a fake Cobo, a fake store and fake clocks.

mod callbacks;
mod clocks;
mod cobo;
mod fixtures;
mod organizations;
mod owners;
mod property;
mod scenarios;
mod store;
