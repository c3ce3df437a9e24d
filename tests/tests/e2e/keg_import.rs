//! `keg import` and `keg images`.

use crate::cellar::{archive, assert_no_half_image, keg, line, names_in, redacted, rows, said};
use insta::assert_snapshot;
use serde_json::Value;
use std::path::PathBuf;
use tests::Scratch;

/// The archive, packed by a program that is not ours.
fn packed(scratch: &Scratch, by: &str, name: &str) -> PathBuf {
    let to = scratch.path().join(name);
    let script = format!("{by} <{} >{}", archive(scratch).display(), to.display());
    scratch.tool("bash").args(["-euc", &script]).output().success();
    to
}

#[test]
fn plain_gzip_zstd_and_standard_input_give_the_same_layer() {
    let scratch = Scratch::new();
    let mut files = vec![archive(&scratch), packed(&scratch, "gzip -1", "box.tar.gz")];
    let zstd = zstd::encode_all(&*std::fs::read(&files[0]).unwrap(), 1).unwrap();
    files.push(scratch.file("box.tar.zst", zstd));
    // Two gzip members are one stream (RFC 1952); a reader of the first alone would lose files.
    files.push(packed(&scratch, "bash -c 'head -c 1000000 | gzip -1; gzip -1'", "two.tar.gz"));
    for (number, file) in files.iter().enumerate() {
        let id = line(&scratch, "import").arg(file).arg(format!("box:{number}")).output().success().text();
        let hex = id.trim_end().strip_prefix("sha256:").unwrap_or_else(|| panic!("{id}"));
        assert_eq!(hex.len(), 64, "{id}");
        line(&scratch, &format!("run --rm box:{number} /probe")).report();
    }
    let stream = std::fs::read(&files[1]).unwrap();
    line(&scratch, "import - box:stdin").input(stream).output().success();
    line(&scratch, "run --rm box:stdin ls /bin/vi").output().success();
    let layers = names_in(&scratch.keg_root().join("images/layers"));
    assert_eq!(layers.len(), 2, "one layer and what is known of it: {layers:?}");
}

#[test]
fn the_table_of_images() {
    let scratch = Scratch::new();
    assert_snapshot!("images_empty", line(&scratch, "images").output().success().text());
    let file = archive(&scratch);
    let import = |words: &str| line(&scratch, &format!("import {words}")).output().success().text();
    let first = import(&format!("{} box", file.display()));
    import(&format!("-m other {} other:1.0", file.display()));
    import(&format!("-m none {}", file.display()));
    let table = line(&scratch, "images").output().success();
    let mut lines = rows(&table);
    assert_eq!(table.text().lines().count(), 4, "{table:?}");
    lines.sort();
    let sizes = regex::Regex::new(r"[\d.]+MB").unwrap();
    assert_snapshot!("images_table", redacted(&scratch, &sizes.replace_all(&lines.join("\n"), "<size>MB")));
    let ids = line(&scratch, "images -q").output().success().text();
    assert_eq!(ids.lines().count(), 3, "{ids}");
    assert!(ids.lines().any(|id| first.starts_with(&format!("sha256:{id}"))), "{ids} {first}");
    // A name that is given again leaves the image that it meant.
    import(&format!("-m new {} box", file.display()));
    assert_eq!(line(&scratch, "images -q").output().success().text().lines().count(), 4);
}

