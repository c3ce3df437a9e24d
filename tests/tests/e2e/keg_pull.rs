//! `keg pull`, and the pull that `keg run` does by itself.

use crate::cellar::{assert_no_half_image, containers, keg, line, names_in, redacted, rows};
use insta::assert_snapshot;
use serde_json::json;
use tests::oci::layout;
use tests::{Oci, Output, Registry, Scratch};

fn image() -> Oci {
    Oci::busybox().config(json!({"Cmd": ["echo", "the image's own command"]}))
}

/// Puts images under a name of the registry, an index if there are several.
fn push(scratch: &Scratch, registry: &Registry, name: &str, images: &[Oci]) -> String {
    let from = layout(scratch, &format!("layout-{}", name.replace(['/', ':'], "-")), images);
    let full = format!("{}/{name}", registry.address());
    let copy = scratch.tool("skopeo").args(["copy", "--all", "--quiet", "--dest-tls-verify=false"]);
    copy.arg(from).arg(format!("docker://{full}")).output().success();
    full
}

fn stdout(scratch: &Scratch, output: &Output) -> String {
    redacted(scratch, &output.text())
}

#[test]
fn v34_pull_says_what_docker_says() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let name = push(&scratch, &registry, "library/box:latest", &[image()]);
    let untagged = name.trim_end_matches(":latest");
    let first = keg(&scratch, &["pull", untagged]).output().success();
    assert_snapshot!("pull_first", stdout(&scratch, &first));
    assert_eq!(first.errors(), "", "bars and warnings have no place in a pipe");
    let again = keg(&scratch, &["pull", &name]).output().success();
    assert_snapshot!("pull_again", stdout(&scratch, &again));
    let quiet = keg(&scratch, &["pull", "-q", &name]).output().success();
    assert_eq!(quiet.text(), format!("{name}\n"));
    let images = keg(&scratch, &["images"]).output().success();
    assert_snapshot!("images_pulled", redacted(&scratch, &rows(&images).join("\n")));
    assert_no_half_image(&scratch);
}

#[test]
fn v34_run_pulls_what_is_missing_and_tells_it_on_standard_error() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let name = push(&scratch, &registry, "box:1", &[image()]);
    let run = keg(&scratch, &["run", "--rm", &name]).output().success();
    assert_eq!(run.text(), "the image's own command\n", "standard output is the container's alone");
    assert_snapshot!("run_pulls", redacted(&scratch, &run.errors()));
    let again = keg(&scratch, &["run", "--rm", &name]).output().success();
    assert_eq!(again.errors(), "", "it is here now");
}

#[test]
fn a_new_image_under_an_old_name_is_newer_and_the_old_one_stays() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let name = push(&scratch, &registry, "box:1", &[image()]);
    keg(&scratch, &["pull", &name]).output().success();
    let changed = image().files(&[("new", b"new")]);
    push(&scratch, &registry, "box:1", &[changed]);
    let second = keg(&scratch, &["pull", &name]).output().success();
    assert_snapshot!("pull_newer", stdout(&scratch, &second));
    keg(&scratch, &["run", "--rm", &name, "cat", "/new"]).output().success().prints("new");
    let images = keg(&scratch, &["images"]).output().success();
    let of_box: Vec<_> = rows(&images).into_iter().filter(|row| row.contains("/box")).collect();
    assert_eq!(of_box.len(), 2, "{images:?}");
    assert!(of_box.iter().any(|row| row.contains("<none>")), "{images:?}");
}

#[test]
fn a_digest_names_one_content() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let name = push(&scratch, &registry, "box:1", &[image()]);
    let pulled = keg(&scratch, &["pull", &name]).output().success().text();
    let digest = pulled.lines().find_map(|line| line.strip_prefix("Digest: ")).unwrap().to_string();
    let by_digest = format!("{}/box@{digest}", registry.address());
    let run = keg(&scratch, &["run", "--rm", &by_digest]).output().success();
    assert_eq!(run.errors(), "", "it is the image that is here");
    let fresh = Scratch::new();
    let pull = keg(&fresh, &["pull", &by_digest]).output().success();
    assert_snapshot!("pull_by_digest", redacted(&fresh, &pull.text()));
    keg(&fresh, &["run", "--rm", &by_digest]).output().success().prints("own command");
}

#[test]
fn a_terminal_shows_bars_and_a_pipe_does_not() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let noise: Vec<u8> = (0..2_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let name = push(&scratch, &registry, "box:1", &[image().files(&[("noise", &noise)])]);
    let mut terminal = keg(&scratch, &["pull", &name]).on_terminal(30, 120);
    terminal.expect("Status: Downloaded newer image");
    // Whatever was drawn stands before the last line.
    let fresh = Scratch::new();
    let (code, _) = terminal.finish();
    assert_eq!(code, 0);
    let mut terminal = keg(&fresh, &["pull", &name]).on_terminal(30, 120);
    let screen = terminal.expect("Status: Downloaded newer image");
    assert!(screen.contains("[=") || screen.contains("[>") || screen.contains("[ "), "{screen:?}");
    assert!(screen.contains('\u{1b}'), "a bar is drawn over: {screen:?}");
    assert_eq!(terminal.finish().0, 0);
    // With standard error in a file there is nobody to watch a bar.
    let third = Scratch::new();
    let script = format!("keg pull {name} 2>errors; echo; wc -c <errors");
    let at = tests::binaries::bin("keg");
    let path = format!("{}:/usr/bin:/bin", at.parent().unwrap().display());
    let mut terminal = third.tool("bash").args(["-c", &script]).env("PATH", path).on_terminal(30, 120);
    let screen = terminal.expect("\r\n0\r\n");
    assert!(!screen.contains('\u{1b}'), "{screen:?}");
    terminal.finish();
}

