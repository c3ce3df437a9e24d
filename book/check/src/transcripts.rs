//! Transcripts: what a test has typed and seen, next to the sessions that say what to type.

use crate::book::{Book, Finding, SOURCE, files};
use crate::redact::redact;
use crate::session::{self, Session};
use crate::stage::Stage;
use shared::{Doing, Error, Result};
use similar::TextDiff;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

/// Where the sessions lie, from the root of the repository.
pub const SESSIONS: &str = "book/transcripts";

/// A session and the file of its transcript, both from the root of the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recording {
    /// What is typed.
    pub session: PathBuf,
    /// What was seen.
    pub transcript: PathBuf,
}

/// All sessions, by name.
///
/// # Errors
/// When their directory cannot be read.
pub fn recordings(root: &Path) -> Result<Vec<Recording>> {
    let sessions =
        files(root, SESSIONS)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "session"));
    let with_transcript = |session: PathBuf| {
        let name = session.with_extension("txt");
        let name = name.file_name().unwrap_or_default();
        Recording { transcript: Path::new(SOURCE).join("transcripts").join(name), session }
    };
    Ok(sessions.map(with_transcript).collect())
}

/// Transcripts that no session has made, and sessions without a transcript. Whether the two agree is what
/// [`replay`] finds out; that a page shows each, [`links`](crate::links).
///
/// # Errors
/// When a directory cannot be read.
pub fn check(book: &Book) -> Result<Vec<Finding>> {
    let recordings = recordings(&book.root)?;
    let finding = |file: &Path, what: &str| Finding { file: file.into(), line: 1, what: what.into() };
    let silent = recordings.iter().filter(|recording| !book.has_file(&recording.transcript));
    let mut findings: Vec<Finding> =
        silent.map(|silent| finding(&silent.session, "this session has no transcript: record it")).collect();
    let made: BTreeSet<&PathBuf> = recordings.iter().map(|recording| &recording.transcript).collect();
    let there = files(&book.root, &format!("{SOURCE}/transcripts"))?;
    let orphans = there.iter().filter(|path| !made.contains(path));
    findings.extend(orphans.map(|path| finding(path, "no session has made this transcript")));
    for page in &book.pages {
        for found in page.directives().iter().filter(|found| found.name == "include") {
            let path = page.resolve(crate::directive::include(&found.argument).0);
            if path.extension().is_some_and(|extension| extension == "txt") && !made.contains(&path) {
                findings.push(page.finding(found.offset, "an included text that no session has made"));
            }
        }
    }
    Ok(findings)
}

/// Reads the session of a recording.
///
/// # Errors
/// It cannot be read, or is no session.
pub fn session(root: &Path, recording: &Recording) -> Result<Session> {
    let doing = || format!("read the session {}", recording.session.display());
    session::parse(&fs::read_to_string(root.join(&recording.session)).doing(doing)?).doing(doing)
}

/// Plays a session again and compares; with `update`, the new transcript replaces the old one.
///
/// # Errors
/// The transcript differs, with the difference; what the session is to prove does not appear; or it cannot be
/// played.
pub fn replay(root: &Path, recording: &Recording, stage: &Stage, update: bool) -> Result<()> {
    let session = session(root, recording)?;
    let doing = || format!("play {}", recording.session.display());
    let seen = redact(&stage.play(&session).doing(doing)?, &session.rules);
    if let Some(proof) = session.proves.iter().find(|proof| !seen.lines().any(|line| line == **proof)) {
        return Err(Error::new(doing(), format!("the line `{proof}` does not appear:\n{seen}")));
    }
    let path = root.join(&recording.transcript);
    if update {
        // It was played as root, and belongs to whoever has the session.
        let owner = fs::metadata(root.join(&recording.session)).doing(doing)?;
        return fs::write(&path, seen)
            .and_then(|()| chown(&path, Some(owner.uid()), Some(owner.gid())))
            .doing(|| format!("write {}", recording.transcript.display()));
    }
    let known = fs::read_to_string(&path).unwrap_or_default(); // missing: everything is new
    if known == seen {
        return Ok(());
    }
    let diff = TextDiff::from_lines(&known, &seen);
    let diff = diff.unified_diff().header("the book", "this machine").to_string();
    Err(Error::refused(format!("{} is not what appears:\n{diff}", recording.transcript.display()))
        .next("find out which is right; UPDATE_TRANSCRIPTS=1 records it anew"))
}
