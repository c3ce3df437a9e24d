//! What the programs say of themselves, word for word.

use insta::assert_snapshot;
use tests::Scratch;

/// Wide enough for prose, and the same everywhere.
const COLUMNS: &str = "100";

fn help(words: &[&str]) -> String {
    let scratch = Scratch::new();
    let run = scratch.run(words[0]).args(&words[1..]).arg("--help").env("COLUMNS", COLUMNS);
    let output = run.env("KEG_ROOT", "/state").output().success();
    assert_eq!(output.errors(), "");
    output.text()
}

#[test]
fn help_of_the_chapters() {
    for name in ["chroot", "hostname", "pids", "mounts"] {
        assert_snapshot!(format!("help_{name}"), help(&[name]));
    }
}

#[test]
fn help_of_keg() {
    assert_snapshot!("help_keg", help(&["keg"]));
    for command in ["run", "ps", "rm", "pull", "images", "import", "check"] {
        assert_snapshot!(format!("help_keg_{command}"), help(&["keg", command]));
    }
}
