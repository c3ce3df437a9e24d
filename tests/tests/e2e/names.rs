//! Names and identifiers of containers.

use tests::{Scratch, rootfs};

#[test]
fn c0_01_a_name_that_is_none_is_refused() {
    let scratch = Scratch::new();
    let image = crate::imported(&scratch, &rootfs::probe(&scratch));
    let long = "a".repeat(300);
    let canary = scratch.canary().display().to_string();
    let bad = [
        "../../x",
        "a/b",
        "/",
        "..",
        "a",
        "-rf",
        "a b",
        "a\nb",
        "a\u{202e}b",
        "a\u{200b}b",
        "_a",
        "é1",
        &long,
        &canary,
    ];
    for name in bad {
        let run =
            scratch.run("keg").args(["run", "--rm", &format!("--name={name}"), image, "/probe", "exit", "0"]);
        let output = run.output().code(125).says("next: choose ");
        assert!(!output.errors().contains(['\u{202e}', '\u{200b}']), "{output:?}");
        let left = std::fs::read_dir(scratch.keg_root().join("names")).unwrap().count();
        assert_eq!(left, 0, "{name:?}");
    }
    assert_eq!(scratch.run("keg").args(["ps", "-aq"]).output().success().text(), "");
    for name in ["aa", "0z", "a_.-", &"a".repeat(128)] {
        let run = scratch.run("keg").args(["run", "--rm", "--name", name, image, "/probe", "exit", "7"]);
        run.output().code(7);
    }
}

#[test]
fn c0_02_an_ambiguous_identifier_means_nobody() {
    let scratch = Scratch::new();
    let image = crate::imported(&scratch, &rootfs::probe(&scratch));
    let all = || scratch.run("keg").args(["ps", "-aq", "--no-trunc"]).output().success().text();
    // Of seventeen identifiers two begin with the same digit.
    let shared_digit = || {
        let ids = all();
        let firsts: Vec<char> = ids.lines().filter_map(|id| id.chars().next()).collect();
        firsts.iter().copied().find(|digit| firsts.iter().filter(|other| *other == digit).count() > 1)
    };
    let digit = (0..17).find_map(|_| {
        scratch.run("keg").args(["run", image, "/probe", "exit", "0"]).output().success();
        shared_digit()
    });
    let digit = digit.unwrap().to_string();
    let before = all();
    for command in ["rm", "rm -f"] {
        let run = |wanted: &str| scratch.run("keg").args(command.split(' ')).arg(wanted).output();
        run(&digit).code(1).says("matches 2 containers").says("next: give more digits");
        run("").code(1).says("No such container");
        run("../names").code(1).says("No such container");
        run(&"f".repeat(65)).code(1).says("No such container");
    }
    assert_eq!(all(), before);
    let ids: Vec<&str> = before.lines().collect();
    scratch.run("keg").arg("rm").args(&ids).output().success();
    assert_eq!(all(), "");
}

#[test]
fn c0_02_a_name_wins_over_the_beginning_of_an_identifier() {
    let scratch = Scratch::new();
    let image = crate::imported(&scratch, &rootfs::probe(&scratch));
    let run = |name: &str| {
        scratch.run("keg").args(["run", "--name", name, image, "/probe", "exit", "0"]).output().success()
    };
    run("first");
    let id = scratch.run("keg").args(["ps", "-aq"]).output().success().text().trim().to_string();
    run(&id);
    scratch.run("keg").args(["rm", &id]).output().success();
    let left = scratch.run("keg").args(["ps", "-a"]).output().success().text();
    assert!(left.contains("first"), "{left}");
    scratch.run("keg").args(["rm", "first"]).output().success();
}
