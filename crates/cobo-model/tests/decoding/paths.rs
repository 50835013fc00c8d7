//! Errors name the place of what is missing or wrong.

use std::collections::HashMap;

use cobo_model::decode;

use super::*;

#[test]
fn one_error_lists_missing_fields_of_all_depths() {
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
fn long_list_of_missing_fields_is_shortened_to_a_count() {
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
fn wrong_value_error_has_the_path_and_not_the_value() {
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
fn wrong_value_error_lists_missing_fields_found_before_it() {
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
fn error_paths_include_fields_inside_unions() {
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
fn failed_variant_of_an_untagged_union_adds_no_errors() {
    let json = br#"[{"card": {"id": 1}}, {"card": {}}, {"transaction_id": "t"}]"#;
    let payments: Vec<Payment> = decode(json).unwrap();
    assert!(matches!(
        payments.as_slice(),
        [Payment::Unknown(_), Payment::Unknown(_), Payment::Transfer(transfer)]
            if transfer.transaction_id == "t"
    ));
}

#[test]
fn errors_in_structs_with_derived_deserialize_have_paths() {
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
fn texts_of_custom_deserialize_errors_are_not_shown() {
    fn fail<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format!("refused: {text}")))
    }

    #[derive(Debug, Deserialize)]
    enum Kind {
        Known,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only decoded")]
    struct Custom {
        kind: Option<Kind>,
        #[serde(default, deserialize_with = "fail")]
        text: String,
    }

    assert!(matches!(decode(br#""Known""#), Ok(Kind::Known)));
    assert_eq!(
        text::<Vec<Custom>>(r#"[{"text": "SECRET"}]"#),
        "[0].text: invalid value"
    );
    assert_eq!(
        text::<Vec<Custom>>(r#"[{"kind": "SECRET"}]"#),
        "[0].kind: invalid value"
    );
}
