//! Archives that try to get out of their layer. Each is aimed at a canary (ATTACKS: C6-01 to C6-08).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod yard;

use images::unpack::limits::Limits;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use yard::{Archive, Yard, entry, is_whiteout, xattr};

fn mode(path: &std::path::Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn c6_01_names_that_lead_out() {
    let yard = Yard::new();
    let inside = yard.take(&Archive::new().file("/etc/passwd", "x").file("//a///b/./c", "y").end());
    assert_eq!(fs::read_to_string(inside.join("etc/passwd")).unwrap(), "x");
    assert_eq!(fs::read_to_string(inside.join("a/b/c")).unwrap(), "y");
    let inside = yard.take(&Archive::new().dir("a", 0o755).file("a/../b", "z").end());
    assert!(inside.join("b").is_file(), "it goes up in the text and stays inside");
    for name in ["../x", "a/../../x", "/../x", "..", "../../../../../../../../tmp/x"] {
        yard.refuse(&Archive::new().file(name, "x").end(), "leads out of the layer");
    }
    for name in ["", ".", "a/.."] {
        yard.refuse(&Archive::new().file(name, "x").end(), "root but is no directory");
    }
    yard.refuse(&Archive::new().pax(&[("path", b"a\0b")]).file("x", "x").end(), "NUL");
}

#[test]
fn c6_01_symlink_then_write_through_it() {
    let yard = Yard::new();
    let canary = yard.canary();
    yard.refuse(&Archive::new().symlink("l", &canary).file("l/secret", "x").end(), "use its directory");
    yard.refuse(
        &Archive::new().symlink("l", &canary).dir("l/inner/deep/er", 0o777).end(),
        "use its directory",
    );
    yard.refuse(&Archive::new().symlink("l", &canary).symlink("l/new", "/").end(), "use its directory");
    yard.refuse(&Archive::new().symlink("p", "/proc/self/root").file("p/x", "x").end(), "use its directory");
    let up = "../".repeat(20);
    let inside = yard.take(&Archive::new().symlink("l", &up).file("l/x", "x").end());
    assert!(inside.join("x").is_file(), "the link is followed inside the layer");
    let looped = Archive::new().symlink("a", "b").symlink("b", "a").file("a/x", "x");
    yard.refuse(&looped.end(), "ELOOP");
    let inside = yard.take(&Archive::new().symlink("f", canary.join("secret")).file("f", "mine").end());
    assert_eq!(fs::read_to_string(inside.join("f")).unwrap(), "mine", "the link itself is replaced");
}

#[test]
fn c6_02_symlink_then_directory_entry() {
    let yard = Yard::new();
    let inside =
        yard.take(&Archive::new().symlink("l", yard.canary()).dir("l", 0o777).file("l/x", "x").end());
    assert!(fs::symlink_metadata(inside.join("l")).unwrap().is_dir());
    assert_eq!(mode(&inside.join("l")), 0o777);
}

#[test]
fn c6_02_a_directory_becomes_a_symlink_between_two_of_its_files() {
    let yard = Yard::new();
    let swap =
        Archive::new().dir("a", 0o755).file("a/one", "1").symlink("a", yard.canary()).file("a/secret", "x");
    yard.refuse(&swap.end(), "use its directory");
    let parent = Archive::new().file("a/b/one", "1").symlink("a", yard.canary().parent().unwrap());
    yard.refuse(&parent.file("a/b/two", "2").end(), "use its directory");
    let inside = yard.take(&Archive::new().file("a/b/one", "1").file("a", "2").end());
    assert!(inside.join("a").is_file(), "a tree in the way is gone");
}

#[test]
fn c6_03_hard_links_that_lead_out() {
    let yard = Yard::new();
    let secret = yard.canary().join("secret");
    yard.refuse(&Archive::new().hardlink("h", &secret).end(), "link it to");
    yard.refuse(&Archive::new().hardlink("h", "../../../canary/secret").end(), "leads out of the layer");
    yard.refuse(&Archive::new().symlink("d", yard.canary()).hardlink("h", "d/secret").end(), "link it to");
    yard.refuse(&Archive::new().dir("d", 0o755).hardlink("h", "d").end(), "link it to");
    yard.refuse(&Archive::new().hardlink("h", "/").end(), "links to the root");
    yard.refuse(&Archive::new().hardlink("h", "h").end(), "link it to");
    yard.refuse(&Archive::new().file("f", "x").hardlink("f/h", "f").end(), "use its directory");
}

#[test]
fn c6_03_a_hard_link_to_a_symlink_is_a_second_symlink() {
    let yard = Yard::new();
    let secret = yard.canary().join("secret");
    let archive = Archive::new().symlink("s", &secret).hardlink("h", "s").hardlink("s", "h");
    let inside = yard.take(&archive.clone().end());
    assert_eq!(fs::read_link(inside.join("h")).unwrap(), secret, "not followed, and its mode not set");
    let inside = yard.take(&archive.file("h", "mine").end());
    assert_eq!(fs::read_to_string(inside.join("h")).unwrap(), "mine");
}

#[test]
fn hard_links_inside_keep_the_file_as_it_is() {
    let yard = Yard::new();
    let archive = Archive::new().add(entry(b'0', "d/f").data("x").mode(0o4755).owner(7, 8));
    let inside = yard.take(&archive.file("g", "old").hardlink("g", "/d/f").hardlink("g", "d/f").end());
    let (one, two) = (fs::metadata(inside.join("d/f")).unwrap(), fs::metadata(inside.join("g")).unwrap());
    assert_eq!((one.ino(), one.nlink(), one.mode() & 0o7777), (two.ino(), 2, 0o4755));
    assert_eq!((two.uid(), two.gid(), two.mtime()), (7, 8, 1_000_000_000));
}

#[test]
fn c6_04_whiteouts() {
    let yard = Yard::new();
    for strange in [".wh.", ".wh..", "a/.wh...", ".wh..wh.x", "a/.wh..wh..wh.x", ".wh.a/b"] {
        yard.refuse(&Archive::new().file(strange, "").end(), "whiteout");
    }
    let link = || Archive::new().symlink("l", yard.canary());
    yard.refuse(&link().file("l/.wh..wh..opq", "").end(), "use its directory");
    yard.refuse(&link().file("l/.wh.secret", "").end(), "use its directory");
    assert_eq!(xattr(&yard.canary(), "trusted.overlay.opaque"), None);
    let inside = yard.take(&Archive::new().file("a/.wh.gone", "").file("b/.wh..wh..opq", "").end());
    assert!(is_whiteout(&inside.join("a/gone")));
    assert_eq!(xattr(&inside.join("b"), "trusted.overlay.opaque"), Some(b"y".into()));
    assert!(!inside.join("b/.wh..wh..opq").exists());
    let inside = yard.take(&Archive::new().file(".wh..wh.plnk/1", "x").file("x", "x").end());
    assert_eq!(fs::read_dir(&inside).unwrap().count(), 1, "AUFS's own is left out");
    let inside = yard.take(&Archive::new().file(".wh..wh..opq", "").end());
    assert_eq!(xattr(&inside, "trusted.overlay.opaque"), Some(b"y".into()), "the root too");
}

#[test]
fn c6_04_a_whiteout_and_its_name_in_one_layer() {
    let yard = Yard::new();
    let both = [
        Archive::new().file(".wh.d", "").file("d/x", "x").dir("d", 0o700),
        Archive::new().file("d/x", "x").file(".wh.d", ""),
        Archive::new().dir("d", 0o700).file("d/x", "x").file(".wh.d", ""),
    ];
    let refused = Archive::new().file(".wh.d", "").file("d/x", "x").end();
    yard.refuse(&refused, "ENOTDIR");
    for archive in &both[1..] {
        let inside = yard.take(&archive.clone().end());
        assert!(inside.join("d/x").is_file(), "the new one stays");
        assert_eq!(
            xattr(&inside.join("d"), "trusted.overlay.opaque"),
            Some(b"y".into()),
            "the old one is gone"
        );
    }
    let inside = yard.take(&Archive::new().file(".wh.d", "").dir("d", 0o700).file("d/x", "x").end());
    assert_eq!(xattr(&inside.join("d"), "trusted.overlay.opaque"), Some(b"y".into()));
    let inside = yard.take(&Archive::new().file(".wh.f", "").file("f", "new").file(".wh.f", "").end());
    assert_eq!(fs::read_to_string(inside.join("f")).unwrap(), "new");
}

#[test]
fn c6_05_devices_are_made_and_never_opened() {
    let yard = Yard::new();
    let archive = Archive::new()
        .add(entry(b'3', "mem").device(1, 1).mode(0o640).owner(0, 9))
        .add(entry(b'4', "disk").device(254, 0))
        .add(entry(b'6', "fifo").mode(0o622))
        .add(entry(b'0', "su").data("#!").mode(0o6755).owner(1000, 1000));
    let inside = yard.take(&archive.end());
    let found = |name: &str| fs::symlink_metadata(inside.join(name)).unwrap();
    assert!(found("mem").file_type().is_char_device() && found("disk").file_type().is_block_device());
    assert_eq!((found("mem").rdev(), found("mem").gid(), mode(&inside.join("mem"))), (0x101, 9, 0o640));
    assert!(found("fifo").file_type().is_fifo());
    assert_eq!(mode(&inside.join("su")), 0o6755, "set after the owner, who would take it away");
    // Onto a FIFO nothing is written, it is replaced: an open would wait for ever.
    let inside = yard.take(&Archive::new().add(entry(b'6', "p")).file("p", "x").end());
    assert!(inside.join("p").is_file());
}

#[test]
fn c6_06_attributes_that_overlayfs_would_read_are_dropped() {
    let yard = Yard::new();
    let capability = b"\x01\x00\x00\x02\x0a\x04\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00";
    let archive = Archive::new()
        .pax(&[
            ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
            ("SCHILY.xattr.trusted.overlay.redirect", b"/etc"),
            ("SCHILY.xattr.user.overlay.opaque", b"y"),
            ("SCHILY.xattr.user.kept", b"a\nb=c"),
        ])
        .dir("d", 0o755)
        .pax(&[("SCHILY.xattr.security.capability", capability)])
        .add(entry(b'0', "ping").data("x").owner(5, 5).mode(0o755));
    let inside = yard.take(&archive.end());
    for name in ["trusted.overlay.opaque", "trusted.overlay.redirect", "user.overlay.opaque"] {
        assert_eq!(xattr(&inside.join("d"), name), None, "{name}");
    }
    assert_eq!(xattr(&inside.join("d"), "user.kept"), Some(b"a\nb=c".into()));
    assert_eq!(xattr(&inside.join("ping"), "security.capability"), Some(capability.to_vec()));
    let named = |name: &str| Archive::new().pax(&[(name, b"x")]).file("f", "").end();
    yard.refuse(&named("SCHILY.xattr."), "set its attribute");
    yard.take(&named("SCHILY.xattr.unknown.to.the.kernel"));
}

#[test]
fn c6_08_limits() {
    let small =
        Limits { entries: 100, depth: 20, bytes: 1 << 20, kept: 500, sparse: 1 << 30, ..Limits::default() };
    let yard = Yard::with_limits(small);
    let files = |count: usize| (0..count).fold(Archive::new(), |all, i| all.file(&format!("f{i}"), "")).end();
    yard.take(&files(100));
    yard.refuse(&files(101), "more than 100 entries");
    yard.take(&Archive::new().file(&"d/".repeat(20).add("f"), "").end());
    yard.refuse(&Archive::new().file(&"d/".repeat(21).add("f"), "").end(), "more than 20 directories deep");
    yard.refuse(&Archive::new().file("f", &"x".repeat(1 << 20)).end(), "longer than 1048576 bytes");
    yard.refuse(&Archive::new().add(entry(b'0', "f").size(1 << 40)).end(), "more than a layer may hold");
    let dirs = (0..60).fold(Archive::new(), |all, i| all.dir(&format!("directory{i}"), 0o755));
    yard.refuse(&dirs.end(), "the names of its directories");
    let sparse = |length: &[u8]| {
        let records: [(&str, &[u8]); 2] = [("GNU.sparse.size", length), ("GNU.sparse.map", b"0,1")];
        Archive::new().pax(&records).file("s", "x").end()
    };
    assert_eq!(fs::metadata(yard.take(&sparse(b"1073741824")).join("s")).unwrap().len(), 1 << 30);
    yard.refuse(&sparse(b"1073741825"), "the file is too long");
    let deep = "a/".repeat(50_000);
    yard.refuse(&Archive::new().gnu_long(b'L', &deep).file("x", "").end(), "longer than 4097");
    yard.refuse(&Archive::new().pax(&[("path", deep.as_bytes())]).file("x", "").end(), "4096 is the longest");
}

#[test]
fn c6_08_a_long_record_is_refused_before_it_is_read() {
    let yard = Yard::new();
    for kind in [b'x', b'g', b'L', b'K'] {
        yard.refuse(&Archive::new().add(entry(kind, "x").size(8 << 30)).end(), "before an entry is longer");
    }
}

trait Add {
    fn add(self, end: &str) -> String;
}

impl Add for String {
    fn add(self, end: &str) -> String {
        self + end
    }
}
