//! The book is without faults; and each kind of fault, planted in a copy of it, is found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use book_check::{check, difference};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

#[test]
fn the_book_has_no_faults() {
    let findings: Vec<String> = check(&repository()).unwrap().iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// A copy of what the checks look at, in which a test may break things.
struct Copy(TempDir);

impl Copy {
    fn of_repository() -> Copy {
        let copy = Copy(tempfile::tempdir().unwrap());
        for directory in ["book/src", "book/transcripts", "chapters", "shared"] {
            for path in book_check::book::files(&repository(), directory).unwrap() {
                let target = copy.0.path().join(&path);
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                fs::copy(repository().join(&path), target).unwrap();
            }
        }
        copy
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.path().join(path), text).unwrap();
    }

    fn append(&self, path: &str, text: &str) {
        let old = fs::read_to_string(self.0.path().join(path)).unwrap();
        self.write(path, &format!("{old}{text}"));
    }

    /// Exactly one thing is wrong: at `file`, and it says `what`.
    fn assert_found(&self, file: &str, what: &str) {
        let findings = check(self.0.path()).unwrap();
        let [finding] = &findings[..] else { panic!("not one finding: {findings:#?}") };
        assert_eq!(finding.file, Path::new(file), "{finding}");
        assert!(finding.what.contains(what), "{finding}");
    }
}

const PAGE: &str = "book/src/01-chroot.md";

/// Appends to a page, and expects one finding there.
fn planted(text: &str, what: &str) {
    let copy = Copy::of_repository();
    copy.append(PAGE, &format!("\n\n{text}\n"));
    copy.assert_found(PAGE, what);
}

#[test]
fn finds_a_missing_include_file() {
    planted("{{#include ../../chapters/01-chroot/src/gone.rs:part}}", "does not exist");
}

#[test]
fn finds_a_missing_anchor() {
    planted("{{#include ../../chapters/01-chroot/src/lib.rs:gone}}", "no anchor `gone`");
}

#[test]
fn finds_a_listing_without_anchor() {
    planted("{{#include ../../chapters/01-chroot/src/lib.rs}}", "by the name of an anchor");
}

#[test]
fn finds_a_listing_by_lines() {
    planted("{{#include ../../chapters/01-chroot/src/lib.rs:1:5}}", "no anchor `1:5`");
}

#[test]
fn finds_a_listing_that_nobody_compiles() {
    let copy = Copy::of_repository();
    copy.write("book/src/listing.rs", "// ANCHOR: a\n// ANCHOR_END: a\n");
    copy.append(PAGE, "\n{{#include listing.rs:a}}\n");
    copy.assert_found(PAGE, "not compiled code");
}

#[test]
fn finds_an_unused_anchor() {
    let file = "chapters/01-chroot/src/lib.rs";
    let copy = Copy::of_repository();
    copy.append(file, "// ANCHOR: lonely\n// ANCHOR_END: lonely\n");
    copy.assert_found(file, "no page shows the anchor `lonely`");
}

#[test]
fn finds_an_unused_anchor_in_shared() {
    let file = "shared/src/part.rs";
    let copy = Copy::of_repository();
    copy.append(file, "// ANCHOR: lonely\n// ANCHOR_END: lonely\n");
    copy.assert_found(file, "no page shows the anchor `lonely`");
}

#[test]
fn anchors_wait_for_the_page_of_their_chapter() {
    let file = "chapters/99-new/src/lib.rs";
    let copy = Copy::of_repository();
    fs::create_dir_all(copy.0.path().join("chapters/99-new/src")).unwrap();
    copy.write(file, "// ANCHOR: part\n// ANCHOR_END: part\n");
    assert_eq!(check(copy.0.path()).unwrap(), []);
    copy.write(
        "book/src/99-new.md",
        &fs::read_to_string(repository().join("book/src/02-hostname.md")).unwrap(),
    );
    copy.append("book/src/SUMMARY.md", "- [New](99-new.md)\n");
    copy.assert_found(file, "no page shows the anchor `part`");
}

#[test]
fn finds_a_chapter_out_of_the_pattern() {
    planted("## More", "`More` has no place here");
    planted("## The code", "`The code` has no place here");
    let copy = Copy::of_repository();
    copy.write(
        PAGE,
        &fs::read_to_string(repository().join(PAGE)).unwrap().replace("## Try it", "### Try it"),
    );
    copy.assert_found(PAGE, "`Set right` stands where the section `Try it` belongs");
}

#[test]
fn finds_a_chapter_without_its_difference() {
    let page = "book/src/02-hostname.md";
    let copy = Copy::of_repository();
    let text = fs::read_to_string(repository().join(page)).unwrap();
    copy.write(page, &text.replace("{{#difference 02-hostname}}", ""));
    copy.assert_found(page, "does not show its difference");
}

