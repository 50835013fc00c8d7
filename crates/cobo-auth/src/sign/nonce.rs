use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::error::Error;
use crate::keys::public_key::PublicKey;

/// How a client makes the nonces of its requests; set by
/// [`ClientBuilder::nonces`](crate::ClientBuilder::nonces).
///
/// Every attempt of a call has its own nonce. Cobo identifies the caller by its key, so nonces must
/// be unique for a key across all processes that share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NonceStrategy {
    /// 128 random bits from the operating system, as 32 lower-case hexadecimal digits. Cobo's
    /// guides allow any random text since July 2026.
    ///
    /// They do not collide, however many processes share a key. A server that accepts only
    /// milliseconds refuses them with code 2024. As long as no random nonce of this key has been
    /// accepted at this base URL in this process, such a refusal makes the client attempt a
    /// repeatable operation once more, with milliseconds. If that works, all clients of the key and
    /// base URL in this process use milliseconds from then on, and a warning is logged. A write is
    /// never repeated for this reason: if it is the first call of the process, it fails with code
    /// 2024.
    #[default]
    Random,
    /// The Unix time in milliseconds, as the security scheme of Cobo's specification describes it
    /// and as Cobo's own SDKs send it.
    ///
    /// They are unique within a process: calls in the same millisecond get consecutive numbers, so
    /// above a thousand calls a second the nonces are ahead of the clock. **Two processes that
    /// share a key collide**, and a server that checks nonces refuses the second request of each
    /// collision (two processes at 20 ms a call: about 5 % of the calls; without a pause on
    /// loopback 18 % of the calls of two processes, and 47 % of those of eight). Give each process
    /// its own key, or use [`Random`](Self::Random).
    Milliseconds,
}

/// The nonces of one public key at one base URL.
#[derive(Debug, Clone)]
pub(crate) struct Nonces {
    strategy: NonceStrategy,
    state: Arc<State>,
}

/// State that all clients of the process with the same key and base URL share: Cobo checks nonces
/// per key, not per client.
#[derive(Debug, Default)]
struct State {
    counter: Mutex<Counter>,
    /// Whether the server has accepted a random nonce.
    random_accepted: AtomicBool,
    /// Whether the server has refused a random nonce and accepted milliseconds.
    fell_back: AtomicBool,
}

/// Keyed by public key and base URL.
type States = HashMap<(PublicKey, String), Arc<State>>;

static STATES: LazyLock<Mutex<States>> = LazyLock::new(Mutex::default);

impl Nonces {
    pub(crate) fn of(key: &PublicKey, base_url: &str, strategy: NonceStrategy) -> Self {
        // Ignoring the poison is safe: no code panics while it holds the lock.
        let mut states = STATES.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states
            .entry((key.clone(), base_url.to_owned()))
            .or_default();
        Self {
            strategy,
            state: Arc::clone(state),
        }
    }

    /// The strategy of the next attempt: the client's own, unless the server has refused it.
    pub(crate) fn strategy(&self) -> NonceStrategy {
        // Calls that run at the same time may have set both flags: an accepted random nonce decides.
        let state = &self.state;
        let refused = state.fell_back.load(Ordering::Relaxed);
        if refused && !state.random_accepted.load(Ordering::Relaxed) {
            NonceStrategy::Milliseconds
        } else {
            self.strategy
        }
    }

    /// Whether a refusal with code 2024 may mean that the server accepts no random nonces: the
    /// refused nonce was random, and no random nonce has been accepted so far.
    pub(crate) fn may_be_refused(&self, strategy: NonceStrategy) -> bool {
        strategy == NonceStrategy::Random && !self.state.random_accepted.load(Ordering::Relaxed)
    }

    /// Records that the server has accepted a nonce. Returns `true` when this makes all clients of
    /// the state switch to milliseconds: the first time that milliseconds were accepted while the
    /// client's own strategy is random and no random nonce has been accepted.
    pub(crate) fn accepted(&self, strategy: NonceStrategy) -> bool {
        match strategy {
            NonceStrategy::Random => {
                // The flag is set most of the time, and reading is cheaper than writing.
                if self.may_be_refused(strategy) {
                    self.state.random_accepted.store(true, Ordering::Relaxed);
                }
                false
            }
            NonceStrategy::Milliseconds => {
                self.may_be_refused(self.strategy)
                    && !self.state.fell_back.swap(true, Ordering::Relaxed)
            }
        }
    }

