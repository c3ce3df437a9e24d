//! `~/.docker/config.json`: where `docker login`, podman and others keep user names and passwords.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use shared::{Error, Result, home};
use std::collections::BTreeMap;
use std::path::Path;

/// The names under which the Hub's credentials are kept; the first is `docker login`'s.
const HUB: [&str; 3] = ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"];

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    auths: BTreeMap<String, Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
}

/// The value of a Basic `Authorization` header for a registry, if there are credentials for it.
pub fn basic(file: Option<&Path>, registry: &str) -> Result<Option<String>> {
    let Some(path) = file else { return Ok(None) };
    let Some(File { auths }) = home::read_json::<File>(path)? else { return Ok(None) };
    let https =
        [format!("https://{registry}"), format!("https://{registry}/v1/"), format!("http://{registry}")];
    let names = std::iter::once(registry).chain(https.iter().map(String::as_str));
    let names = names.chain(HUB.into_iter().filter(|_| registry == "docker.io"));
    let Some(entry) = names.into_iter().find_map(|name| auths.get(name)) else { return Ok(None) };
    let pair = match entry.auth.as_str() {
        "" if entry.username.is_empty() => return Ok(None), // a credential helper has them
        "" => format!("{}:{}", entry.username, entry.password),
        auth => decode(auth).ok_or_else(|| {
            Error::refused(format!("the credentials for {registry} in {} are damaged", path.display()))
                .next(format!("write them again: docker login {registry}"))
        })?,
    };
    Ok(Some(format!("Basic {}", STANDARD.encode(pair))))
}

fn decode(auth: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(auth.trim()).ok()?).ok()?;
    text.contains(':').then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_registrys_own_entry() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("config.json");
        assert_eq!(basic(Some(&path), "docker.io").unwrap(), None, "no file is no error");
        let auth = STANDARD.encode("me:se:cret");
        let json = format!(
            r#"{{"auths": {{"https://index.docker.io/v1/": {{"auth": "{auth}"}}, "r:1": {{}},
            "r:2": {{"auth": "!"}}, "r:3": {{"username": "a", "password": "b"}}}}, "credsStore": "x"}}"#
        );
        std::fs::write(&path, json).unwrap();
        assert_eq!(basic(Some(&path), "docker.io").unwrap(), Some(format!("Basic {auth}")));
        assert_eq!(basic(Some(&path), "r:1").unwrap(), None);
        assert_eq!(basic(Some(&path), "r").unwrap(), None);
        assert!(basic(Some(&path), "r:2").unwrap_err().to_string().contains("docker login r:2"));
        assert_eq!(basic(Some(&path), "r:3").unwrap(), Some(format!("Basic {}", STANDARD.encode("a:b"))));
    }
}
