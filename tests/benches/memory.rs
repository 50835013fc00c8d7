//! Resident memory per organization, including the memory store's copy of its tokens. It runs in
//! its own process, so that no memory was used before.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)] // a benchmark's result

mod organizations;

use cobo_sandbox::Sandbox;
use organizations::{Organizations, measures};
use tokio::runtime::Runtime;

const COUNT: usize = 100_000;

fn main() {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let before = resident();
    let count = if measures() { COUNT } else { 100 };
    let organizations = Organizations::new(count, &sandbox, &runtime);
    let grown = resident().saturating_sub(before);
    println!(
        "memory: {} bytes for each of {count} organizations",
        grown / count
    );
    assert_eq!(organizations.ids.len(), count);
    drop(organizations.tokens);
}

/// The resident memory in bytes, if the platform reports it.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4_096
}
