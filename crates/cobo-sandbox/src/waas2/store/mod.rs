//! The objects that were created, of all organizations.
//!
//! The work for a call does not depend on the number of objects, unless the call lists them: an [`Index`] finds an
//! object, and only those that a call or the time has changed are published.

mod change;
mod index;
mod stored;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use serde_json::{Map, Value, json};

pub(crate) use change::{Ask, Change};
pub(crate) use stored::Stored;

use super::kind::{ENDPOINT, End, Kind, Pause, Rule, TRANSACTION};
use index::Index;

#[derive(Default)]
pub(crate) struct Store {
    /// By number: a higher one was inserted later.
    objects: BTreeMap<u64, Stored>,
    /// How many objects were inserted.
    inserted: u64,
    index: Index,
    /// The request ids that were used, by organization and kind.
    request_ids: HashSet<(String, &'static str, String)>,
    ends: HashMap<&'static str, VecDeque<End>>,
    count: u64,
    asks: Vec<Ask>,
    /// The organizations and ids of auto-sweep tasks whose transactions are not made yet.
    sweeps: Vec<(String, String)>,
    /// Whether changes are published: from the time at which the first endpoint is registered.
    publishes: bool,
    /// The objects that calls have changed since changes were last published.
    touched: BTreeSet<u64>,
    /// When time changes an object, and its number, if changes are published. A call can have ended the object since.
    due: BTreeSet<(u64, u64)>,
}

/// Objects are created.
impl Store {
    /// A number that no object has.
    pub(crate) fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// Marks a request id as used; `false` if it was used before.
    pub(crate) fn use_request_id(&mut self, org_id: &str, kind: &Kind, request_id: &str) -> bool {
        let key = (org_id.to_owned(), kind.name, request_id.to_owned());
        self.request_ids.insert(key)
    }

    pub(crate) fn is_used(&self, org_id: &str, kind: &Kind, request_id: &str) -> bool {
        let key = (org_id.to_owned(), kind.name, request_id.to_owned());
        self.request_ids.contains(&key)
    }

    pub(crate) fn insert(
        &mut self,
        org_id: &str,
        rule: &'static Rule,
        place: Map<String, Value>,
        value: Value,
        now_ms: u64,
    ) {
        let scripted = self.ends.get_mut(rule.operation);
        let ending = scripted.and_then(VecDeque::pop_front);
        self.inserted += 1;
        let number = self.inserted;
        self.index.insert(rule.kind, &value, number);
        self.touched.insert(number);
        let object = Stored {
            org_id: org_id.to_owned(),
            kind: rule.kind,
            operation: rule.operation,
            place,
            value,
            created_ms: now_ms,
            ending: ending.unwrap_or_else(End::succeeds).0,
            ended: false,
            started_ms: Some(now_ms),
            pause: None,
            published: None,
            published_ms: now_ms,
        };
        self.objects.insert(number, object);
    }

    /// Lets the object that was inserted last wait for the callback of this URL.
    pub(crate) fn ask_about_last(&mut self, url: &str) {
        if let Some(last) = self.objects.values_mut().next_back() {
            last.started_ms = None;
            self.asks.push(Ask {
                org_id: last.org_id.clone(),
                url: url.to_owned(),
                transaction: last.at(last.created_ms),
            });
        }
    }

    /// Lets the object that was inserted last wait for a call in this state.
    pub(crate) fn pause_last(&mut self, pause: &'static Pause) {
        if let Some(last) = self.objects.values_mut().next_back() {
            last.pause = Some(pause);
        }
    }

    /// Lets an auto-sweep task wait for its transactions.
    pub(crate) fn wait_for_sweep(&mut self, org_id: &str, task_id: &str) {
        self.sweeps.push((org_id.to_owned(), task_id.to_owned()));
    }

    /// The auto-sweep tasks that wait for their transactions.
    pub(crate) fn take_sweeps(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.sweeps)
    }