#[test]
fn layers_are_merged_and_what_is_shared_is_stored_once() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let base = Oci::busybox().files(&[
        ("same/", b""),
        ("same/a", b"lower a\n"),
        ("same/b", b"lower b\n"),
        ("gone/", b""),
        ("gone/x", b"x"),
        ("opaque/", b""),
        ("opaque/old", b"old"),
    ]);
    let top = base.clone().files(&[
        ("same/a", b"upper a\n"),
        ("same/.wh.b", b""),
        (".wh.gone", b""),
        ("opaque/", b""),
        ("opaque/.wh..wh..opq", b""),
        ("opaque/new", b"new"),
    ]);
    let one = push(&scratch, &registry, "one:1", &[base]);
    let two = push(&scratch, &registry, "two:1", &[top]);
    keg(&scratch, &["pull", &one]).output().success();
    let layers = || names_in(&scratch.keg_root().join("images/layers"));
    let of_one = layers();
    assert_eq!(of_one.iter().filter(|name| name.ends_with(".json")).count(), 2, "{of_one:?}");
    let pull = keg(&scratch, &["pull", &two]).output().success();
    assert_snapshot!("pull_shared", stdout(&scratch, &pull));
    let of_two = layers();
    assert!(of_one.iter().all(|name| of_two.contains(name)), "{of_two:?}");
    assert_eq!(of_two.len(), 6, "three layers and what is known of them: {of_two:?}");
    let look = "cd /; echo $(cat same/*) / $(ls same) / $(ls -d gone 2>/dev/null) / $(ls opaque)";
    let see = |name: &str| keg(&scratch, &["run", "--rm", name, "sh", "-c", look]).output().success().text();
    assert_eq!(see(&one), "lower a lower b / a b / gone / old\n");
    assert_eq!(see(&two), "upper a / a / / new\n");
    assert_eq!(see(&one), "lower a lower b / a b / gone / old\n", "the other image changed nothing");
}

#[test]
fn c6_20_a_hundred_layers_run() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let mut image = Oci::busybox();
    for i in 0..100 {
        image = image.files(&[(&format!("layer-{i}"), b"x"), ("last", format!("{i}").as_bytes())]);
    }
    let name = push(&scratch, &registry, "many:1", &[image]);
    let run =
        keg(&scratch, &["run", "--rm", &name, "sh", "-c", "ls / | grep -c layer-; cat last; >here; ls here"]);
    assert_eq!(run.output().success().text(), "100\n99here\n");
}

#[test]
fn an_index_gives_the_image_for_this_machine_or_names_those_it_has() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let other = |name: &str| Oci::new().files(&[("foreign", b"")]).architecture(name);
    let name = push(&scratch, &registry, "multi:1", &[other("s390x"), image(), other("riscv64")]);
    let run = keg(&scratch, &["run", "--rm", &name]).output().success();
    assert_eq!(run.text(), "the image's own command\n");
    let layers = names_in(&scratch.keg_root().join("images/layers"));
    assert_eq!(layers.len(), 2, "the others' layers are not fetched: {layers:?}");
    let foreign = push(&scratch, &registry, "foreign:1", &[other("s390x"), other("riscv64")]);
    let pull = keg(&scratch, &["pull", &foreign]).output();
    assert_snapshot!("pull_foreign", crate::cellar::said(&scratch, &pull));
    assert_no_half_image(&scratch);
}

#[test]
fn c6_16_what_is_no_reference_is_refused_before_anything_is_asked() {
    let scratch = Scratch::new();
    let long = format!("127.0.0.1:1/{}", "a".repeat(300));
    let junk = [
        "",
        " ",
        "127.0.0.1:1/x:../../y",
        "127.0.0.1:1/../../x",
        "127.0.0.1:1/x@sha256:",
        "127.0.0.1:1/x@sha256:../../etc",
        "127.0.0.1:1/x@md5:d41d8cd98f00b204e9800998ecf8427e",
        "127.0.0.1:99999/x",
        "127.0.0.1:1/X",
        "127.0.0.1:1//x",
        "127.0.0.1:1/x:",
        "127.0.0.1:1/ex\u{430}mple",
        "127.0.0.1:1/x y",
        "http://127.0.0.1:1/x",
        "127.0.0.1:1/-rf",
        "127.0.0.1:1/x:-",
        "127.0.0.1:1/",
        &long,
    ];
    for name in junk {
        for words in [&["pull", "--", name][..], &["run", "--rm", "--", name, "true"]] {
            let output = keg(&scratch, words).output();
            assert_eq!(output.code, Some(125), "{output:?}");
            assert!(!output.errors().contains("locally"), "it was asked for: {output:?}");
            assert!(output.errors().contains("next: ") || output.errors().contains("error: "), "{output:?}");
        }
    }
    assert_eq!(containers(&scratch), Vec::<String>::new());
    let esc = line(&scratch, "pull 127.0.0.1:1/\u{1b}]0;x\u{7}").output();
    assert!(!esc.errors().contains('\u{1b}') && !esc.errors().contains('\u{7}'), "{:?}", esc.errors());
}
