//! The invariants of the house, held by looking at the source tree. A rule that is only written down is
//! forgotten; one that fails a test is either kept or changed on purpose.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

mod crates;
mod source;

use source::{Source, all, rust};

/// Fails with all that was found, one line each, and the rule they break.
#[track_caller]
fn none(rule: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

/// The longest file: what is longer has a noun in it that wants a file of its own.
const LONGEST_FILE: usize = 300;
/// The longest function.
const LONGEST_FUNCTION: usize = 40;
/// The longest `main.rs` of a chapter: it is a list of parts.
const LONGEST_MAIN: usize = 80;

#[test]
fn files_are_short() {
    let long = rust().filter(|file| file.lines().len() > LONGEST_FILE);
    let long = long.map(|file| format!("{}: {} lines", file.path, file.lines().len()));
    none("a file has at most 300 lines", long.collect());
}

#[test]
fn functions_are_short() {
    let long = rust().flat_map(|file| {
        // A table of cases in a test may be as long as there are cases.
        let code = if file.path.contains("/tests/") { 0 } else { file.lines_of_code() };
        let functions =
            file.functions().into_iter().filter(|it| it.at <= code && it.lines > LONGEST_FUNCTION);
        functions
            .map(|it| format!("{}:{}: {} has {} lines", file.path, it.at, it.name, it.lines))
            .collect::<Vec<_>>()
    });
    none("a function has at most 40 lines", long.collect());
}

#[test]
fn a_chapters_main_is_short() {
    let mains = rust().filter(|file| file.path.starts_with("chapters/") && file.path.ends_with("/main.rs"));
    let long = mains.filter(|file| file.lines().len() > LONGEST_MAIN);
    let long = long.map(|file| format!("{}: {} lines", file.path, file.lines().len()));
    none("a main.rs of a chapter has at most 80 lines", long.collect());
}

#[test]
fn unsafe_code_is_in_shared_sys_only() {
    let here = "tests/tests/tidy/main.rs"; // names what it looks for
    let elsewhere = rust().filter(|file| !file.path.starts_with("shared/src/sys/") && file.path != here);
    let found = elsewhere.flat_map(|file| {
        file.code_with(|line| {
            let blocks = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "allow(unsafe_code"];
            blocks.iter().any(|block| line.contains(block))
        })
    });
    none("unsafe code lives in shared::sys only", found.collect());
}

#[test]
fn crate_roots_forbid_unsafe_code() {
    let is_root = |file: &Source| {
        let (directory, name) = file.path.rsplit_once('/').unwrap_or_default();
        let library_or_main = directory.ends_with("/src") && (name == "lib.rs" || name == "main.rs");
        let binary = directory.ends_with("/src/bin") || directory.contains("/src/bin/") && name == "main.rs";
        (library_or_main || binary) && file.path != "shared/src/lib.rs"
    };
    let found = rust().filter(is_root).filter(|file| !file.text.contains("#![forbid(unsafe_code)]"));
    none("a crate root says #![forbid(unsafe_code)]", found.map(|file| file.path).collect());
}

#[test]
fn nothing_gives_up() {
    let calls = [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!("];
    let found = rust()
        .filter(Source::is_production)
        .flat_map(|file| file.code_with(|line| calls.iter().any(|call| line.contains(call))));
    none("an error is returned, with what was being done: nothing unwraps or panics", found.collect());
}

#[test]
fn nothing_is_left_to_do() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let found = all().flat_map(|file| file.lines_with(|line| marks.iter().any(|mark| line.contains(mark))));
    none("what is left to do is an issue, not a comment", found.collect());
}

#[test]
fn no_package_registry_is_named() {
    // In halves, or this file would be the first to break the rule.
    let hosts = [
        ("crates", ".io"),
        ("pypi", ".org"),
        ("npmjs", ".org"),
        ("deb.debian", ".org"),
        ("proxy.golang", ".org"),
    ];
    let hosts = hosts.map(|(name, domain)| format!("{name}{domain}"));
    let found = all()
        .filter(|file| !file.path.ends_with("Cargo.lock"))
        .flat_map(|file| file.lines_with(|line| hosts.iter().any(|host| line.contains(host.as_str()))));
    none("where packages come from is the machine's business", found.collect());
}

#[test]
fn no_path_of_this_machine_is_written_down() {
    let workspace = tests::binaries::workspace().to_str().unwrap();
    let home = std::env::var("HOME").unwrap_or_default();
    let found = all().flat_map(|file| {
        // `/root` and `/` are also places in a container.
        file.lines_with(|line| line.contains(workspace) || home.len() > 5 && line.contains(&home))
    });
    none("the tree can be anywhere", found.collect());
}

#[test]
fn tests_of_attacks_have_the_name_of_their_row() {
    let is_row = |name: &str| name.starts_with('c') && name[1..].starts_with(|c: char| c.is_ascii_digit());
    let found = rust().filter(|file| file.path.starts_with("tests/tests/e2e/")).flat_map(|file| {
        let names: Vec<String> =
            file.functions().into_iter().map(|it| it.name).filter(|it| is_row(it)).collect();
        names
            .into_iter()
            .filter(|name| !row(name))
            .map(|name| format!("{}: {name}", file.path))
            .collect::<Vec<_>>()
    });
    none("the test of row C1-02 is called c1_02_what_it_shows", found.collect());
}

/// Whether a name begins as `c1_02_` or `c10_02_` does.
fn row(name: &str) -> bool {
    let mut words = name[1..].splitn(3, '_');
    let (group, number, rest) = (words.next(), words.next(), words.next());
    let group: Option<u8> = group.and_then(|group| group.parse().ok());
    let digits = number.is_some_and(|it| it.len() == 2 && it.bytes().all(|byte| byte.is_ascii_digit()));
    group.is_some_and(|group| group <= 11) && digits && rest.is_some_and(|rest| !rest.is_empty())
}
