//! The name that content gives itself.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::{Error, Result, id};
use std::fmt;
use std::str::FromStr;

/// The only algorithm: it is the one that every registry and every image uses.
const ALGORITHM: &str = "sha256:";
/// Hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// `sha256:` and 64 lower-case hexadecimal digits, and never anything else: so it can be part of a path.
///
/// Source: OCI image specification, "Descriptors, Digests".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The digits without the algorithm: the name of a file in the store.
    pub fn hex(&self) -> &str {
        &self.0[ALGORITHM.len()..]
    }

    /// The 12 digits that people see.
    pub fn short(&self) -> &str {
        id::short(self.hex())
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Digest> {
        let hex = text.strip_prefix(ALGORITHM).ok_or_else(|| bad(text))?;
        let digit = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != DIGITS || !hex.bytes().all(digit) {
            return Err(bad(text));
        }
        Ok(Digest(text.into()))
    }
}

fn bad(text: &str) -> Error {
    let shown: String = text.chars().take(2 * DIGITS).collect(); // it may be megabytes
    Error::refused(format!("{shown:?} is not a digest: sha256: and {DIGITS} digits of 0-9 and a-f"))
}

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Digest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Computes a digest while the bytes go by.
#[derive(Debug, Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that came by.
    pub fn finish(self) -> Digest {
        Digest(format!("{ALGORITHM}{}", id::hex(&self.0.finalize())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_digest_of_nothing() {
        let nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), nothing);
        assert_eq!(nothing.parse::<Digest>().unwrap().short(), "e3b0c44298fc");
    }

    #[test]
    fn c6_13_refuses_what_is_no_digest() {
        let hex = "a".repeat(64);
        let bad = [
            "".into(),
            "sha256:".into(),
            hex.clone(),
            "sha256:../../x".into(),
            format!("sha256:{}", "a".repeat(63)),
            format!("sha256:{}", "a".repeat(65)),
            format!("sha256:{}", "A".repeat(64)),
            format!("SHA256:{hex}"),
            format!("md5:{}", "a".repeat(32)),
            format!("sha512:{}", "a".repeat(128)),
            format!("sha256:{}/", "a".repeat(63)),
            format!("sha256:{}", "é".repeat(32)),
            format!(" sha256:{hex}"),
            format!("sha256:{hex}\n"),
        ];
        for text in bad {
            let error = text.parse::<Digest>().unwrap_err().to_string();
            assert!(error.contains("is not a digest"), "{text:?}: {error}");
            let json = serde_json::to_string(&text).unwrap();
            assert!(serde_json::from_str::<Digest>(&json).is_err(), "{text:?} as JSON");
        }
    }
}
