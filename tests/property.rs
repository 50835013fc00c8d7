//! What holds for any bytes from outside: the properties that the fuzz targets look for a breach
//! of, and that the stored corpus is checked against.

use cobo_auth::{ErrorBody, ResponseKeys, SecretKey, Verification, canonicalize};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// What holds for any bytes: it panics where it does not.
pub type Property = fn(&[u8]);

/// Every property, by the name of its fuzz target and of its folder in the corpus.
pub const ALL: [(&str, Property); 4] = [
    ("canonical_target", canonical_target),
    ("key_parsing", key_parsing),
    ("response_verification", response_verification),
    ("error_decoding", error_decoding),
];

/// The canonical form is a fixed point, has no empty value and no repeated key, and is pure ASCII.
pub fn canonical_target(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(mut url) = Url::parse("https://api.cobo.com/v2/").and_then(|base| base.join(&text))
    else {
        return;
    };
    if canonicalize(&mut url).is_err() {
        return;
    }
    let once = url.clone();
    canonicalize(&mut url).unwrap();
    assert_eq!(url, once);
    assert!(url.fragment().is_none() && url.as_str().is_ascii());
    let Some(query) = url.query() else {
        return;
    };
    assert!(!query.is_empty());
    let pairs: Vec<_> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .collect();
    assert!(pairs.iter().all(|(_, value)| !value.is_empty()));
    let decoded: Vec<Vec<u8>> = pairs
        .iter()
        .map(|(name, _)| percent_encoding::percent_decode_str(&name.replace('+', " ")).collect())
        .collect();
    assert!(decoded.is_sorted_by(|a, b| a < b));
}

/// Whatever is no key is an error that does not repeat it.
pub fn key_parsing(data: &[u8]) {
    let check = |result: Result<SecretKey, cobo_auth::KeyError>| match result {
        Ok(key) => assert_eq!(format!("{key:?}"), "SecretKey(REDACTED)"),
        Err(error) => {
            let shown = format!("{error} {error:?}").into_bytes();
            let repeated = data.len() >= 16
                && data
                    .windows(16)
                    .any(|part| shown.windows(16).any(|text| text == part));
            // Words of the error itself are no repetition.
            assert!(!repeated || data.is_ascii() && data.contains(&b' '));
        }
    };
    check(SecretKey::from_der(data));
    if let Ok(text) = std::str::from_utf8(data) {
        check(SecretKey::from_hex(text));
        check(SecretKey::from_pem(text));
    }
}

/// Nothing verifies that was not signed: the key belongs to nobody here.
pub fn response_verification(data: &[u8]) {
    let key = cobo_auth::Environment::production().response_keys().clone();
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let (Some(timestamp), Some(signature), Some(body)) = (parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("biz-timestamp", timestamp),
        ("biz-resp-signature", signature),
        ("biz_timestamp", body),
        ("biz_resp_signature", signature),
    ] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    assert!(!matches!(
        key.verify(body, &headers),
        Verification::Signed { .. }
    ));
    assert_eq!(
        ResponseKeys::unverified().verify(body, &headers),
        Verification::Unchecked
    );
}

/// Whatever a failure's body says, its texts hold none of the server's free text.
pub fn error_decoding(data: &[u8]) {
    let Some(body) = ErrorBody::parse(data) else {
        return;
    };
    let shown = format!("{body} {body:?}");
    assert!(
        shown
            .chars()
            .all(|char| char == ' ' || char.is_ascii_graphic())
    );
    let message = body.message();
    // What stands in the text by itself (the advice, the id, the error's name) is no breach.
    let own = [
        body.error_id(),
        body.oauth_error(),
        body.code().and_then(|code| code.advice()),
    ];
    if message.len() >= 24 && !own.iter().flatten().any(|own| own.contains(message)) {
        assert!(!shown.contains(message));
    }
}
