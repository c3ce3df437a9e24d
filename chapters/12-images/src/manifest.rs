//! The documents of a registry: a manifest lists one image's parts, an index lists manifests by platform.
//!
//! The same two shapes go by two sets of names, OCI's and Docker's ("v2, schema 2"). What is not needed here
//! is not read; the bytes themselves are stored as they came, because their digest is their name.

use crate::Digest;
use crate::config::nullable;
use serde::{Deserialize, Serialize};
use shared::{Doing, Error, Result};
use std::collections::BTreeMap;

/// The longest manifest or index in bytes. OCI distribution: registries should take at least 4 MiB, so
/// nobody writes longer ones, and a hostile one must not fill the memory.
pub const LONGEST_DOCUMENT: u64 = 4 << 20;
/// The most layers of an image: overlayfs stacks at most 500 directories (`OVL_MAX_STACK`).
pub const MOST_LAYERS: usize = 500;

/// The media types by which a document or a part of an image is known.
pub mod media {
    /// OCI's manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// OCI's index.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// OCI's image configuration.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// OCI's layer without compression; `+gzip` and `+zstd` are added for those.
    pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    /// Docker's manifest.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's index.
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker's image configuration.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
}

/// A pointer to content: what it is, how long, and its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its name in the store and in the registry.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// For which machines, in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Remarks, as they came.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// The machines that an image runs on, in the words of the Go language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The processor: `amd64`, `arm64`.
    pub architecture: String,
    /// The system: `linux`.
    pub os: String,
    /// The kind of processor, where one word is not enough: `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// This machine.
    pub fn here() -> Platform {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            other => other, // riscv64, s390x and arm are the same word
        };
        Platform { architecture: architecture.into(), os: "linux".into(), variant: None }
    }

    /// Whether what is made for `other` runs on this platform. Every 64-bit Arm is at least a `v8`.
    fn runs(&self, other: &Platform) -> bool {
        let variant = other.variant.as_deref().unwrap_or_default();
        let basic = matches!(variant, "" | "v1") || self.architecture == "arm64" && variant == "v8";
        self.os == other.os && self.architecture == other.architecture && basic
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// One image: its configuration and its layers, the lowest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2.
    pub schema_version: u32,
    /// OCI's or Docker's name of a manifest.
    pub media_type: String,
    /// The image configuration.
    pub config: Descriptor,
    /// The layers, the lowest first.
    pub layers: Vec<Descriptor>,
}

/// Manifests of the same image for several platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The manifests.
    pub manifests: Vec<Descriptor>,
}

impl Index {
    /// The manifest for a platform.
    pub fn choose(&self, platform: &Platform) -> Result<&Descriptor> {
        let fits = |entry: &&Descriptor| entry.platform.as_ref().is_some_and(|other| platform.runs(other));
        self.manifests.iter().find(fits).ok_or_else(|| {
            let there: Vec<String> = self.manifests.iter().filter_map(real_platform).collect();
            Error::refused(format!("there is no image for {platform}, only for: {}", there.join(", ")))
                .next("choose another tag, or build the image for this machine")
        })
    }
}

/// Attestations stand in an index with the platform `unknown/unknown`.
fn real_platform(entry: &Descriptor) -> Option<String> {
    entry.platform.as_ref().filter(|platform| platform.os != "unknown").map(Platform::to_string)
}

/// What a registry gives for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// One image.
    Manifest(Manifest),
    /// One for each platform.
    Index(Index),
}

/// Everything that either document may hold, so that one that is both is seen (CVE-2021-41190).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: Option<u32>,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    #[serde(rename = "fsLayers")]
    fs_layers: Option<serde::de::IgnoredAny>,
}

impl Document {
    /// Reads a document that came from somewhere else.
    ///
    /// # Errors
    /// It is no JSON, of the old schema 1, both a manifest and an index, neither of the two, names itself as
    /// what it is not, is no image of a file system, or has more than [`MOST_LAYERS`] layers.
    pub fn parse(bytes: &[u8]) -> Result<Document> {
        let raw: Raw = serde_json::from_slice(bytes).doing(|| "read the manifest".into())?;
        if raw.schema_version == Some(1) || raw.fs_layers.is_some() {
            return Err(Error::refused("its manifest has the schema 1, which was given up in 2017")
                .next("push the image again with a newer tool: `skopeo copy` converts it"));
        }
        let media_type = raw.media_type.unwrap_or_default();
        match (raw.config, raw.layers, raw.manifests) {
            (None, None, Some(manifests)) => index(&media_type, manifests),
            (Some(config), Some(layers), None) => manifest(media_type, config, layers),
            (_, Some(_), Some(_)) | (Some(_), _, Some(_)) => {
                Err(Error::refused("its manifest is an index too, so what it means depends on the reader"))
            }
            _ => Err(Error::refused("its manifest has neither a config with layers nor manifests")),
        }
    }
}

