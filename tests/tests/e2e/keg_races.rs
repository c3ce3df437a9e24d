//! Many at once.

use crate::cellar::{
    assert_no_container, assert_no_half_image, containers, keg, line, names_in, rows, with_box,
};
use tests::oci::layout;
use tests::{Oci, Output, Registry, Scratch, wait};

/// Starts so many at once, and waits for all of them.
fn at_once(scratch: &Scratch, count: usize, words: impl Fn(usize) -> String) -> Vec<Output> {
    let started: Vec<_> = (0..count).map(|number| line(scratch, &words(number)).start()).collect();
    started.into_iter().map(|run| run.limit(4 * wait::LONG).finish()).collect()
}

#[test]
fn of_fifty_with_one_name_one_wins() {
    for flags in ["", "--rm"] {
        let scratch = with_box();
        let script = format!("run {flags} --name one -e K box sleep 1000");
        let started: Vec<_> = (0..50).map(|_| line(&scratch, &script).start()).collect();
        // The winner runs on until the last of the losers has been told.
        let up = wait::until("one to be up", || {
            let table = rows(&line(&scratch, "ps -q").output().success());
            table.first().cloned()
        });
        let loser_done = || started.iter().filter(|run| !run.process().is_alive()).count() == 49;
        wait::at_most(4 * wait::LONG, || loser_done().then_some(())).expect("49 to lose");
        line(&scratch, &format!("rm -f {up}")).output().success();
        let outputs: Vec<_> = started.into_iter().map(|run| run.finish()).collect();
        let lost: Vec<_> = outputs.iter().filter(|output| output.code == Some(125)).collect();
        assert_eq!(lost.len(), 49);
        for output in &lost {
            assert!(output.errors().contains("already in use by container"), "{output:?}");
        }
        assert_eq!(outputs.iter().filter(|output| output.code == Some(137)).count(), 1);
        assert_no_container(&scratch);
    }
}

#[test]
fn twenty_pulls_of_one_image_are_one_copy() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let image = Oci::busybox().files(&[("a", &[7; 100_000])]).files(&[("b", b"b")]);
    registry.push(&scratch, &layout(&scratch, "layout", &[image]), "box:1");
    let name = format!("{}/box:1", registry.address());
    for output in at_once(&scratch, 20, |_| format!("pull -q {name}")) {
        output.success();
    }
    let images = scratch.keg_root().join("images");
    assert_eq!(names_in(&images.join("layers")).len(), 6, "three layers and what is known of them");
    assert_no_half_image(&scratch);
    assert_eq!(rows(&line(&scratch, "images").output().success()).len(), 2);
    keg(&scratch, &["run", "--rm", &name, "cat", "/b"]).output().success();
}

#[test]
fn many_runs_lists_and_removals_do_not_disturb_each_other() {
    let scratch = with_box();
    let words = |number: usize| match number % 4 {
        0 => format!("run --rm -e N={number} box env"),
        1 => format!("run --name kept-{number} box true"),
        2 => "ps -a".into(),
        _ => "images".into(),
    };
    let outputs = at_once(&scratch, 60, words);
    for (number, output) in outputs.iter().enumerate() {
        assert_eq!(output.code, Some(0), "{output:?}");
        assert_eq!(output.errors(), "", "{output:?}");
        if number % 4 == 0 {
            let text = output.text();
            let own: Vec<&str> = text.lines().filter(|line| line.starts_with("N=")).collect();
            assert_eq!(own, [format!("N={number}")], "each sees its own environment (CVE-2020-14370)");
        }
    }
    assert_eq!(containers(&scratch).len(), 15);
    for output in at_once(&scratch, 15, |number| format!("rm kept-{}", number * 4 + 1)) {
        output.success();
    }
    assert_no_container(&scratch);
}

#[test]
fn twenty_imports_of_one_archive_are_one_layer() {
    let scratch = Scratch::new();
    let archive = crate::cellar::archive(&scratch);
    for output in at_once(&scratch, 20, |number| format!("import {} box:{number}", archive.display())) {
        output.success();
    }
    assert_eq!(names_in(&scratch.keg_root().join("images/layers")).len(), 2);
    assert_eq!(rows(&line(&scratch, "images").output().success()).len(), 21, "no name was lost");
    assert_no_half_image(&scratch);
}

#[test]
fn a_pull_while_the_image_is_run_and_named_anew() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let images = ["one", "two"].map(|word| Oci::busybox().files(&[("word", word.as_bytes())]));
    let from: Vec<String> = images
        .iter()
        .enumerate()
        .map(|(number, image)| layout(&scratch, &format!("layout{number}"), std::slice::from_ref(image)))
        .collect();
    registry.push(&scratch, &from[0], "box:1");
    let name = format!("{}/box:1", registry.address());
    keg(&scratch, &["pull", &name]).output().success();
    registry.push(&scratch, &from[1], "box:1");
    let words = |number: usize| match number {
        3 => format!("pull {name}"),
        _ => format!("run --rm {name} cat /word"),
    };
    for (number, output) in at_once(&scratch, 20, words).into_iter().enumerate() {
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(number == 3 || ["one", "two"].contains(&&*output.text()), "{output:?}");
    }
    assert_eq!(keg(&scratch, &["run", "--rm", &name, "cat", "/word"]).output().success().text(), "two");
}
