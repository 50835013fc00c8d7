//! A rate limit that many tasks share. Tasks are served in order of arrival.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Allows one start every `interval`, and `burst` starts at once after a pause.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    /// How long before its regular time a start is allowed.
    advance: Duration,
    /// The regular time of the next start. The first waiting task holds the lock; the mutex is
    /// fair, so the others follow in order of arrival.
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    pub(crate) fn new(interval: Duration, burst: u32) -> Self {
        Self {
            interval,
            advance: interval.saturating_mul(burst.saturating_sub(1)),
            next: Mutex::default(),
        }
    }

    /// Whether the caller may start now, without overtaking a waiting task.
    pub(crate) fn try_start(&self) -> bool {
        let Ok(mut next) = self.next.try_lock() else {
            return false;
        };
        let now = Instant::now();
        let allowed = self.pause(*next, now).is_zero();
        if allowed {
            *next = Some(self.after(*next, now));
        }
        allowed
    }

    /// Waits until the caller may start. A caller that is dropped while waiting uses up no start.
    pub(crate) async fn start(&self) {
        let mut next = self.next.lock().await;
        tokio::time::sleep(self.pause(*next, Instant::now())).await;
        *next = Some(self.after(*next, Instant::now()));
    }

    fn pause(&self, next: Option<Instant>, now: Instant) -> Duration {
        let regular = next.map_or(Duration::ZERO, |next| next.saturating_duration_since(now));
        regular.saturating_sub(self.advance)
    }

    fn after(&self, next: Option<Instant>, now: Instant) -> Instant {
        next.map_or(now, |next| next.max(now)) + self.interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn burst_starts_at_once_and_later_starts_follow_the_rate() {
        let (rate, started) = (RateLimit::new(Duration::from_secs(2), 3), Instant::now());
        for _ in 0..3 {
            assert!(rate.try_start());
        }
        assert!(!rate.try_start());
        for seconds in [2, 4, 6] {
            rate.start().await;
            assert_eq!(started.elapsed(), Duration::from_secs(seconds));
        }
        // After a pause the full burst is available again, and no more.
        tokio::time::sleep(Duration::from_secs(60)).await;
        let starts = (0..9).filter(|_| rate.try_start()).count();
        assert_eq!(starts, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn try_start_fails_while_a_task_waits() {
        let rate = RateLimit::new(Duration::from_secs(2), 1);
        rate.start().await;
        let (waits, later) = (rate.start(), tokio::time::sleep(Duration::from_secs(1)));
        tokio::pin!(waits);
        tokio::select! {
            () = &mut waits => panic!("it started too early"),
            () = later => assert!(!rate.try_start()),
        }
        waits.await;
    }
}
