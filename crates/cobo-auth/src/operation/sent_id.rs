//! Reads, from the body of a request, the request id that it sends.

use std::collections::BTreeMap;

use cobo_model::MissingFields;
use serde_json::value::RawValue;

use super::Operation;
use crate::error::Error;
use crate::request_id::{RequestId, SentId};

impl Operation {
    /// The id in a written body; `None` if the operation has no request id.
    ///
    /// # Errors
    ///
    /// The body has no id, or an invalid one.
    pub(super) fn sent_id(&self, body: Option<&[u8]>) -> Result<Option<SentId>, Error> {
        let Some(key) = self.idempotency_key() else {
            return Ok(None);
        };
        let name = match self.body {
            Some(body) => format!("{}.{}", body.name, key.property),
            None => key.property.to_owned(),
        };
        let properties: Option<BTreeMap<String, &RawValue>> =
            body.and_then(|body| serde_json::from_slice(body).ok());
        let id: Option<String> = properties
            .and_then(|properties| serde_json::from_str(properties.get(key.property)?.get()).ok());
        match id {
            Some(id) => match RequestId::new(id) {
                Ok(id) => Ok(Some(SentId { id, key })),
                Err(error) => Err(Error::invalid_request(format!("`{name}`: {error}"))),
            },
            None => Err(MissingFields::new(vec![name]).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TRANSFER: Operation = Operation::post("transfer", "/transfer")
        .body("transfer", true)
        .idempotent_by("request_id", "list");

    fn sent(body: &str) -> Result<String, Error> {
        let sent = TRANSFER.sent_id(Some(body.as_bytes()))?;
        Ok(sent.map(|sent| sent.id.to_string()).unwrap_or_default())
    }

    #[test]
    fn request_id_is_read_from_the_encoded_body() {
        assert_eq!(
            sent(r#"{"a":{"request_id":"no"},"request_id":"r\u002d1"}"#).unwrap(),
            "r-1"
        );
        let plain = Operation::post("other", "/other");
        assert!(plain.sent_id(Some(b"{}")).unwrap().is_none());
    }

    #[test]
    fn body_without_a_valid_request_id_is_an_error() {
        for body in ["{}", "[]", r#"{"request_id":null}"#, r#"{"request_id":7}"#] {
            assert_eq!(
                sent(body).unwrap_err().missing_fields(),
                ["transfer.request_id"]
            );
        }
        let error = sent(r#"{"request_id":""}"#).unwrap_err().to_string();
        assert!(
            error.starts_with("`transfer.request_id`: invalid request id"),
            "{error}"
        );
    }
}
