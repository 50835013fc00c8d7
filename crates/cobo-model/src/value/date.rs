use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Bounds, FieldValue};

/// A date of the calendar, as text: `2026-07-28`.
///
/// [`FromStr`] checks the text, so a request that a caller writes has a valid date. A response is not
/// checked: a date that Cobo writes in another form never makes the response unreadable. The text is
/// kept, and [`year_month_day`](Self::year_month_day) returns `None`.
///
/// ```
/// use cobo_model::Date;
///
/// let date: Date = "2026-07-28".parse()?;
/// assert_eq!(date.year_month_day(), Some((2026, 7, 28)));
/// "2026-02-29".parse::<Date>().unwrap_err();
/// # Ok::<_, cobo_model::DateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(String);

/// The error for a text that is not a date of the calendar in the form `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid date: write it as YYYY-MM-DD, such as 2026-07-28")]
pub struct DateError;

impl Date {
    /// Returns the text of the date.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the year, the month (1 to 12) and the day of the month (1 to 31). `None` if the date is
    /// of a response and Cobo wrote it in another form.
    pub fn year_month_day(&self) -> Option<(u16, u8, u8)> {
        parts(&self.0)
    }
}

fn parts(text: &str) -> Option<(u16, u8, u8)> {
    let bytes = text.as_bytes();
    let digits = |(at, byte): (usize, &u8)| match at {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    if bytes.len() != 10 || !bytes.iter().enumerate().all(digits) {
        return None;
    }
    let year: u16 = text.get(..4)?.parse().ok()?;
    let month: u8 = text.get(5..7)?.parse().ok()?;
    let day: u8 = text.get(8..)?.parse().ok()?;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=days).contains(&day).then_some((year, month, day))
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parts(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(DateError),
        }
    }
}

impl FieldValue for Date {
    fn placeholder() -> Self {
        Self(String::new())
    }

    fn within_bounds(&self, bounds: Bounds) -> bool {
        self.0.within_bounds(bounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_calendar_are_accepted_and_keep_their_text() {
        for (text, parts) in [
            ("2026-07-28", (2026, 7, 28)),
            ("2024-02-29", (2024, 2, 29)),
            ("2000-02-29", (2000, 2, 29)),
            ("0001-12-31", (1, 12, 31)),
        ] {
            let date: Date = text.parse().unwrap();
            assert_eq!(date.to_string(), text);
            assert_eq!(date.year_month_day(), Some(parts));
            assert_eq!(serde_json::to_string(&date).unwrap(), format!("{text:?}"));
        }
    }

    #[test]
    fn invalid_dates_are_refused() {
        for text in [
            "",
            "2026-7-28",
            "2026-13-01",
            "2026-00-01",
            "2026-04-31",
            "2026-01-00",
            "2026-02-29",
            "1900-02-29",
            "+026-07-28",
            "2026/07/28",
            "2026-07-28T00:00:00Z",
            " 2026-07-28",
            "２26-07-2",
        ] {
            assert_eq!(text.parse::<Date>(), Err(DateError), "{text}");
        }
    }

    #[test]
    fn date_of_a_response_in_another_form_is_kept() {
        let date: Date = serde_json::from_str("\"28 July\"").unwrap();
        assert_eq!(date.as_str(), "28 July");
        assert_eq!(date.year_month_day(), None);
        assert_eq!(serde_json::to_string(&date).unwrap(), "\"28 July\"");
        serde_json::from_str::<Date>("20260728").unwrap_err();
    }
}
