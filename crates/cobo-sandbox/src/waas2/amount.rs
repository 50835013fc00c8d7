//! Exact decimal numbers.

use std::fmt;

/// `digits` divided by 10 to the power of `scale`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    digits: i128,
    scale: u32,
}

impl Amount {
    /// Reads a number without a sign, such as `1.50`. `None` if it is something else, or has too many digits: 38 fit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        Some(Self {
            digits: format!("{whole}{fraction}").parse().ok()?,
            scale: u32::try_from(fraction.len()).ok()?,
        })
    }

    /// The sum; `None` if it has too many digits.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let digits = self.at(scale)?.checked_add(other.at(scale)?)?;
        Some(Self { digits, scale })
    }

    /// The difference, which can be negative; `None` if it has too many digits.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self {
            digits: other.digits.checked_neg()?,
            ..other
        })
    }

    pub(crate) fn is_zero(self) -> bool {
        self.digits == 0
    }

    fn at(self, scale: u32) -> Option<i128> {
        let factor = 10_i128.checked_pow(scale.checked_sub(self.scale)?)?;
        self.digits.checked_mul(factor)
    }
}

/// Without zeros at the end.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let scale = usize::try_from(self.scale).unwrap_or_default();
        let digits = format!("{:0>1$}", self.digits.unsigned_abs(), scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_are_exact() {
        for (one, other, sum, difference) in [
            ("1.50", "0.5", "2", "1"),
            ("0.1", "0.2", "0.3", "-0.1"),
            ("100", "0", "100", "100"),
            (
                "1",
                "0.000000000000000000000000000001",
                "1.000000000000000000000000000001",
                "0.999999999999999999999999999999",
            ),
        ] {
            let (one, other) = (Amount::parse(one).unwrap(), Amount::parse(other).unwrap());
            assert_eq!(one.plus(other).unwrap().to_string(), sum);
            assert_eq!(one.minus(other).unwrap().to_string(), difference);
        }
    }

    #[test]
    fn texts_that_are_not_decimal_numbers_are_refused() {
        let long = "1".repeat(40);
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", &long] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
        let largest = Amount::parse(&i128::MAX.to_string()).unwrap();
        assert_eq!(largest.plus(Amount::parse("0.1").unwrap()), None);
    }
}
