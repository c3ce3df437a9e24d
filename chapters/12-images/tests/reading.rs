//! Archives that two readers could understand differently, compared with GNU tar (ATTACKS: C6-07).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod yard;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use yard::{Archive, Yard, entry};

#[test]
fn c6_07_long_names_in_either_way() {
    let yard = Yard::new();
    let long = format!("{}/{}", "d".repeat(200), "f".repeat(250));
    for archive in [
        Archive::new().pax(&[("path", long.as_bytes())]).file("short", "x"),
        Archive::new().gnu_long(b'L', &long).file("short", "x"),
    ] {
        let inside = yard.take(&archive.end());
        assert_eq!(fs::read_to_string(inside.join(&long)).unwrap(), "x");
    }
    let target = "t".repeat(300);
    let inside = yard.take(&Archive::new().gnu_long(b'K', &target).add(entry(b'2', "l")).end());
    assert_eq!(fs::read_link(inside.join("l")).unwrap().to_str(), Some(target.as_str()));
    yard.refuse(
        &Archive::new().file(&"n".repeat(100), "").pax(&[("path", &[b'n'; 256])]).file("x", "").end(),
        "ENAMETOOLONG",
    );
}

#[test]
fn c6_07_what_can_be_read_in_two_ways_is_refused() {
    let yard = Yard::new();
    let file = || entry(b'0', "f").data("x");
    let table = [
        (Archive::new().gnu_long(b'L', "a").pax(&[("path", b"b")]).add(file()), "given in two ways"),
        (Archive::new().pax(&[("path", b"a")]).pax(&[("path", b"b")]).add(file()), "two records describe"),
        (Archive::new().gnu_long(b'L', "a").gnu_long(b'L', "b").add(file()), "two records describe"),
        (Archive::new().pax(&[("size", b"1"), ("size", b"2")]).add(file()), "comes twice"),
        (Archive::new().records(b'g', &[("path", b"x")]).add(file()), "for every entry"),
        (Archive::new().records(b'g', &[("size", b"0")]).add(file()), "for every entry"),
        (Archive::new().records(b'g', &[("SCHILY.xattr.user.a", b"0")]).add(file()), "of every entry"),
        (Archive::new().add(entry(b'5', "d").data("x")), "has data"),
        (Archive::new().add(entry(b'2', "l").link("t").data("x")), "has data"),
        (Archive::new().add(entry(b'1', "h").link("f").data("x")), "has data"),
        (Archive::new().add(entry(b'0', "d/").data("x")), "ends with a slash"),
        (Archive::new().add(entry(b'V', "volume")), "unknown type 'V'"),
        (Archive::new().add(entry(b'M', "more")), "unknown type 'M'"),
        (Archive::new().pax(&[("path", b"a")]), "ends before the entry"),
        (Archive::new().add(file()).raw(&[0; 512]).add(file()), "lone block of zeros"),
        (Archive::new().add(file()).raw(&[7; 512]), "checksum"),
        (Archive::new().pax(&[("uid", b"4294967295")]).add(file()), "too large"),
        (Archive::new().pax(&[("gid", b"4294967296")]).add(file()), "too large"),
        (Archive::new().add(entry(b'0', "f").owner(1 << 40, 0)), "too large"),
        (Archive::new().pax(&[("uid", b"-1")]).add(file()), "not a number"),
        (Archive::new().pax(&[("mtime", b"x")]).add(file()), "not a time"),
        (Archive::new().pax(&[("size", b"+1")]).add(file()), "not a number"),
        (Archive::new().add(entry(b'x', "x").data("10 a=b\n")).add(file()), "malformed"),
        (
            Archive::new().pax(&[("GNU.sparse.size", b"9"), ("GNU.sparse.map", b"0,2")]).add(file()),
            "not fit its data",
        ),
        (
            Archive::new().pax(&[("GNU.sparse.size", b"9"), ("GNU.sparse.map", b"9,1")]).add(file()),
            "lie outside",
        ),
        (Archive::new().pax(&[("GNU.sparse.major", b"2")]).add(file()), "newer than 1.0"),
    ];
    for (archive, why) in table {
        yard.refuse(&archive.end(), why);
    }
    let whole = Archive::new().add(entry(b'0', "f").data([b'x'; 2000])).end();
    yard.refuse(&whole[..1000], "ends in the middle of an entry");
    yard.refuse(&whole[..100], "ends in the middle of an entry");
    yard.refuse(&[], "there is nothing in it");
    yard.refuse(&[0; 1024], "there is nothing in it");
}

