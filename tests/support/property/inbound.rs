//! What Cobo sends to an app: headers, webhook events, callbacks.

use std::time::Duration;

use cobo_auth::{DecodeError, InboundVerifier, ResponseKeys, double_sha256};
use cobo_waas2::models::WebhookEventData;
use cobo_waas2::webhooks::{CallbackRequest, Event};
use ed25519_dalek::Signer as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::assert_silent;

/// Longer than any word of an error text, in bytes.
const LONG: usize = 48;
/// In the headers of an input: the genuine signature of the body and of the first timestamp header.
const SIGNED: &str = "SIGNED";

/// Only a request with one timestamp and one genuine signature in the same spelling is accepted, and a refusal shows
/// nothing of it.
///
/// The data are lines of headers, an empty line, and a body.
pub fn inbound_headers(data: &[u8]) {
    let end = data.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (data, &b""[..]),
    };
    let mut lines = Vec::new();
    for line in head.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = parts.next().unwrap_or_default();
        if let Ok(name) = name {
            lines.push((name, value.trim_ascii().to_vec()));
        }
    }
    let is_timestamp =
        |name: &HeaderName| ["biz-timestamp", "biz_timestamp"].contains(&name.as_str());
    let timestamp = lines.iter().find(|(name, _)| is_timestamp(name));
    let timestamp = timestamp.map_or(Vec::new(), |(_, value)| value.clone());
    let key = crate::canned::response_key();
    let signature = hex::encode(
        key.sign(&double_sha256([body, b"|", timestamp.as_slice()]))
            .to_bytes(),
    );

    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value = match value == SIGNED.as_bytes() {
            true => HeaderValue::from_str(&signature),
            false => HeaderValue::from_bytes(&value),
        };
        if let Ok(value) = value {
            headers.append(name, value);
        }
    }
    let keys = hex::encode(key.verifying_key().as_bytes());
    let keys = ResponseKeys::from_hex([keys.as_str()]).unwrap();
    let verifier = InboundVerifier::from_keys(keys).unwrap();
    let verifier = verifier.with_tolerance(Duration::MAX, Duration::MAX);
    let result = verifier.verify(body, &headers);
    assert_eq!(
        result.is_ok(),
        is_genuine(&headers, &timestamp, &signature),
        "{result:?}"
    );
    if let Err(error) = result {
        assert!(error.public_text().len() < 40);
        let shown = format!("{error} {error:?}");
        assert!(shown.chars().all(|letter| !letter.is_control()), "{shown}");
        assert_silent(&shown, body, LONG);
    }
}

/// What must be accepted, in other words than the verifier's.
fn is_genuine(headers: &HeaderMap, timestamp: &[u8], signature: &str) -> bool {
    let encodings = headers.get_all("content-encoding").iter();
    let is_plain = encodings.into_iter().all(|value| {
        let coding = value.as_bytes().trim_ascii();
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
    });
    let pair = |separator: &str| {
        let name = |name: &str| name.replace('-', separator);
        let all = |name: String| -> Vec<Vec<u8>> {
            let values = headers.get_all(name).iter();
            values.map(|value| value.as_bytes().to_vec()).collect()
        };
        (all(name("biz-timestamp")), all(name("biz-resp-signature")))
    };
    let pairs = ["-", "_"].map(pair);
    let complete = pairs
        .iter()
        .find(|(times, signatures)| !times.is_empty() && !signatures.is_empty());
    let Some((times, signatures)) = complete else {
        return false;
    };
    let digits = timestamp.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(timestamp).ok();
    let is_number = digits && number.is_some_and(|text| text.parse::<u64>().is_ok());
    is_plain
        && is_number
        && *times == [timestamp]
        && signatures.len() == 1
        && signatures[0].eq_ignore_ascii_case(signature.as_bytes())
}

/// An event decodes or is an error that shows no value. Data of an unknown type are kept whole.
pub fn event_decoding(data: &[u8]) {
    let event = match cobo_model::decode::<Event>(data) {
        Ok(event) => event,
        Err(error) => return assert_shows_no_value(&error, data),
    };
    if let Some(error) = &event.data_error {
        assert_shows_no_value(error, data);
    }
    // Fields that are ignored may contain text that is not Unicode, which a `Value` cannot have.
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    assert_eq!(value["type"].as_str(), Some(event.type_.as_str()));
    assert_eq!(value["url"].as_str(), Some(event.url.as_str()));
    assert_eq!(value["event_id"].as_str(), event.event_id.as_deref());
    if let WebhookEventData::Unknown(kept) = &event.data {
        assert_eq!(value["data"], *kept);
    } else {
        assert!(event.data_error.is_none());
    }
}

/// A callback decodes or is an error that shows no value. What decodes is the same after it was written and read again.
pub fn callback_decoding(data: &[u8]) {
    let request = match cobo_model::decode::<CallbackRequest>(data) {
        Ok(request) => request,
        Err(error) => return assert_shows_no_value(&error, data),
    };
    let written = serde_json::to_string(&request).unwrap();
    let read: CallbackRequest = cobo_model::decode(written.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
    // As for events.
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    assert_eq!(
        value["transaction_id"].as_str(),
        Some(request.transaction_id.as_str())
    );
}

fn assert_shows_no_value(error: &DecodeError, data: &[u8]) {
    assert_silent(&format!("{error} {error:?}"), data, LONG);
}
