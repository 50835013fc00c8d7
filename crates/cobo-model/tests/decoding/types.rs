//! What decodes, and as what.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use cobo_model::decode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Derived, Level, Page, Transaction, text};

#[test]
fn integers_in_any_json_notation_decode() {
    let page: Page = decode(br#"{"data": [], "total": 1e3}"#).unwrap();
    assert_eq!(page.total, 1000);
    assert_eq!(decode::<i64>(b"5.0").unwrap(), 5);
    assert_eq!(decode::<Vec<u8>>(b"[2.55e2, 0]").unwrap(), [255, 0]);
    assert_eq!(decode::<Option<i64>>(b"null").unwrap(), None);
    assert_eq!(
        decode::<Option<u64>>(b"1e19").unwrap(),
        Some(10_u64.pow(19))
    );
    assert_eq!(decode::<i128>(b"1e38").unwrap(), 10_i128.pow(38));
    assert_eq!(decode::<Level>(b"1.0").unwrap(), Level::Low);
    assert_eq!(decode::<Level>(b"2").unwrap(), Level::Unknown(2));
    // As a float this would be 9007199254740992.
    assert_eq!(
        decode::<i64>(b"9007199254740993.0").unwrap(),
        9_007_199_254_740_993
    );
}

#[test]
fn integer_out_of_range_is_an_error_with_its_path() {
    for (json, says) in [
        ("1e20", "the integer does not fit i64"),
        ("100000000000000000000", "the integer does not fit i64"),
        ("9223372036854775808", "the integer does not fit i64"),
        ("1e99999999999", "the integer does not fit i64"),
        ("5.5", "expected an integer"),
        ("5.00000000000000000001", "expected an integer"),
    ] {
        let json = format!(r#"{{"data": [], "total": {json}}}"#);
        assert_eq!(text::<Page>(&json), format!("total: {says}"), "{json}");
    }
    assert_eq!(
        text::<Vec<u8>>("[1, 256]"),
        "[1]: the integer does not fit u8"
    );
    assert_eq!(
        text::<Vec<u8>>("[1, -1]"),
        "[1]: the integer does not fit u8"
    );
    assert_eq!(
        text::<Vec<u64>>("[-1]"),
        "[0]: the integer does not fit u64"
    );
}

#[test]
fn array_never_decodes_as_a_struct() {
    let pair = Derived {
        a: 1,
        b: Some(2),
        inner: Vec::new(),
    };
    assert_eq!(decode::<Derived>(br#"{"b":2,"a":1}"#).unwrap(), pair);
    assert_eq!(text::<Derived>("[1,2]"), "expected an object");
    assert_eq!(
        text::<Derived>(r#"{"a": 1, "inner": [[1, 2, []]]}"#),
        "inner[0]: expected an object"
    );
}

#[test]
fn other_types_decode_the_same_as_with_serde_json() {
    fn same<T: DeserializeOwned + Debug + PartialEq>(json: &str) {
        let expected: T = serde_json::from_str(json).unwrap();
        assert_eq!(decode::<T>(json.as_bytes()).unwrap(), expected);
    }

    #[derive(Debug, Deserialize, PartialEq)]
    enum Variant {
        Unit,
        Newtype(u8),
        Struct { a: u8 },
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(untagged)]
    enum Untagged {
        Number(u64),
        Text(String),
        Struct { a: Vec<u8> },
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Flat {
        a: u8,
        #[serde(flatten)]
        rest: HashMap<String, Value>,
    }

    #[derive(Debug, Deserialize, PartialEq, Eq, Hash)]
    struct Id(String);

    same::<(u8, String)>(r#"[1, "x"]"#);
    same::<[f64; 2]>("[1, 2.5]");
    same::<()>("null");
    same::<char>(r#""c""#);
    same::<Vec<Option<bool>>>("[true, null]");
    same::<HashMap<u64, i8>>(r#"{"1": -2, "3": 4}"#);
    same::<HashMap<Id, String>>(r#"{"a": "b"}"#);
    same::<Vec<Variant>>(r#"["Unit", {"Newtype": 1}, {"Struct": {"a": 1}}]"#);
    same::<Vec<Untagged>>(r#"[1, "x", {"a": [1]}]"#);
    same::<Flat>(r#"{"a": 1, "b": [1, {"c": null}]}"#);
    same::<Value>(r#"{"a": [1, 1.5, "x", null, {"b": true}]}"#);
    let raw: Box<serde_json::value::RawValue> = decode(b"[1,  2]").unwrap();
    assert_eq!(raw.get(), "[1,  2]");
}

#[test]
fn model_in_an_untagged_or_flattened_value_is_never_filled_with_placeholders() {
    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Item(Transaction),
        Other(BTreeMap<String, String>),
    }
    let either: Either = decode(br#"{"a": "b"}"#).unwrap();
    assert!(matches!(either, Either::Other(map) if map["a"] == "b"));
    let either: Either = decode(br#"{"transaction_id": "b"}"#).unwrap();
    assert!(matches!(either, Either::Item(item) if item.transaction_id == "b"));

    #[derive(Debug, Deserialize)]
    struct Flat {
        a: u8,
        #[serde(flatten)]
        item: Option<Transaction>,
    }
    let flat: Flat = decode(br#"{"a": 1}"#).unwrap();
    assert!(flat.a == 1 && flat.item.is_none());
}

#[test]
fn model_can_be_flattened_into_another_struct() {
    #[derive(Debug, Deserialize)]
    struct Envelope {
        version: u8,
        #[serde(flatten)]
        item: Transaction,
    }
    let json = r#"{"version": 1, "transaction_id": "t", "more": 2}"#;
    for envelope in [
        serde_json::from_str::<Envelope>(json).unwrap(),
        decode(json.as_bytes()).unwrap(),
    ] {
        assert_eq!(envelope.version, 1);
        assert_eq!(envelope.item.transaction_id, "t");
        assert_eq!(envelope.item.others["more"], 2);
    }
}
