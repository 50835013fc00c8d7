use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::public_key::PublicKey;

/// The nonces of one public key: Unix milliseconds, made unique and strictly increasing.
///
/// All clients of the process that sign with a key share its counter, since Cobo sees the key and
/// not the client. Above a thousand calls a second the counter runs ahead of the clock instead of
/// waiting for it, and a clock that is set back does not take the counter along.
#[derive(Debug, Clone)]
pub(crate) struct Nonces {
    last: Arc<AtomicU64>,
}

static COUNTERS: LazyLock<Mutex<HashMap<PublicKey, Arc<AtomicU64>>>> =
    LazyLock::new(Mutex::default);

/// The end of the year 9999, in Unix milliseconds. A clock that shows more counts something else.
const LATEST: u64 = 253_402_300_799_999;

impl Nonces {
    pub(crate) fn of(key: &PublicKey) -> Self {
        // A poisoned map is whole: nothing panics while it is held.
        let mut counters = COUNTERS.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            last: Arc::clone(counters.entry(key.clone()).or_default()),
        }
    }

    /// The next nonce, at the given time in milliseconds; `None` at a time that no clock shows,
    /// which would leave no room for the next ones.
    pub(crate) fn next(&self, now: u64) -> Option<u64> {
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let next = now.max(last.saturating_add(1));
            if next > LATEST {
                return None;
            }
            match self
                .last
                .compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return Some(next),
                Err(newer) => last = newer,
            }
        }
    }

    /// How many milliseconds the newest nonce is ahead of the given time.
    pub(crate) fn ahead_of(&self, now: u64) -> u64 {
        self.last.load(Ordering::Relaxed).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn key(byte: u8) -> PublicKey {
        PublicKey::ed25519([byte; 32])
    }

    #[test]
    fn a_nonce_is_the_time_unless_that_was_taken() {
        let nonces = Nonces::of(&key(1));
        assert_eq!(nonces.next(1_000), Some(1_000));
        assert_eq!(nonces.next(1_000), Some(1_001));
        assert_eq!(nonces.next(2_000), Some(2_000));
        assert_eq!(nonces.ahead_of(1_500), 500);
    }

    #[test]
    fn a_clock_that_steps_back_repeats_nothing() {
        let nonces = Nonces::of(&key(2));
        assert_eq!(nonces.next(5_000), Some(5_000));
        assert_eq!(nonces.next(10), Some(5_001));
        assert_eq!(nonces.next(0), Some(5_002));
    }

    #[test]
    fn a_time_that_no_clock_shows_takes_nothing() {
        let nonces = Nonces::of(&key(6));
        assert_eq!(nonces.next(u64::MAX), None);
        assert_eq!(nonces.next(1_718_587_017_026_000_000), None);
        assert_eq!(nonces.next(7), Some(7));
    }

    #[test]
    fn one_key_has_one_counter_and_another_key_another() {
        let (first, again, other) = (
            Nonces::of(&key(3)),
            Nonces::of(&key(3)),
            Nonces::of(&key(4)),
        );
        assert_eq!(first.next(7), Some(7));
        assert_eq!(again.next(7), Some(8));
        assert_eq!(other.next(7), Some(7));
    }

    #[test]
    fn threads_never_share_a_nonce_and_each_sees_its_own_rise() {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn(|| {
                    let nonces = Nonces::of(&key(5));
                    (0..10_000)
                        .map(|_| nonces.next(42).unwrap())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let mut seen = HashSet::new();
        for thread in threads {
            let drawn = thread.join().unwrap();
            assert!(drawn.is_sorted_by(|a, b| a < b));
            seen.extend(drawn);
        }
        assert_eq!(seen.len(), 80_000);
    }
}
