use super::*;
use crate::waas2::kind::{TOP_UP_ADDRESS, rule_of};

const ORG: &str = "one";

fn insert(store: &mut Store, operation: &str, value: Value, now_ms: u64) {
    let rule = rule_of(operation).unwrap();
    let number = store.number();
    store.insert(number, ORG, rule, Map::new(), value, now_ms);
}

/// Compares what the index finds with a scan of all objects.
fn assert_index_is_complete(store: &Store) {
    let kind = &TOP_UP_ADDRESS;
    let scan = |is_wanted: &dyn Fn(&Value) -> bool| -> Vec<u64> {
        let all = store.objects.iter();
        let found = all.filter(|(_, it)| it.kind.name == kind.name && is_wanted(&it.value));
        found.map(|(number, _)| *number).collect()
    };
    let of_kind: Vec<u64> = store.index.of_kind(kind).collect();
    assert_eq!(of_kind, scan(&|_| true));
    for property in kind.looked_up_by() {
        for text in ["a-1", "a-2", "a-3", "ann", "bob", ""] {
            let found: Vec<u64> = store.index.with_text(kind, property, text).collect();
            assert_eq!(found, scan(&|it| it[property] == text), "{property} {text}");
        }
    }
}

#[test]
fn index_finds_what_a_scan_finds_after_an_insert_a_change_and_a_removal() {
    let mut store = Store::default();
    let address = |id: &str, payer: &str| json!({ "address": id, "custom_payer_id": payer });
    insert(
        &mut store,
        "create_wallet",
        json!({ "wallet_id": "a-1" }),
        0,
    );
    for (id, payer) in [("a-1", "ann"), ("a-2", "ann"), ("a-3", "bob")] {
        insert(&mut store, "get_top_up_address", address(id, payer), 0);
        assert_index_is_complete(&store);
    }
    for (id, value) in [
        ("a-3", address("a-3", "ann")),
        ("a-1", address("a-2", "ann")),
        ("a-3", address("a-1", "bob")),
    ] {
        let changed = store.change(ORG, &TOP_UP_ADDRESS, id, |it| it.set(value, 1));
        assert!(changed.is_some(), "{id}");
        assert_index_is_complete(&store);
    }
    for id in ["a-1", "a-2", "a-2"] {
        assert!(store.get(ORG, &TOP_UP_ADDRESS, id).is_some(), "{id}");
        store.remove(ORG, &TOP_UP_ADDRESS, id);
        assert_index_is_complete(&store);
    }
    assert_eq!(store.index.of_kind(&TOP_UP_ADDRESS).count(), 0);
}

#[test]
fn auto_sweep_task_is_due_once_also_if_it_has_ended_or_fails() {
    let mut store = Store::default();
    let ends = [
        End::succeeds(),
        End::fails("no coin for the fee"),
        End::succeeds(),
        End::stays("Submitted"),
    ];
    store.script("create_auto_sweep_task", ends);
    for (id, now_ms) in ["succeeds", "fails", "cancelled", "stays"]
        .into_iter()
        .zip(0..)
    {
        let task = json!({ "task_id": id, "status": "Submitted" });
        insert(&mut store, "create_auto_sweep_task", task, now_ms);
        store.wait_for_sweep(ORG, id);
    }
    store.change(ORG, &SWEEP_TASK, "cancelled", |task| task.end(&[], 3));
    let mut due = |now_ms| {
        let (due_ms, task) = store.take_due_sweep(now_ms)?;
        Some((due_ms, task.value["task_id"].clone()))
    };
    assert_eq!(due(4_999), None);
    assert_eq!(due(5_000), Some((5_000, json!("succeeds"))));
    assert_eq!(due(5_000), None);
    assert_eq!(due(u64::MAX), Some((5_001, json!("fails"))));
    assert_eq!(due(u64::MAX), Some((5_002, json!("cancelled"))));
    assert_eq!(due(u64::MAX), None, "the last one has no end");
}
