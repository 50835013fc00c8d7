//! The state of one decoding: the path of the current value, and the problems found so far.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use serde_json::error::Category;

use super::error::{DecodeError, Problem};
use super::path::{self, Step};

/// How many missing fields are kept with their paths. A long list of incomplete items can have
/// thousands.
const KEPT: usize = 100;

/// How deep unions may nest. `serde_json` limits the depth of each text, and the value of a union
/// is a separate text: without this limit a hostile response would exhaust the stack.
const MAX_NESTED_UNIONS: u8 = 64;

thread_local! {
    /// Passes the tracker through serde's traits, which have no parameter for it. See
    /// [`Tracker::hand_over`].
    static HANDED_OVER: Cell<Option<Rc<Tracker>>> = const { Cell::new(None) };
}

#[derive(Default)]
pub(crate) struct Tracker {
    state: RefCell<State>,
    nested_unions: Cell<u8>,
}

#[derive(Default)]
struct State {
    path: Vec<Step>,
    missing: Vec<String>,
    more_missing: usize,
    /// The missing field at which serde's derived code stopped.
    missing_derived: Option<String>,
    /// Whether decoding has failed. Only the innermost value records why.
    failed: bool,
    problem: Option<Problem>,
}

impl Tracker {
    /// Calls `visit`, whose visitor can take this tracker with [`handed_over`](Self::handed_over).
    ///
    /// Only visitors of this crate are called this way, and they take the tracker at once. So a
    /// model that is decoded in another way within this decoding (for example from a buffered
    /// value) never takes it.
    pub(super) fn hand_over<T>(self: &Rc<Self>, visit: impl FnOnce() -> T) -> T {
        HANDED_OVER.set(Some(Rc::clone(self)));
        let result = visit();
        HANDED_OVER.set(None);
        result
    }

    /// The tracker of the decoding that called the visitor. `None` if [`decode`](super::decode) did not
    /// start that decoding.
    pub(crate) fn handed_over() -> Option<Rc<Self>> {
        HANDED_OVER.take()
    }

    /// Reads the value at the next step of the path.
    pub(crate) fn step<T, E: fmt::Display>(
        &self,
        step: Step,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.state.borrow_mut().path.push(step);
        let result = read();
        if let Err(error) = &result {
            self.failed(error, None);
        }
        self.state.borrow_mut().path.pop();
        result
    }

    /// Records a required field that is missing in the current object.
    pub(crate) fn missing(&self, field: Step) {
        let state = &mut *self.state.borrow_mut();
        if state.missing.len() == KEPT {
            state.more_missing += 1;
            return;
        }
        state.path.push(field);
        state.missing.push(path::write(&state.path));
        state.path.pop();
    }

    /// Records what is wrong with the current value, unless the reason is already known.
    pub(crate) fn wrong(&self, what: impl Into<String>) {
        let state = &mut *self.state.borrow_mut();
        if !std::mem::replace(&mut state.failed, true) {
            state.problem = Some(Problem::Wrong {
                path: path::write(&state.path),
                what: what.into(),
            });
        }
    }

    /// Records that the current value did not decode as `expected`. The error's text may quote the
    /// value. So only the kind of the error is used, and field names in errors of serde's derived code.
    pub(super) fn failed(&self, error: &impl fmt::Display, expected: Option<&str>) {
        if self.state.borrow().failed {
            return;
        }
        let text = error.to_string();
        if let Some(name) = derived_name(&text, "missing field `") {
            let state = &mut *self.state.borrow_mut();
            state.failed = true;
            state.path.push(Step::Key(name.to_owned()));
            state.missing_derived = Some(path::write(&state.path));
            state.path.pop();
        } else if text.starts_with(super::NUMBER_EXPECTED) {
            self.wrong("expected a number");
        } else if text.starts_with("invalid type") {
            self.wrong(match expected {
                Some(expected) => format!("expected {expected}"),
                None => "the value has another type".to_owned(),
            });
        } else if text.starts_with("duplicate field `") {
            self.wrong("a field appears twice");
        } else if expected.is_some() && text.starts_with("invalid value: integer") {
            self.wrong(format!(
                "the integer does not fit {}",
                expected.unwrap_or_default()
            ));
        } else {
            self.wrong("invalid value");
        }
    }

    /// Records why `serde_json` stopped, if the reason is not a value of the wrong type.
    pub(super) fn stopped(&self, error: &serde_json::Error) {
        let problem = match error.classify() {
            Category::Data => return self.failed(error, None),
            Category::Eof => Problem::Truncated,
            // `serde_json` distinguishes this from other syntax errors only by its text.
            _ if error.to_string().starts_with("recursion limit exceeded") => Problem::TooDeep,
            _ => Problem::Syntax {
                line: error.line(),
                column: error.column(),
            },
        };
        self.stop(problem);
    }

    fn stop(&self, problem: Problem) {
        let state = &mut *self.state.borrow_mut();
        state.failed = true;
        state.missing_derived = None;
        state.problem = Some(problem);
    }

    /// Reads the value of a union, which is a separate text; `None` if unions are nested too deep.
    pub(crate) fn nested<T>(&self, read: impl FnOnce() -> T) -> Option<T> {
        let depth = self.nested_unions.get();
        if depth == MAX_NESTED_UNIONS {
            self.stop(Problem::TooDeep);
            return None;
        }
        self.nested_unions.set(depth + 1);
        let result = read();
        self.nested_unions.set(depth);
        Some(result)
    }

    /// A separate tracker for an attempt that may fail. It continues to count the nesting of
    /// unions.
    pub(crate) fn attempt(&self) -> Self {
        Self {
            nested_unions: self.nested_unions.clone(),
            ..Self::default()
        }
    }

    /// Whether a required field of a model was missing.
    pub(super) fn has_missing(&self) -> bool {
        !self.state.borrow().missing.is_empty()
    }

    /// The error of a decoding that `stopped`, or that found missing fields.
    pub(super) fn error(&self, stopped: bool) -> DecodeError {
        let state = std::mem::take(&mut *self.state.borrow_mut());
        let mut error = DecodeError {
            missing: state.missing,
            more_missing: state.more_missing,
            problem: None,
        };
        if stopped {
            error.missing.extend(state.missing_derived);
            error.problem = state.problem;
        }
        error
    }
}

/// The field name in an error of serde's derived code: "missing field `name`".
fn derived_name<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let name = text.strip_prefix(start)?.split('`').next()?;
    let plain = name.bytes().all(|byte| byte.is_ascii_graphic());
    ((1..=80).contains(&name.len()) && plain).then_some(name)
}
