//! Times two functions alternately in one run, so that noise on the machine affects both equally.

use std::time::{Duration, Instant};

/// The times of two functions that were run alternately.
#[derive(Default)]
pub(crate) struct Pairs {
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
}

impl Pairs {
    /// Runs each function once and records the times. The order alternates.
    pub(crate) fn add(&mut self, ours: impl FnOnce(), theirs: impl FnOnce()) -> Duration {
        let (ours, theirs) = if self.ours.len().is_multiple_of(2) {
            let ours = timed(ours);
            (ours, timed(theirs))
        } else {
            let theirs = timed(theirs);
            (timed(ours), theirs)
        };
        self.ours.push(ours);
        self.theirs.push(theirs);
        ours
    }

    /// Prints the ratio of the medians.
    #[allow(clippy::print_stdout)] // a benchmark's result
    pub(crate) fn report(&mut self, name: &str) {
        let (ours, theirs) = (median(&mut self.ours), median(&mut self.theirs));
        println!(
            "{name}: {:.3} x ({ours:?} against {theirs:?}, medians of {} runs in turn)",
            ours.as_secs_f64() / theirs.as_secs_f64(),
            self.ours.len(),
        );
    }
}

#[allow(clippy::disallowed_methods)] // a benchmark reads the clock
fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
