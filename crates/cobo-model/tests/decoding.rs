//! What `decode` accepts, and what its errors say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use cobo_model::{DecodeError, Number, Secret, decode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[derive(Clone, Debug)]
struct Page {
    data: Vec<Item>,
    total: i64,
}
cobo_model::model! { Page { 0 data, 1 total at_least(0) } }

#[derive(Clone, Debug)]
struct Item {
    id: String,
    kind: Option<String>,
    transaction: Transaction,
    fees: BTreeMap<String, Transaction>,
    level: Option<Level>,
    token: Option<Secret>,
}
cobo_model::model! {
    Item { 0 id not_empty(), 1 kind = "type"?, 2 transaction, 3 fees, 4 level?, 5 token? }
}

#[derive(Clone, Debug)]
struct Transaction {
    transaction_id: String,
    amount: Option<Number>,
    others: BTreeMap<String, i64>,
}
cobo_model::model! { Transaction { 0 transaction_id, 1 amount?; others } }

#[derive(Clone, Debug, PartialEq)]
enum Level {
    Low,
    Unknown(i64),
}
cobo_model::open_integer_enum! { Level, Unknown { Low = 1 } }

#[derive(Clone)]
enum Pet {
    Cat(Box<Cat>),
    Unknown(Value),
}
cobo_model::tagged_union! { Pet, Unknown, "kind" { Cat(Cat) = "cat" } }

#[derive(Clone, Debug)]
struct Cat {
    kind: String,
    lives: i64,
    friends: Option<Vec<Pet>>,
}
cobo_model::model! { Cat { 0 kind, 1 lives, 2 friends? } }

#[derive(Clone)]
enum Payment {
    Card(Box<Card>),
    Transfer(Box<Transaction>),
    Unknown(Value),
}
cobo_model::shaped_union! {
    Payment, Unknown {
        Card(Card) = (true, ["card"], ["card"]),
        Transfer(Transaction) = (true, ["transaction_id"], ["transaction_id", "amount"]),
    }
}

#[derive(Clone, Debug)]
struct Card {
    card: Item,
}
cobo_model::model! { Card { 0 card } }

#[derive(Clone, Debug)]
struct Node {
    child: Option<Box<Node>>,
}
cobo_model::model! { Node { 0 child? } }

fn error<T: DeserializeOwned>(json: &str) -> DecodeError {
    match decode::<T>(json.as_bytes()) {
        Ok(_) => panic!("decoded: {json}"),
        Err(error) => error,
    }
}

/// The text of the error, which never quotes `SECRET`.
fn text<T: DeserializeOwned>(json: &str) -> String {
    let error = error::<T>(json);
    let text = error.to_string();
    assert!(!format!("{text}{error:?}").contains("SECRET"), "{text}");
    text
}

#[test]
fn all_missing_fields_at_all_depths_are_named_in_one_error() {
    let json = r#"{"data": [
        {"id": "a", "transaction": {"transaction_id": "t"}, "fees": {}},
        {"transaction": {"amount": 1.5}, "fees": {"BTC": {}, "ETH": {"transaction_id": "t"}}},
        {}
    ]}"#;
    let error = error::<Page>(json);
    assert_eq!(
        error.missing_fields(),
        [
            "data[1].transaction.transaction_id",
            "data[1].fees.BTC.transaction_id",
            "data[1].id",
            "data[2].id",
            "data[2].transaction",
            "data[2].fees",
            "total",
        ]
    );
    assert_eq!(error.wrong_value(), None);
    assert!(!error.is_too_deep() && !error.is_invalid_json());
    assert_eq!(
        error.to_string(),
        "missing required fields: data[1].transaction.transaction_id, \
         data[1].fees.BTC.transaction_id, data[1].id, data[2].id, data[2].transaction, \
         data[2].fees, total"
    );
}

#[test]
fn very_many_missing_fields_are_counted() {
    let items = vec!["{}"; 1000].join(",");
    let error = error::<Vec<Node2>>(&format!("[{items}]"));
    assert_eq!(error.missing_fields().len(), 100);
    let text = error.to_string();
    assert!(text.ends_with(", [19].id and 980 more"), "{text}");
}

#[derive(Clone, Debug)]
struct Node2 {
    id: String,
}
cobo_model::model! { Node2 { 0 id } }

