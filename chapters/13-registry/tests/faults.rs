//! Registries that break, lie, stall and ask for passwords (ATTACKS: C6-11, C6-12, C6-17).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod server;

use serde_json::json;
use server::{Act, MANIFEST, Proxy, Server, assert_nothing_left, hasty, layer, noise, pull, pull_with};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const SIZE: usize = 400_000;

/// A registry with one image of one layer, larger than anything that is cut off below.
fn one_image() -> (Server, String) {
    let server = Server::start();
    let (manifest, _) = server.push("x", "1", &[layer("f", &noise(SIZE, 7))]);
    let blob = manifest["layers"][0]["digest"].as_str().unwrap().to_string();
    (server, blob)
}

fn answer(status: &str, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Answer(format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ))
}

/// For the first so many requests of a blob, something else.
fn first(
    times: usize,
    blob: &str,
    act: fn() -> Act,
) -> impl Fn(&server::Request) -> Act + Send + Sync + 'static {
    let (left, blob) = (AtomicUsize::new(times), blob.to_string());
    move |request| {
        let more = |left: usize| left.checked_sub(1);
        let hit = request.path.ends_with(&blob)
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok();
        if hit { act() } else { Act::Pass }
    }
}

fn good(server: &Server, store: &str, address: &str) {
    let image = server.store(store).find(&format!("{address}/x:1")).unwrap().unwrap();
    assert_eq!(std::fs::read(image.layers[0].join("f")).unwrap(), noise(SIZE, 7));
}

#[test]
fn c6_17_a_connection_that_breaks_is_taken_up_where_it_broke() {
    let (server, blob) = one_image();
    for (store, act) in [("cut", (|| Act::Cut(150_000)) as fn() -> Act), ("stall", || Act::Stall(150_000))] {
        let proxy = Proxy::before(&server.address, first(2, &blob, act));
        let (pulled, seen) = pull(&server.store(store), &format!("{}/x:1", proxy.address));
        pulled.unwrap();
        good(&server, store, &proxy.address);
        assert_eq!(seen.count("Again"), 2);
        let ranges: Vec<_> =
            proxy.seen().iter().filter_map(|request| request.header("range").map(str::to_string)).collect();
        assert_eq!(ranges, ["bytes=150000-", "bytes=300000-"], "{store}");
    }
}

#[test]
fn a_server_without_ranges_is_read_again_from_the_start() {
    let (server, blob) = one_image();
    let once = AtomicUsize::new(0);
    let proxy = Proxy::before(&server.address, move |request| {
        if !request.path.ends_with(&blob) {
            return Act::Pass;
        }
        if once.fetch_add(1, Ordering::SeqCst) == 0 { Act::Cut(150_000) } else { Act::NoRange }
    });
    pull(&server.store("s"), &format!("{}/x:1", proxy.address)).0.unwrap();
    good(&server, "s", &proxy.address);
}

#[test]
fn c6_17_a_connection_that_breaks_for_ever_is_given_up() {
    let (server, blob) = one_image();
    for (store, act, why) in [
        ("cut", (|| Act::Cut(1000)) as fn() -> Act, "broke off"),
        ("stall", || Act::Stall(1000), "does not answer in time"),
        ("500", || answer("500 Internal Server Error", "", ""), "is in trouble"),
    ] {
        let proxy = Proxy::before(&server.address, first(usize::MAX, &blob, act));
        let name = format!("{}/x:1", proxy.address);
        let begun = Instant::now();
        let error = pull(&server.store(store), &name).0.unwrap_err().to_string();
        assert!(begun.elapsed() < Duration::from_secs(20), "it takes for ever");
        assert!(
            error.contains(&format!("cannot pull {name}: cannot pull the layer {}", &blob[7..19])),
            "{error}"
        );
        assert!(error.contains(why) && error.contains("next:"), "{error}");
        assert_nothing_left(&server.images(store));
        pull(&server.store(store), &format!("{}/x:1", server.address)).0.unwrap();
        good(&server, store, &server.address);
    }
}

