//! The objects that were created, of all organizations.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value, json};

use super::changes::{Ask, Change};
use super::course::{End, Ending};
use super::pause::Pause;
use super::rules::Rule;
use super::table::{ENDPOINT, Kind, TRANSACTION};

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
    /// When it entered its first state; `None` while it waits for a callback.
    started_ms: Option<u64>,
    /// The state in which it waits for a call.
    pause: Option<&'static Pause>,
    /// The value that was published last, and when.
    published: Option<Value>,
    published_ms: u64,
}

impl Stored {
    /// Compares kinds by their names: a deposit, too, is a transaction.
    fn is_of(&self, org_id: &str, kind: &Kind) -> bool {
        self.org_id == org_id && self.kind.name == kind.name
    }

    fn has_id(&self, kind: &Kind, id: &str) -> bool {
        self.kind.name == kind.name && self.value[kind.id].as_str() == Some(id)
    }

    /// The object as of now.
    pub(super) fn at(&self, now_ms: u64) -> Value {
        let mut value = self.value.clone();
        if !self.ended
            && let Some(course) = self.kind.course
        {
            match self.started_ms {
                Some(started_ms) => {
                    let age = now_ms.saturating_sub(started_ms);
                    course.advance(&mut value, &self.ending, self.pause, started_ms, age);
                }
                None => value["status"] = json!("PendingAuthorization"),
            }
        }
        value
    }

    /// The times after `since_ms` at which it enters a state.
    fn enters_ms(&self, since_ms: u64) -> impl Iterator<Item = u64> {
        let course = self.kind.course.filter(|_| !self.ended);
        let states = course.zip(self.started_ms).into_iter();
        let times = states.flat_map(|(course, started_ms)| {
            let states = course.states.iter();
            states.map(move |(_, after)| started_ms.saturating_add(*after))
        });
        times.filter(move |at_ms| *at_ms > since_ms)
    }

    /// Its values since the last call, oldest first, each with its time.
    fn publish(&mut self, now_ms: u64) -> Vec<(u64, Value)> {
        let mut times: Vec<u64> = self.enters_ms(self.published_ms).collect();
        times.retain(|at_ms| *at_ms < now_ms);
        times.push(now_ms);
        self.published_ms = now_ms;
        let mut values = Vec::new();
        for at_ms in times {
            let value = self.at(at_ms);
            if self.published.as_ref() != Some(&value) {
                self.published = Some(value.clone());
                values.push((at_ms, value));
            }
        }
        values
    }

    /// When it reaches its last state; `None` if it has no states, or stays in one before the last.
    fn ends_ms(&self) -> Option<u64> {
        let after = self.kind.course?.ends_after(&self.ending)?;
        match (self.ended, self.pause) {
            (true, _) => Some(self.created_ms),
            (false, Some(_)) => None,
            (false, None) => Some(self.started_ms?.saturating_add(after)),
        }
    }

    /// Whether it waits for the call that ends this pause.
    pub(super) fn waits_in(&self, pause: &Pause, now_ms: u64) -> bool {
        !self.ended && self.pause == Some(pause) && self.at(now_ms)["status"] == pause.state
    }

    /// Lets it go on from the state in which it waits for a call.
    pub(super) fn go_on(&mut self, now_ms: u64) {
        if let Some((course, pause)) = self.kind.course.zip(self.pause.take()) {
            let entered = course.enters_after(pause.state);
            self.started_ms = Some(now_ms.saturating_sub(entered));
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
    asks: Vec<Ask>,
    /// Whether changes are published: from the time at which the first endpoint is registered.
    publishes: bool,
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
            started_ms: Some(now_ms),
            pause: None,
            published: None,
            published_ms: now_ms,
        });
    }

    /// Lets the object that was inserted last wait for the callback of this URL.
    pub(super) fn ask_about_last(&mut self, url: &str) {
        if let Some(last) = self.objects.last_mut() {
            last.started_ms = None;
            self.asks.push(Ask {
                org_id: last.org_id.clone(),
                url: url.to_owned(),
                transaction: last.at(last.created_ms),
            });
        }
    }

    /// Lets the object that was inserted last wait for a call in this state.
    pub(super) fn pause_last(&mut self, pause: &'static Pause) {
        if let Some(last) = self.objects.last_mut() {
            last.pause = Some(pause);
        }
    }

    pub(super) fn take_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks)
    }

    /// Lets a transaction go on that waits for a callback, or rejects it.
    pub(super) fn decide(&mut self, org_id: &str, id: &str, approved: bool, now_ms: u64) {
        let waiting = self.get(org_id, &TRANSACTION, id);
        let Some(object) = waiting.filter(|it| it.started_ms.is_none() && !it.ended) else {
            return;
        };
        if approved {
            object.started_ms = Some(now_ms);
        } else {
            object.end(&[("status", json!("Rejected"))], now_ms);
        }
    }

    /// What has changed since the last call.
    pub(super) fn changes(&mut self, now_ms: u64) -> Vec<Change> {
        // Objects that are older than the first endpoint count as published.
        let is_first = !self.publishes;
        self.publishes |= self.objects.iter().any(|it| it.kind.name == ENDPOINT.name);
        let mut changes = Vec::new();
        for object in self.objects.iter_mut().filter(|_| self.publishes) {
            let mut created = object.published.is_none();
            let values = object.publish(now_ms);
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
    pub(super) fn next_change_ms(&self) -> Option<u64> {
        let objects = self.objects.iter().filter(|_| self.publishes);
        objects
            .flat_map(|object| object.enters_ms(object.published_ms))
            .min()
    }

    /// All objects of a kind, of all organizations.
    pub(super) fn of_kind(&self, kind: &Kind, now_ms: u64) -> Vec<(String, Value)> {
        let objects = self.objects.iter();
        let of_kind = objects.filter(|object| object.kind.name == kind.name);
        of_kind
            .map(|object| (object.org_id.clone(), object.at(now_ms)))
            .collect()
    }

    pub(super) fn get(&mut self, org_id: &str, kind: &Kind, id: &str) -> Option<&mut Stored> {
        let mut objects = self.objects.iter_mut();
        objects.find(|it| it.org_id == org_id && it.has_id(kind, id))
    }

    /// The first object of a kind, of any organization, with this text in the property that identifies it.
    pub(super) fn find(&self, kind: &Kind, id: &str) -> Option<&Stored> {
        let mut objects = self.objects.iter();
        objects.find(|it| it.has_id(kind, id))
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
            it.is_of(org_id, kind) && kind.same.iter().all(is_same)
        })
    }

    /// Removes an object.
    pub(super) fn remove(&mut self, org_id: &str, kind: &Kind, id: &str) {
        self.objects
            .retain(|it| !(it.org_id == org_id && it.has_id(kind, id)));
    }

    /// All objects of a kind, as of now, with their places.
    pub(super) fn all(
        &self,
        org_id: &str,
        kind: &Kind,
        now_ms: u64,
    ) -> Vec<(&Map<String, Value>, Value)> {
        let objects = self.objects.iter();
        let of_kind = objects.filter(|it| it.is_of(org_id, kind));
        of_kind.map(|it| (&it.place, it.at(now_ms))).collect()
    }

    pub(super) fn list(
        &self,
        org_id: &str,
        kind: &Kind,
        place: &Map<String, Value>,
        now_ms: u64,
    ) -> Vec<Value> {
        let objects = self.objects.iter();
        let of_kind = objects.filter(|it| it.is_of(org_id, kind) && it.place == *place);
        of_kind.map(|it| it.at(now_ms)).collect()
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