#[test]
fn finds_an_anchor_without_end() {
    let file = "chapters/01-chroot/src/lib.rs";
    let copy = Copy::of_repository();
    copy.append(file, "// ANCHOR: open\n");
    copy.assert_found(file, "has no end");
}

#[test]
fn finds_pasted_rust() {
    planted("```rust\nfn main() {}\n```", "pasted Rust");
    planted("```rust,ignore\nfn main() {}\n```", "pasted Rust");
    planted(
        "```rust\n{{#include ../../chapters/01-chroot/src/lib.rs:part}}\nfn more() {}\n```",
        "pasted Rust",
    );
}

#[test]
fn finds_code_under_another_name() {
    planted("```\nfn main() {}\n```", "without a language");
    planted("    fn main() {}", "by indentation");
    planted("```rs\nfn main() {}\n```", "which nothing checks");
}

#[test]
fn finds_a_pasted_session() {
    planted("```console\n# id\nuid=0(root)\n```", "pasted terminal session");
    planted("```text\n# id\nuid=0(root)\n```", "terminal session in a block of `text`");
}

#[test]
fn finds_a_misspelt_directive() {
    planted("{{#inlcude ../../chapters/01-chroot/src/lib.rs:part}}", "directive `inlcude`");
}

#[test]
fn finds_a_difference_to_nothing() {
    planted("{{#difference 99-gone}}", "no such directory");
    planted("{{#difference 01-chroot}}", "it is the first");
}

#[test]
fn finds_a_transcript_that_no_session_made() {
    let copy = Copy::of_repository();
    copy.write("book/src/transcripts/forged.txt", "# id\nuid=0(root)\n");
    copy.append(PAGE, "\n```console\n{{#include transcripts/forged.txt}}\n```\n");
    let findings = check(copy.0.path()).unwrap();
    let what: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(what, ["an included text that no session has made", "no session has made this transcript"]);
}

#[test]
fn finds_a_session_without_transcript() {
    let copy = Copy::of_repository();
    copy.write("book/transcripts/silent.session", "\n# true\n");
    copy.assert_found("book/transcripts/silent.session", "no transcript");
}

#[test]
fn finds_a_transcript_on_no_page() {
    let copy = Copy::of_repository();
    copy.write("book/transcripts/unread.session", "\n# true\n");
    copy.write("book/src/transcripts/unread.txt", "# true\n");
    copy.assert_found("book/src/transcripts/unread.txt", "no page shows this file");
}

#[test]
fn finds_dead_links() {
    planted("[gone](gone.md)", "does not exist");
    planted("[gone](contract.md#gone)", "no heading `#gone`");
    planted("[gone](#gone)", "no heading `#gone`");
    planted("![gone](pictures/gone.svg)", "does not exist");
    planted("<img src=\"pictures/gone.svg\" alt=\"\">", "does not exist");
    planted("[code](../../chapters/01-chroot/src/lib.rs)", "leaves the book");
    planted("[root](/etc/passwd)", "neither https nor a path");
}

#[test]
fn finds_an_unlisted_page() {
    let copy = Copy::of_repository();
    copy.write("book/src/lonely.md", "# Lonely\n");
    copy.assert_found("book/src/lonely.md", "not listed in SUMMARY.md");
}

#[test]
fn finds_a_listed_page_that_is_gone() {
    let copy = Copy::of_repository();
    copy.append("book/src/SUMMARY.md", "- [Gone](gone.md)\n");
    copy.assert_found("book/src/SUMMARY.md", "does not exist");
}

#[test]
fn the_difference_is_that_of_the_sources() {
    let copy = Copy::of_repository();
    copy.write("chapters/01-chroot/src/main.rs", "same\nold\n// ANCHOR: x\n// ANCHOR_END: x\n");
    copy.write("chapters/02-hostname/src/main.rs", "same\nnew\nnewer\n");
    let page = difference::expand(copy.0.path(), "before {{#difference 02-hostname}} after").unwrap();
    assert!(page.starts_with("before <details>"), "{page}");
    assert!(page.contains("<code>01-chroot</code>: +2 −1 lines"), "{page}");
    assert!(page.contains("\n same\n-old\n+new\n+newer\n```\n"), "{page}");
}

#[test]
fn mdbook_gets_its_book_back() {
    let root = repository().join("book");
    let chapter = |content: &str, below: &str| {
        format!(r#"{{"Chapter":{{"name":"n","content":"{content}","sub_items":[{below}]}}}}"#)
    };
    let nested = chapter("a", &chapter("{{#difference 02-hostname}}", ""));
    let input =
        format!(r#"[{{"root":{:?}}},{{"items":[{nested},"Separator"]}}]"#, root.display().to_string());
    let output = difference::preprocess(&input).unwrap();
    assert!(output.contains("<details>") && output.contains("Separator"), "{output}");
    assert!(difference::preprocess("{}").is_err());
}
