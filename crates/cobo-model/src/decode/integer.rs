//! Reads integers in every JSON notation: `5`, `5.0` and `1e3`.

use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use super::RAW_JSON;

/// A JSON value where an integer is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integer {
    Whole(i128),
    /// An integer beyond 128 bits.
    TooLarge,
    /// Another JSON value, or a number with a fraction.
    Other,
}

impl Integer {
    /// Reads a value by its text. A float would lose digits: `9007199254740993.0` is exact.
    pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW_JSON, IntegerVisitor)
    }

    fn of(text: &str) -> Self {
        if let Ok(integer) = text.parse::<i64>() {
            return Self::Whole(integer.into());
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Self::Other;
        }
        let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let leading = all.len() - significant.len();
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return Self::Whole(0);
        }
        let Ok(exponent) = exponent.parse::<i64>() else {
            let small = exponent.starts_with('-');
            return if small { Self::Other } else { Self::TooLarge };
        };
        // The number of digits of the integer. Both lengths fit `i64`: the text is in memory.
        let length = (whole.len() as i64 - leading as i64).saturating_add(exponent);
        if length < significant.len() as i64 {
            return Self::Other;
        }
        // A 128-bit integer has at most 39 digits.
        if length > 39 {
            return Self::TooLarge;
        }
        let sign = if digits.len() < text.len() { "-" } else { "" };
        let zeros = length as usize - significant.len();
        match format!("{sign}{significant}{}", "0".repeat(zeros)).parse() {
            Ok(integer) => Self::Whole(integer),
            Err(_) => Self::TooLarge,
        }
    }
}

struct IntegerVisitor;

impl<'de> Visitor<'de> for IntegerVisitor {
    type Value = Integer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Integer, A::Error> {
        map.next_key::<IgnoredAny>()?
            .ok_or_else(|| A::Error::custom("the value is missing"))?;
        map.next_value_seed(self)
    }

    fn visit_str<E>(self, text: &str) -> Result<Integer, E> {
        Ok(Integer::of(text))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Integer, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Integer::of(&value.to_string()))
    }
}

impl<'de> DeserializeSeed<'de> for IntegerVisitor {
    type Value = Integer;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Integer, D::Error> {
        deserializer.deserialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_decimal_or_exponent_notation_are_exact() {
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0", 0),
            ("0e999999999999999999999", 0),
            ("5.0", 5),
            ("-5.00", -5),
            ("1e3", 1000),
            ("1E+3", 1000),
            ("1.25e2", 125),
            ("1200e-2", 12),
            ("0.005e3", 5),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("18446744073709551615", u64::MAX.into()),
            ("100000000000000000000", 100_000_000_000_000_000_000),
            ("-170141183460469231731687303715884105728", i128::MIN),
        ] {
            assert_eq!(Integer::of(text), Integer::Whole(expected), "{text}");
        }
    }

    #[test]
    fn fractions_and_other_values_are_not_integers() {
        for text in [
            "5.5",
            "1e-1",
            "1e-999999999999999999999",
            "1.234e2",
            "0.99999999999999999999",
            "5.00000000000000000001",
            "\"5\"",
            "true",
            "null",
            "[1]",
            "{}",
        ] {
            assert_eq!(Integer::of(text), Integer::Other, "{text}");
        }
    }

    #[test]
    fn integers_beyond_128_bits_are_too_large() {
        for text in [
            "1e40",
            "1e999999999999999999999",
            "170141183460469231731687303715884105728",
        ] {
            assert_eq!(Integer::of(text), Integer::TooLarge, "{text}");
        }
    }
}
