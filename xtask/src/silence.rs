//! Turns a panic in a dependency into an error, and suppresses its message on stderr.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

/// Serialises the calls, because the panic hook belongs to the whole process.
static HOOK: Mutex<()> = Mutex::new(());

/// Runs `run` and returns its result, or the panic's message. After a panic, the values that `run`
/// modified must be discarded.
pub(crate) fn panics<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    let _one = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    panic::set_hook(hook);
    result.map_err(|payload| format!("the generator gave up: {}", message(payload.as_ref())))
}

fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a reason")
}
