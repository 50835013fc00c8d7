//! A token source against a Cobo, a store and clocks that do what they are told.

mod callbacks;
mod clocks;
mod cobo;
mod organizations;
mod owners;
mod property;
mod scenarios;
mod store;
mod world;
