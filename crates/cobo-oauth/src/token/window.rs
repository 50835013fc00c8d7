use std::time::Duration;

/// How long before its expiry a token is refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// In this window one task refreshes, while callers get the current token.
    pub(crate) ahead: Duration,
    /// In this window callers wait for the refresh.
    pub(crate) mandatory: Duration,
}

impl Windows {
    /// Windows that scale with the lifetime of a token. For 12 hours, `ahead` is 5 minutes and
    /// `mandatory` is 30 seconds; for 10 seconds, they are 2 seconds and half a second.
    ///
    /// `chance`, from 0 to 1, moves the first window by up to a tenth, so that tokens that were
    /// obtained together are not refreshed together.
    pub(crate) fn of(life: Duration, chance: f64) -> Self {
        let ahead = (life / 144).max((life / 5).min(Duration::from_secs(30)));
        let mandatory = (life / 1440).max((life / 20).min(Duration::from_secs(5)));
        Self {
            ahead: ahead.mul_f64(0.9 + 0.2 * chance.clamp(0.0, 1.0)),
            mandatory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_scale_with_the_life_of_a_token() {
        let windows = |life: u64, chance| {
            let windows = Windows::of(Duration::from_secs(life), chance);
            (windows.ahead.as_millis(), windows.mandatory.as_millis())
        };
        assert_eq!(windows(43_200, 0.5), (300_000, 30_000));
        assert_eq!(windows(43_200, 0.0), (270_000, 30_000));
        assert_eq!(windows(43_200, 1.0), (330_000, 30_000));
        assert_eq!(windows(3_600, 0.5), (30_000, 5_000));
        assert_eq!(windows(10, 0.5), (2_000, 500));
        assert_eq!(windows(0, 0.5), (0, 0));
    }
}
