//! The canonical target, against the way each official SDK writes what it signs.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::collections::BTreeMap;

use cobo_auth::{TargetError, canonicalize};
use proptest::prelude::*;
use url::Url;

fn canonical(query: &str) -> Result<String, TargetError> {
    let mut url = Url::parse("https://api.cobo.com/v2/x").unwrap();
    url.set_query(Some(query));
    canonicalize(&mut url)?;
    Ok(url.query().unwrap_or_default().to_owned())
}

/// Decodes `application/x-www-form-urlencoded` with code of another's.
fn parse(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// How Go's `url.Values.Encode`, Python's `quote_plus` and Java's signer write a pair: unreserved
/// characters raw, a space as `+`.
fn form_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            b' ' => "+".to_owned(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// What the Go SDK signs: pairs sorted by key.
fn go_reading(query: &str) -> String {
    let mut pairs = parse(query);
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    encode(&pairs)
}

/// What the Python SDK signs: pairs in the order in which they are sent.
fn python_reading(query: &str) -> String {
    encode(&parse(query))
}

/// What the Java SDK signs: the first value of each key.
fn java_reading(query: &str) -> String {
    let mut first: Vec<(String, String)> = Vec::new();
    for (key, value) in parse(query) {
        if first.iter().all(|(known, _)| *known != key) {
            first.push((key, value));
        }
    }
    encode(&first)
}

/// What the JavaScript SDK signs: `encodeURIComponent` with `+` for a space, which leaves some
/// more characters raw. It can agree where a value has none of them.
fn js_reading(query: &str) -> Option<String> {
    let raw_in_js = |text: &str| text.contains(['!', '\'', '(', ')', '*']);
    let pairs = parse(query);
    let differs = pairs
        .iter()
        .any(|(key, value)| raw_in_js(key) || raw_in_js(value));
    (!differs).then(|| encode(&pairs))
}

fn encode(pairs: &[(String, String)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("{}={}", form_encode(key), form_encode(value)))
        .collect();
    pairs.join("&")
}

/// Queries as callers and HTTP libraries write them: any characters, raw or escaped.
fn any_query() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[a-zA-Z0-9_.~-]{0,6}",
        "[ +%!'()*,;:@/?\u{e9}\u{1f600}=]{0,4}",
        "(%[0-7][0-9a-fA-F]){0,3}",
    ];
    let key = prop_oneof!["[a-c]", "[a-z_]{1,5}", "%[0-7][0-9a-f]"];
    prop::collection::vec((key, text), 0..8).prop_map(|pairs| {
        let pairs: Vec<_> = pairs
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        pairs.join("&")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn canonical_query_is_idempotent(query in any_query()) {
        if let Ok(once) = canonical(&query) {
            prop_assert_eq!(canonical(&once).unwrap(), once);
        }
    }

    #[test]
    fn canonical_query_has_sorted_non_empty_pairs_and_comma_joined_lists(query in any_query()) {
        // What the URL type makes of the query is what is given to the canonical form.
        let mut url = Url::parse("https://api.cobo.com/v2/x").unwrap();
        url.set_query(Some(&query));
        let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, value) in parse(url.query().unwrap_or_default()) {
            if !value.is_empty() {
                expected.entry(key).or_default().push(value);
            }
        }
        let comma = expected
            .values()
            .any(|values| values.len() > 1 && values.iter().any(|value| value.contains(',')));
        match canonical(&query) {
            Ok(canonical) => {
                prop_assert!(!comma);
                let expected: Vec<_> = expected
                    .into_iter()
                    .map(|(key, values)| (key, values.join(",")))
                    .collect();
                prop_assert_eq!(parse(&canonical), expected);
            }
            Err(_) => prop_assert!(comma),
        }
    }

    #[test]
    fn canonical_query_is_the_same_in_every_cobo_sdk(query in any_query()) {
        if let Ok(canonical) = canonical(&query) {
            prop_assert_eq!(go_reading(&canonical), canonical.clone());
            prop_assert_eq!(python_reading(&canonical), canonical.clone());
            prop_assert_eq!(java_reading(&canonical), canonical.clone());
            if let Some(js) = js_reading(&canonical) {
                prop_assert_eq!(js, canonical);
            }
        }
    }

    #[test]
    fn unnecessarily_escaped_path_characters_are_decoded(
        segments in prop::collection::vec("[a-zA-Z0-9_~!$&'()*+,;=:@-]{1,8}", 1..4)
    ) {
        let path = format!("/v2/{}", segments.join("/"));
        let escaped: String = path
            .chars()
            .map(|char| match char {
                ':' | '@' | '!' => format!("%{:02x}", u32::from(char)),
                other => other.to_string(),
            })
            .collect();
        let mut url = Url::parse(&format!("https://api.cobo.com{escaped}")).unwrap();
        canonicalize(&mut url).unwrap();
        prop_assert_eq!(url.path(), &path);
    }

    #[test]
    fn canonicalize_never_panics_on_arbitrary_paths_and_queries(path in "\\PC{0,20}", query in "\\PC{0,30}") {
        let mut url = Url::parse("https://api.cobo.com/v2/").unwrap();
        url.set_path(&path);
        url.set_query(Some(&query));
        if canonicalize(&mut url).is_ok() {
            let once = url.clone();
            prop_assert!(canonicalize(&mut url).is_ok());
            prop_assert_eq!(url, once);
        }
    }
}

#[test]
fn query_escapes_of_http_libraries_are_canonicalized() {
    for (given, expected) in [
        ("tilde=%7E&star=*", "star=%2A&tilde=~"),
        ("e=&a=1", "a=1"),
        ("e=", ""),
        ("", ""),
        ("b=x%20y&a=x+y", "a=x+y&b=x+y"),
        ("k=%c3%a9", "k=%C3%A9"),
        ("chain_ids=BTC,ETH", "chain_ids=BTC%2CETH"),
        ("chain_ids=BTC&chain_ids=ETH", "chain_ids=BTC%2CETH"),
        ("flag", ""),
        ("not_utf8=%fF", "not_utf8=%FF"),
    ] {
        assert_eq!(canonical(given).unwrap(), expected, "{given}");
    }
}

#[test]
fn empty_query_and_fragment_are_removed_from_the_url() {
    let mut url = Url::parse("https://api.cobo.com/v2/x?e=#fragment").unwrap();
    canonicalize(&mut url).unwrap();
    assert_eq!(url.as_str(), "https://api.cobo.com/v2/x");
}

#[test]
fn comma_in_a_repeated_query_parameter_is_refused_with_its_name() {
    let error = canonical("ids=a%2Cb&ids=c").unwrap_err();
    assert_eq!(error, TargetError::CommaInItem { name: "ids".into() });
}
