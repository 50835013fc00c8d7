use std::time::Duration;

/// How long before its expiry a token is refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// In this window a task refreshes, and callers get the current token meanwhile.
    pub(crate) refresh_due: Duration,
    /// In this window callers wait for the refresh.
    pub(crate) refresh_required: Duration,
}

impl Windows {
    /// Windows that scale with the lifetime of a token. For 12 hours, `refresh_due` is 5 minutes
    /// and `refresh_required` is 30 seconds; for 10 seconds, they are 2 seconds and half a second.
    ///
    /// `jitter`, from 0 to 1, moves the first window by up to a tenth, so that tokens that were
    /// obtained together are not refreshed together.
    pub(crate) fn of(life: Duration, jitter: f64) -> Self {
        let due = (life / 144).max((life / 5).min(Duration::from_secs(30)));
        let required = (life / 1440).max((life / 20).min(Duration::from_secs(5)));
        Self {
            refresh_due: due.mul_f64(0.9 + 0.2 * jitter.clamp(0.0, 1.0)),
            refresh_required: required,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_scale_with_the_life_of_a_token() {
        let windows = |life: u64, jitter| {
            let windows = Windows::of(Duration::from_secs(life), jitter);
            (
                windows.refresh_due.as_millis(),
                windows.refresh_required.as_millis(),
            )
        };
        assert_eq!(windows(43_200, 0.5), (300_000, 30_000));
        assert_eq!(windows(43_200, 0.0), (270_000, 30_000));
        assert_eq!(windows(43_200, 1.0), (330_000, 30_000));
        assert_eq!(windows(3_600, 0.5), (30_000, 5_000));
        assert_eq!(windows(10, 0.5), (2_000, 500));
        assert_eq!(windows(0, 0.5), (0, 0));
    }
}