#[test]
fn a_wrong_value_is_named_with_its_path_and_without_the_value() {
    for (json, says) in [
        (r#"{"total": "SECRET"}"#, "total: expected an integer"),
        (r#"{"total": -5}"#, "total: the number is less than 0"),
        (
            r#"{"total": 1, "total": 2}"#,
            "the field total appears twice",
        ),
        (r#"{"data": "SECRET"}"#, "data: expected a list"),
        (r#"{"data": ["SECRET"]}"#, "data[0]: expected an object"),
        (r#"{"data": [["SECRET"]]}"#, "data[0]: expected an object"),
        (
            r#"{"data": [{"id": {"SECRET": 1}}]}"#,
            "data[0].id: expected a string",
        ),
        (
            r#"{"data": [{"id": ""}]}"#,
            "data[0].id: the string is empty",
        ),
        (
            r#"{"data": [{"id": null}]}"#,
            "data[0].id: expected a string",
        ),
        (
            r#"{"data": [{"type": ["SECRET"]}]}"#,
            "data[0].type: expected a string",
        ),
        (
            r#"{"data": [{"token": 1}]}"#,
            "data[0].token: expected a string",
        ),
        (
            r#"{"data": [{"level": "SECRET"}]}"#,
            "data[0].level: expected an integer",
        ),
        (
            r#"{"data": [{"transaction": {"amount": "SECRET"}}]}"#,
            "data[0].transaction.amount: expected a number",
        ),
        (
            r#"{"data": [{"transaction": {"other": "SECRET"}}]}"#,
            "data[0].transaction.other: expected an integer",
        ),
        (
            r#"{"data": [{"fees": {"a b SECRET": []}}]}"#,
            "data[0].fees[*]: expected an object",
        ),
        (r#""SECRET""#, "expected an object"),
        (r#"["SECRET"]"#, "expected an object"),
    ] {
        assert_eq!(text::<Page>(json), says, "{json}");
    }
}

#[test]
fn missing_fields_before_a_wrong_value_are_named_with_it() {
    let error = error::<Page>(r#"{"data": [{"id": "a"}, {"id": 7}]}"#);
    assert_eq!(
        error.missing_fields(),
        ["data[0].transaction", "data[0].fees"]
    );
    assert_eq!(
        error.wrong_value(),
        Some(("data[1].id", "expected a string"))
    );
    assert_eq!(
        error.to_string(),
        "missing required fields: data[0].transaction, data[0].fees; \
         data[1].id: expected a string"
    );
}

#[test]
fn paths_go_through_unions() {
    let json = r#"[
        {"kind": "cat", "lives": 9, "friends": [{"kind": "dog", "name": 1}]},
        {"kind": "cat", "friends": [{"kind": "cat", "lives": 1}, {"kind": "cat"}]}
    ]"#;
    assert_eq!(
        error::<Vec<Pet>>(json).missing_fields(),
        ["[1].friends[1].lives", "[1].lives"]
    );
    assert_eq!(
        text::<Vec<Pet>>(r#"[{"kind": "cat", "lives": "SECRET"}]"#),
        "[0].lives: expected an integer"
    );
    let pets: Vec<Pet> = decode(br#"[{"kind": "dog", "lives": "x"}, {}]"#).unwrap();
    assert!(pets.iter().all(|pet| matches!(pet, Pet::Unknown(_))));
    assert!(matches!(
        decode(br#"{"kind": "cat", "lives": 9}"#).unwrap(),
        Pet::Cat(cat) if cat.kind == "cat" && cat.lives == 9 && cat.friends.is_none()
    ));
}

#[test]
fn a_variant_that_does_not_decode_leaves_no_trace_in_a_union_without_a_discriminator() {
    let json = br#"[{"card": {"id": 1}}, {"card": {}}, {"transaction_id": "t"}]"#;
    let payments: Vec<Payment> = decode(json).unwrap();
    assert!(matches!(
        payments.as_slice(),
        [Payment::Unknown(_), Payment::Unknown(_), Payment::Transfer(transfer)]
            if transfer.transaction_id == "t"
    ));
}

#[test]
fn integers_decode_however_they_are_written() {
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
fn an_integer_that_does_not_fit_is_an_error_with_its_path() {
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

/// Structs with serde's derived code, as callers of undocumented endpoints write them.
#[derive(Debug, Deserialize, PartialEq)]
struct Derived {
    a: u8,
    b: Option<u8>,
    #[serde(default)]
    inner: Vec<Derived>,
}

#[test]
fn structs_with_derived_code_have_paths_too() {
    let json = r#"{"x": {"a": 1, "inner": [{"a": 1}, {"b": 1}]}}"#;
    let error = error::<HashMap<String, Derived>>(json);
    assert_eq!(error.missing_fields(), ["x.inner[1].a"]);
    assert_eq!(error.to_string(), "missing required fields: x.inner[1].a");
    let json = r#"{"a": 1, "inner": [{"a": "SECRET"}]}"#;
    assert_eq!(text::<Derived>(json), "inner[0].a: expected an integer");
    assert_eq!(
        text::<Derived>(r#"{"a": 1, "a": 1}"#),
        "a field appears twice"
    );
    assert_eq!(
        text::<HashMap<u8, Derived>>(r#"{"1": {"a": true}}"#),
        "[*].a: expected an integer"
    );
}

#[test]
fn an_array_does_not_decode_as_a_struct() {
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
fn other_types_decode_as_in_serde_json() {
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
fn a_model_in_a_buffered_value_is_not_filled_with_placeholders() {
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
}

#[test]
fn text_that_is_not_json_is_told_from_a_wrong_value() {
    for (json, says) in [
        ("", "the JSON ends too early"),
        (r#"{"data": [{"id": "a"#, "the JSON ends too early"),
        (r#"{"data": [}"#, "not valid JSON (line 1, column 11)"),
        ("{\n  \"total\": 1x}", "not valid JSON (line 2, column 13)"),
        (r#"{"total": 01}"#, "not valid JSON (line 1, column 12)"),
        (
            r#"{"data": [], "total": 1} x"#,
            "not valid JSON (line 1, column 26)",
        ),
        ("<html>", "not valid JSON (line 1, column 1)"),
    ] {
        let error = error::<Page>(json);
        assert_eq!(error.to_string(), says, "{json}");
        assert!(error.is_invalid_json());
        assert!(!error.is_too_deep());
        assert_eq!(error.wrong_value(), None);
    }
}

#[test]
fn json_that_is_nested_too_deep_is_named_as_such() {
    let objects = |depth| {
        let open = r#"{"child":"#.repeat(depth);
        format!("{open}null{}", "}".repeat(depth))
    };
    decode::<Node>(objects(100).as_bytes()).unwrap();
    let lists = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let pets = |depth| {
        let open = r#"{"kind":"cat","lives":1,"friends":["#.repeat(depth);
        format!("{open}{}", "]}".repeat(depth))
    };
    decode::<Pet>(pets(40).as_bytes()).unwrap();
    for error in [
        error::<Node>(&objects(200)),
        error::<Value>(&lists),
        error::<Vec<Pet>>(&format!("[{}]", pets(100))),
    ] {
        assert_eq!(error.to_string(), "the JSON is nested too deep");
        assert!(error.is_too_deep());
        assert!(!error.is_invalid_json());
    }
}

/// Every value of a document, replaced by every kind of value or removed: whatever the error names
/// is the place of the change, and nothing of the value.
#[test]
fn an_error_names_the_place_of_a_change_and_nothing_of_its_value() {
    let document = serde_json::json!({
        "data": [
            {
                "id": "a", "type": "t", "level": 1, "token": "k",
                "transaction": {"transaction_id": "t", "amount": 1.5, "more": 7},
                "fees": {"BTC": {"transaction_id": "t"}},
            },
            {"id": "b", "transaction": {"transaction_id": "t"}, "fees": {}},
        ],
        "total": 2,
    });
    decode::<Page>(document.to_string().as_bytes()).unwrap();
    let others = [
        r#""SECRET""#,
        r#"["SECRET"]"#,
        r#"{"SECRET SECRET": "SECRET"}"#,
        "77077.5",
        "7.7077e100",
        "true",
        "null",
    ];
    let (mut refused, mut accepted) = (0, 0);
    for (pointer, path) in places(&document, "", "") {
        for other in others {
            let mut changed = document.clone();
            *changed.pointer_mut(&pointer).unwrap() = serde_json::from_str(other).unwrap();
            let json = changed.to_string();
            if decode::<Page>(json.as_bytes()).is_ok() {
                accepted += 1;
                continue;
            }
            refused += 1;
            let text = text::<Page>(&json);
            assert!(!text.contains("7077"), "{pointer} {other}: {text}");
            let error = error::<Page>(&json);
            let named = error.wrong_value().map(|(named, _)| named.to_owned());
            let named = named.into_iter().chain(error.missing_fields().to_vec());
            for named in named {
                let inside = named.strip_prefix(&path).unwrap_or_else(|| {
                    panic!("{pointer} {other}: {named} is not at or below {path}")
                });
                let whole_step =
                    inside.is_empty() || path.is_empty() || inside.starts_with(['.', '[']);
                assert!(whole_step, "{pointer} {other}: {named}");
            }
        }
    }
    assert!(refused > 100 && accepted > 10, "{refused} {accepted}");
}

/// The values of a document, each by its JSON pointer and by its path.
fn places(value: &Value, pointer: &str, path: &str) -> Vec<(String, String)> {
    let mut found = vec![(pointer.to_owned(), path.to_owned())];
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let dot = if path.is_empty() { "" } else { "." };
                found.extend(places(
                    value,
                    &format!("{pointer}/{name}"),
                    &format!("{path}{dot}{name}"),
                ));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(places(
                    item,
                    &format!("{pointer}/{index}"),
                    &format!("{path}[{index}]"),
                ));
            }
        }
        _ => {}
    }
    found
}
