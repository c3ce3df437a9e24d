//! Holds the book to the code.
//!
//! **The problem.** mdBook prints a listing whose anchor is gone as an empty block and says nothing; a pasted
//! listing or a pasted terminal session is right on the day it is pasted. A reader who types what he reads
//! must see what he reads.
//!
//! **What is done about it.** Listings are only included from code that is compiled ([`listings`]), terminal
//! sessions only from what a test has typed and seen ([`transcripts`], [`session`]), links lead somewhere
//! ([`links`]), and what differs from the chapter before is computed ([`difference`]). [`check`] says what is
//! wrong with a book; a test runs it, so a fault in a page fails like a fault in code.

#![forbid(unsafe_code)]

pub mod anchors;
pub mod book;
pub mod difference;
pub mod directive;
pub mod links;
pub mod listings;
pub mod pattern;
pub mod redact;
pub mod session;
pub mod stage;
pub mod terminal;
pub mod transcripts;

pub use book::{Book, Finding, Page};

use shared::Result;
use std::path::Path;

/// Everything that is wrong with the book of the repository at `root`, in the order of the pages.
///
/// # Errors
/// When the book cannot be read at all.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let book = Book::read(root)?;
    let mut findings = book::summary(&book);
    findings.extend(pattern::check(&book));
    findings.extend(listings::check(&book)?);
    findings.extend(transcripts::check(&book)?);
    findings.extend(links::check(&book)?);
    findings.sort();
    Ok(findings)
}
