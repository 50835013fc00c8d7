//! Cobo's time, taken from the timestamps of verified responses.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::clock::Reading;
use crate::sign::verifier::ResponseKeys;

/// The newest Cobo time that this process has verified, for one set of response keys.
///
/// All clients of the process whose environments have the same keys share one record, because the
/// time is that of the signer. Without keys nothing is verified, and the record stays empty.
#[derive(Debug, Clone)]
pub(crate) struct CoboTime(Option<Arc<Mutex<Record>>>);

#[derive(Debug, Default)]
struct Record {
    /// The largest verified timestamp, in Unix milliseconds.
    newest: Option<u64>,
    /// The response from which Cobo's current time is computed: the one that gives the latest time.
    reference: Option<Reference>,
    /// When the local clock was last reported as wrong.
    warned: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Reference {
    timestamp: u64,
    arrived: Duration,
}

impl Reference {
    /// Cobo's time at a moment of the monotonic clock.
    fn at(self, monotonic: Duration) -> u64 {
        let since = monotonic.saturating_sub(self.arrived).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.timestamp.saturating_add(since)
    }
}

/// A response is refused if its timestamp is further behind the newest one than this.
const OUTDATED_MILLIS: u64 = 15 * 60_000;
/// The timestamp of a fresh response is at most this far before its request was sent.
const FRESH_MILLIS: u64 = 5_000;
/// The largest difference between the local clock and Cobo's time that is not reported.
const TOLERATED_MILLIS: u64 = 60_000;
const BETWEEN_WARNINGS: Duration = Duration::from_secs(600);

type Records = HashMap<Vec<[u8; 32]>, Arc<Mutex<Record>>>;

static RECORDS: LazyLock<Mutex<Records>> = LazyLock::new(Mutex::default);

impl CoboTime {
    /// The record of these keys.
    pub(crate) fn of(keys: &ResponseKeys) -> Self {
        let Some(identity) = keys.identity() else {
            return Self(None);
        };
        // Ignoring the poison is safe: no code panics while it holds the lock.
        let mut records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
        Self(Some(Arc::clone(records.entry(identity).or_default())))
    }

    /// Records the timestamp of a verified response that arrived at this reading of the local
    /// clocks. Logs a warning, at most every ten minutes, if the local clock differs from Cobo's
    /// time by more than 60 s.
    pub(crate) fn note(&self, timestamp: u64, now: Reading) {
        let Some(ahead) = self.update(timestamp, now) else {
            return;
        };
        tracing::warn!(
            clock_ahead_ms = ahead,
            "the local clock and Cobo's clock differ by more than 60 s; synchronise the local clock"
        );
    }

    /// Returns how many milliseconds the local clock is ahead, if that has to be reported.
    fn update(&self, timestamp: u64, now: Reading) -> Option<i64> {
        let mut record = self.record()?;
        let monotonic = now.monotonic;
        record.newest = record.newest.max(Some(timestamp));
        if record
            .reference
            .is_none_or(|it| it.at(monotonic) < timestamp)
        {
            record.reference = Some(Reference {
                timestamp,
                arrived: monotonic,
            });
        }
        let time = record.reference?.at(monotonic);
        let silent = record
            .warned
            .is_some_and(|warned| monotonic < warned.saturating_add(BETWEEN_WARNINGS));
        if silent || now.unix_millis.abs_diff(time) <= TOLERATED_MILLIS {
            return None;
        }
        record.warned = Some(monotonic);
        Some(signed_difference(now.unix_millis, time))
    }

    /// Whether a response is so much older than the newest verified one that it must be a replayed
    /// old response.
    ///
    /// Only Cobo's timestamps are compared, never a local clock. So a response is not refused
    /// because the machine was suspended or a test changed its clocks.
    pub(crate) fn is_outdated(&self, timestamp: u64) -> bool {
        self.newest()
            .is_some_and(|newest| timestamp.saturating_add(OUTDATED_MILLIS) < newest)
    }

    /// The largest timestamp that was verified, in Unix milliseconds.
    fn newest(&self) -> Option<u64> {
        self.record()?.newest
    }

    /// Cobo's time at a moment of the monotonic clock, in Unix milliseconds: the timestamp of the
    /// reference plus the time that has passed since it arrived.
    pub(crate) fn at(&self, monotonic: Duration) -> Option<u64> {
        Some(self.record()?.reference?.at(monotonic))
    }