#[test]
fn c6_11_other_bytes_than_the_digest_says() {
    let (server, blob) = one_image();
    // In the header of gzip (a time), in the data, in the checksum.
    for at in [4, 200_000] {
        let proxy = Proxy::before(&server.address, {
            let blob = blob.clone();
            move |request| if request.path.ends_with(&blob) { Act::Flip(at) } else { Act::Pass }
        });
        let error = pull(&server.store("s"), &format!("{}/x:1", proxy.address)).0.unwrap_err().to_string();
        assert!(error.contains("pull the layer"), "{error}");
        assert!(at != 4 || error.contains("the compressed layer has the digest"), "{error}");
        assert_nothing_left(&server.images("s"));
    }
    let manifests = Proxy::before(&server.address, |request| {
        if request.path.contains("/manifests/") { Act::Flip(30) } else { Act::Pass }
    });
    let url = format!("http://{}/v2/x/manifests/1", server.address);
    let digest = ureq::get(url).header("Accept", MANIFEST).call().unwrap();
    let digest = digest.headers()["docker-content-digest"].to_str().unwrap().to_string();
    let error =
        pull(&server.store("s"), &format!("{}/x@{digest}", manifests.address)).0.unwrap_err().to_string();
    assert!(error.contains("its manifest has the digest"), "{error}");
    let config = Proxy::before(&server.address, move |request| {
        if request.is_blob() && !request.path.ends_with(&blob) { Act::Flip(30) } else { Act::Pass }
    });
    let error = pull(&server.store("t"), &format!("{}/x:1", config.address)).0.unwrap_err().to_string();
    assert!(error.contains("its image configuration has the digest"), "{error}");
    assert_nothing_left(&server.images("t"));
}

#[test]
fn c6_12_hostile_documents() {
    let (server, _) = one_image();
    let part = json!({"mediaType": "x", "digest": images::Digest::of(b""), "size": 1});
    let table = [
        (json!({"config": part, "layers": [], "manifests": []}).to_string(), "an index too"),
        (json!({"schemaVersion": 1, "fsLayers": []}).to_string(), "schema 1"),
        ("<html>".to_string(), "read the manifest"),
        (String::new(), "read the manifest"),
        (" ".repeat((4 << 20) + 1), "longer than 4194304 bytes"),
        (
            json!({"manifests": [{"mediaType": "x", "digest": images::Digest::of(b""), "size": 5 << 30,
            "platform": images::manifest::Platform::here()}]})
            .to_string(),
            "longer than 4194304 bytes",
        ),
    ];
    for (document, why) in table {
        let proxy = Proxy::before(&server.address, move |_| answer("200 OK", "", &document));
        let error = pull(&server.store("s"), &format!("{}/x:1", proxy.address)).0.unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
        assert_nothing_left(&server.images("s"));
    }
}

#[test]
fn a_length_that_the_manifest_does_not_announce() {
    let (server, blob) = one_image();
    let proxy = Proxy::before(&server.address, first(1, &blob, || answer("200 OK", "", "short")));
    let (pulled, seen) = pull(&server.store("s"), &format!("{}/x:1", proxy.address));
    let error = pulled.unwrap_err().to_string();
    assert!(error.contains("the registry gives 5 bytes; the manifest announces"), "{error}");
    assert_eq!(seen.count("Again"), 0, "that does not pass by itself");
    assert_nothing_left(&server.images("s"));
}

#[test]
fn c6_17_too_many_requests_are_waited_for() {
    let (server, _) = one_image();
    let busy = |request: &server::Request| match request.number {
        0 => answer("429 Too Many Requests", "", ""),
        1 => answer("503 Service Unavailable", "", ""),
        _ => Act::Pass,
    };
    let proxy = Proxy::before(&server.address, busy);
    pull(&server.store("s"), &format!("{}/x:1", proxy.address)).0.unwrap();
    let proxy = Proxy::before(&server.address, |_| answer("429 Too Many Requests", "", ""));
    let error = pull(&server.store("t"), &format!("{}/x:1", proxy.address)).0.unwrap_err().to_string();
    assert!(error.contains("takes no more requests for now"), "{error}");
    assert_eq!(proxy.seen().len(), 4, "bounded");
}

