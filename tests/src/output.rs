//! How a process ended and what it said.

use serde::de::DeserializeOwned;

/// How it ended and what it said.
#[derive(Clone)]
pub struct Output {
    pub(crate) described: String,
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// It must have ended with 0.
    #[track_caller]
    pub fn success(self) -> Output {
        self.code(0)
    }

    /// It must have ended with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Output {
        assert_eq!(self.code, Some(code), "the exit code of {self:?}");
        self
    }

    /// It must have said this on standard error.
    #[track_caller]
    pub fn says(self, text: &str) -> Output {
        assert!(self.errors().contains(text), "{text:?} is missing in {self:?}");
        self
    }

    /// It must have said this on standard output.
    #[track_caller]
    pub fn prints(self, text: &str) -> Output {
        assert!(self.text().contains(text), "{text:?} is missing in {self:?}");
        self
    }

    /// What it said on standard output, as JSON.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        writeln!(f, "{}", self.described)?;
        writeln!(f, "  code {:?}, signal {:?}", self.code, self.signal)?;
        writeln!(f, "--- standard output\n{}", self.text())?;
        write!(f, "--- standard error\n{}---", self.errors())
    }
}
