//! What generated clients are made of. Not for anyone else: these items change with the generator.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};

use crate::client::Client;
use crate::error::Error;
use crate::nullable::Nullable;
use crate::operation::Operation;
use crate::response::{Body, Response};
use crate::secret::Secret;
use crate::target;

pub use crate::form::Form;
pub use crate::missing::Missing;
pub use crate::raw::Raw;
pub use crate::union::{Shape, candidates, serialize_tagged};
pub use crate::{
    __open_enum as open_enum, __open_integer_enum as open_integer_enum,
    __shaped_union as shaped_union, __tagged_union as tagged_union, __union_from as union_from,
};
pub use serde;

/// A client to build requests with. It cannot send any.
pub fn request_factory(client: &Client) -> reqwest::Client {
    client.shared().factory.clone()
}

/// A path parameter, escaped.
///
/// # Errors
///
/// A value that would lead to another endpoint: empty, `.`, `..`, a slash, in any spelling.
pub fn path_segment(
    operation: &'static Operation,
    name: &'static str,
    value: impl Display,
) -> Result<String, Error> {
    target::path_segment(&value.to_string())
        .map_err(|why| Error::target(name, why).with_operation(operation.id()))
}

/// A list as one value of a query parameter.
///
/// # Errors
///
/// An item with a comma in it.
pub fn comma_list<T: Display>(
    operation: &'static Operation,
    name: &'static str,
    items: impl IntoIterator<Item = T>,
) -> Result<String, Error> {
    let items = items.into_iter().map(|item| item.to_string());
    target::comma_list(name, items)
        .map_err(|why| Error::target(name, why).with_operation(operation.id()))
}

/// A request as its builder left it.
///
/// # Errors
///
/// What the builder found wrong.
pub fn built(
    operation: &'static Operation,
    request: reqwest::Result<reqwest::Request>,
) -> Result<reqwest::Request, Error> {
    request.map_err(|error| Error::transport(error).with_operation(operation.id()))
}

/// The error for an operation that the generated table does not have.
pub fn unknown_operation(id: &str) -> Error {
    Error::invalid_request(format!(
        "the operation `{id}` is not in this crate's table; generate the crate anew"
    ))
}

/// A typed outcome on its way through progenitor's hook, which lets through nothing but a
/// `reqwest::Response`.
#[derive(Clone)]
struct Outcome(Result<Response<Body>, Error>);

/// Packs an outcome for its way through the hook.
pub fn carry(outcome: Result<Response<Body>, Error>) -> reqwest::Response {
    let mut response = http::Response::new(reqwest::Body::default());
    response.extensions_mut().insert(Outcome(outcome));
    response.into()
}

/// Unpacks an outcome that came through the hook.
///
/// # Errors
///
/// That of the call; and an error for a response that did not come from [`carry`], since nobody
/// signed its request.
pub fn outcome(
    operation: &'static Operation,
    result: reqwest::Result<reqwest::Response>,
) -> Result<Response<Body>, Error> {
    let carried = match result {
        Ok(mut response) => response.extensions_mut().remove::<Outcome>(),
        Err(error) => Some(Outcome(Err(Error::transport(error)))),
    };
    carried
        .map_or_else(
            || {
                // The client's hooks sent it by themselves.
                Err(Error::bypassed())
            },
            |outcome| outcome.0,
        )
        .map_err(|error| error.with_operation(operation.id()))
}

/// Decodes a verified body.
///
/// # Errors
///
/// A body that is not what the document says.
pub fn decode<T: DeserializeOwned>(response: Response<Body>) -> Result<Response<T>, Error> {
    let value = response.json()?;
    Ok(response.map(|_| value))
}

/// The response of an operation that answers with nothing.
///
/// # Errors
///
/// None today; the signature is that of [`decode`].
pub fn decode_empty(response: Response<Body>) -> Result<Response<()>, Error> {
    Ok(response.map(|_| ()))
}

/// A header's value.
///
/// # Errors
///
/// A value with a character that no header can have.
pub fn header_value(
    operation: &'static Operation,
    name: &'static str,
    value: impl Display,
) -> Result<http::HeaderValue, Error> {
    http::HeaderValue::try_from(value.to_string()).map_err(|_| {
        let text = format!("the header `{name}` has a character that no header can have");
        Error::invalid_request(text).with_operation(operation.id())
    })
}

/// Decodes a property that may be null or absent.
///
/// # Errors
///
/// A value of another type.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Nullable<T>>, D::Error> {
    Nullable::deserialize(deserializer).map(Some)
}

/// Decodes the properties that have no field of their own.
///
/// # Errors
///
/// A value of another type.
pub fn rest<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    // Serde holds them in a form of its own, out of which numbers and unions cannot be read.
    let values = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
    let typed = values
        .into_iter()
        .map(|(name, value)| Ok((name, T::deserialize(value).map_err(D::Error::custom)?)));
    typed.collect()
}

/// Decodes a string that must not be empty.
///
/// # Errors
///
/// An empty string.
pub fn non_empty<'de, D: Deserializer<'de>, T: Text>(deserializer: D) -> Result<T, D::Error> {
    let text = T::deserialize(deserializer)?;
    if text.is_blank() {
        return Err(D::Error::custom("field out of bounds: a string is empty"));
    }
    Ok(text)
}

/// Decodes an integer that must not be smaller than `MIN`.
///
/// # Errors
///
/// A smaller integer.
pub fn at_least<'de, D: Deserializer<'de>, const MIN: i64>(
    deserializer: D,
) -> Result<i64, D::Error> {
    let number = i64::deserialize(deserializer)?;
    if number < MIN {
        return Err(D::Error::custom(format_args!(
            "field out of bounds: a number is less than {MIN}"
        )));
    }
    Ok(number)
}

/// Decodes an integer that must not be smaller than `MIN`, if there is one.
///
/// # Errors
///
/// A smaller integer.
pub fn at_least_if_any<'de, D: Deserializer<'de>, const MIN: i64>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    let number = Option::<i64>::deserialize(deserializer)?;
    if number.is_some_and(|number| number < MIN) {
        return Err(D::Error::custom(format_args!(
            "field out of bounds: a number is less than {MIN}"
        )));
    }
    Ok(number)
}

/// What [`non_empty`] decodes.
pub trait Text: for<'de> Deserialize<'de> {
    /// Whether there is nothing in it.
    fn is_blank(&self) -> bool;
}

impl Text for String {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Text> Text for Option<T> {
    fn is_blank(&self) -> bool {
        self.as_ref().is_some_and(Text::is_blank)
    }
}

impl Text for Secret {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}
