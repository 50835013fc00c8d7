//! Exact conversions between amounts and [`Decimal`] (feature `rust_decimal`).

use rust_decimal::Decimal;

use super::Number;

/// Why a text is not an exact [`Decimal`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The text is not a decimal number such as `-12.50`. Exponents, separators and white space are
    /// not accepted.
    #[error("not a decimal number; write digits with at most one point, such as `12.50`")]
    Malformed,
    /// The number has more digits than a `Decimal` holds: at most 28 after the point, and at most
    /// 79228162514264337593543950335 without the point.
    #[error("the number has more digits than `rust_decimal::Decimal` holds; keep it as text")]
    TooPrecise,
}

/// Converts the amount that a model holds as text to a [`Decimal`] without losing a digit. `Decimal`'s
/// own `FromStr` rounds, so do not use it for money.
///
/// ```
/// use cobo_model::{AmountError, exact_decimal};
///
/// let amount = exact_decimal("1.10")?;
/// assert_eq!((amount + amount).to_string(), "2.20");
/// let error = exact_decimal("0.123456789012345678901234567891").unwrap_err();
/// assert_eq!(error, AmountError::TooPrecise);
/// # Ok::<_, AmountError>(())
/// ```
///
/// Back to text, `to_string` is exact: `Decimal` keeps the number of digits after the point.
///
/// # Errors
///
/// The text is not a decimal number, or has more digits than a `Decimal` holds.
pub fn exact_decimal(amount: &str) -> Result<Decimal, AmountError> {
    let digits = amount.strip_prefix('-').unwrap_or(amount);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !fraction.is_none_or(is_number) {
        return Err(AmountError::Malformed);
    }
    Decimal::from_str_exact(amount).map_err(|_| AmountError::TooPrecise)
}

impl TryFrom<&Number> for Decimal {
    type Error = AmountError;

    /// Converts a JSON number without losing a digit.
    fn try_from(number: &Number) -> Result<Self, AmountError> {
        exact_decimal(number.as_str())
    }
}

impl TryFrom<Decimal> for Number {
    type Error = super::NumberError;

    /// Converts a decimal with all of its digits.
    fn try_from(amount: Decimal) -> Result<Self, super::NumberError> {
        amount.to_string().parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 digits; a `Decimal` holds 28 or 29.
    const DIGITS: &str = "123456789012345678901234567891";

    #[test]
    fn thirty_digits_are_refused_and_never_rounded() {
        for point in 0..=DIGITS.len() {
            let (whole, fraction) = DIGITS.split_at(point);
            let whole = if whole.is_empty() { "0" } else { whole };
            let text = match fraction {
                "" => whole.to_owned(),
                fraction => format!("{whole}.{fraction}"),
            };
            assert_eq!(exact_decimal(&text), Err(AmountError::TooPrecise), "{text}");
            assert_eq!(
                exact_decimal(&format!("-{text}")),
                Err(AmountError::TooPrecise)
            );
            let number: Number = text.parse().unwrap();
            assert_eq!(Decimal::try_from(&number), Err(AmountError::TooPrecise));
        }
        // What this module protects from: a digit is lost without an error.
        let rounded: Decimal = "0.123456789012345678901234567891".parse().unwrap();
        assert_ne!(rounded.to_string(), "0.123456789012345678901234567891");
    }

    #[test]
    fn decimal_amounts_keep_their_digits_after_a_round_trip() {
        for text in [
            "0",
            "0.00",
            "1.10",
            "-0.5",
            "0.000000000000000001",
            "1234567890.1234567890123456",
            "0.1234567890123456789012345678",
            "79228162514264337593543950335",
        ] {
            let amount = exact_decimal(text).unwrap();
            assert_eq!(amount.to_string(), text);
            let number = Number::try_from(amount).unwrap();
            assert_eq!(number.as_str(), text);
            assert_eq!(Decimal::try_from(&number), Ok(amount));
        }
    }

    #[test]
    fn text_that_is_not_a_decimal_number_is_refused() {
        for text in [
            "", "-", ".", "1.", ".5", "+1", "1e3", "1_000", "1,5", " 1", "0x1", "١",
        ] {
            assert_eq!(exact_decimal(text), Err(AmountError::Malformed), "{text}");
        }
    }
}
