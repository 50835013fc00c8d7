//! What `decode` accepts, and what its errors say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod changes;
mod invalid;
mod paths;
mod types;

use std::collections::BTreeMap;

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

/// Structs with serde's derived code, as callers of undocumented endpoints write them.
#[derive(Debug, Deserialize, PartialEq)]
struct Derived {
    a: u8,
    b: Option<u8>,
    #[serde(default)]
    inner: Vec<Derived>,
}
