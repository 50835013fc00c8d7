//! The objects that were created, of all organizations.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value, json};

use super::course::{End, Ending};
use super::rules::Rule;
use super::table::Kind;

pub(super) struct Stored {
    pub(super) org_id: String,
    kind: &'static Kind,
    /// The operation that created it.
    operation: &'static str,
    /// The path parameters with which it was created, such as the wallet of an address.
    pub(super) place: Map<String, Value>,
    value: Value,
    created_ms: u64,
    ending: Ending,
    /// Whether a call has ended it.
    ended: bool,
}

impl Stored {
    /// The object as of now.
    pub(super) fn at(&self, now_ms: u64) -> Value {
        let mut value = self.value.clone();
        if !self.ended
            && let Some(course) = self.kind.course
        {
            let age = now_ms.saturating_sub(self.created_ms);
            course.advance(&mut value, &self.ending, self.created_ms, age);
        }
        value
    }

    /// When it reaches its last state; `None` if it has no states, or stays in one before the last.
    fn ends_ms(&self) -> Option<u64> {
        let after = self.kind.course?.ends_after(&self.ending)?;
        match self.ended {
            true => Some(self.created_ms),
            false => Some(self.created_ms.saturating_add(after)),
        }
    }

    /// Ends it now, with these properties.
    pub(super) fn end(&mut self, properties: &[(&str, Value)], now_ms: u64) {
        self.value = self.at(now_ms);
        for (property, value) in properties {
            self.value[*property] = value.clone();
        }
        self.touch(now_ms);
        self.ended = true;
    }

    pub(super) fn set(&mut self, value: Value, now_ms: u64) {
        self.value = value;
        self.touch(now_ms);
    }

    fn touch(&mut self, now_ms: u64) {
        let units = self.kind.course.map_or(1, |course| course.units_per_second);
        if let Some(updated) = self.value.get_mut("updated_timestamp") {
            *updated = json!(now_ms / 1_000 * units + if units == 1 { 0 } else { now_ms % 1_000 });
        }
    }
}

#[derive(Default)]
pub(super) struct Store {
    objects: Vec<Stored>,
    /// The request ids that were used, by organization and kind.
    request_ids: HashSet<(String, &'static str, String)>,
    ends: HashMap<&'static str, VecDeque<End>>,
    count: u64,
}

impl Store {
    /// A number that no object has.
    pub(super) fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// Marks a request id as used; `false` if it was used before.
    pub(super) fn use_request_id(&mut self, org_id: &str, kind: &Kind, request_id: &str) -> bool {
        let key = (org_id.to_owned(), kind.name, request_id.to_owned());
        self.request_ids.insert(key)
    }

    pub(super) fn is_used(&self, org_id: &str, kind: &Kind, request_id: &str) -> bool {
        let key = (org_id.to_owned(), kind.name, request_id.to_owned());
        self.request_ids.contains(&key)
    }

    pub(super) fn insert(
        &mut self,
        org_id: &str,
        rule: &'static Rule,
        place: Map<String, Value>,
        value: Value,
        now_ms: u64,
    ) {
        let scripted = self.ends.get_mut(rule.operation);
        let ending = scripted.and_then(VecDeque::pop_front);
        self.objects.push(Stored {
            org_id: org_id.to_owned(),
            kind: rule.kind,
            operation: rule.operation,
            place,
            value,
            created_ms: now_ms,
            ending: ending.unwrap_or_else(End::succeeds).0,
            ended: false,
        });
    }

    pub(super) fn get(&mut self, org_id: &str, kind: &Kind, id: &str) -> Option<&mut Stored> {
        self.objects.iter_mut().find(|object| {
            object.org_id == org_id
                && object.kind.name == kind.name
                && object.value[kind.id].as_str() == Some(id)
        })
    }

    /// The first object of a kind, of any organization, with this text in the property that identifies it.
    pub(super) fn find(&self, kind: &Kind, id: &str) -> Option<&Stored> {
        let mut objects = self.objects.iter();
        objects.find(|it| it.kind.name == kind.name && it.value[kind.id].as_str() == Some(id))
    }

    /// The object with the same values as `candidate` in the properties that identify its kind.
    pub(super) fn same(
        &mut self,
        org_id: &str,
        kind: &Kind,
        candidate: &Value,
    ) -> Option<&mut Stored> {
        let mut objects = self.objects.iter_mut();
        objects.find(|it| {
            let is_same = |property: &&str| it.value[*property] == candidate[*property];
            it.org_id == org_id && it.kind.name == kind.name && kind.same.iter().all(is_same)
        })
    }

    /// Removes an object.
    pub(super) fn remove(&mut self, org_id: &str, kind: &Kind, id: &str) {
        self.objects.retain(|it| {
            let is_it = it.org_id == org_id && it.kind.name == kind.name;
            !(is_it && it.value[kind.id].as_str() == Some(id))
        });
    }

    /// All objects of a kind, as of now, with their places.
    pub(super) fn all(
        &self,
        org_id: &str,
        kind: &Kind,
        now_ms: u64,
    ) -> Vec<(&Map<String, Value>, Value)> {
        let objects = self.objects.iter();
        let of_kind = objects.filter(|it| it.org_id == org_id && it.kind.name == kind.name);
        of_kind.map(|it| (&it.place, it.at(now_ms))).collect()
    }

    pub(super) fn list(
        &self,
        org_id: &str,
        kind: &Kind,
        place: &Map<String, Value>,
        now_ms: u64,
    ) -> Vec<Value> {
        let of_kind = self.objects.iter().filter(|object| {
            object.org_id == org_id && object.kind.name == kind.name && object.place == *place
        });
        of_kind.map(|object| object.at(now_ms)).collect()
    }

    /// What an operation created, of all organizations.
    pub(super) fn created(&self, operation_id: &str, now_ms: u64) -> Vec<Value> {
        let objects = self.objects.iter();
        let created = objects.filter(|object| object.operation == operation_id);
        created.map(|object| object.at(now_ms)).collect()
    }

    /// When the last object reaches its last state.
    pub(super) fn all_end_ms(&self) -> Option<u64> {
        self.objects.iter().filter_map(Stored::ends_ms).max()
    }

    pub(super) fn script(&mut self, operation: &'static str, ends: impl IntoIterator<Item = End>) {
        self.ends.entry(operation).or_default().extend(ends);
    }

    pub(super) fn clear_scripts(&mut self) {
        self.ends.clear();
    }
}
