//! Anchors: the comment lines in the code between which a listing is taken.

use crate::book::{Book, Finding, files};
use crate::directive::regex;
use regex::Regex;
use shared::{Doing, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What mdBook understands as the first and the last line of an anchor.
static MARK: LazyLock<Regex> = LazyLock::new(|| regex(r"\bANCHOR(?P<end>_END)?:\s*(?P<name>[\w-]+)"));

/// The directories whose code the book shows, and may show.
pub const CODE: [&str; 2] = ["chapters", "shared"];

/// A named piece of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The file, from the root of the repository.
    pub file: PathBuf,
    /// Its name, alone in its file.
    pub name: String,
    /// The line of its first mark, from 1.
    pub line: usize,
}

/// All anchors of the code, and the faults of their marks.
///
/// # Errors
/// When a source file cannot be read.
pub fn of_code(book: &Book) -> Result<(Vec<Anchor>, Vec<Finding>)> {
    let (mut anchors, mut findings) = (Vec::new(), Vec::new());
    for directory in CODE {
        for file in files(&book.root, directory)? {
            if file.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(book.root.join(&file));
                let text = text.doing(|| format!("read {}", file.display()))?;
                let (found, wrong) = of_file(&file, &text);
                anchors.extend(found);
                findings.extend(wrong);
            }
        }
    }
    Ok((anchors, findings))
}

fn of_file(file: &Path, text: &str) -> (Vec<Anchor>, Vec<Finding>) {
    let (mut anchors, mut open, mut findings) = (Vec::<Anchor>::new(), Vec::<Anchor>::new(), Vec::new());
    let mut wrong = |line, what: String| findings.push(Finding { file: file.into(), line, what });
    for (number, line) in text.lines().enumerate() {
        let Some(mark) = MARK.captures(line) else { continue };
        let (name, line) = (mark["name"].to_string(), number + 1);
        if mark.name("end").is_some() {
            match open.iter().position(|anchor| anchor.name == name) {
                Some(found) => anchors.push(open.remove(found)),
                None => wrong(line, format!("the anchor `{name}` ends and has not begun")),
            }
        } else if open.iter().chain(&anchors).any(|anchor| anchor.name == name) {
            wrong(line, format!("the anchor `{name}` begins twice in this file"));
        } else {
            open.push(Anchor { file: file.into(), name, line });
        }
    }
    for anchor in open {
        wrong(anchor.line, format!("the anchor `{}` has no end", anchor.name));
    }
    (anchors, findings)
}

/// A source text without the lines that mark anchors.
pub fn without_marks(text: &str) -> String {
    text.lines().filter(|line| !MARK.is_match(line)).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_must_pair() {
        let text = "// ANCHOR: a\n// ANCHOR: b\n// ANCHOR_END: a\n// ANCHOR: a\n// ANCHOR_END: c\n";
        let (anchors, findings) = of_file(Path::new("x.rs"), text);
        assert_eq!(anchors.iter().map(|a| (a.name.as_str(), a.line)).collect::<Vec<_>>(), [("a", 1)]);
        let lines: Vec<_> = findings.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [4, 5, 2], "{findings:?}");
    }
}
