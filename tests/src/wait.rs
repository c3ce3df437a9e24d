//! Waiting for something, not for ever.

use std::time::{Duration, Instant};

/// How long anything may take that is expected to happen: far longer than it does, on a busy machine too.
pub const LONG: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(10);

/// Waits until `look` finds something, at most [`LONG`]; `what` says what for when it never comes.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    at_most(LONG, look).unwrap_or_else(|| panic!("waited {LONG:?} in vain for {what}"))
}

/// Waits until `look` finds something, or `limit` is over.
pub fn at_most<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= end {
            return found;
        }
        std::thread::sleep(STEP);
    }
}
