//! What the tests of `keg` have in common.

use regex::Regex;
use std::path::{Path, PathBuf};
use tests::{Output, Run, Scratch, rootfs};

/// `keg` with these words.
pub fn keg<'a>(scratch: &'a Scratch, words: &[&str]) -> Run<'a> {
    scratch.run("keg").args(words)
}

/// `keg` with the words of a line.
pub fn line<'a>(scratch: &'a Scratch, line: &str) -> Run<'a> {
    keg(scratch, &line.split_whitespace().collect::<Vec<_>>())
}

/// A scratch that has the image `box`: the small distribution, and the probe.
pub fn with_box() -> Scratch {
    let scratch = Scratch::new();
    import(&scratch, "box", &[]);
    scratch
}

/// Makes an image of the small distribution and the probe, with these changes.
pub fn import(scratch: &Scratch, name: &str, changes: &[&str]) {
    let archive = archive(scratch);
    let changes = changes.iter().flat_map(|change| ["-c", change]);
    keg(scratch, &["import"]).args(changes).arg(&archive).arg(name).output().success();
}

/// An archive of the small distribution and the probe, made once in a scratch.
pub fn archive(scratch: &Scratch) -> PathBuf {
    let archive = scratch.path().join("box.tar");
    if !archive.exists() {
        let rootfs = rootfs::busybox(scratch);
        let tar = scratch.tool("tar").args(["--numeric-owner", "-cf"]).arg(&archive);
        tar.arg("-C").arg(rootfs).arg(".").output().success();
    }
    archive
}

/// The containers that have a directory.
pub fn containers(scratch: &Scratch) -> Vec<String> {
    names_in(&scratch.keg_root().join("containers"))
}

/// The names in a directory, sorted; none where there is no directory.
pub fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Everything below a directory of the state: names, modes, owners, times and content, as one digest.
pub fn digest_of(scratch: &Scratch, directory: &str) -> String {
    let script = "tar --sort=name --xattrs --xattrs-include='*' --numeric-owner \
                  --pax-option=exthdr.name=%f,delete=atime,delete=ctime -C \"$1\" -c . | sha256sum";
    let at = scratch.keg_root().join(directory);
    scratch.tool("bash").args(["-euo", "pipefail", "-c", script, "-"]).arg(at).output().success().text()
}

/// Asserts that nothing of any container is left: no directory, no name, nothing that runs.
#[track_caller]
pub fn assert_no_container(scratch: &Scratch) {
    let root = scratch.keg_root();
    for below in ["containers", "names", "run"] {
        assert_eq!(names_in(&root.join(below)), Vec::<String>::new(), "below {below}");
    }
}

/// Asserts that no download or import has left a half.
#[track_caller]
pub fn assert_no_half_image(scratch: &Scratch) {
    assert_eq!(names_in(&scratch.keg_root().join("images/tmp")), Vec::<String>::new());
}

/// The lines of a table, their columns one blank apart.
pub fn rows(output: &Output) -> Vec<String> {
    output.text().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// What is different in every run, replaced: digests, identifiers, ports, times and paths.
pub fn redacted(scratch: &Scratch, text: &str) -> String {
    let patterns = [
        (regex::escape(&scratch.path().display().to_string()), "SCRATCH"),
        (r"127\.0\.0\.1:\d+".into(), "127.0.0.1:PORT"),
        (r"\b[0-9a-f]{64}\b".into(), "<64 hex>"),
        (r"\b[0-9a-f]{12}\b".into(), "<12 hex>"),
        (r"(Less than a second|\d+ seconds?|About a minute|\d+ minutes)( ago)?".into(), "TIME$2"),
    ];
    patterns.into_iter().fold(text.to_string(), |text, (pattern, by)| {
        Regex::new(&pattern).unwrap().replace_all(&text, by).into_owned()
    })
}

/// What a run said on standard error, and its exit code, for a snapshot.
pub fn said(scratch: &Scratch, output: &Output) -> String {
    redacted(scratch, &format!("exit code {}\n{}", output.code.unwrap_or(-1), output.errors()))
}
