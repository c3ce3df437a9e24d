//! A real registry with images in it, and a proxy that breaks things on the way to it.

#![allow(dead_code, unused_imports, reason = "each test binary uses its part of this")]

mod proxy;

pub use proxy::{Act, Proxy, Request};

use images::{Digest, Store};
use registry::{Event, Options, Progress, Registry, Step};
use serde_json::{Value, json};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// `docker-registry` from the distribution, on a port of its own.
pub struct Server {
    pub scratch: tempfile::TempDir,
    pub address: String,
    child: Child,
}

impl Server {
    pub fn start() -> Server {
        static STARTING: Mutex<()> = Mutex::new(());
        let _alone = STARTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let scratch = tempfile::tempdir().unwrap();
        // An address of this process alone: between finding a free port and its use, nobody else takes it.
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let host = std::net::Ipv4Addr::new(127, 64 + high % 64, middle, low.max(1));
        for _ in 0..20 {
            let address = TcpListener::bind((host, 0)).unwrap().local_addr().unwrap().to_string();
            let config = json!({"version": "0.1", "log": {"level": "error"}, "http": {"addr": address},
                "storage": {"filesystem": {"rootdirectory": scratch.path().join("data")}}});
            let file = scratch.path().join("config.yml");
            std::fs::write(&file, config.to_string()).unwrap();
            let mut command = Command::new("docker-registry");
            command.arg("serve").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().expect("the package docker-registry");
            let until = Instant::now() + Duration::from_secs(20);
            while Instant::now() < until && child.try_wait().unwrap().is_none() {
                if TcpStream::connect(&address).is_ok() {
                    return Server { scratch, address, child };
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            // Somebody was faster with the port.
            let _ = child.kill();
            child.wait().unwrap();
        }
        panic!("docker-registry does not start");
    }

    /// A store of its own for each pull that asks.
    pub fn store(&self, name: &str) -> Store {
        Store::open(&self.images(name)).unwrap()
    }

    pub fn images(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name).join("images")
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/v2/{path}", self.address)
    }

    pub fn push_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let begun = ureq::post(self.url(&format!("{repository}/blobs/uploads/"))).send_empty().unwrap();
        let place = begun.headers()["location"].to_str().unwrap().to_string();
        let joint = if place.contains('?') { '&' } else { '?' };
        ureq::put(format!("{place}{joint}digest={digest}")).send(bytes).unwrap();
        digest
    }

    pub fn push_manifest(&self, repository: &str, tag: &str, media_type: &str, document: &Value) -> Digest {
        let bytes = serde_json::to_vec(document).unwrap();
        let request =
            ureq::put(self.url(&format!("{repository}/manifests/{tag}"))).header("Content-Type", media_type);
        request.send(&bytes).unwrap();
        Digest::of(&bytes)
    }

    /// An image of these layers (file name → content); returns its manifest.
    pub fn push(&self, repository: &str, tag: &str, layers: &[Vec<u8>]) -> (Value, Digest) {
        let here = images::manifest::Platform::here();
        let mut described = Vec::new();
        let mut diff_ids = Vec::new();
        for tar in layers {
            let blob = gzip(tar);
            diff_ids.push(Digest::of(tar));
            let digest = self.push_blob(repository, &blob);
            described.push(json!({"mediaType": LAYER, "digest": digest, "size": blob.len()}));
        }
        let config = json!({"architecture": here.architecture, "os": "linux", "created": "2026-01-02T03:04:05Z",
            "config": {"Cmd": ["sh"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids}});
        let config = serde_json::to_vec(&config).unwrap();
        let digest = self.push_blob(repository, &config);
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest, "size": config.len()}, "layers": described});
        let digest = self.push_manifest(repository, tag, MANIFEST, &manifest);
        (manifest, digest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A layer with one file.
pub fn layer(name: &str, content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, name, content).unwrap();
    builder.into_inner().unwrap()
}

/// Bytes that no compression makes shorter.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Short times, so that what fails fails soon; no credentials.
pub fn hasty() -> Options {
    Options {
        credentials: None,
        stall: Duration::from_millis(400),
        retries: 3,
        pause: Duration::from_millis(10),
        ..Options::default()
    }
}

/// Remembers the steps of layers.
#[derive(Default)]
pub struct Seen(pub Mutex<Vec<String>>);

impl Progress for Seen {
    fn event(&self, event: Event) {
        if let Event::Layer(_, step) = event
            && !matches!(step, Step::Loaded(_))
        {
            self.0.lock().unwrap().push(format!("{step:?}"));
        }
    }
}

impl Seen {
    pub fn count(&self, what: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|step| step.starts_with(what)).count()
    }
}

/// Pulls with hasty options; what was seen on the way too.
pub fn pull(store: &Store, reference: &str) -> (shared::Result<registry::Pulled>, Seen) {
    pull_with(hasty(), store, reference)
}

pub fn pull_with(
    options: Options,
    store: &Store,
    reference: &str,
) -> (shared::Result<registry::Pulled>, Seen) {
    let seen = Seen::default();
    (Registry::new(options).pull(&reference.parse().unwrap(), store, &seen), seen)
}

/// Nothing half-made, no layer, no name.
pub fn assert_nothing_left(images: &std::path::Path) {
    for below in ["tmp", "layers"] {
        let left: Vec<_> = std::fs::read_dir(images.join(below)).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
    assert!(!images.join("names.json").exists(), "it has a name");
}
