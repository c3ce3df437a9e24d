//! The name that people give to an image.

use crate::Digest;
use shared::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// Where a name without a registry leads. Docker's default, which every tutorial relies on.
const HUB: &str = "docker.io";
/// Where the Hub keeps its official images.
const OFFICIAL: &str = "library/";
/// The tag of a name that has none.
const LATEST: &str = "latest";
/// The longest name without tag and digest (distribution's reference grammar).
const LONGEST_NAME: usize = 255;
/// The longest tag (the same).
const LONGEST_TAG: usize = 128;

/// `[registry/][repository/]name[:tag][@digest]`.
///
/// Source: distribution, `reference/reference.go` (grammar) and `normalize.go` (defaults).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// The host of the registry, with its port if one was given: `docker.io`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The name within the registry: `library/ubuntu`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `latest` unless something else or a digest was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that the content must have, if one was given.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What a registry is asked for: the digest if there is one, else the tag.
    pub fn wanted(&self) -> String {
        self.digest.as_ref().map_or_else(|| self.tag.clone().unwrap_or_default(), Digest::to_string)
    }

    /// The same repository by digest alone.
    pub fn with_digest(&self, digest: &Digest) -> Reference {
        Reference { tag: None, digest: Some(digest.clone()), ..self.clone() }
    }

    /// The repository as people write it: `ubuntu`, `someone/thing`, `localhost:5000/x`.
    pub fn familiar_name(&self) -> String {
        if self.registry != HUB {
            return format!("{}/{}", self.registry, self.repository);
        }
        self.repository
            .strip_prefix(OFFICIAL)
            .filter(|rest| !rest.contains('/'))
            .map_or_else(|| self.repository.clone(), str::to_string)
    }

    /// The whole as people write it: `ubuntu:latest`.
    pub fn familiar(&self) -> String {
        self.decorate(self.familiar_name())
    }

    fn decorate(&self, mut text: String) -> String {
        if let Some(tag) = &self.tag {
            text += &format!(":{tag}");
        }
        if let Some(digest) = &self.digest {
            text += &format!("@{digest}");
        }
        text
    }
}

/// In full, nothing left to defaults.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.decorate(format!("{}/{}", self.registry, self.repository)))
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Reference> {
        parse(text).map_err(|why| {
            let shown: String = text.chars().take(LONGEST_NAME).collect();
            Error::refused(format!("{shown:?} is not the name of an image: {why}"))
                .next("write it as [REGISTRY/]NAME[:TAG][@sha256:…], such as debian:12")
        })
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    // A name that is a whole identifier would hide the image that has this identifier.
    if text.parse::<Digest>().is_ok() || format!("sha256:{text}").parse::<Digest>().is_ok() {
        return Err("it is the identifier of an image".into());
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse::<Digest>().map_err(|error| error.line())?)),
        None => (text, None),
    };
    // A colon before the last slash belongs to the registry's port.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(check_tag(tag)?)),
        _ => (rest, None),
    };
    if name.len() > LONGEST_NAME {
        return Err(format!("it is longer than {LONGEST_NAME} characters"));
    }
    let (registry, repository) = split(name)?;
    repository.split('/').try_for_each(check_component)?;
    let tag = tag.or_else(|| digest.is_none().then(|| LATEST.to_string()));
    Ok(Reference { registry, repository, tag, digest })
}

/// Separates the registry. The first component is one only if it could not be a directory of the Hub.
fn split(name: &str) -> Result<(String, String), String> {
    let (registry, repository) = match name.split_once('/') {
        Some((host, rest)) if is_host(host) => (check_host(host)?, rest.to_string()),
        _ => (HUB, name.to_string()),
    };
    let registry = if registry == "index.docker.io" { HUB } else { registry };
    let official = registry == HUB && !repository.contains('/') && !repository.is_empty();
    Ok((registry.into(), if official { format!("{OFFICIAL}{repository}") } else { repository }))
}

fn is_host(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.bytes().any(|c| c.is_ascii_uppercase())
}

fn check_host(host: &str) -> Result<&str, String> {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", port),
        _ => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let label = |label: &str| {
        let inner = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !name.split('.').all(label) {
        return Err(format!("{host:?} is not the name of a host"));
    }
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit());
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(host),
        Some(port) if digits(port) && port.parse::<u16>().is_ok_and(|port| port > 0) => Ok(host),
        _ => Err(format!("{host:?} has no port between 1 and 65535")),
    }
}