#[test]
fn changes_are_written_into_the_image() {
    let scratch = Scratch::new();
    let words = [
        "import",
        "-c",
        "CMD [\"pwd\"]",
        "-c",
        "ENV A=1 B=two",
        "-c",
        "USER www-data",
        "--change",
        "WORKDIR /srv",
        "--message",
        "made by a test",
    ];
    let id = keg(&scratch, &words).arg(archive(&scratch)).arg("app").output().success().text();
    assert_eq!(line(&scratch, "run --rm app").output().success().text(), "/srv\n");
    let env = line(&scratch, "run --rm app sh -c").arg("echo $A $B $(id -un)").output().success().text();
    assert_eq!(env, "1 two www-data\n");
    // The configuration is what its digest says, where every other tool would look for it.
    let hex = id.trim().strip_prefix("sha256:").unwrap().to_string();
    let config = std::fs::read(scratch.keg_root().join("images/blobs/sha256").join(hex)).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["config"]["Cmd"], serde_json::json!(["pwd"]));
    assert_eq!(config["history"][0]["comment"], "made by a test");
    for bad in ["NOSUCH x", "CMD", "", "ENV", "ENV =x", "WORKDIR", "EXPOSE x", "RUN rm -rf /", "CMD [\"a\""] {
        let import = keg(&scratch, &["import", "-c", bad]).arg(archive(&scratch)).arg("bad").output();
        assert_eq!(import.code, Some(125), "{bad:?}: {import:?}");
    }
    assert_eq!(rows(&line(&scratch, "images").output()).len(), 2);
}

#[test]
fn what_is_no_archive() {
    let scratch = Scratch::new();
    line(&scratch, "images").output().success();
    let good = std::fs::read(packed(&scratch, "gzip -1", "box.tar.gz")).unwrap();
    let mut flipped = good.clone();
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    let kept =
        || ["blobs/sha256", "layers"].map(|below| names_in(&scratch.keg_root().join("images").join(below)));
    let table: [(&str, PathBuf); 8] = [
        ("import_missing", scratch.path().join("nosuch.tar")),
        ("import_directory", scratch.canary()),
        ("import_text", scratch.file("text", "this is no archive\n".repeat(100))),
        ("import_empty", scratch.file("empty", "")),
        ("import_zeros", scratch.file("zeros", [0; 10240])),
        ("import_truncated", scratch.file("truncated.gz", &good[..good.len() / 2])),
        ("import_checksum", scratch.file("flipped.gz", &flipped)),
        ("import_xz", scratch.file("box.xz", b"\xfd7zXZ\0\0\x04junk")),
    ];
    for (snapshot, file) in table {
        let import = line(&scratch, "import").arg(&file).arg("bad").output();
        assert_snapshot!(snapshot, said(&scratch, &import));
        assert_eq!(import.text(), "", "{import:?}");
        assert_no_half_image(&scratch);
        if file.is_file() {
            let import = line(&scratch, "import - bad").input(std::fs::read(&file).unwrap()).output();
            assert_eq!(import.code, Some(125), "{import:?}");
        }
    }
    assert_eq!(kept(), [vec![], Vec::<String>::new()], "something of them was kept");
    assert_eq!(line(&scratch, "images -q").output().text(), "");
    for name in ["UPPER", "a b", "a:b:c", "x@sha256:0", "../x"] {
        let import = line(&scratch, "import").arg(archive(&scratch)).arg(name).output();
        assert_eq!(import.code, Some(125), "{import:?}");
    }
    line(&scratch, "import").arg(archive(&scratch)).arg("good").output().success();
}

#[test]
fn an_image_whose_files_are_gone_or_changed_is_named() {
    let scratch = Scratch::new();
    line(&scratch, "import").arg(archive(&scratch)).arg("good:1").output().success();
    let bad = line(&scratch, "import -m bad").arg(archive(&scratch)).arg("bad:1").output().success().text();
    let hex = bad.trim().strip_prefix("sha256:").unwrap().to_string();
    let config = scratch.keg_root().join("images/blobs/sha256").join(hex);
    let whole = std::fs::read(&config).unwrap();
    std::fs::write(&config, &whole[1..]).unwrap();
    let images = line(&scratch, "images").output();
    assert_eq!(images.code, Some(1), "{images:?}");
    assert!(images.text().contains("good") && images.errors().contains("bad:1"), "{images:?}");
    assert_snapshot!("image_changed", said(&scratch, &line(&scratch, "run --rm bad:1 true").output()));
    line(&scratch, "run --rm good:1 true").output().success();
    std::fs::remove_file(&config).unwrap();
    line(&scratch, "run --rm bad:1 true").output().code(125).says("bad:1");
    std::fs::write(&config, whole).unwrap();
    line(&scratch, "run --rm bad:1 true").output().success();
}
