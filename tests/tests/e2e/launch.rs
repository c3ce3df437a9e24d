//! The one launch, with parts that fail.

use nix::sys::signal::Signal;
use std::path::PathBuf;
use tests::{Output, Run, Scratch, wait};

/// Runs `faulty` with these faults and a command; returns the output and the lines of the log.
fn faulty(scratch: &Scratch, faults: &[&str], command: &[&str]) -> (Output, Vec<String>) {
    let output = started(scratch, faults).args(command).output();
    (output, lines(scratch))
}

fn started<'a>(scratch: &'a Scratch, faults: &[&str]) -> Run<'a> {
    let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
    scratch.run("faulty").arg("--log").arg(log(scratch)).args(faults).may_panic()
}

fn log(scratch: &Scratch) -> PathBuf {
    scratch.path().join("log")
}

fn lines(scratch: &Scratch) -> Vec<String> {
    std::fs::read_to_string(log(scratch)).unwrap_or_default().lines().map(str::to_string).collect()
}

/// The files that `prepare` made and `release` has to remove.
fn files(scratch: &Scratch) -> usize {
    ["first", "second", "last"].iter().filter(|name| log(scratch).with_extension(name).exists()).count()
}

/// Asserts that the log ends with the release of everything and no descriptor too many.
#[track_caller]
fn assert_released(lines: &[String]) {
    let end: Vec<String> =
        [&RELEASE[..], &["descriptors 0"]].concat().iter().map(|it| it.to_string()).collect();
    assert!(lines.ends_with(&end), "{lines:?}");
}

const PREPARE: [&str; 3] = ["first prepare", "last prepare", "second prepare"];
const ATTACH: [&str; 3] = ["first attach", "last attach", "second attach"];
const RELEASE: [&str; 3] = ["second release", "last release", "first release"];

#[test]
fn the_four_moments_come_in_their_order() {
    let scratch = Scratch::new();
    let (output, lines) = faulty(&scratch, &[], &["sh", "-c", "echo $ENTERED_first $ENTERED_last; exit 7"]);
    output.code(7).prints("yes yes");
    // The last part enters after Start, when the launcher may already go on: these two have no order.
    let (up, rest): (Vec<String>, _) = lines.into_iter().partition(|line| line.starts_with("up "));
    assert_eq!(up, ["up first second"]);
    let enter = ["first enter", "second enter", "last enter"];
    let expected = [&PREPARE[..], &ATTACH, &enter, &RELEASE, &["descriptors 0"]].concat();
    assert_eq!(rest, expected);
    assert_eq!(files(&scratch), 0);
}

#[test]
fn what_fails_in_prepare_rolls_back_what_was_prepared() {
    let scratch = Scratch::new();
    let (output, lines) = faulty(&scratch, &["last:prepare:error"], &["true"]);
    output.code(77).says("cannot do the prepare of last: it was asked to fail").says("next: ask for less");
    assert_eq!(lines, ["first prepare", "last prepare", "last release", "first release", "descriptors 0"]);
    assert_eq!(files(&scratch), 0);
}

#[test]
fn what_fails_in_attach_rolls_back_everything_and_ends_the_child() {
    let scratch = Scratch::new();
    let (output, lines) = faulty(&scratch, &["first:attach:error"], &["true"]);
    output.code(77).says("cannot do the attach of first");
    assert_eq!(lines, [&PREPARE[..], &["first attach"], &RELEASE, &["descriptors 0"]].concat());
}

#[test]
fn what_fails_inside_is_reported_outside_with_its_exit_code() {
    for part in ["second", "last"] {
        let scratch = Scratch::new();
        let (output, lines) = faulty(&scratch, &[&format!("{part}:enter:error")], &["true"]);
        output
            .code(77)
            .says(&format!("cannot do the enter of {part}: it was asked to fail"))
            .says("next: ask");
        assert_eq!(lines[lines.len() - 5], format!("{part} enter"));
        assert_released(&lines);
        assert_eq!(files(&scratch), 0);
    }
}

