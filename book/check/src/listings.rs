//! Listings: every block of Rust is included by an anchor from code that is compiled.

use crate::anchors::{self, Anchor, CODE};
use crate::book::{Book, Finding, Page, SOURCE};
use crate::{difference, directive};
use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
use shared::Result;
use std::ffi::OsStr;
use std::path::Path;

/// The faults of the listings: what is included, what is pasted, and what is marked and never shown.
///
/// # Errors
/// When a source file cannot be read.
pub fn check(book: &Book) -> Result<Vec<Finding>> {
    let (anchors, mut findings) = anchors::of_code(book)?;
    let mut shown = vec![false; anchors.len()];
    for page in &book.pages {
        findings.extend(page.directives().iter().filter_map(|directive| {
            let wrong = match directive.name.as_str() {
                "include" => include(book, page, &directive.argument, &anchors, &mut shown),
                "difference" => {
                    difference::of_chapter(&book.root, &directive.argument).err().map(|e| e.line())
                }
                other => {
                    Some(format!("nothing is known of a directive `{other}`: use include or difference"))
                }
            };
            wrong.map(|what| page.finding(directive.offset, what))
        }));
        findings.extend(pasted(page));
    }
    let unused =
        anchors.into_iter().zip(shown).filter(|(anchor, shown)| !shown && is_written(book, &anchor.file));
    findings.extend(unused.map(|(Anchor { file, name, line }, _)| Finding {
        file,
        line,
        what: format!("no page shows the anchor `{name}`: include it, or remove its two lines"),
    }));
    Ok(findings)
}

/// Whether the book has come to this file: a chapter's anchors wait for its page, those of `shared` for nothing.
fn is_written(book: &Book, file: &Path) -> bool {
    let chapter = file.strip_prefix("chapters").ok().and_then(|below| below.iter().next());
    let page = |chapter: &OsStr| Path::new(SOURCE).join(chapter).with_extension("md");
    chapter.is_none_or(|chapter| book.page(&page(chapter)).is_some())
}

/// What is wrong with one include, and a note of the anchor it shows.
fn include(
    book: &Book,
    page: &Page,
    argument: &str,
    anchors: &[Anchor],
    shown: &mut [bool],
) -> Option<String> {
    let (target, anchor) = directive::include(argument);
    let path = page.resolve(target);
    if !book.has_file(&path) {
        return Some(format!("the included file {} does not exist", path.display()));
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return anchor.map(|anchor| format!("`{anchor}` of {}: anchors are for Rust", path.display()));
    }
    if !compiled(&path) {
        return Some(format!("{} is not compiled code of chapters/ or shared/", path.display()));
    }
    // Lines move when code is edited, and a whole file would show the marks of its anchors.
    let Some(name) = anchor else {
        return Some(format!("include a piece of {} by the name of an anchor", path.display()));
    };
    match anchors.iter().position(|anchor| anchor.file == path && anchor.name == name) {
        Some(found) => {
            shown[found] = true;
            None
        }
        None => Some(format!("{} has no anchor `{name}`", path.display())),
    }
}

fn compiled(path: &Path) -> bool {
    CODE.iter().any(|directory| path.starts_with(directory))
        && path.components().any(|part| part.as_os_str() == "src" || part.as_os_str() == "tests")
}

/// Code blocks that somebody has written by hand.
fn pasted(page: &Page) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut block: Option<(String, usize, String)> = None;
    for (event, place) in page.events() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                block = Some((language.to_string(), place.start, String::new()));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                findings.push(
                    page.finding(place.start, "a code block by indentation: fence it and say what it is"),
                );
            }
            Event::Text(text) => {
                if let Some((_, _, content)) = &mut block {
                    content.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((language, start, content)) = block.take() {
                    findings.extend(by_hand(&language, &content).map(|what| page.finding(start, what)));
                }
            }
            _ => {}
        }
    }
    findings
}

/// What is wrong with a block of this language and content, written in a page.
fn by_hand(language: &str, content: &str) -> Option<String> {
    let language = language.split([',', ' ']).next().unwrap_or_default();
    let includes_only =
        content.lines().all(|line| line.trim_start().starts_with("{{#include ") || line.is_empty());
    match language {
        "rust" if !includes_only => Some("pasted Rust: include it from compiled code by an anchor".into()),
        "console" if !includes_only => Some("a pasted terminal session: include a recorded one".into()),
        "rust" | "console" if content.trim().is_empty() => Some("an empty block".into()),
        "rust" | "console" | "sh" | "text" | "toml" | "json" => prompt(language, content),
        "" => Some("a code block without a language".into()),
        other => Some(format!("a code block of the language `{other}`, which nothing checks")),
    }
}

/// A terminal session under another name.
fn prompt(language: &str, content: &str) -> Option<String> {
    let typed = |line: &str| ["# ", "$ ", "/ # "].iter().any(|prompt| line.starts_with(prompt));
    let found = language != "console" && content.lines().any(typed);
    found.then(|| {
        format!("a terminal session in a block of `{language}`: include a recorded one as `console`")
    })
}