    /// A new nonce, at the given time in Unix milliseconds.
    ///
    /// # Errors
    ///
    /// The operating system has no random numbers, or the time is after the year 9999.
    pub(crate) fn next(&self, strategy: NonceStrategy, now: u64) -> Result<String, Error> {
        match strategy {
            NonceStrategy::Random => {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).map_err(|_| {
                    Error::configuration("the operating system gives no random numbers".to_owned())
                })?;
                Ok(hex::encode(bytes))
            }
            NonceStrategy::Milliseconds => {
                let next = self.counter().next(now).ok_or_else(|| {
                    Error::configuration(
                        "the clock shows a time after the year 9999; check that it gives Unix \
                         milliseconds"
                            .to_owned(),
                    )
                })?;
                Ok(next.to_string())
            }
        }
    }

    /// How many milliseconds the newest nonce is ahead of the given time; 0 if nonces are random.
    pub(crate) fn ahead_of(&self, now: u64) -> u64 {
        match self.strategy() {
            NonceStrategy::Random => 0,
            NonceStrategy::Milliseconds => self.counter().last.saturating_sub(now),
        }
    }

    fn counter(&self) -> std::sync::MutexGuard<'_, Counter> {
        // Ignoring the poison is safe: no code panics while it holds the lock.
        let counter = self.state.counter.lock();
        counter.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Unix milliseconds, unique in the process and, unless the clock was set back by more than
/// [`ADJUSTMENT`], strictly increasing. It never waits: above a thousand calls a second it runs ahead
/// of the clock.
#[derive(Debug, Default)]
struct Counter {
    /// The first and the last nonce since the clock was last found to be wrong.
    start: u64,
    last: u64,
    /// The newest time that the clock has shown.
    clock: u64,
    /// What was used before that: the first and the last nonce of each such run, oldest first.
    used: VecDeque<(u64, u64)>,
}

/// So many runs of used nonces are remembered. A clock that is wrong more often than this may repeat
/// nonces of the oldest run.
const RUNS: usize = 8;

/// The end of the year 9999, in Unix milliseconds. A clock that shows more counts something else.
const LATEST: u64 = 253_402_300_799_999;

/// In milliseconds. If the clock was set back by at most this much, it was adjusted: the counter
/// continues, so that no nonce is repeated. If it was set back further, it was wrong before.
const ADJUSTMENT: u64 = 60_000;

