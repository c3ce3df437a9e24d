//! Pulls that cannot succeed: each says what is wrong and what to do, and leaves nothing half made.

use crate::cellar::{assert_no_container, assert_no_half_image, keg, said};
use insta::assert_snapshot;
use serde_json::json;
use std::net::TcpListener;
use std::path::PathBuf;
use tests::oci::layout;
use tests::{Oci, Proxy, Registry, Scratch};

/// Of so much noise no compression makes less: the layer has some 3 MB.
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..3_000_000).map(|_| next()).collect()
}

fn image() -> Oci {
    Oci::busybox().files(&[("noise", &noise())]).config(json!({"Cmd": ["echo", "hello"]}))
}

/// A registry with `box:1`.
pub fn registry(scratch: &Scratch) -> Registry<'_> {
    let registry = Registry::start(scratch);
    registry.push(scratch, &layout(scratch, "layout", &[image()]), "box:1");
    registry
}

/// The largest blob that the registry has.
fn largest_blob(registry: &Registry) -> PathBuf {
    let mut found = vec![];
    let mut directories = vec![registry.storage().to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => directories.push(entry.path()),
                false => found.push((entry.metadata().unwrap().len(), entry.path())),
            }
        }
    }
    found.into_iter().max().unwrap().1
}

#[track_caller]
pub fn assert_nothing_came(scratch: &Scratch) {
    let images = scratch.keg_root().join("images");
    assert_no_half_image(scratch);
    assert_no_container(scratch);
    assert!(!images.join("names.json").exists(), "a name was given");
    assert_eq!(keg(scratch, &["images", "-q"]).output().success().text(), "");
}

#[test]
fn an_image_or_a_tag_that_is_not_there() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let pull = keg(&scratch, &["pull", &format!("{}/box:2", registry.address())]).output();
    assert_snapshot!("fault_no_tag", said(&scratch, &pull));
    let run = keg(&scratch, &["run", "--rm", &format!("{}/nosuch", registry.address()), "true"]).output();
    assert_snapshot!("fault_no_image_run", said(&scratch, &run));
    assert_nothing_came(&scratch);
}

#[test]
fn a_registry_that_is_down() {
    let scratch = Scratch::new();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let pull = keg(&scratch, &["pull", &format!("{address}/box:1")]).output();
    assert_snapshot!("fault_down", said(&scratch, &pull));
    let run = keg(&scratch, &["run", "--rm", &format!("{address}/box:1")]).output();
    assert_snapshot!("fault_down_run", said(&scratch, &run));
    assert_nothing_came(&scratch);
}

#[test]
fn something_that_is_no_registry() {
    let scratch = Scratch::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let talker = std::thread::spawn(move || {
        use std::io::{Read, Write};
        for client in listener.incoming().take(6).flatten() {
            let mut client = client;
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
        }
    });
    let pull = keg(&scratch, &["pull", &format!("{address}/box:1")]).output();
    assert_snapshot!("fault_no_registry", said(&scratch, &pull));
    assert_nothing_came(&scratch);
    while !talker.is_finished() {
        let _ = std::net::TcpStream::connect(address);
    }
}

#[test]
fn c6_17_a_line_that_breaks_in_mid_layer_is_taken_up_again() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let proxy = Proxy::start(registry.address());
    proxy.cut_after(1_500_000, 1);
    let name = format!("{}/box:1", proxy.address());
    let pull = keg(&scratch, &["pull", &name]).output().success();
    assert!(pull.text().contains("Retrying"), "the cut was not noticed: {pull:?}");
    keg(&scratch, &["run", "--rm", &name]).output().success().prints("hello");
    assert_no_half_image(&scratch);
}

#[test]
fn c6_17_a_line_that_always_breaks_is_given_up_and_the_next_try_works() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let proxy = Proxy::start(registry.address());
    let name = format!("{}/box:1", proxy.address());
    proxy.cut_after(20_000, u64::MAX);
    let pull = keg(&scratch, &["pull", &name]).output();
    assert_eq!(pull.code, Some(125), "{pull:?}");
    assert_snapshot!("fault_always_cut", crate::cellar::redacted(&scratch, &pull.errors()));
    assert!(proxy.connections() < 60, "{} connections", proxy.connections());
    assert_nothing_came(&scratch);
    proxy.cut_after(u64::MAX, 0);
    keg(&scratch, &["run", "--rm", &name]).output().success().prints("hello");
}

#[test]
fn c6_17_a_registry_that_is_killed_in_mid_layer() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let proxy = Proxy::start(registry.address());
    proxy.cut_after(1_000_000, 1);
    let name = format!("{}/box:1", proxy.address());
    let pull = keg(&scratch, &["pull", &name]).start();
    pull.wait_for("Retrying");
    drop(registry); // what the proxy gets now is no connection
    let output = pull.finish();
    assert_eq!(output.code, Some(125), "{output:?}");
    let output = output.says("cannot pull the layer").says("cannot reach the registry 127.0.0.1:");
    output.says("next: check the name of the registry, that it runs");
    assert_nothing_came(&scratch);
}

#[test]
fn c6_11_a_layer_that_is_not_what_its_digest_says() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let blob = largest_blob(&registry);
    let good = std::fs::read(&blob).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&blob, bad).unwrap();
    let name = format!("{}/box:1", registry.address());
    let pull = keg(&scratch, &["pull", &name]).output();
    assert_eq!(pull.code, Some(125), "{pull:?}");
    assert_snapshot!("fault_digest", said(&scratch, &pull));
    assert_nothing_came(&scratch);
    std::fs::write(&blob, good).unwrap();
    keg(&scratch, &["run", "--rm", &name]).output().success().prints("hello");
}

#[test]
fn c6_11_a_manifest_that_is_not_what_its_digest_says() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let none = format!("{}/box@sha256:{}", registry.address(), "0".repeat(64));
    assert_snapshot!("fault_no_digest", said(&scratch, &keg(&scratch, &["pull", &none]).output()));
    assert_nothing_came(&scratch);
}
