//! Links between pages, to headings in them and to pictures. The web is not asked: it changes without us.

use crate::book::{Book, Finding, Page, SOURCE, files};
use crate::directive::regex;
use pulldown_cmark::{Event, Tag, TagEnd};
use regex::Regex;
use shared::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Links of the HTML that a page contains.
static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| regex(r#"\b(?:href|src)\s*=\s*"([^"]*)""#));

/// Links that lead nowhere, and files that nothing leads to.
///
/// # Errors
/// When a directory of the book cannot be read.
pub fn check(book: &Book) -> Result<Vec<Finding>> {
    let headings: BTreeMap<&Path, BTreeSet<String>> =
        book.pages.iter().map(|page| (page.path.as_path(), headings(page))).collect();
    let (mut findings, mut used) = (Vec::new(), BTreeSet::new());
    for page in &book.pages {
        for (offset, target) in links(page) {
            if let Some(what) = wrong(book, page, &target, &headings, &mut used) {
                findings.push(page.finding(offset, what));
            }
        }
        used.extend(
            page.directives().iter().map(|found| page.resolve(crate::directive::include(&found.argument).0)),
        );
    }
    let page = |path: &Path| path.extension().is_some_and(|extension| extension == "md");
    let lost = files(&book.root, SOURCE)?.into_iter().filter(|path| !page(path) && !used.contains(path));
    findings.extend(lost.map(|file| Finding { file, line: 1, what: "no page shows this file".into() }));
    Ok(findings)
}

/// Where the links of a page lead, with the byte at which each stands.
fn links(page: &Page) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (event, place) in page.events() {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                found.push((place.start, dest_url.to_string()));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                found.extend(ATTRIBUTE.captures_iter(&html).map(|link| (place.start, link[1].to_string())));
            }
            _ => {}
        }
    }
    found
}

fn wrong(
    book: &Book,
    page: &Page,
    target: &str,
    headings: &BTreeMap<&Path, BTreeSet<String>>,
    used: &mut BTreeSet<PathBuf>,
) -> Option<String> {
    if target.starts_with("https://") {
        return None;
    }
    if target.contains("://") || target.starts_with('/') || target.starts_with("mailto:") {
        return Some(format!("the link `{target}` is neither https nor a path from this page"));
    }
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { page.path.clone() } else { page.resolve(path) };
    if !path.starts_with(SOURCE) {
        return Some(format!("the link `{target}` leaves the book: what it names is not published with it"));
    }
    if !book.has_file(&path) {
        return Some(format!("the link `{target}` leads to {}, which does not exist", path.display()));
    }
    used.insert(path.clone());
    let known = |headings: &BTreeSet<String>| headings.contains(fragment);
    let found = fragment.is_empty() || headings.get(path.as_path()).is_some_and(known);
    (!found).then(|| format!("the link `{target}`: {} has no heading `#{fragment}`", path.display()))
}

/// The identifiers that mdBook gives to the headings of a page.
fn headings(page: &Page) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut heading: Option<(Option<String>, String)> = None;
    for (event, _) in page.events() {
        match event {
            Event::Start(Tag::Heading { id, .. }) => {
                heading = Some((id.map(|id| id.to_string()), String::new()))
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, content)) = &mut heading {
                    content.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((id, content)) = heading.take() {
                    let id = id.unwrap_or_else(|| identifier(&content));
                    let repeated = (1..).map(|number| format!("{id}-{number}"));
                    let free = std::iter::once(id.clone()).chain(repeated).find(|id| !ids.contains(id));
                    ids.extend(free);
                }
            }
            _ => {}
        }
    }
    ids
}

/// mdBook's rule (`id_from_content`): lower case, white space as hyphens, other punctuation dropped.
fn identifier(heading: &str) -> String {
    let keep = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    };
    heading.trim().to_lowercase().chars().filter_map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_headings_as_mdbook_does() {
        let text = "# What's `/proc`?\n## Same\n## Same\n## Other {#own}\n".to_string();
        let ids = headings(&Page { path: "book/src/x.md".into(), text });
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["own", "same", "same-1", "whats-proc"]);
    }
}