/// A registry that wants a token from elsewhere, whose blobs are elsewhere again.
#[test]
fn c6_17_the_token_goes_to_the_registry_and_to_nobody_else() {
    let (server, _) = one_image();
    let elsewhere = Proxy::before(&server.address, |_| Act::Pass);
    let tokens = Proxy::before(&server.address, |_| answer("200 OK", "", r#"{"token": "the-token"}"#));
    let (realm, blobs) = (format!("http://{}/token", tokens.address), elsewhere.address.clone());
    let registry = Proxy::before(&server.address, move |request| {
        let challenge = format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"s p\"\r\n");
        match request.header("authorization") {
            Some("Bearer the-token") if request.is_blob() => {
                let path = &request.path;
                answer("307 Temporary Redirect", &format!("Location: http://{blobs}{path}\r\n"), "")
            }
            Some("Bearer the-token") => Act::Pass,
            _ => answer("401 Unauthorized", &challenge, ""),
        }
    });
    pull(&server.store("s"), &format!("{}/x:1", registry.address)).0.unwrap();
    good(&server, "s", &registry.address);
    assert_eq!(tokens.seen().len(), 1, "one token serves all requests");
    assert_eq!(tokens.seen()[0].path, "/token?service=s%20p&scope=repository:x:pull");
    assert!(!elsewhere.seen().is_empty());
    for request in elsewhere.seen().iter().chain(&tokens.seen()) {
        assert_eq!(request.header("authorization"), None, "{}", request.head);
    }
}

#[test]
fn a_password_goes_to_the_registry_that_it_is_for() {
    let (server, _) = one_image();
    let proxy = Proxy::before(&server.address, |request| match request.header("authorization") {
        Some("Basic bWU6c2VjcmV0") => Act::Pass,
        _ => answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", ""),
    });
    let name = format!("{}/x:1", proxy.address);
    let error = pull(&server.store("s"), &name).0.unwrap_err().to_string();
    assert!(error.contains(&format!("docker login {}", proxy.address)), "{error}");
    let file = server.scratch.path().join("config.json");
    let write = |auth: &str| {
        let auths = json!({"auths": {proxy.address.as_str(): {"auth": auth}}});
        std::fs::write(&file, auths.to_string()).unwrap();
        hasty_with(&file)
    };
    let error = pull_with(write("bWU6d3Jvbmc="), &server.store("s"), &name).0.unwrap_err().to_string();
    assert!(error.contains("denies access"), "{error}");
    pull_with(write("bWU6c2VjcmV0"), &server.store("s"), &name).0.unwrap();
}

fn hasty_with(file: &std::path::Path) -> registry::Options {
    registry::Options { credentials: Some(file.into()), ..hasty() }
}

#[test]
fn a_redirection_without_tls_or_without_end_is_refused() {
    let (server, _) = one_image();
    for (location, why) in [
        ("http://192.0.2.1/x", "which has no TLS"),
        ("ftp://127.0.0.1/x", "no address"),
        ("http://u:p@127.0.0.1/x", "no address"),
        ("/v2/x/manifests/1", "in circles"),
    ] {
        let proxy = Proxy::before(&server.address, move |_| {
            answer("302 Found", &format!("Location: {location}\r\n"), "")
        });
        let error = pull(&server.store("s"), &format!("{}/x:1", proxy.address)).0.unwrap_err().to_string();
        assert!(error.contains(why), "{location}: {error}");
    }
}

#[test]
fn one_layer_that_fails_stops_the_others() {
    let server = Server::start();
    let layers: Vec<Vec<u8>> = (0..6).map(|i| layer(&format!("f{i}"), &noise(SIZE, 20 + i))).collect();
    let (manifest, _) = server.push("x", "1", &layers);
    let blob = |at: usize| manifest["layers"][at]["digest"].as_str().unwrap().to_string();
    let (bad, others) = (blob(0), [blob(1), blob(2), blob(3), blob(4), blob(5)]);
    let proxy = Proxy::before(&server.address, {
        let bad = bad.clone();
        move |request| match request.path.rsplit('/').next() {
            Some(digest) if digest == bad => {
                let body = r#"{"errors": [{"code": "BLOB_UNKNOWN", "message": "blob unknown"}]}"#;
                answer("404 Not Found", "", body)
            }
            Some(digest) if others.iter().any(|other| other == digest) => Act::Stall(1000),
            _ => Act::Pass,
        }
    });
    let options = registry::Options { stall: Duration::from_secs(2), ..hasty() };
    let error =
        pull_with(options, &server.store("s"), &format!("{}/x:1", proxy.address)).0.unwrap_err().to_string();
    assert!(error.contains(&bad[7..19]) && error.contains("blob unknown"), "{error}");
    assert!(!error.contains("another layer"), "{error}");
    assert!(
        proxy.seen().iter().filter(|request| request.is_blob()).count() <= 5,
        "the rest is not asked for"
    );
    assert_nothing_left(&server.images("s"));
}
