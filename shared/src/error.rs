//! Errors that say what was being done, on what, why it failed, and what to do next.
//!
//! An [`Error`] is plain data, because it must be able to cross from the child to the parent in the
//! [handshake](crate::handshake): a failure inside the container is reported by the process outside.

use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Docker's exit codes, which every binary of the project follows.
/// Source: `docker run` reference, "Exit status".
pub mod exit {
    /// The runtime itself failed; the program never ran.
    pub const RUNTIME: u8 = 125;
    /// The program was found but cannot be executed.
    pub const NOT_EXECUTABLE: u8 = 126;
    /// The program was not found.
    pub const NOT_FOUND: u8 = 127;
    /// Added to the number of the signal that ended the program.
    pub const SIGNAL: u8 = 128;
}

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What was being done, why it failed, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    doing: Option<String>,
    why: String,
    next: Option<String>,
    exit: u8,
    errno: Option<i32>,
    also: Vec<Error>,
}

impl Error {
    /// `doing` completes "cannot …": "mount proc on /proc".
    pub fn new(doing: impl Into<String>, cause: impl Cause) -> Error {
        let (errno, next, exit) = (cause.errno(), cause.next(), cause.exit());
        Error { doing: Some(doing.into()), errno, next, exit, ..Error::refused(cause.text()) }
    }

    /// Input that is refused: nothing was tried, so there is only a reason.
    pub fn refused(why: impl Into<String>) -> Error {
        Error { doing: None, why: why.into(), next: None, exit: exit::RUNTIME, errno: None, also: vec![] }
    }

    /// What the person at the keyboard can do now.
    pub fn next(mut self, next: impl Into<String>) -> Error {
        self.next = Some(next.into());
        self
    }

    /// The exit code that `main` returns for it. Default [`exit::RUNTIME`].
    pub fn exit(mut self, code: u8) -> Error {
        self.exit = code;
        self
    }

    /// Adds what else went wrong while clearing up after this error.
    pub fn also(mut self, others: Vec<Error>) -> Error {
        self.also.extend(others);
        self
    }

    /// The exit code that `main` returns for it.
    pub fn exit_code(&self) -> u8 {
        self.exit
    }

    /// The kernel's error number, where a system call was the cause.
    pub fn errno(&self) -> Option<Errno> {
        self.errno.map(Errno::from_raw)
    }

    /// What to do next, if that was said.
    pub fn hint(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// The first line of the report: what was being done, and why it failed.
    pub fn line(&self) -> String {
        match &self.doing {
            Some(doing) => format!("cannot {doing}: {}", self.why),
            None => self.why.clone(),
        }
    }

    /// Several failures of one clean-up as one error, or none.
    pub fn all(errors: Vec<Error>) -> Result<()> {
        let mut errors = errors.into_iter();
        errors.next().map_or(Ok(()), |first| Err(first.also(errors.collect())))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", printable(&self.line()))?;
        if let Some(next) = &self.next {
            write!(f, "\n  next: {}", printable(next))?;
        }
        self.also.iter().try_for_each(|error| write!(f, "\n  also: {error}"))
    }
}

impl std::error::Error for Error {}

/// Control characters as escapes. Names and messages can come from an image or a server, and what they say
/// must not drive the reader's terminal.
pub fn printable(text: &str) -> String {
    let escape = |c: char| match c {
        // A line break would let a name begin a line that looks like one of ours.
        '\n' => "\\n".into(),
        // The bidirectional and zero-width characters can make a name look like another.
        c if c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}') =>
        {
            c.escape_unicode().to_string()
        }
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Anything that can be the reason of an [`Error`].
pub trait Cause {
    /// The reason in words.
    fn text(&self) -> String;
    /// The kernel's error number, where there is one.
    fn errno(&self) -> Option<i32> {
        None
    }
    /// What to do next, where the cause knows it already.
    fn next(&self) -> Option<String> {
        None
    }
    /// The exit code it leads to.
    fn exit(&self) -> u8 {
        exit::RUNTIME
    }
}

impl Cause for Errno {
    fn text(&self) -> String {
        format!("{} ({self:?})", self.desc())
    }
    fn errno(&self) -> Option<i32> {
        Some(*self as i32)
    }
    fn next(&self) -> Option<String> {
        let next = match self {
            Errno::EPERM if !nix::unistd::geteuid().is_root() => "run it as root, or with sudo",
            Errno::ENOSYS => {
                "Linux 5.12 or later is needed; if this is one, a sandbox around us hides the system call"
            }
            Errno::ENOSPC | Errno::EDQUOT => "free some space on that filesystem and try again",
            Errno::EROFS => "make that filesystem writable, or use another one",
            Errno::ENOMEM => "free some memory, or allow us more of it",
            Errno::EMFILE => "allow more open files with ulimit -n",
            _ => return None,
        };
        Some(next.into())
    }
}

impl Cause for std::io::Error {
    fn text(&self) -> String {
        self.raw_os_error().map_or_else(|| self.to_string(), |number| Errno::from_raw(number).text())
    }
    /// A library may have wrapped the kernel's number to add a path; the kind is what is left of it then.
    fn errno(&self) -> Option<i32> {
        let of_kind = || match self.kind() {
            std::io::ErrorKind::StorageFull => Some(Errno::ENOSPC as i32),
            std::io::ErrorKind::QuotaExceeded => Some(Errno::EDQUOT as i32),
            std::io::ErrorKind::ReadOnlyFilesystem => Some(Errno::EROFS as i32),
            std::io::ErrorKind::PermissionDenied => Some(Errno::EACCES as i32),
            _ => None,
        };
        self.raw_os_error().or_else(of_kind)
    }
    fn next(&self) -> Option<String> {
        Cause::errno(self).and_then(|number| Errno::from_raw(number).next())
    }
}

impl Cause for Error {
    fn text(&self) -> String {
        self.line()
    }
    fn errno(&self) -> Option<i32> {
        self.errno
    }
    fn next(&self) -> Option<String> {
        self.next.clone()
    }
    fn exit(&self) -> u8 {
        self.exit
    }
}

impl Cause for serde_json::Error {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Cause for &str {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Cause for String {
    fn text(&self) -> String {
        self.clone()
    }
}

/// Says what was being done when a result turns out to be an error.
pub trait Doing<T> {
    /// `what` completes "cannot …" and is built only when it is needed.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Cause> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|cause| Error::new(what(), cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_why_and_next() {
        let error = Error::new("mount proc on /proc", Errno::EPERM).next("run it as root");
        assert_eq!(
            error.to_string(),
            "cannot mount proc on /proc: Operation not permitted (EPERM)\n  next: run it as root"
        );
        assert_eq!((error.exit_code(), error.errno()), (125, Some(Errno::EPERM)));
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        let error = Error::refused("name \u{1b}]0;x\u{7} is \u{202e}odd\n  next: trust it");
        assert_eq!(error.to_string(), "name \\u{1b}]0;x\\u{7} is \\u{202e}odd\\n  next: trust it");
    }

    #[test]
    fn crosses_as_json() {
        let error = Error::refused("a").exit(127).also(vec![Error::new("b", "c")]);
        let json = serde_json::to_vec(&error).unwrap();
        assert_eq!(serde_json::from_slice::<Error>(&json).unwrap(), error);
    }
}
