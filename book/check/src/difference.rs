//! What a chapter's `main.rs` has that the one before had not.

use crate::anchors::without_marks;
use crate::directive;
use serde_json::Value;
use shared::{Doing, Error, Result};
use similar::{ChangeTag, TextDiff};
use std::fs;
use std::path::Path;

/// The difference between two chapters' programs.
#[derive(Debug)]
pub struct Difference {
    /// The directory name of the chapter before.
    pub before: String,
    /// In the unified format.
    pub text: String,
    /// How many lines are new.
    pub added: usize,
    /// How many lines are gone.
    pub removed: usize,
}

/// The difference of the `main.rs` of `chapter`, a directory below `chapters/`, to the chapter before it.
///
/// # Errors
/// There is no such chapter, or none before it.
pub fn of_chapter(root: &Path, chapter: &str) -> Result<Difference> {
    let doing = || format!("show what is new in chapter {chapter:?}");
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("chapters")).doing(doing)? {
        names.push(entry.doing(doing)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let place = names.iter().position(|name| name == chapter);
    let place = place.ok_or_else(|| Error::new(doing(), "there is no such directory in chapters/"))?;
    let before = place.checked_sub(1).map(|place| names[place].clone());
    let before = before.ok_or_else(|| Error::new(doing(), "it is the first"))?;
    let main = |name: &str| {
        let path = root.join("chapters").join(name).join("src/main.rs");
        fs::read_to_string(&path)
            .map(|text| without_marks(&text))
            .doing(|| format!("read the main.rs of {name}"))
    };
    let (old, new) = (main(&before)?, main(chapter)?);
    let diff = TextDiff::from_lines(&old, &new);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    let text = diff.unified_diff().context_radius(3).header(&before, chapter).to_string();
    Ok(Difference { before, text, added: count(ChangeTag::Insert), removed: count(ChangeTag::Delete) })
}

/// A page with each `{{#difference CHAPTER}}` replaced by the difference, folded.
///
/// # Errors
/// A directive names a chapter that is not there.
pub fn expand(root: &Path, page: &str) -> Result<String> {
    let (mut text, mut done) = (String::new(), 0);
    for found in directive::of_text(page).iter().filter(|found| found.name == "difference") {
        text.push_str(&page[done..found.offset]);
        text.push_str(&folded(&of_chapter(root, &found.argument)?));
        done = found.offset + found.length;
    }
    text.push_str(&page[done..]);
    Ok(text)
}

fn folded(difference: &Difference) -> String {
    let Difference { before, text, added, removed } = difference;
    let title = format!("<code>main.rs</code> against <code>{before}</code>: +{added} −{removed} lines");
    format!("<details>\n<summary>{title}</summary>\n\n```diff\n{text}```\n\n</details>")
}

/// mdBook's protocol for a preprocessor: `[context, book]` comes in, the book goes out with its pages expanded.
///
/// # Errors
/// The input is not that, or a page cannot be expanded.
pub fn preprocess(input: &str) -> Result<String> {
    let doing = || "read a book from mdBook".to_string();
    let (context, mut book): (Value, Value) = serde_json::from_str(input).doing(doing)?;
    let root = context.get("root").and_then(Value::as_str);
    let root = root.ok_or_else(|| Error::new(doing(), "it does not say where the book is"))?;
    let root = Path::new(root).parent().unwrap_or(Path::new("."));
    expand_items(root, book.get_mut("items"))?;
    serde_json::to_string(&book).doing(|| "write the book for mdBook".into())
}

fn expand_items(root: &Path, items: Option<&mut Value>) -> Result<()> {
    for item in items.and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(chapter) = item.get_mut("Chapter") else { continue };
        if let Some(content) = chapter.get("content").and_then(Value::as_str) {
            chapter["content"] = expand(root, content)?.into();
        }
        expand_items(root, chapter.get_mut("sub_items"))?;
    }
    Ok(())
}