#[test]
fn c6_07_the_size_of_a_pax_record_counts() {
    let yard = Yard::new();
    // The header hides an entry in what the record calls data.
    let hidden = Archive::new().file("hidden", "").0;
    let archive =
        Archive::new().pax(&[("size", b"512")]).add(entry(b'0', "f").size(0)).raw(&hidden).file("last", "");
    let inside = yard.take(&archive.clone().end());
    assert_eq!(names(&inside), ["f", "last"]);
    assert_eq!(names(&gnu_tar(&yard, &archive.end())), ["f", "last"], "GNU tar reads it so too");
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What GNU tar makes of an archive.
fn gnu_tar(yard: &Yard, archive: &[u8]) -> std::path::PathBuf {
    let directory = tempfile::tempdir_in(yard.scratch.path()).unwrap().keep();
    let file = directory.with_extension("tar");
    fs::write(&file, archive).unwrap();
    let mut tar = Command::new("tar");
    tar.args(["--xattrs", "--xattrs-include=*", "-xpf"]).arg(&file).arg("-C").arg(&directory);
    assert!(tar.status().unwrap().success());
    directory
}

/// Everything about a tree that an archive can hold.
fn describe(directory: &Path) -> Vec<String> {
    let line = r"find . \( -type f -printf '%P|%m|%U|%G|%n|%T@|%s\n' \) -o -printf '%P|%y|%m|%U|%G|%l|%T@\n'";
    let out = Command::new("sh").args(["-c", line]).current_dir(directory).output().unwrap();
    let mut lines: Vec<String> = String::from_utf8(out.stdout).unwrap().lines().map(str::to_string).collect();
    lines.sort();
    lines
}

#[test]
fn c6_07_reads_what_gnu_tar_writes_as_gnu_tar_reads_it() {
    let yard = Yard::new();
    let tree = yard.scratch.path().join("tree");
    let script = r#"
        mkdir -p a/deep/er "with space" "$(printf 'new\nline')" $(printf 'd%.0s' $(seq 120))/$(printf 'e%.0s' $(seq 120))
        echo one > a/one; ln a/one a/deep/two; ln -s ../one a/deep/link; ln -s $(printf 'x%.0s' $(seq 150)) long-link
        mkfifo pipe; mknod null c 1 3; chmod 4711 a/one; chmod 1777 a/deep; chown 12:34 a/deep/er; : > empty
        (cd d*/e*; echo deep > file); truncate -s 5M holes; echo end >> holes; printf x | dd of=holes bs=1 seek=2000000 conv=notrunc 2>/dev/null
        touch -d '2001-02-03 04:05:06.789' a/one; touch -d '1960-01-01' old; touch -hd '2002-01-01' a/deep/link
        touch -d '2003-01-01' a a/deep .
    "#;
    fs::create_dir(&tree).unwrap();
    assert!(Command::new("bash").args(["-ec", script]).current_dir(&tree).status().unwrap().success());
    let formats: [&[&str]; 6] = [
        &["--format=gnu"],
        &["--format=gnu", "-S"],
        &["--format=pax"],
        &["--format=pax", "-S", "--sparse-version=0.0"],
        &["--format=pax", "-S", "--sparse-version=0.1"],
        &["--format=pax", "-S", "--sparse-version=1.0"],
    ];
    for format in formats {
        let made = Command::new("tar").args(format).args(["-cC"]).arg(&tree).arg(".").output().unwrap();
        assert!(made.status.success());
        let (ours, theirs) = (yard.take(&made.stdout), gnu_tar(&yard, &made.stdout));
        assert_eq!(describe(&ours), describe(&theirs), "{format:?}");
        assert_eq!(
            fs::read(ours.join("holes")).unwrap(),
            fs::read(tree.join("holes")).unwrap(),
            "{format:?}"
        );
        if format.contains(&"-S") {
            let blocks = fs::metadata(ours.join("holes")).unwrap().blocks();
            assert!(blocks < 200, "{format:?}: the holes are kept, not {blocks} blocks of 512 bytes");
        }
    }
}

#[test]
fn times_of_directories_are_set_last_and_to_the_nanosecond() {
    let yard = Yard::new();
    let archive = Archive::new()
        .pax(&[("mtime", b"1600000000.123456789")])
        .dir("d", 0o500)
        .file("d/f", "x")
        .pax(&[("mtime", b"-1.5")])
        .file("d/old", "")
        .dir("./", 0o711);
    let inside = yard.take(&archive.end());
    let found = fs::metadata(inside.join("d")).unwrap();
    assert_eq!(
        (found.mtime(), found.mtime_nsec(), found.mode() & 0o777),
        (1_600_000_000, 123_456_789, 0o500)
    );
    let old = fs::metadata(inside.join("d/old")).unwrap();
    assert_eq!((old.mtime(), old.mtime_nsec()), (-2, 500_000_000));
    let root = fs::metadata(&inside).unwrap();
    assert_eq!((root.mtime(), root.mode() & 0o777), (1_000_000_000, 0o711));
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    let yard = Yard::new();
    let tar = yard.scratch.path().join("a.tar");
    fs::write(&tar, Archive::new().dir("d", 0o777).file("made/by/us", "").end()).unwrap();
    let binary = env!("CARGO_BIN_EXE_images");
    let root = yard.scratch.path().join("other");
    let line = format!(
        "umask 077; {binary} --root {} import {} x >&2 && {binary} --root {} show x",
        root.display(),
        tar.display(),
        root.display()
    );
    let out = Command::new("sh").args(["-c", &line]).output().unwrap();
    let inside = std::path::PathBuf::from(String::from_utf8(out.stdout).unwrap().trim());
    let modes =
        ["", "d", "made", "made/by"].map(|path| fs::metadata(inside.join(path)).unwrap().mode() & 0o777);
    assert_eq!(modes, [0o755, 0o777, 0o755, 0o755]);
}