impl Counter {
    /// The next nonce, at the given time; `None` after the year 9999.
    fn next(&mut self, now: u64) -> Option<u64> {
        let was_wrong = now.saturating_add(ADJUSTMENT) < self.clock;
        let mut next = if was_wrong {
            now
        } else {
            now.max(self.last.saturating_add(1))
        };
        let old = was_wrong.then_some((self.start, self.last));
        let within = |nonce: u64| {
            let mut runs = self.used.iter().chain(&old);
            runs.find(|(first, last)| (*first..=*last).contains(&nonce))
        };
        while let Some((_, last)) = within(next) {
            next = last.saturating_add(1);
        }
        if next > LATEST {
            return None;
        }
        if let Some(run) = old {
            self.used.push_back(run);
            if self.used.len() > RUNS {
                self.used.pop_front();
            }
            self.clock = now;
        }
        if was_wrong || self.start == 0 {
            self.start = next;
        }
        self.clock = self.clock.max(now);
        self.last = next;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::NonceStrategy::{Milliseconds, Random};
    use super::*;

    const HERE: &str = "https://a.example/v2";
    const NOW: u64 = 1_718_587_017_026;

    fn millis(byte: u8) -> Nonces {
        Nonces::of(&PublicKey::ed25519([byte; 32]), HERE, Milliseconds)
    }

    fn next(nonces: &Nonces, now: u64) -> u64 {
        nonces.next(Milliseconds, now).unwrap().parse().unwrap()
    }

    #[test]
    fn random_nonces_are_32_lower_case_digits_and_differ() {
        let nonces = Nonces::of(&PublicKey::ed25519([1; 32]), HERE, Random);
        let drawn: HashSet<_> = (0..1_000)
            .map(|_| nonces.next(nonces.strategy(), NOW).unwrap())
            .collect();
        assert_eq!(drawn.len(), 1_000);
        for nonce in drawn {
            assert_eq!(nonce.len(), 32);
            assert!(
                nonce
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            );
        }
        assert_eq!(nonces.ahead_of(0), 0);
    }

    #[test]
    fn configured_millisecond_nonces_do_not_change_other_clients() {
        let key = PublicKey::ed25519([9; 32]);
        let random = Nonces::of(&key, HERE, Random);
        assert!(!millis(9).accepted(Milliseconds));
        assert_eq!(random.strategy(), Random);
        assert!(random.accepted(Milliseconds));
        assert!(!random.accepted(Milliseconds), "it is said once");
        assert_eq!(Nonces::of(&key, HERE, Random).strategy(), Milliseconds);
    }

    #[test]
    fn accepted_random_nonce_fixes_the_random_strategy() {
        let random = Nonces::of(&PublicKey::ed25519([10; 32]), HERE, Random);
        assert!(random.may_be_refused(Random));
        assert!(!random.accepted(Random));
        assert!(!random.may_be_refused(Random));
        assert!(!random.accepted(Milliseconds));
        assert_eq!(random.strategy(), Random);
    }

    #[test]
    fn millisecond_nonce_is_the_current_time_or_the_next_unused_value() {
        let nonces = millis(2);
        assert_eq!(next(&nonces, 1_000), 1_000);
        assert_eq!(next(&nonces, 1_000), 1_001);
        assert_eq!(next(&nonces, 2_000), 2_000);
        assert_eq!(nonces.ahead_of(1_500), 500);
    }

    #[test]
    fn clock_adjusted_backwards_never_repeats_a_nonce() {
        let nonces = millis(3);
        assert_eq!(next(&nonces, NOW), NOW);
        assert_eq!(next(&nonces, NOW - 60_000), NOW + 1);
        assert_eq!(next(&nonces, NOW - 10), NOW + 2);
    }

    #[test]
    fn nonces_follow_the_clock_again_after_a_large_clock_error() {
        let nonces = millis(4);
        let year = 365 * 24 * 3_600_000;
        assert_eq!(next(&nonces, NOW + year), NOW + year);
        assert_eq!(next(&nonces, NOW), NOW);
        assert_eq!(next(&nonces, NOW), NOW + 1);
        assert_eq!(nonces.ahead_of(NOW), 1);
        // The same for a clock that was wrong in the past.
        assert_eq!(next(&nonces, NOW - year), NOW - year);
        assert_eq!(next(&nonces, NOW), NOW + 2, "the first two were used");
        // A time that no clock shows takes nothing.
        for absurd in [u64::MAX, NOW * 1_000_000] {
            assert!(nonces.next(Milliseconds, absurd).is_err());
        }
        assert_eq!(next(&nonces, NOW), NOW + 3);
    }

    #[test]
    fn clock_set_back_ten_minutes_never_repeats_a_nonce() {
        let nonces = millis(11);
        let minutes = |count: u64| count * 60_000;
        let mut drawn = HashSet::new();
        // Ten minutes ahead for five minutes, then right for twenty.
        let ahead = (0..300).map(|second| NOW + minutes(10) + second * 1_000);
        let right = (0..1_200).map(|second| NOW + minutes(5) + second * 1_000);
        for now in ahead.chain(right) {
            assert!(drawn.insert(next(&nonces, now)), "{now}");
        }
    }

    #[test]
    fn sustained_rate_above_one_call_per_millisecond_never_repeats_a_nonce() {
        let nonces = millis(5);
        let mut last = 0;
        for call in 0..200_000 {
            let drawn = next(&nonces, NOW + call / 4);
            assert!(drawn > last);
            last = drawn;
        }
        assert!(nonces.ahead_of(NOW + 50_000) > ADJUSTMENT);
    }

    #[test]
    fn nonce_counter_is_separate_for_each_key_and_base_url() {
        let (first, again, other) = (millis(6), millis(6), millis(7));
        let key = PublicKey::ed25519([6; 32]);
        let elsewhere = Nonces::of(&key, "https://b.example/v2", Milliseconds);
        assert_eq!(next(&first, 7), 7);
        assert_eq!(next(&again, 7), 8);
        assert_eq!(next(&other, 7), 7);
        assert_eq!(next(&elsewhere, 7), 7);
    }

    #[test]
    fn concurrent_nonces_are_unique_and_increase_within_each_thread() {
        let draw = || {
            let nonces = millis(8);
            (0..10_000).map(|_| next(&nonces, 42)).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(draw)).collect();
        let mut seen = HashSet::new();
        for thread in threads {
            let drawn = thread.join().unwrap();
            assert!(drawn.is_sorted_by(|a, b| a < b));
            seen.extend(drawn);
        }
        assert_eq!(seen.len(), 80_000);
    }
}
