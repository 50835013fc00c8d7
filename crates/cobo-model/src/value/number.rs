use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decode::{NUMBER_EXPECTED, RawJson};

/// A JSON number that keeps its text: `1.10` stays `1.10`, and no digit is rounded.
///
/// `serde_json` has a feature for this, `arbitrary_precision`, but it changes every crate of the
/// program, and integers in `#[serde(flatten)]` or `untagged` types no longer decode with it.
///
/// ```
/// let number: cobo_model::Number = serde_json::from_str("0.1000000000000000055511151231257827")?;
/// assert_eq!(number.to_string(), "0.1000000000000000055511151231257827");
/// assert_eq!(number.as_f64(), 0.1);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Number(String);

/// The text is not a valid JSON number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid JSON number")]
pub struct NumberError;

impl Number {
    /// Returns the text of the number.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the number as an `i64`; `None` if it is not written as an integer or does not fit.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// Returns the nearest floating-point number.
    pub fn as_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let starts = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let ends = text.ends_with(|c: char| c.is_ascii_digit());
        if starts && ends && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(NumberError)
        }
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {
        $(impl From<$integer> for Number {
            fn from(number: $integer) -> Self {
                Self(number.to_string())
            }
        })*
    };
}

from_integers!(i8 i16 i32 i64 i128 u8 u16 u32 u64 u128);

impl TryFrom<f64> for Number {
    type Error = NumberError;

    /// Converts a finite number. Infinities and NaN are errors.
    fn try_from(number: f64) -> Result<Self, Self::Error> {
        number.to_string().parse()
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(integer) = self
            .as_i64()
            .filter(|integer| integer.to_string() == self.0)
        {
            return serializer.serialize_i64(integer);
        }
        let raw: &serde_json::value::RawValue =
            serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        raw.as_str()
            .parse()
            .map_err(|_| D::Error::custom(NUMBER_EXPECTED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_digits_are_unchanged_after_decoding_and_encoding() {
        for text in ["0", "-0", "1.10", "1e400", "-12345678901234567890123.5E-7"] {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(number.as_str(), text);
            assert_eq!(serde_json::to_string(&number).unwrap(), text);
            assert_eq!(text.parse(), Ok(number));
        }
    }

    #[test]
    fn invalid_numbers_are_refused() {
        for text in [
            "", " 1", "1 ", "01", "1.", ".5", "NaN", "\"1\"", "true", "1,2", "+1",
        ] {
            assert_eq!(text.parse::<Number>(), Err(NumberError), "{text}");
        }
        serde_json::from_str::<Number>("\"1\"").unwrap_err();
        serde_json::from_str::<Number>("null").unwrap_err();
        assert_eq!(Number::try_from(f64::NAN), Err(NumberError));
    }

    #[test]
    fn a_number_converts_from_json_values_floats_and_integers() {
        let number: Number = serde_json::from_value(serde_json::json!(1.5)).unwrap();
        assert_eq!(
            serde_json::to_value(&number).unwrap(),
            serde_json::json!(1.5)
        );
        assert_eq!(Number::try_from(1.5), Ok(number));
        assert_eq!(Number::from(7_u8).as_i64(), Some(7));
    }
}
