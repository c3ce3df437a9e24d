//! The `{{#…}}` directives of a page: mdBook's `include`, and our `difference`.

use regex::Regex;
use std::sync::LazyLock;

/// A directive and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its first byte in the page.
    pub offset: usize,
    /// Its length in bytes.
    pub length: usize,
    /// The word after `#`.
    pub name: String,
    /// The rest, trimmed.
    pub argument: String,
}

// The same shape that mdBook looks for, but any word: a misspelt directive would be printed as it stands.
static DIRECTIVE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?P<escape>\\?)\{\{\s*#\s*(?P<name>[\w-]*)\s*(?P<argument>[^}]*)\}\}"));

/// All directives of a text, except those escaped by a backslash.
pub fn of_text(text: &str) -> Vec<Directive> {
    DIRECTIVE
        .captures_iter(text)
        .filter(|found| found["escape"].is_empty())
        .map(|found| {
            let (offset, length) = found.get(0).map_or((0, 0), |all| (all.start(), all.len()));
            Directive {
                offset,
                length,
                name: found["name"].into(),
                argument: found["argument"].trim().into(),
            }
        })
        .collect()
}

/// The file and the anchor that an `include` asks for.
pub fn include(argument: &str) -> (&str, Option<&str>) {
    match argument.split_once(':') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (argument, None),
    }
}

/// A pattern that is written in the source, and so is right or a bug.
pub(crate) fn regex(pattern: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "the patterns are constants, each compiled by a test")]
    Regex::new(pattern).expect("a constant pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_directives_and_leaves_escaped_ones() {
        let found = of_text("a {{#include x.rs:part}} b \\{{#include no}} {{ #diff 02 }}");
        let short: Vec<_> = found.iter().map(|d| (d.name.as_str(), d.argument.as_str())).collect();
        assert_eq!(short, [("include", "x.rs:part"), ("diff", "02")]);
        assert_eq!(found[0].offset, 2);
        assert_eq!(include(&found[0].argument), ("x.rs", Some("part")));
    }
}
