//! Code shared by the end-to-end tests and the benchmarks.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic fails the test

pub mod bare;
pub mod canned;
pub mod capture;
pub mod certificates;
pub mod client;
pub mod contract;
pub mod directory;
pub mod failing;
pub mod journal;
pub mod process;
pub mod property;
pub mod proxy;
pub mod redis;
pub mod seen;
pub mod vector;

#[cfg(test)]
mod promises;

/// Compiles the examples of the README and of the reference pages.
#[cfg(doctest)]
mod pages {
    macro_rules! pages {
        ($($name:ident = $path:literal;)*) => {
            $(#[doc = include_str!($path)] pub struct $name;)*
        };
    }

    pages! {
        Readme = "../../README.md";
        OAuthApi = "../../docs/reference/OAuthApi.md";
        ExchangePermissionTokenRequest = "../../docs/reference/ExchangePermissionTokenRequest.md";
        RefreshPermissionTokenRequest = "../../docs/reference/RefreshPermissionTokenRequest.md";
        RefreshTokenRequest = "../../docs/reference/RefreshTokenRequest.md";
    }
}
