//! The objects that were created, of all organizations.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value, json};

use super::course::{End, Ending};
use super::table::{Kind, Rule};

pub(super) struct Stored {
    org_id: String,
    kind: &'static Kind,
    /// The operation that created it.
    operation: &'static str,
    /// The path parameters with which it was created, such as the wallet of an address.
    place: Map<String, Value>,
    value: Value,
    created_ms: u64,
    ending: Ending,
    /// The state in which a call ended it.
    ended: Option<&'static str>,
}

impl Stored {
    /// The object as of now.
    pub(super) fn at(&self, now_ms: u64) -> Value {
        let mut value = self.value.clone();
        if self.ended.is_none()
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
            Some(_) => Some(self.created_ms),
            None => Some(self.created_ms.saturating_add(after)),
        }
    }

    /// Ends it now; `false` if it had ended before.
    pub(super) fn end(&mut self, state: &'static str, now_ms: u64) -> bool {
        if self.ended.is_some() || self.ends_ms().is_some_and(|ends| ends <= now_ms) {
            return false;
        }
        self.value = self.at(now_ms);
        self.value["status"] = json!(state);
        self.touch(now_ms);
        self.ended = Some(state);
        true
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
            ended: None,
        });
    }

    pub(super) fn get(&mut self, org_id: &str, kind: &Kind, id: &str) -> Option<&mut Stored> {
        self.objects.iter_mut().find(|object| {
            object.org_id == org_id
                && std::ptr::eq(object.kind, kind)
                && object.value[kind.id].as_str() == Some(id)
        })
    }

    pub(super) fn list(
        &self,
        org_id: &str,
        kind: &Kind,
        place: &Map<String, Value>,
        now_ms: u64,
    ) -> Vec<Value> {
        let of_kind = self.objects.iter().filter(|object| {
            object.org_id == org_id && std::ptr::eq(object.kind, kind) && object.place == *place
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