fn index(media_type: &str, manifests: Vec<Descriptor>) -> Result<Document> {
    if !matches!(media_type, "" | media::INDEX | media::DOCKER_INDEX) {
        return Err(Error::refused(format!("its index calls itself {media_type:?}")));
    }
    Ok(Document::Index(Index { manifests }))
}

fn manifest(media_type: String, config: Descriptor, layers: Vec<Descriptor>) -> Result<Document> {
    if !matches!(&*media_type, "" | media::MANIFEST | media::DOCKER_MANIFEST) {
        return Err(Error::refused(format!("its manifest calls itself {media_type:?}")));
    }
    if !matches!(&*config.media_type, media::CONFIG | media::DOCKER_CONFIG) {
        return Err(Error::refused(format!("it is no image of a file system but {:?}", config.media_type)));
    }
    if layers.len() > MOST_LAYERS {
        return Err(Error::refused(format!("it has {} layers; {MOST_LAYERS} can be mounted", layers.len())));
    }
    let media_type = if media_type.is_empty() { media::MANIFEST.into() } else { media_type };
    Ok(Document::Manifest(Manifest { schema_version: 2, media_type, config, layers }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn descriptor(media_type: &str) -> serde_json::Value {
        json!({"mediaType": media_type, "digest": Digest::of(b"x"), "size": 1})
    }

    fn parse(value: serde_json::Value) -> Result<Document> {
        Document::parse(value.to_string().as_bytes())
    }

    #[test]
    fn reads_both_families() {
        for (own, config) in
            [(media::MANIFEST, media::CONFIG), (media::DOCKER_MANIFEST, media::DOCKER_CONFIG)]
        {
            let both = json!({"schemaVersion": 2, "mediaType": own, "config": descriptor(config),
                "layers": [descriptor("x")], "annotations": null, "manifests": null});
            assert!(matches!(parse(both).unwrap(), Document::Manifest(m) if m.media_type == own));
        }
        for own in [media::INDEX, media::DOCKER_INDEX] {
            let index = json!({"schemaVersion": 2, "mediaType": own, "manifests": []});
            assert!(matches!(parse(index).unwrap(), Document::Index(_)));
        }
    }

    #[test]
    fn c6_12_refuses_what_can_be_read_in_two_ways() {
        let (config, layer) = (descriptor(media::CONFIG), descriptor("x"));
        let table = [
            (json!({"schemaVersion": 2, "config": config, "layers": [], "manifests": []}), "an index too"),
            (json!({"schemaVersion": 2, "config": config, "manifests": []}), "an index too"),
            (json!({"schemaVersion": 1, "fsLayers": []}), "schema 1"),
            (json!({"fsLayers": [], "manifests": []}), "schema 1"),
            (json!({}), "neither"),
            (json!({"config": null, "layers": null}), "neither"),
            (json!({"config": config}), "neither"),
            (json!([]), "read the manifest"),
            (json!({"mediaType": media::INDEX, "config": config, "layers": []}), "calls itself"),
            (json!({"mediaType": media::MANIFEST, "manifests": []}), "calls itself"),
            (json!({"config": layer, "layers": []}), "no image of a file system"),
            (json!({"config": config, "layers": vec![layer.clone(); 501]}), "501 layers"),
            (
                json!({"config": config, "layers": [{"mediaType": "x", "digest": "sha256:../x", "size": 1}]}),
                "is not a digest",
            ),
            (
                json!({"config": config, "layers": [{"mediaType": "x", "digest": Digest::of(b""), "size": -1}]}),
                "read the manifest",
            ),
        ];
        for (document, why) in table {
            let error = parse(document.clone()).expect_err(why).to_string();
            assert!(error.contains(why), "{document}: {error}");
        }
        let deep = "[".repeat(100_000);
        assert!(Document::parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn chooses_the_platform_and_says_what_there_is() {
        let entry = |architecture: &str, os: &str, variant: Option<&str>| {
            let mut entry: Descriptor = serde_json::from_value(descriptor(media::MANIFEST)).unwrap();
            entry.digest = Digest::of(format!("{architecture}{variant:?}").as_bytes());
            let variant = variant.map(str::to_string);
            entry.platform = Some(Platform { architecture: architecture.into(), os: os.into(), variant });
            entry
        };
        let manifests = vec![
            entry("unknown", "unknown", None),
            entry("amd64", "windows", None),
            entry("amd64", "linux", Some("v3")),
            entry("amd64", "linux", None),
            entry("arm64", "linux", Some("v8")),
        ];
        let index = Index { manifests };
        let on = |architecture: &str| {
            index.choose(&Platform { architecture: architecture.into(), os: "linux".into(), variant: None })
        };
        assert_eq!(on("amd64").unwrap(), &index.manifests[3]);
        assert_eq!(on("arm64").unwrap(), &index.manifests[4]);
        let error = on("s390x").unwrap_err().to_string();
        assert!(
            error.contains("linux/s390x, only for: windows/amd64, linux/amd64/v3, linux/amd64"),
            "{error}"
        );
    }
}
