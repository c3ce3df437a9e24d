//! The pages of the book, and what can be wrong with one.

use crate::directive::{self, Directive};
use pulldown_cmark::{Event, Options, Parser, Tag};
use shared::{Doing, Result};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// One fault, and the place to mend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root of the repository.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// A page: one Markdown file below `book/src`.
#[derive(Debug)]
pub struct Page {
    /// Its path from the root of the repository.
    pub path: PathBuf,
    /// Its source.
    pub text: String,
}

impl Page {
    /// A fault at a byte of this page.
    pub fn finding(&self, offset: usize, what: impl Into<String>) -> Finding {
        let line = 1 + self.text[..offset].matches('\n').count();
        Finding { file: self.path.clone(), line, what: what.into() }
    }

    /// The Markdown events with their place, parsed as mdBook parses.
    pub fn events(&self) -> impl Iterator<Item = (Event<'_>, std::ops::Range<usize>)> {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_HEADING_ATTRIBUTES
            | Options::ENABLE_DEFINITION_LIST
            | Options::ENABLE_GFM;
        Parser::new_ext(&self.text, options).into_offset_iter()
    }

    /// The `{{#…}}` directives of this page.
    pub fn directives(&self) -> Vec<Directive> {
        directive::of_text(&self.text)
    }

    /// The path, from the root of the repository, of what this page calls `target`.
    pub fn resolve(&self, target: &str) -> PathBuf {
        normal(&self.path.parent().unwrap_or(Path::new("")).join(target))
    }
}

/// A book on disk.
#[derive(Debug)]
pub struct Book {
    /// The root of the repository.
    pub root: PathBuf,
    /// All Markdown files below `book/src`, SUMMARY.md among them.
    pub pages: Vec<Page>,
}

/// Where the pages lie, from the root of the repository.
pub const SOURCE: &str = "book/src";

impl Book {
    /// Reads the book of the repository at `root`.
    ///
    /// # Errors
    /// When a page cannot be read, or is not UTF-8.
    pub fn read(root: &Path) -> Result<Book> {
        let pages =
            files(root, SOURCE)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "md"));
        let read = |path: PathBuf| {
            let text = fs::read_to_string(root.join(&path)).doing(|| format!("read {}", path.display()))?;
            Ok(Page { path, text })
        };
        Ok(Book { root: root.into(), pages: pages.map(read).collect::<Result<_>>()? })
    }

    /// The page at a path from the root of the repository.
    pub fn page(&self, path: &Path) -> Option<&Page> {
        self.pages.iter().find(|page| page.path == path)
    }

    /// Whether there is a file at a path from the root of the repository.
    pub fn has_file(&self, path: &Path) -> bool {
        self.root.join(path).is_file()
    }
}

/// All files below a directory of the repository, sorted, as paths from its root; none when it is missing.
///
/// # Errors
/// When a directory cannot be read.
pub fn files(root: &Path, directory: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(directory)];
    while let Some(directory) = open.pop() {
        let path = root.join(&directory);
        if !path.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&path).doing(|| format!("list {}", directory.display()))? {
            let entry = entry.doing(|| format!("list {}", directory.display()))?;
            let path = directory.join(entry.file_name());
            match entry.file_type().doing(|| format!("look at {}", path.display()))? {
                kind if kind.is_dir() => open.push(path),
                kind if kind.is_file() => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Pages and other files that no reader would ever reach.
pub fn summary(book: &Book) -> Vec<Finding> {
    let contents = PathBuf::from(SOURCE).join("SUMMARY.md");
    let Some(summary) = book.page(&contents) else {
        return vec![Finding { file: contents, line: 1, what: "the book has no SUMMARY.md".into() }];
    };
    let listed: BTreeSet<PathBuf> = summary
        .events()
        .filter_map(|(event, _)| match event {
            Event::Start(Tag::Link { dest_url, .. }) => Some(summary.resolve(&dest_url)),
            _ => None,
        })
        .collect();
    let unlisted = |page: &&Page| page.path != contents && !listed.contains(&page.path);
    book.pages
        .iter()
        .filter(unlisted)
        .map(|page| page.finding(0, "this page is not listed in SUMMARY.md: no reader would find it"))
        .collect()
}

/// A path without `.` and with `..` worked out, so that two ways to name a file compare equal.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
