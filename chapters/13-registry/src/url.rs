//! The few things that must be known of a URL: who is spoken to, and how.

use shared::{Error, Result};
use ureq::http::Uri;

/// `https://host:port`, by which it is decided who sees a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The host, with its port if one was given; lower case.
    pub authority: String,
}

impl Origin {
    /// The origin of an absolute URL.
    pub fn of(url: &Uri) -> Option<Origin> {
        let tls = match url.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = url.authority()?.as_str();
        // `user@host` would let a server choose what we send to whom.
        (!authority.contains('@')).then(|| Origin { tls, authority: authority.to_lowercase() })
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority)
    }
}

/// Where a `Location` header leads from `base` (RFC 9110, section 10.2.2).
pub fn redirected(base: &Uri, location: &str) -> Result<Uri> {
    let bad = || Error::refused(format!("the registry redirects to {location:?}, which is no address"));
    let text = if location.contains("://") {
        location.to_string()
    } else {
        let origin = Origin::of(base).ok_or_else(bad)?;
        match location {
            _ if location.starts_with("//") => format!("{}:{location}", base.scheme_str().unwrap_or("https")),
            _ if location.starts_with('/') => format!("{origin}{location}"),
            _ => {
                let directory = base.path().rsplit_once('/').map_or("", |(directory, _)| directory);
                format!("{origin}{directory}/{location}")
            }
        }
    };
    let url: Uri = text.parse().map_err(|_| bad())?;
    Origin::of(&url).ok_or_else(bad)?;
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirections() {
        let base: Uri = "http://a:5000/v2/x/blobs/y".parse().unwrap();
        let table = [
            ("https://b/c?d=e", "https://b/c?d=e"),
            ("/c", "http://a:5000/c"),
            ("z?s=1", "http://a:5000/v2/x/blobs/z?s=1"),
            ("//b/c", "http://b/c"),
        ];
        for (location, url) in table {
            assert_eq!(redirected(&base, location).unwrap().to_string(), url);
        }
        for bad in ["ftp://b/c", "http://u:p@b/c", "http://", "file:///etc/passwd", "http://b b/", ""] {
            assert!(bad.is_empty() || redirected(&base, bad).is_err(), "{bad:?}");
        }
    }
}
