//! Turns a panic in a dependency into an error, and suppresses its message on stderr.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

/// Serialises the threads, because the panic hook belongs to the whole process.
static HOOK: Mutex<()> = Mutex::new(());

thread_local! {
    /// Whether this thread already holds [`HOOK`]: calls may be nested.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `run` and returns its result, or the panic's message. After a panic, the values that `run`
/// modified must be discarded.
pub(crate) fn catch_panic<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    if INSIDE.get() {
        return panic::catch_unwind(AssertUnwindSafe(run)).map_err(gave_up);
    }
    let _one = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    INSIDE.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    INSIDE.set(false);
    panic::set_hook(hook);
    result.map_err(gave_up)
}

fn gave_up(payload: Box<dyn Any + Send>) -> String {
    format!(
        "the generator gave up, which is a defect of the generator: {}",
        message(payload.as_ref())
    )
}

fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a reason")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "what is tested")]

    use super::catch_panic;

    #[test]
    fn nested_calls_catch_their_own_panics() {
        let outer = catch_panic(|| {
            let inner: Result<(), String> = catch_panic(|| panic!("inner"));
            inner.is_err_and(|reason| reason.ends_with("inner"))
        });
        assert_eq!(outer, Ok(true));
        let after: Result<(), String> = catch_panic(|| panic!("later"));
        assert!(after.is_err());
    }
}
