//! The pattern of a chapter's page: who has read one finds his way in all.

use crate::book::{Book, Finding, Page, SOURCE};
use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};
use std::path::Path;

/// The sections of a chapter, in this order; the second value says whether a page may go without.
const SECTIONS: [(&str, bool); 8] = [
    ("The problem", false),
    ("The mechanism", false),
    ("The code", false),
    ("What the host sees", false),
    ("Try it", false),
    ("Set right", true),
    ("What is still open", false),
    ("The difference", true),
];

/// Pages of chapters that leave the pattern.
pub fn check(book: &Book) -> Vec<Finding> {
    let mut chapters: Vec<&Page> = book.pages.iter().filter(|page| is_chapter(&page.path)).collect();
    chapters.sort_by_key(|page| &page.path);
    let mut findings = Vec::new();
    for (number, page) in chapters.iter().enumerate() {
        findings.extend(sections(page));
        let shown = page.directives().iter().any(|found| found.name == "difference");
        if number > 0 && !shown {
            findings.push(page.finding(0, "this chapter does not show its difference to the one before"));
        }
    }
    findings
}

/// `book/src/NN-name.md`.
fn is_chapter(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    path.parent() == Some(Path::new(SOURCE))
        && matches!(name, [tens, ones, b'-', ..] if tens.is_ascii_digit() && ones.is_ascii_digit())
}

/// The first section that is missing, unknown, or out of order.
fn sections(page: &Page) -> Option<Finding> {
    let mut expected = &SECTIONS[..];
    for (offset, title) in headings(page) {
        let Some(place) = expected.iter().position(|(name, _)| *name == title) else {
            return Some(
                page.finding(offset, format!("the section `{title}` has no place here in a chapter")),
            );
        };
        if let Some((name, _)) = expected[..place].iter().find(|(_, optional)| !optional) {
            return Some(
                page.finding(offset, format!("`{title}` stands where the section `{name}` belongs")),
            );
        }
        expected = &expected[place + 1..];
    }
    let (missing, _) = expected.iter().find(|(_, optional)| !optional)?;
    Some(page.finding(page.text.len(), format!("the section `{missing}` is missing")))
}

/// The headings of the second level, with their place.
fn headings(page: &Page) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (event, place) in page.events() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => {
                open = true;
                found.push((place.start, String::new()));
            }
            Event::End(TagEnd::Heading(_)) => open = false,
            Event::Text(text) | Event::Code(text) if open => {
                if let Some((_, title)) = found.last_mut() {
                    title.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}
