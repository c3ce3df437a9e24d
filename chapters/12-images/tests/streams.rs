//! Compression, digests and what goes wrong with them (ATTACKS: C6-08 to C6-11).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod yard;

use images::manifest::Descriptor;
use images::unpack::limits::Limits;
use images::{Digest, Wanted};
use std::process::Command;
use yard::{Archive, Yard, gzip};

fn archive() -> Vec<u8> {
    let noise: String = (0..60_000u32).map(|i| i.wrapping_mul(2_654_435_761).to_string()).collect();
    Archive::new().file("f", &noise).file("g", "the last").end()
}

#[test]
fn what_it_is_the_first_bytes_say() {
    let yard = Yard::new();
    let plain = archive();
    let kinds = [plain.clone(), gzip(&plain), zstd::encode_all(&plain[..], 3).unwrap()];
    for (bytes, suffix) in kinds.iter().zip(["tar", "+gzip", "+zstd"]) {
        let (_, layer) = yard.try_take(bytes).unwrap();
        assert_eq!(layer.diff_id, Digest::of(&plain), "one layer, however it is compressed");
        assert_eq!(layer.blob.digest, Digest::of(bytes));
        assert!(layer.blob.media_type.ends_with(suffix), "{}", layer.blob.media_type);
    }
    // A wrong media type changes nothing.
    let blob = Descriptor {
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".into(),
        digest: Digest::of(&kinds[2]),
        size: kinds[2].len() as u64,
        platform: None,
        annotations: Default::default(),
    };
    let id = Digest::of(&plain);
    let wanted = Wanted { blob: Some(&blob), diff_id: Some(&id), filled: true };
    assert_eq!(yard.store.add_layer(&kinds[2][..], wanted).unwrap().diff_id, id);
}

#[test]
fn c6_09_gzip_of_several_members_is_read_whole() {
    let yard = Yard::new();
    let plain = archive();
    let (one, two) = plain.split_at(plain.len() / 3);
    let inside = yard.take(&[gzip(one), gzip(two)].concat());
    assert_eq!(std::fs::read_to_string(inside.join("g")).unwrap(), "the last");
    let frames = [zstd::encode_all(one, 1).unwrap(), zstd::encode_all(two, 1).unwrap()].concat();
    assert_eq!(yard.take(&frames), inside);
}

#[test]
fn c6_09_damage_is_an_error() {
    let yard = Yard::new();
    let (whole, zstd) = (gzip(&archive()), zstd::encode_all(&archive()[..], 3).unwrap());
    for end in [1, 4, 8, 9, 100, whole.len() / 2, whole.len() - 3] {
        yard.refuse(&whole[..whole.len() - end], "cannot inflate it");
    }
    for end in [1, 100, zstd.len() / 2] {
        yard.refuse(&zstd[..zstd.len() - end], "cannot inflate it");
    }
    for from_end in [1, 5] {
        let mut flipped = whole.clone(); // the length, and the checksum
        let at = flipped.len() - from_end;
        flipped[at] ^= 1;
        yard.refuse(&flipped, "cannot inflate it");
    }
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0xff;
    assert!(yard.try_take(&flipped).is_err());
    for junk in [&b"junk after the end"[..], &[0; 512], &[0x1f, 0x8b]] {
        yard.refuse(&[&whole, junk].concat(), "cannot inflate it");
        yard.refuse(&[&zstd, junk].concat(), "cannot inflate it");
    }
}

#[test]
fn c6_10_other_compressions_are_refused_and_no_program_is_run() {
    let yard = Yard::new();
    let marker = yard.scratch.path().join("marker");
    let tools = yard.scratch.path().join("bin");
    std::fs::create_dir(&tools).unwrap();
    for (name, start) in [
        ("xz", &b"\xfd7zXZ\0junk"[..]),
        ("bzip2", b"BZh91AY&SYjunk"),
        ("lz4", b"\x04\x22\x4d\x18junk"),
        ("zip", b"PK\x03\x04junk"),
    ] {
        yard.refuse(start, &format!("compressed with {name}"));
        let tool = tools.join(name);
        std::fs::write(&tool, format!("#!/bin/sh\ntouch {}\n", marker.display())).unwrap();
        std::os::unix::fs::chown(&tool, None, None).unwrap();
        std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let file = yard.scratch.path().join("layer");
        std::fs::write(&file, start).unwrap();
        let out = Command::new(env!("CARGO_BIN_EXE_images"))
            .env("PATH", format!("{}:{}", tools.display(), std::env::var("PATH").unwrap()))
            .args(["--root".as_ref(), yard.scratch.path().join("k").as_os_str(), "import".as_ref()])
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(125), "{name}");
    }
    assert!(!marker.exists());
}

#[test]
fn c6_08_bombs() {
    let limits = Limits { ratio: 50, ratio_from: 1 << 20, bytes: 1 << 30, ..Limits::default() };
    let yard = Yard::with_limits(limits);
    let zeros = Archive::new().add(yard::entry(b'0', "zeros").data(vec![0; 8 << 20])).end();
    yard.refuse(&gzip(&zeros), "a bomb");
    yard.refuse(&zstd::encode_all(&zeros[..], 3).unwrap(), "a bomb");
    yard.take(&zeros);
    let small = Archive::new().add(yard::entry(b'0', "zeros").data(vec![0; 1 << 19])).end();
    yard.take(&gzip(&small));
    let yard = Yard::with_limits(Limits { bytes: 1 << 20, ..Limits::default() });
    // Who is first, the thread that inflates or the one that reads the head of the entry, is not said.
    let error = yard.try_take(&gzip(&zeros)).err().unwrap().to_string();
    let reasons = ["longer than 1048576 bytes when it is inflated", "more than a layer may hold"];
    assert!(reasons.iter().any(|reason| error.contains(reason)), "{error}");
}

#[test]
fn c6_11_what_has_another_digest_is_not_kept() {
    let yard = Yard::new();
    let plain = archive();
    let blob = |bytes: &[u8], size: u64| Descriptor {
        media_type: "x".into(),
        digest: Digest::of(bytes),
        size,
        platform: None,
        annotations: Default::default(),
    };
    let size = plain.len() as u64;
    let other = Digest::of(b"another");
    let table = [
        (blob(b"another", size), Digest::of(&plain), "the compressed layer has the digest"),
        (blob(&plain, size), other, "the layer has the digest"),
        (blob(&plain, size - 1), Digest::of(&plain), "longer than"),
        (blob(&plain, size + 1), Digest::of(&plain), "were announced"),
    ];
    let before = yard.layers();
    for (blob, diff_id, why) in &table {
        let wanted = Wanted { blob: Some(blob), diff_id: Some(diff_id), filled: true };
        let error = yard.store.add_layer(&plain[..], wanted).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(yard.layers(), before, "nothing stays");
    }
    yard.take(&plain); // and the next try works
}