/// Lower-case letters and digits, with `.`, `_`, `__` or dashes between them, never two dots.
fn check_component(component: &str) -> Result<(), String> {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bad = || {
        if component.bytes().any(|c| c.is_ascii_uppercase()) {
            format!("{component:?} must be lower case")
        } else {
            format!("{component:?} may have a-z and 0-9, and single . _ - between them")
        }
    };
    if !component.starts_with(alphanumeric) || !component.ends_with(alphanumeric) {
        return Err(bad());
    }
    let separators = component.split(alphanumeric).filter(|between| !between.is_empty());
    let allowed = |between: &str| matches!(between, "." | "_" | "__") || between.bytes().all(|c| c == b'-');
    if separators.into_iter().all(allowed) { Ok(()) } else { Err(bad()) }
}

fn check_tag(tag: &str) -> Result<String, String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if tag.starts_with(word) && tag.len() <= LONGEST_TAG && tag.chars().all(|c| word(c) || ".-".contains(c)) {
        return Ok(tag.into());
    }
    Err(format!("its tag must be 1 to {LONGEST_TAG} of a-z, A-Z, 0-9, _ . - and not begin with . or -"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn dockers_defaults() {
        let table = [
            ("ubuntu", "docker.io/library/ubuntu:latest", "ubuntu:latest"),
            ("ubuntu:20.04", "docker.io/library/ubuntu:20.04", "ubuntu:20.04"),
            ("someone/thing", "docker.io/someone/thing:latest", "someone/thing:latest"),
            ("docker.io/ubuntu", "docker.io/library/ubuntu:latest", "ubuntu:latest"),
            ("docker.io/library/ubuntu", "docker.io/library/ubuntu:latest", "ubuntu:latest"),
            ("index.docker.io/ubuntu", "docker.io/library/ubuntu:latest", "ubuntu:latest"),
            ("localhost/x", "localhost/x:latest", "localhost/x:latest"),
            ("localhost:5000/x:Y_1", "localhost:5000/x:Y_1", "localhost:5000/x:Y_1"),
            ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest", "127.0.0.1:5000/a/b/c:latest"),
            ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"),
            ("ghcr.io/a/b__c.d-e--f", "ghcr.io/a/b__c.d-e--f:latest", "ghcr.io/a/b__c.d-e--f:latest"),
            ("test.com:5000", "docker.io/library/test.com:5000", "test.com:5000"),
            ("docker.io/a/library/b", "docker.io/a/library/b:latest", "a/library/b:latest"),
        ];
        for (text, full, familiar) in table {
            let reference: Reference = text.parse().unwrap();
            assert_eq!((reference.to_string().as_str(), reference.familiar().as_str()), (full, familiar));
            assert_eq!(full.parse::<Reference>().unwrap(), reference, "{full} is its own full name");
        }
    }

    #[test]
    fn a_digest_leaves_no_default_tag() {
        let reference: Reference = format!("ubuntu@{HEX}").parse().unwrap();
        assert_eq!((reference.tag(), reference.wanted()), (None, HEX.to_string()));
        let both: Reference = format!("ubuntu:20.04@{HEX}").parse().unwrap();
        assert_eq!((both.tag(), both.wanted()), (Some("20.04"), HEX.to_string()));
        assert_eq!(both.to_string(), format!("docker.io/library/ubuntu:20.04@{HEX}"));
    }

    #[test]
    fn c6_16_refuses_what_is_no_name() {
        let long = "a".repeat(300);
        let long_tag = format!("x:{}", "t".repeat(129));
        let id = "0".repeat(64);
        let whole_id = format!("sha256:{id}");
        let bad = [
            "",
            "/",
            ":",
            "@",
            "img:../../x",
            "img:",
            ":tag",
            "@sha256:",
            "img@sha256:",
            "img@sha256:abc",
            "img@md5:d41d8cd98f00b204e9800998ecf8427e",
            "localhost:99999/x",
            "localhost:0/x",
            "localhost:/x",
            "localhost:+5/x",
            "a b",
            "../x",
            "a/../b",
            "a//b",
            "/a",
            "a/",
            "Ubuntu",
            "a..b",
            "a.-b",
            "-a",
            "a-",
            "a___b",
            "ubuntu:-x",
            "ubuntu:.x",
            "аpache",
            "ubuntu\u{200b}",
            "a\0b",
            "x:y:z",
            "http://a/b",
            "a@b@c",
            "-host.com/x",
            "ho_st.com/x",
            "[::1/x",
            "[zz]:5/x",
            "a.com:5000x/y",
            "ex.com/",
            &long,
            &long_tag,
            &id,
            &whole_id,
        ];
        for text in bad {
            let error = text.parse::<Reference>().expect_err(text).to_string();
            assert!(error.contains("is not the name of an image"), "{text:?}: {error}");
            assert!(error.contains("next:"), "{text:?}: {error}");
        }
    }
}
