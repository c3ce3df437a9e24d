//! Images made file by file, in the layout of OCI, for `skopeo` to push.

use crate::Scratch;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

/// An image that is being made.
#[derive(Debug, Clone)]
pub struct Oci {
    layers: Vec<Vec<u8>>,
    config: Value,
    architecture: String,
}

impl Oci {
    /// An image without layers, for this machine.
    pub fn new() -> Oci {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Oci { layers: vec![], config: json!({}), architecture: architecture.into() }
    }

    /// The small distribution that is the image `busybox`.
    pub fn busybox() -> Oci {
        Oci::new().archive(std::fs::read(crate::rootfs::archive("busybox")).unwrap())
    }

    /// One more layer: a tar archive.
    pub fn archive(mut self, archive: Vec<u8>) -> Oci {
        self.layers.push(archive);
        self
    }

    /// One more layer, with these files. A name that ends with `/` is a directory.
    pub fn files(self, files: &[(&str, &[u8])]) -> Oci {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            let directory = name.ends_with('/');
            header.set_entry_type(if directory {
                tar::EntryType::Directory
            } else {
                tar::EntryType::Regular
            });
            header.set_mode(0o755);
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, name, *content).unwrap();
        }
        self.archive(archive.into_inner().unwrap())
    }

    /// How it is run: `json!({"Cmd": ["sh"]})`.
    pub fn config(mut self, config: Value) -> Oci {
        self.config = config;
        self
    }

    /// Says that it is for another machine.
    pub fn architecture(mut self, name: &str) -> Oci {
        self.architecture = name.into();
        self
    }

    /// Writes its blobs; returns the descriptor of its manifest.
    fn write(&self, directory: &Path) -> Value {
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| blob(directory, "application/vnd.oci.image.layer.v1.tar", layer))
            .collect();
        let diff_ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
        let config = json!({
            "architecture": self.architecture, "os": "linux", "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = document(directory, "application/vnd.oci.image.config.v1+json", &config);
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers});
        let mut descriptor = document(directory, kind, &manifest);
        descriptor["platform"] = json!({"architecture": self.architecture, "os": "linux"});
        descriptor
    }
}

impl Default for Oci {
    fn default() -> Oci {
        Oci::new()
    }
}

/// Writes the layout of one image, or of an index of several; returns its name in skopeo's words.
pub fn layout(scratch: &Scratch, name: &str, images: &[Oci]) -> String {
    let directory = scratch.directory(name);
    let manifests: Vec<Value> = images.iter().map(|image| image.write(&directory)).collect();
    let kind = "application/vnd.oci.image.index.v1+json";
    let index = |manifests: &[Value]| json!({"schemaVersion": 2, "mediaType": kind, "manifests": manifests});
    let top = match &manifests[..] {
        [one] => index(std::slice::from_ref(one)),
        several => index(&[document(&directory, kind, &index(several))]),
    };
    std::fs::write(directory.join("index.json"), top.to_string()).unwrap();
    std::fs::write(directory.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
    format!("oci:{}", directory.display())
}

fn document(directory: &Path, kind: &str, document: &Value) -> Value {
    blob(directory, kind, document.to_string().as_bytes())
}

fn blob(directory: &Path, kind: &str, bytes: &[u8]) -> Value {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let blobs = directory.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join(&hex), bytes).unwrap();
    json!({"mediaType": kind, "digest": format!("sha256:{hex}"), "size": bytes.len()})
}
