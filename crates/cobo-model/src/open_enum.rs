//! Open enums: a value that the document does not know is kept, and is written back unchanged.

/// Implements an open enum of strings: conversions from and to strings, `Display`, `Serialize`,
/// `Deserialize`.
///
/// Takes the enum's name, the variant that keeps unknown values, and the other variants with the
/// string of each.
///
/// ```
/// #[derive(Clone, Debug, PartialEq)]
/// enum State {
///     Active,
///     Unknown(String),
/// }
/// cobo_model::open_enum! { State, Unknown { Active = "ACTIVE" } }
///
/// assert_eq!(State::from("ACTIVE"), State::Active);
/// assert_eq!(State::from("FROZEN").as_str(), "FROZEN");
/// ```
#[macro_export]
macro_rules! open_enum {
    ($name:ident, $unknown:ident { $($variant:ident = $value:literal),* $(,)? }) => {
        impl $name {
            /// Returns the value in JSON.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::$unknown(value) => value,
                }
            }

            fn known(value: &str) -> ::std::option::Option<Self> {
                match value {
                    $($value => ::std::option::Option::Some(Self::$variant),)*
                    _ => ::std::option::Option::None,
                }
            }
        }

        impl $crate::FieldValue for $name {
            fn placeholder() -> Self {
                Self::$unknown(::std::string::String::new())
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(value: &str) -> Self {
                Self::known(value).unwrap_or_else(|| Self::$unknown(value.to_owned()))
            }
        }

        impl ::std::convert::From<::std::string::String> for $name {
            fn from(value: ::std::string::String) -> Self {
                Self::known(&value).unwrap_or(Self::$unknown(value))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
                ::std::result::Result::Ok(value.into())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::macros::serde::Serialize for $name {
            fn serialize<S: $crate::macros::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::macros::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::macros::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let value: ::std::string::String =
                    $crate::macros::serde::Deserialize::deserialize(deserializer)?;
                ::std::result::Result::Ok(value.into())
            }
        }
    };
}

/// Implements an open enum of integers, as [`open_enum!`](crate::open_enum!) does for strings.
///
/// ```
/// #[derive(Clone, Debug, PartialEq)]
/// enum Level {
///     Low,
///     Unknown(i64),
/// }
/// cobo_model::open_integer_enum! { Level, Unknown { Low = 1 } }
///
/// assert_eq!(Level::from(1), Level::Low);
/// assert_eq!(Level::from(7).as_i64(), 7);
/// ```
#[macro_export]
macro_rules! open_integer_enum {
    ($name:ident, $unknown:ident { $($variant:ident = $value:literal),* $(,)? }) => {
        impl $name {
            /// Returns the value in JSON.
            pub fn as_i64(&self) -> i64 {
                match self {
                    $(Self::$variant => $value,)*
                    Self::$unknown(value) => *value,
                }
            }
        }

        impl $crate::FieldValue for $name {
            fn placeholder() -> Self {
                Self::$unknown(0)
            }
        }

        impl ::std::convert::From<i64> for $name {
            fn from(value: i64) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    _ => Self::$unknown(value),
                }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::num::ParseIntError;

            fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
                value.parse::<i64>().map(::std::convert::Into::into)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.as_i64(), f)
            }
        }

        impl $crate::macros::serde::Serialize for $name {
            fn serialize<S: $crate::macros::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.as_i64())
            }
        }

        impl<'de> $crate::macros::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::macros::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let value: i64 = $crate::macros::serde::Deserialize::deserialize(deserializer)?;
                ::std::result::Result::Ok(value.into())
            }
        }
    };
}
