//! Pulling from a real registry.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod server;

use images::Digest;
use serde_json::json;
use server::{INDEX, MANIFEST, Server, layer, noise, pull};
use std::process::{Command, Output};

fn keg_registry(server: &Server, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_registry"));
    command.arg("--root").arg(server.scratch.path().join("cli")).args(arguments).env_remove("KEG_ROOT");
    command.env("DOCKER_CONFIG", server.scratch.path()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn v34_prints_dockers_lines() {
    let server = Server::start();
    let (manifest, digest) = server.push("library/x", "1", &[layer("a", b"1"), layer("b", b"2")]);
    let name = format!("{}/library/x:1", server.address);
    let short = |at: usize| manifest["layers"][at]["digest"].as_str().unwrap()[7..19].to_string();
    let out = keg_registry(&server, &["pull", &name]);
    assert!(out.stderr.is_empty(), "no bars off a terminal: {}", text(&out.stderr));
    let (first, second) = (short(0), short(1));
    let mut lines: Vec<String> = text(&out.stdout).lines().map(str::to_string).collect();
    lines[3..5].sort_by_key(|line| !line.starts_with(&first)); // whichever is done first
    let expected = [
        "1: Pulling from library/x".to_string(),
        format!("{first}: Pulling fs layer"),
        format!("{second}: Pulling fs layer"),
        format!("{first}: Pull complete"),
        format!("{second}: Pull complete"),
        format!("Digest: {digest}"),
        format!("Status: Downloaded newer image for {name}"),
        name.clone(),
    ];
    assert_eq!(lines, expected);
    let again = text(&keg_registry(&server, &["pull", &name]).stdout);
    assert!(again.contains(&format!("{first}: Already exists\n{second}: Already exists\n")), "{again}");
    assert!(again.contains(&format!("Status: Image is up to date for {name}\n")), "{again}");
    assert_eq!(text(&keg_registry(&server, &["pull", "-q", &name]).stdout), format!("{name}\n"));
}

#[test]
fn a_layer_is_fetched_once_for_all_images() {
    let server = Server::start();
    let (base, own) = (layer("base", &noise(100_000, 1)), layer("own", b"x"));
    server.push("x", "1", std::slice::from_ref(&base));
    server.push("x", "2", &[base.clone(), own.clone(), base]);
    let store = server.store("s");
    pull(&store, &format!("{}/x:1", server.address)).0.unwrap();
    let (pulled, seen) = pull(&store, &format!("{}/x:2", server.address));
    assert!(pulled.unwrap().newer);
    assert_eq!((seen.count("Exists"), seen.count("Waiting"), seen.count("Complete")), (1, 1, 1));
    let image = store.find(&format!("{}/x:2", server.address)).unwrap().unwrap();
    assert_eq!(image.layers.len(), 3, "the same layer may be there twice");
    assert_eq!(std::fs::read(image.layers[1].join("own")).unwrap(), b"x");
    assert_eq!(image.config.config.cmd.unwrap(), ["sh"]);
}

#[test]
fn an_index_gives_the_image_for_this_machine() {
    let server = Server::start();
    let here = images::manifest::Platform::here();
    let (_, ours) = server.push("x", "ours", &[layer("f", b"ours")]);
    let (_, other) = server.push("x", "other", &[layer("f", b"other")]);
    let entry = |digest: &Digest, architecture: &str| {
        let url = format!("http://{}/v2/x/manifests/{digest}", server.address);
        let size =
            ureq::get(url).header("Accept", MANIFEST).call().unwrap().body_mut().read_to_vec().unwrap().len();
        json!({"mediaType": MANIFEST, "digest": digest, "size": size,
            "platform": {"os": "linux", "architecture": architecture}})
    };
    let both = json!({"schemaVersion": 2, "mediaType": INDEX,
        "manifests": [entry(&other, "s390x"), entry(&ours, &here.architecture)]});
    let index = server.push_manifest("x", "multi", INDEX, &both);
    let store = server.store("s");
    let name = format!("{}/x:multi", server.address);
    assert_eq!(pull(&store, &name).0.unwrap().digest, index, "the digest of the name is the index's");
    let by_digest = format!("{}/x@{index}", server.address);
    assert!(pull(&store, &by_digest).0.is_ok());
    for name in [name, by_digest, format!("{}/x@{ours}", server.address)] {
        let image = store.find(&name).unwrap().expect(&name);
        assert_eq!(std::fs::read(image.layers[0].join("f")).unwrap(), b"ours", "{name}");
    }
    let foreign = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry(&other, "s390x")]});
    server.push_manifest("x", "foreign", INDEX, &foreign);
    let error = pull(&store, &format!("{}/x:foreign", server.address)).0.unwrap_err().to_string();
    assert!(error.contains("there is no image for linux/") && error.contains("linux/s390x"), "{error}");
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let server = Server::start();
    server.push("x", "1", &[layer("f", b"x")]);
    let store = server.store("s");
    for name in ["x:2", "y:1"] {
        let error = pull(&store, &format!("{}/{name}", server.address)).0.unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("manifest unknown"), "{error}");
        assert!(error.contains("next: check the name and the tag"), "{error}");
    }
    let wrong = format!("{}/x@{}", server.address, Digest::of(b"nothing"));
    assert!(pull(&store, &wrong).0.unwrap_err().to_string().contains("manifest unknown"));
    let error = pull(&store, "127.0.0.1:1/x").0.unwrap_err().to_string();
    assert!(
        error.contains("cannot reach the registry 127.0.0.1:1") && error.contains("ECONNREFUSED"),
        "{error}"
    );
    server::assert_nothing_left(&server.images("s"));
}

#[test]
fn c6_19_pulls_of_one_image_at_once() {
    let server = Server::start();
    server.push("x", "1", &[layer("a", &noise(300_000, 2)), layer("b", &noise(300_000, 3))]);
    let name = format!("{}/x:1", server.address);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert!(keg_registry(&server, &["pull", &name]).status.success()));
        }
    });
    let images = server.images("cli");
    assert_eq!(std::fs::read_dir(images.join("tmp")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(images.join("layers")).unwrap().count(), 4, "two layers and their records");
}

#[test]
fn no_space_is_said_and_leaves_nothing() {
    let server = Server::start();
    server.push("x", "1", &[layer("a", &noise(4 << 20, 4))]);
    let name = format!("{}/x:1", server.address);
    let small = server.scratch.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=6m,mode=700 small {0} && {1} --root {0}/k pull {name} >&2; echo $?; ls {0}/k/images/tmp {0}/k/images/layers",
        small.display(),
        env!("CARGO_BIN_EXE_registry")
    );
    let out = Command::new("unshare").args(["-m", "sh", "-c", &script]).output().unwrap();
    let error = text(&out.stderr);
    assert!(error.contains(&format!("cannot pull {name}: cannot pull the layer")), "{error}");
    assert!(error.contains("ENOSPC") && error.contains("next: free some space"), "{error}");
    let left: Vec<String> = text(&out.stdout).lines().map(str::to_string).collect();
    let empty = format!("{}/k/images/", small.display());
    let expected = ["125".into(), format!("{empty}layers:"), String::new(), format!("{empty}tmp:")];
    assert_eq!(left, expected, "both directories are empty");
}
