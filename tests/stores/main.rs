//! Where token pairs are kept: memory, files and Redis, and what happens when they fail.

#![allow(clippy::unwrap_used)] // a panic fails the test

#[cfg(unix)]
mod directories;
mod event_logs;
#[cfg(unix)]
mod files;
mod redis_logs;
mod redis_refusals;
mod redis_servers;
mod redis_store;
mod redis_tokens;
mod redis_urls;
mod stores;