    /// Scripts how the next objects of an operation end.
    pub(crate) fn script(&mut self, operation: &'static str, ends: impl IntoIterator<Item = End>) {
        self.ends.entry(operation).or_default().extend(ends);
    }

    pub(crate) fn clear_scripts(&mut self) {
        self.ends.clear();
    }
}

/// Objects are found.
impl Store {
    /// The number of the object of an organization with this id.
    fn number_of(&self, org_id: &str, kind: &Kind, id: &str) -> Option<u64> {
        let mut numbers = self.index.with_text(kind, kind.id, id);
        numbers.find(|number| {
            let object = self.objects.get(number);
            object.is_some_and(|object| object.org_id == org_id)
        })
    }

    pub(crate) fn get(&self, org_id: &str, kind: &Kind, id: &str) -> Option<&Stored> {
        self.objects.get(&self.number_of(org_id, kind, id)?)
    }

    /// The object, to change it.
    pub(crate) fn get_mut(&mut self, org_id: &str, kind: &Kind, id: &str) -> Option<&mut Stored> {
        let number = self.number_of(org_id, kind, id)?;
        self.touched.insert(number);
        self.objects.get_mut(&number)
    }

    /// The first object of a kind, of any organization, with this id.
    pub(crate) fn find(&self, kind: &Kind, id: &str) -> Option<&Stored> {
        let number = self.index.with_text(kind, kind.id, id).next()?;
        self.objects.get(&number)
    }

    /// The objects of a kind.
    fn of_kind(&self, kind: &Kind) -> impl Iterator<Item = &Stored> {
        let numbers = self.index.of_kind(kind);
        numbers.filter_map(|number| self.objects.get(&number))
    }

    /// The number of the object with the same values as `candidate` in the properties that identify its kind.
    fn number_of_same(&self, org_id: &str, kind: &Kind, candidate: &Value) -> Option<u64> {
        let first = *kind.same.first()?;
        let text = candidate[first].as_str()?;
        let mut numbers = self.index.with_text(kind, first, text);
        numbers.find(|number| {
            self.objects.get(number).is_some_and(|it| {
                let is_same = |property: &&str| it.value[*property] == candidate[*property];
                it.org_id == org_id && kind.same.iter().all(is_same)
            })
        })
    }

    /// The object with the same values as `candidate` in the properties that identify its kind.
    pub(crate) fn same(&self, org_id: &str, kind: &Kind, candidate: &Value) -> Option<&Stored> {
        let number = self.number_of_same(org_id, kind, candidate)?;
        self.objects.get(&number)
    }

    /// All objects of a kind, of all organizations.
    pub(crate) fn of_all(&self, kind: &Kind, now_ms: u64) -> Vec<(String, Value)> {
        let objects = self.of_kind(kind);
        objects
            .map(|object| (object.org_id.clone(), object.at(now_ms)))
            .collect()
    }

    /// All objects of a kind, as of now, with their places.
    pub(crate) fn all(
        &self,
        org_id: &str,
        kind: &Kind,
        now_ms: u64,
    ) -> Vec<(&Map<String, Value>, Value)> {
        let objects = self.of_kind(kind);
        let own = objects.filter(|it| it.org_id == org_id);
        own.map(|it| (&it.place, it.at(now_ms))).collect()
    }

