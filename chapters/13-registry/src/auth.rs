//! The token dance. A registry answers 401 and says where a token is to be had:
//!
//! ```text
//! client ── GET /v2/NAME/manifests/TAG ─────────────────▶ registry
//!        ◀─ 401 WWW-Authenticate: Bearer realm="https://auth…",service="…",scope="…"
//!        ── GET https://auth…?service=…&scope=… (Basic, if there is a password) ─▶ token server
//!        ◀─ {"token": "…"}
//!        ── GET /v2/NAME/manifests/TAG, Authorization: Bearer … ─▶ registry
//! ```
//!
//! Source: distribution, "Token Authentication Specification".

use serde::Deserialize;
use shared::{Error, Result};

/// What a 401 asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A user name and password.
    Basic,
    /// A token, from this address.
    Bearer {
        /// Where the token is to be had.
        url: String,
    },
}

/// The answer of a token server, of which either field may be used.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct TokenAnswer {
    token: String,
    access_token: String,
}

impl TokenAnswer {
    /// The value of the `Authorization` header.
    pub fn header(&self) -> Result<String> {
        let token = if self.token.is_empty() { &self.access_token } else { &self.token };
        // It goes into a header: a line break in it would begin another one.
        if token.is_empty() || !token.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(Error::refused("the token server gave no token"));
        }
        Ok(format!("Bearer {token}"))
    }
}

impl Challenge {
    /// Reads a `WWW-Authenticate` header. Nothing but pulling from `repository` is ever asked for, whatever
    /// the server names as the scope.
    pub fn parse(header: &str, repository: &str) -> Option<Challenge> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Challenge::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest)?;
        let find =
            |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let realm = find("realm")?;
        let mut url = format!("{realm}{}", if realm.contains('?') { '&' } else { '?' });
        if let Some(service) = find("service") {
            url += &format!("service={}&", escape(service));
        }
        url += &format!("scope={}", escape(&format!("repository:{repository}:pull")));
        Some(Challenge::Bearer { url })
    }
}

/// `name="value",name=value`: commas and backslashes may stand between quotation marks.
fn parameters(mut text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    while !text.trim_start_matches([' ', ',']).is_empty() {
        let (name, rest) = text.trim_start_matches([' ', ',']).split_once('=')?;
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next()? {
                    (at, '"') => break at,
                    (_, '\\') => value.push(chars.next()?.1),
                    (_, c) => value.push(c),
                }
            };
            text = &quoted[end + 1..];
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            value += rest[..end].trim();
            text = &rest[end..];
        }
        found.push((name.trim().to_ascii_lowercase(), value));
    }
    Some(found)
}

/// Percent-encodes what is not plain in a query (RFC 3986, section 2.3).
fn escape(text: &str) -> String {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~:/".contains(&c);
    text.bytes().map(|c| if plain(c) { char::from(c).to_string() } else { format!("%{c:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        let bearer = |header: &str| match Challenge::parse(header, "library/x") {
            Some(Challenge::Bearer { url }) => url,
            other => panic!("{header}: {other:?}"),
        };
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:*:push""#;
        let url = "https://auth.docker.io/token?service=registry.docker.io&scope=repository:library/x:pull";
        assert_eq!(bearer(hub), url);
        assert_eq!(
            bearer(r#"bearer Realm="http://a/?k=v" , Service="a, \"b\" c""#),
            "http://a/?k=v&service=a%2C%20%22b%22%20c&scope=repository:library/x:pull"
        );
        assert_eq!(Challenge::parse("Basic realm=\"x\"", "x"), Some(Challenge::Basic));
        for bad in ["", "Digest x", "Bearer", "Bearer service=\"x\"", "Bearer realm=\"x", "Bearer realm"] {
            assert_eq!(Challenge::parse(bad, "x"), None, "{bad}");
        }
    }

    #[test]
    fn a_token_must_fit_in_a_header() {
        let answer = |json: &str| serde_json::from_str::<TokenAnswer>(json).unwrap().header();
        assert_eq!(answer(r#"{"token": "a.b", "access_token": "c"}"#).unwrap(), "Bearer a.b");
        assert_eq!(answer(r#"{"access_token": "c"}"#).unwrap(), "Bearer c");
        assert!(answer(r#"{}"#).is_err() && answer(r#"{"token": "a\r\nX: y"}"#).is_err());
    }
}
