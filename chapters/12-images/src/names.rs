//! `names.json`: which image a name means.

use crate::{Digest, Reference};
use serde::{Deserialize, Serialize};
use shared::Result;
use shared::home::{self, Durable};
use std::collections::BTreeMap;
use std::path::Path;

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The manifest of the image.
    pub manifest: Digest,
    /// The digest by which the registry knows what the name meant there: of the index, if there was one.
    /// An image that was made here has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pulled: Option<Digest>,
}

/// Full references, and `sha256:…` (the manifest) for images that have no name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names(BTreeMap<String, Named>);

impl Names {
    /// Reads the names; there are none before the first image.
    pub fn read(path: &Path) -> Result<Names> {
        Ok(home::read_json(path)?.unwrap_or_default())
    }

    /// Writes the names. The caller holds the store's lock since it read them.
    pub fn write(&self, path: &Path) -> Result<()> {
        home::write_json(path, &self.0, Durable::Yes)
    }

    /// Every name. One that a damaged or a newer file has and that is none here counts as no name.
    pub fn iter(&self) -> impl Iterator<Item = (Option<Reference>, &Named)> {
        self.0.iter().map(|(name, named)| (name.parse().ok(), named))
    }

    /// What a reference means: by its digest if it has one, whatever its tag.
    pub fn find(&self, reference: &Reference) -> Option<&Named> {
        let Some(digest) = reference.digest() else { return self.0.get(&reference.to_string()) };
        let same = |name: &Reference| {
            (name.registry(), name.repository()) == (reference.registry(), reference.repository())
        };
        let is = |named: &Named| named.manifest == *digest || named.pulled.as_ref() == Some(digest);
        self.iter().find(|(name, named)| name.as_ref().is_some_and(same) && is(named)).map(|(_, named)| named)
    }

    /// Gives a name a new meaning, or (without a name) makes the image one of those without. An image that
    /// loses its last name stays, by its digest, until it is removed.
    pub fn set(&mut self, reference: Option<&Reference>, named: Named) {
        let Some(reference) = reference else {
            if !self.0.values().any(|other| other.manifest == named.manifest) {
                self.0.insert(named.manifest.to_string(), named);
            }
            return;
        };
        self.0.remove(&named.manifest.to_string());
        let Some(old) = self.0.insert(reference.to_string(), named.clone()) else { return };
        if old.manifest == named.manifest || self.0.values().any(|other| other.manifest == old.manifest) {
            return;
        }
        let by_digest = old.pulled.as_ref().map(|digest| reference.with_digest(digest).to_string());
        self.0.insert(by_digest.unwrap_or(old.manifest.to_string()), old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str, pulled: bool) -> Named {
        let pulled = pulled.then(|| Digest::of(text.to_uppercase().as_bytes()));
        Named { manifest: Digest::of(text.as_bytes()), pulled }
    }

    #[test]
    fn an_image_that_loses_its_name_stays_by_its_digest() {
        let reference: Reference = "debian".parse().unwrap();
        let mut names = Names::default();
        names.set(Some(&reference), named("a", true));
        names.set(Some(&reference), named("b", false));
        names.set(Some(&reference), named("c", false));
        let keys: Vec<&String> = names.0.keys().collect();
        let old = format!("docker.io/library/debian@{}", Digest::of(b"A"));
        assert_eq!(keys, ["docker.io/library/debian:latest", &old, &Digest::of(b"b").to_string()]);
        assert_eq!(names.find(&old.parse().unwrap()), Some(&named("a", true)));
        names.set(Some(&"other".parse().unwrap()), named("b", false));
        assert_eq!(names.0.len(), 3, "with a name again, it needs no digest");
    }
}
