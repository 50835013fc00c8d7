//! What an app stores while it pays orders: a file of JSON lines, which is complete up to the last whole line when the
//! app is killed.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// The request id of an order, before anything is sent.
    Id {
        /// The order.
        order: usize,
        /// Its request id.
        request_id: String,
    },
    /// A call begins.
    Call {
        /// The order.
        order: usize,
        /// The name of the call, which its transfer has as its description.
        call: String,
    },
    /// A call has returned.
    Claim {
        /// The order.
        order: usize,
        /// The name of the call.
        call: String,
        /// What the call says.
        claim: Claim,
    },
    /// The order needs no more calls.
    End {
        /// The order.
        order: usize,
        /// The transaction that carried it out; `None` if it was certainly not carried out.
        transaction_id: Option<String>,
    },
}

/// What a call says about the transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// This call was carried out, by this transaction.
    CarriedOut(String),
    /// This call was not carried out.
    NotCarriedOut,
    /// Cobo took a request with this id, this call's or an earlier one.
    Taken,
    /// Nothing is known.
    Unknown,
}

/// What is known of an order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Order {
    /// Every request id that was stored for it: an app that forgets one stores a second.
    pub request_ids: Vec<String>,
    /// The calls, and what they said; `None` if the app was killed before.
    pub calls: BTreeMap<String, Option<Claim>>,
    /// The end: the transaction, or `None` if it was not carried out.
    pub end: Option<Option<String>>,
}

impl Order {
    /// Whether a call may have been carried out, as far as the journal tells.
    pub fn is_uncertain(&self) -> bool {
        let mut claims = self.calls.values();
        claims.any(|claim| *claim != Some(Claim::NotCarriedOut))
    }

    /// How many calls were cut off.
    pub fn cut_off(&self) -> usize {
        self.calls.values().filter(|claim| claim.is_none()).count()
    }
}

/// A journal that is open for writing.
#[derive(Debug)]
pub struct Journal(Mutex<File>);

impl Journal {
    /// Opens the journal, or makes it, and removes a last line that is not whole. Returns what it says.
    pub fn open(path: impl AsRef<Path>) -> (Self, BTreeMap<usize, Order>) {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        (Self(Mutex::new(file)), orders(&text[..whole]))
    }

    /// Stores a line. It is on the disk when this returns.
    pub fn write(&self, entry: &Entry) {
        let line = format!("{}\n", serde_json::to_string(entry).unwrap());
        let mut file = self.0.lock().unwrap();
        file.write_all(line.as_bytes()).unwrap();
        file.sync_data().unwrap();
    }
}

fn orders(text: &str) -> BTreeMap<usize, Order> {
    let mut orders: BTreeMap<usize, Order> = BTreeMap::new();
    for line in text.lines() {
        match serde_json::from_str(line).unwrap() {
            Entry::Id { order, request_id } => {
                orders
                    .entry(order)
                    .or_default()
                    .request_ids
                    .push(request_id);
            }
            Entry::Call { order, call } => {
                orders.entry(order).or_default().calls.insert(call, None);
            }
            Entry::Claim { order, call, claim } => {
                let order = orders.entry(order).or_default();
                order.calls.insert(call, Some(claim));
            }
            Entry::End {
                order,
                transaction_id,
            } => orders.entry(order).or_default().end = Some(transaction_id),
        }
    }
    orders
}