    fn record(&self) -> Option<MutexGuard<'_, Record>> {
        let record = self.0.as_deref()?;
        Some(record.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a signed response was made for a request that was sent at `sent_at` by Cobo's time: its
/// timestamp is at most 5 s before that, and within 60 s of the local clock. An older response may
/// be a replay.
pub(crate) fn is_fresh(timestamp: u64, sent_at: Option<u64>, local_millis: u64) -> bool {
    let recent = sent_at.is_none_or(|sent_at| timestamp.saturating_add(FRESH_MILLIS) >= sent_at);
    recent && timestamp.abs_diff(local_millis) <= TOLERATED_MILLIS
}

/// `a - b`, limited to the range of `i64`.
fn signed_difference(a: u64, b: u64) -> i64 {
    let difference = i64::try_from(a.abs_diff(b)).unwrap_or(i64::MAX);
    if a < b { -difference } else { difference }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both local clocks; the monotonic one in seconds.
    fn at(unix_millis: u64, seconds: u64) -> Reading {
        Reading {
            unix_millis,
            monotonic: Duration::from_secs(seconds),
        }
    }

    fn keys(byte: u8) -> ResponseKeys {
        let key = ed25519_dalek::SigningKey::from_bytes(&[byte; 32]);
        ResponseKeys::trusted(key.verifying_key().to_bytes())
    }

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn cobo_time_advances_from_the_newest_response() {
        let time = CoboTime::of(&keys(101));
        assert_eq!((time.newest(), time.at(seconds(1))), (None, None));
        time.note(10_000, at(10_000, 1));
        assert_eq!(time.newest(), Some(10_000));
        assert_eq!(time.at(seconds(4)), Some(13_000));
    }

    #[test]
    fn older_response_never_sets_the_time_back() {
        let time = CoboTime::of(&keys(102));
        time.note(10_000, at(10_000, 1));
        time.note(9_000, at(9_000, 2));
        assert_eq!(time.newest(), Some(10_000));
        assert_eq!(time.at(seconds(2)), Some(11_000));
        // Larger than the newest timestamp, but behind the time that has passed since.
        time.note(10_500, at(10_500, 3));
        assert_eq!(time.newest(), Some(10_500));
        assert_eq!(time.at(seconds(3)), Some(12_000));
    }

    #[test]
    fn cobo_time_is_separate_for_each_set_of_response_keys() {
        let (first, other) = (CoboTime::of(&keys(103)), CoboTime::of(&keys(104)));
        first.note(10_000, at(10_000, 1));
        assert_eq!(other.newest(), None);
        assert_eq!(CoboTime::of(&keys(103)).newest(), Some(10_000));
        let unverified = CoboTime::of(&ResponseKeys::unverified());
        unverified.note(10_000, at(10_000, 1));
        assert_eq!(unverified.newest(), None);
    }

    #[test]
    fn wrong_local_clock_is_reported_once_in_ten_minutes() {
        let time = CoboTime::of(&keys(106));
        assert_eq!(time.update(100_000, at(160_000, 0)), None);
        assert_eq!(time.update(100_000, at(160_001, 0)), Some(60_001));
        assert_eq!(time.update(200_000, at(10_000, 100)), None);
        assert_eq!(time.update(700_000, at(639_999, 600)), Some(-60_001));
    }

    #[test]
    fn response_is_outdated_after_fifteen_minutes() {
        let time = CoboTime::of(&keys(107));
        assert!(!time.is_outdated(0));
        time.note(1_000_000, at(1_000_000, 0));
        assert!(!time.is_outdated(100_000));
        assert!(time.is_outdated(99_999));
    }

    #[test]
    fn response_is_fresh_only_if_close_to_local_time_and_cobo_time() {
        assert!(is_fresh(100_000, None, 160_000));
        assert!(!is_fresh(100_000, None, 160_001));
        assert!(!is_fresh(160_001, None, 100_000));
        assert!(is_fresh(100_000, Some(105_000), 100_000));
        assert!(!is_fresh(100_000, Some(105_001), 100_000));
    }

    #[test]
    fn monotonic_clock_of_another_origin_never_lowers_the_time() {
        let time = CoboTime::of(&keys(105));
        time.note(10_000, at(10_000, 100));
        assert_eq!(time.at(seconds(1)), Some(10_000));
    }
}
