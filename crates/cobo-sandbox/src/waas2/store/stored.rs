//! One object: its value, and how it changes as time passes.

use serde_json::{Map, Value, json};

use crate::waas2::kind::{Ending, Kind, Pause};

/// An object of an organization.
pub(crate) struct Stored {
    pub(crate) org_id: String,
    pub(super) kind: &'static Kind,
    /// The operation that created it.
    pub(super) operation: &'static str,
    /// The path parameters with which it was created, such as the wallet of an address.
    pub(crate) place: Map<String, Value>,
    pub(super) value: Value,
    pub(super) created_ms: u64,
    pub(super) ending: Ending,
    /// Whether a call has ended it.
    pub(super) ended: bool,
    /// When it entered its first state; `None` while it waits for a callback.
    pub(super) started_ms: Option<u64>,
    /// The state in which it waits for a call.
    pub(super) pause: Option<&'static Pause>,
    /// The value that was published last, and when.
    pub(super) published: Option<Value>,
    pub(super) published_ms: u64,
}

impl Stored {
    /// The object as of now.
    pub(crate) fn at(&self, now_ms: u64) -> Value {
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
    pub(super) fn enters_ms(&self, since_ms: u64) -> impl Iterator<Item = u64> {
        let course = self.kind.course.filter(|_| !self.ended);
        let states = course.zip(self.started_ms).into_iter();
        let times = states.flat_map(|(course, started_ms)| {
            let states = course.states.iter();
            states.map(move |(_, after)| started_ms.saturating_add(*after))
        });
        times.filter(move |at_ms| *at_ms > since_ms)
    }

    /// Its values since the last call, oldest first, each with its time.
    pub(super) fn publish(&mut self, now_ms: u64) -> Vec<(u64, Value)> {
        // An auto-sweep creates a transaction in the past.
        let created_ms = self.published.is_none().then_some(self.created_ms);
        let entered = self.enters_ms(self.published_ms);
        let mut times: Vec<u64> = created_ms.into_iter().chain(entered).collect();
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
    pub(super) fn ends_ms(&self) -> Option<u64> {
        let after = self.kind.course?.ends_after(&self.ending)?;
        match (self.ended, self.pause) {
            (true, _) => Some(self.created_ms),
            (false, Some(_)) => None,
            (false, None) => Some(self.started_ms?.saturating_add(after)),
        }
    }

    /// Whether it waits for the call that ends this pause.
    pub(crate) fn waits_in(&self, pause: &Pause, now_ms: u64) -> bool {
        !self.ended && self.pause == Some(pause) && self.at(now_ms)["status"] == pause.state
    }

    /// Lets it go on from the state in which it waits for a call.
    pub(crate) fn go_on(&mut self, now_ms: u64) {
        if let Some((course, pause)) = self.kind.course.zip(self.pause.take()) {
            let entered = course.enters_after(pause.state);
            self.started_ms = Some(now_ms.saturating_sub(entered));
        }
    }

    /// Ends it now, with these properties.
    pub(crate) fn end(&mut self, properties: &[(&str, Value)], now_ms: u64) {
        self.value = self.at(now_ms);
        for (property, value) in properties {
            self.value[*property] = value.clone();
        }
        self.touch(now_ms);
        self.ended = true;
    }

    pub(crate) fn set(&mut self, value: Value, now_ms: u64) {
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