    /// The objects of a place. With `lookups`, only those that have one of the texts in each of these properties.
    pub(crate) fn list(
        &self,
        org_id: &str,
        kind: &Kind,
        place: &Map<String, Value>,
        lookups: &[(&'static str, Vec<String>)],
        now_ms: u64,
    ) -> Vec<Value> {
        let found = lookups.iter().map(|(property, texts)| {
            let texts = texts.iter();
            let numbers = texts.flat_map(|text| self.index.with_text(kind, property, text));
            numbers.collect::<BTreeSet<u64>>()
        });
        let found = found.reduce(|one, other| &one & &other);
        let numbers = found.unwrap_or_else(|| self.index.of_kind(kind).collect());
        let objects = numbers.iter().filter_map(|number| self.objects.get(number));
        let wanted = objects.filter(|it| it.org_id == org_id && it.place == *place);
        wanted.map(|it| it.at(now_ms)).collect()
    }

    /// What an operation created, of all organizations.
    pub(crate) fn created(&self, operation_id: &str, now_ms: u64) -> Vec<Value> {
        let objects = self.objects.values();
        let created = objects.filter(|object| object.operation == operation_id);
        created.map(|object| object.at(now_ms)).collect()
    }

    /// When the last object reaches its last state.
    pub(crate) fn all_end_ms(&self) -> Option<u64> {
        self.objects.values().filter_map(Stored::ends_ms).max()
    }
}

/// Objects change.
impl Store {
    /// Gives the object with the same values as `candidate` another id, and returns it.
    pub(crate) fn renew(
        &mut self,
        org_id: &str,
        kind: &'static Kind,
        candidate: &Value,
        id: Value,
        now_ms: u64,
    ) -> Option<Value> {
        let number = self.number_of_same(org_id, kind, candidate)?;
        let object = self.objects.get_mut(&number)?;
        self.index.remove(kind, &object.value, number);
        let mut value = object.at(now_ms);
        value[kind.id] = id;
        object.set(value, now_ms);
        self.index.insert(kind, &object.value, number);
        self.touched.insert(number);
        Some(object.at(now_ms))
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, org_id: &str, kind: &Kind, id: &str) {
        let number = self.number_of(org_id, kind, id);
        if let Some(number) = number
            && let Some(object) = self.objects.remove(&number)
        {
            self.index.remove(object.kind, &object.value, number);
        }
    }

    /// Lets a transaction go on that waits for a callback, or rejects it.
    pub(crate) fn decide(&mut self, org_id: &str, id: &str, approved: bool, now_ms: u64) {
        let waiting = self.get_mut(org_id, &TRANSACTION, id);
        let Some(object) = waiting.filter(|it| it.started_ms.is_none() && !it.ended) else {
            return;
        };
        if approved {
            object.started_ms = Some(now_ms);
        } else {
            object.end(&[("status", json!("Rejected"))], now_ms);
        }
    }
}

/// Changes are published.
impl Store {
    /// The transactions that wait for callbacks, since the last call.
    pub(crate) fn take_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks)
    }

    /// What has changed since the last call, in the order in which the objects were created.
    pub(crate) fn changes(&mut self, now_ms: u64) -> Vec<Change> {
        let mut changed = std::mem::take(&mut self.touched);
        // Objects that are older than the first endpoint count as published.
        let is_first = !self.publishes;
        if is_first {
            if self.index.of_kind(&ENDPOINT).next().is_none() {
                return Vec::new();
            }
            self.publishes = true;
            changed = self.objects.keys().copied().collect();
        }
        while let Some((at_ms, number)) = self.due.first().copied()
            && at_ms <= now_ms
        {
            self.due.pop_first();
            changed.insert(number);
        }
        let mut changes = Vec::new();
        for number in changed {
            let Some(object) = self.objects.get_mut(&number) else {
                continue; // It was removed.
            };
            let mut created = object.published.is_none();
            let values = object.publish(now_ms);
            let next_ms = object.enters_ms(now_ms).min();
            self.due.extend(next_ms.map(|next_ms| (next_ms, number)));
            for (at_ms, value) in values.into_iter().filter(|_| !is_first) {
                changes.push(Change {
                    org_id: object.org_id.clone(),
                    kind: object.kind,
                    place: object.place.clone(),
                    created,
                    at_ms,
                    value,
                });
                created = false;
            }
        }
        changes
    }

    /// When the time changes an object next, if changes are published.
    pub(crate) fn next_change_ms(&self) -> Option<u64> {
        self.due.first().map(|(at_ms, _)| *at_ms)
    }
}
