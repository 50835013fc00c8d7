//! A token source against a Cobo, a store and clocks that do what they are told.

mod cobo;
mod organizations;
mod property;
mod scenarios;
mod store;
mod world;
