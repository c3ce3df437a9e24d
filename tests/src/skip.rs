//! A skipped test is counted and says why.
//!
//! The test runner cannot skip a test that has begun, so a skip is written into `target/skipped`, from where
//! `.ci/run` counts it. On a machine that is set up nothing is skipped but what `tests/skips` names with its
//! reason; where `CI` is set any other skip is a failure.

use crate::binaries::{made, workspace};
use std::io::Write;

/// Leaves the test: `skip!("this kernel has no {filesystem}")`.
#[macro_export]
macro_rules! skip {
    ($($why:tt)*) => {{
        $crate::skip::note(&format!($($why)*));
        return;
    }};
}

/// Writes down that the current test is skipped.
pub fn note(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("?");
    let allowed = std::fs::read_to_string(workspace().join("tests/skips")).unwrap_or_default();
    let expected = allowed.lines().any(|line| line.split_whitespace().next() == Some(test));
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(expected || !in_ci, "{test} would be skipped, which is not expected here: {why}");
    let path = made().join("skipped");
    let file = std::fs::File::options().create(true).append(true).open(path);
    let _ = writeln!(file.unwrap(), "{test}: {why}");
}