#[test]
fn every_part_is_released_even_when_releasing_fails() {
    let scratch = Scratch::new();
    let faults = ["second:prepare:error", "second:release:error", "first:release:error"];
    let (output, lines) = faulty(&scratch, &faults, &["true"]);
    let output = output.code(77).says("cannot do the prepare of second");
    output.says("also: cannot do the release of second").says("also: cannot do the release of first");
    assert_released(&lines);
    assert_eq!(files(&scratch), 0);
}

#[test]
fn a_release_that_fails_after_a_good_run_is_an_error() {
    let scratch = Scratch::new();
    let (output, _) = faulty(&scratch, &["last:release:error"], &["true"]);
    output.code(77).says("cannot do the release of last");
}

#[test]
fn a_panic_inside_is_reported_as_a_bug_and_rolled_back() {
    for part in ["first", "last"] {
        let scratch = Scratch::new();
        let (output, lines) = faulty(&scratch, &[&format!("{part}:enter:panic")], &["true"]);
        let output = output.code(125).says("a bug: ").says(&format!("{part} was asked to panic in enter"));
        output.says("please report it");
        assert_released(&lines);
        assert_eq!(files(&scratch), 0);
    }
}

#[test]
fn a_child_that_vanishes_is_reported_with_how_it_ended() {
    for (kind, how) in [("exit", "it exited with code 9"), ("kill", "it was killed by SIGKILL")] {
        let scratch = Scratch::new();
        let (output, lines) = faulty(&scratch, &[&format!("second:enter:{kind}")], &["true"]);
        output.code(125).says("its first process ended before it was ready").says(how);
        assert_released(&lines);
    }
}

#[test]
fn a_child_that_vanishes_after_start_is_no_success() {
    for kind in ["exit", "kill"] {
        let scratch = Scratch::new();
        let (output, lines) = faulty(&scratch, &[&format!("last:enter:{kind}")], &["true"]);
        assert_ne!(output.code, Some(0), "{output:?}");
        assert_released(&lines);
    }
}

#[test]
fn a_program_that_is_not_there_is_127_and_rolled_back() {
    let scratch = Scratch::new();
    let (output, lines) = faulty(&scratch, &[], &["/not/there"]);
    output.code(127).says("no such file or directory");
    assert_released(&lines);
}

#[test]
fn a_signal_while_things_are_made_is_not_lost_and_does_not_cut_short() {
    let scratch = Scratch::new();
    let run = started(&scratch, &["second:prepare:slow"]).args(["sleep", "60"]).start();
    wait::until("second to prepare", || lines(&scratch).contains(&"second prepare".into()).then_some(()));
    run.signal(Signal::SIGTERM);
    let output = run.finish();
    assert_eq!(output.code, Some(128 + 15), "{output:?}");
    assert!(lines(&scratch).contains(&"up first second".into()), "the signal waited for the program");
    assert_eq!(files(&scratch), 0);
}

#[test]
fn killing_the_launcher_kills_the_program_and_another_process_can_release() {
    let scratch = Scratch::new();
    let run = started(&scratch, &[]).args(["sleep", "60"]).start();
    let program = run.inside("sleep");
    run.signal(Signal::SIGKILL);
    wait::until("the program to be killed", || (!program.is_alive()).then_some(()));
    assert_eq!(run.finish().signal, Some(9));
    assert_eq!(files(&scratch), 3, "nobody was there to release");
    for _ in 0..2 {
        started(&scratch, &[]).args(["--release", "true"]).output().success();
        assert_eq!(files(&scratch), 0, "and it can be repeated");
    }
}

#[test]
fn killing_the_launcher_before_start_leaves_no_process() {
    for moment in ["attach", "enter"] {
        let scratch = Scratch::new();
        let run = started(&scratch, &[&format!("second:{moment}:slow")]).args(["sleep", "60"]).start();
        wait::until(moment, || lines(&scratch).contains(&format!("second {moment}")).then_some(()));
        run.signal(Signal::SIGKILL);
        assert_eq!(run.finish().signal, Some(9));
        // The check of the scratch finds the child, if it lives.
        started(&scratch, &[]).args(["--release", "true"]).output().success();
    }
}
