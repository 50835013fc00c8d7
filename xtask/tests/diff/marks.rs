//! Changes of what only marks say: secrets, retries, idempotency keys, sides, final states.

use serde_json::{Value, json};
use xtask::diff::{Class, Surface, changes, text};

use super::{ORDER, at, base, document, edited, lines, things};

#[test]
fn property_that_becomes_a_secret_is_a_breaking_type_change() {
    let found = edited(|root| {
        at(root, "/components/schemas/Thing/properties/key")["x-cobo-secret"] = json!(true);
    });
    let expected = "model Thing, used by get_thing, make_thing\n  \
                    breaking   key: type changed, from String to Secret\n";
    assert!(text(&found).contains(expected), "{}", text(&found));
}

#[test]
fn changed_repeatable_mark_is_a_behaviour_change() {
    let found = edited(|root| {
        at(root, "/paths/~1things/post")["x-cobo-repeatable"] = json!(true);
    });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].class, Class::Behaviour);
    let expected = "1 change, 0 of them breaking, 1 of behaviour\noperation make_thing\n  \
                    behaviour  repeated in other cases, from not repeatable to repeatable\n";
    assert_eq!(text(&found), expected);
}

#[test]
fn added_idempotency_key_is_a_behaviour_change() {
    let mut old = things();
    at(&mut old, "/paths/~1things/get")["parameters"] =
        json!([{"name": "id", "in": "query", "schema": {"type": "string"}}]);
    let mut new = old.clone();
    at(&mut new, "/components/schemas/Thing/properties/id")["x-cobo-idempotency-key"] =
        json!("get_thing");
    let found = changes(&document(&old), &document(&new));
    assert!(found.iter().all(|change| change.class == Class::Behaviour));
    let expected = "  behaviour  idempotency key changed, from none to id, found by get_thing\n";
    assert!(text(&found).contains(expected), "{}", text(&found));
}

#[test]
fn added_read_only_or_write_only_mark_is_reported_by_diff() {
    let found = edited(|root| {
        at(root, "/components/schemas/Thing/properties/id")["readOnly"] = json!(true);
        at(root, "/components/schemas/Thing/properties/key")["writeOnly"] = json!(true);
    });
    let expected = [
        "  behaviour  id: used by other sides, from both to responses\n",
        // The model serves both sides, and only one of them has the property.
        "  breaking   id: optional now\n",
        "  behaviour  key: used by other sides, from both to requests\n",
    ];
    for line in expected {
        assert!(text(&found).contains(line), "{}", text(&found));
    }
}

#[test]
fn changed_final_states_are_reported_by_diff() {
    let marked = |success: Value, failure: Value| {
        let mut root = base();
        let mut states = json!({"type": "string", "enum": ["open", "paid", "lost", "late"]});
        if success != json!([]) || failure != json!([]) {
            states["x-cobo-final-states"] = json!({"success": success, "failure": failure});
        }
        at(&mut root, "/components/schemas")["State"] = states;
        at(&mut root, ORDER)["status"] = json!({"$ref": "#/components/schemas/State"});
        document(&root)
    };
    let without = marked(json!([]), json!([]));
    let one = marked(json!(["paid"]), json!(["lost"]));
    let other = marked(json!(["lost"]), json!(["late"]));

    let expected = [
        "  behaviour  late: final state changed, from not final to failure",
        "  behaviour  lost: final state changed, from failure to success",
        "  behaviour  paid: final state changed, from success to not final",
    ];
    assert_eq!(lines(&changes(&one, &other))[1..], expected);
    let classes = |old, new| -> Vec<Class> {
        let found = changes(old, new);
        found.iter().map(|change| change.class).collect()
    };
    assert_eq!(classes(&without, &one), [Class::Compatible; 2]);
    // The method `outcome` is gone.
    assert_eq!(classes(&one, &without), [Class::Breaking; 2]);
    assert_eq!(Surface::read(&one.write()), Some(one));
}
