//! `-e` and `--env-file`: what the program finds in its environment.

use shared::{Error, Result};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The longest env file in bytes; the kernel accepts no more than a few megabytes of environment at all.
const LONGEST_FILE: u64 = 4 << 20;

/// The flags.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Environment {
    /// Set a variable; without =VALUE, pass it on from the caller if it is set there
    #[arg(short, long = "env", value_name = "NAME[=VALUE]")]
    env: Vec<OsString>,
    /// Read variables from a file, one NAME=VALUE or NAME a line
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
}

impl Environment {
    /// The whole environment: what the image says, over it the files, over it the flags.
    pub fn over(&self, image: &[String]) -> Result<Vec<OsString>> {
        let mut entries = Vec::new();
        for entry in image {
            set(&mut entries, entry.into());
        }
        for path in &self.env_file {
            for entry in read_file(path)? {
                given(&mut entries, &entry)?;
            }
        }
        for entry in &self.env {
            given(&mut entries, entry)?;
        }
        if shared::program::variable(&entries, "PATH").is_none() {
            entries.insert(0, format!("PATH={}", shared::program::PATH).into());
        }
        Ok(entries)
    }
}

/// `NAME=VALUE`, or `NAME` alone for the caller's value: one that is not set there is not passed.
fn given(entries: &mut Vec<OsString>, entry: &OsStr) -> Result<()> {
    let name = name_of(entry);
    if name.is_empty() {
        return Err(Error::refused(format!("invalid environment variable: {}", entry.display()))
            .next("write it as NAME=VALUE"));
    }
    if name.len() < entry.as_bytes().len() {
        set(entries, entry.into());
    } else if let Some(value) = std::env::var_os(entry) {
        let mut whole = entry.to_os_string();
        whole.push("=");
        whole.push(value);
        set(entries, whole);
    }
    Ok(())
}

/// The last word on a name wins, and keeps the place of the first.
fn set(entries: &mut Vec<OsString>, entry: OsString) {
    match entries.iter_mut().find(|other| name_of(other) == name_of(&entry)) {
        Some(other) => *other = entry,
        None => entries.push(entry),
    }
}

fn name_of(entry: &OsStr) -> &[u8] {
    entry.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default()
}

/// The lines of a file, without empty ones and comments. Values are taken as they are: no quotes, no `$`.
fn read_file(path: &Path) -> Result<Vec<OsString>> {
    use std::io::Read;
    let doing = || format!("read the environment file {}", path.display());
    let mut bytes = Vec::new();
    let file =
        std::fs::File::open(path).map_err(|error| Error::new(doing(), error).next("check the path"))?;
    file.take(LONGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::new(doing(), error).next("give the path of a text file"))?;
    if bytes.len() as u64 > LONGEST_FILE || bytes.contains(&0) {
        let why = format!("it has NUL bytes, or more than {LONGEST_FILE} bytes");
        return Err(Error::new(doing(), why).next("write each line as NAME=VALUE"));
    }
    let mut entries = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let name = line.split(|byte| *byte == b'=').next().unwrap_or_default();
        if name.is_empty() || name.iter().any(u8::is_ascii_whitespace) {
            let why = format!("line {}: a name must not be empty or contain spaces", number + 1);
            return Err(Error::new(doing(), why).next("write each line as NAME=VALUE"));
        }
        entries.push(OsString::from_vec(line.to_vec()));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_files_over_the_image() {
        let scratch = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(scratch.path(), "# comment\r\nA=file\nB=file = x\r\n\nNOT_SET_ANYWHERE\n").unwrap();
        let environment = Environment {
            env: vec!["A=flag".into(), "NOT_SET_ANYWHERE_EITHER".into()],
            env_file: vec![scratch.path().into()],
        };
        let entries = environment.over(&["PATH=/x".into(), "A=image".into(), "C=image".into()]).unwrap();
        assert_eq!(entries, ["PATH=/x", "A=flag", "C=image", "B=file = x"]);
    }

    #[test]
    fn bad_lines_are_named() {
        let scratch = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(scratch.path(), "A=1\nB C=2\n").unwrap();
        let environment = Environment { env: vec![], env_file: vec![scratch.path().into()] };
        assert!(environment.over(&[]).unwrap_err().to_string().contains("line 2"));
        assert!(Environment { env: vec!["=x".into()], env_file: vec![] }.over(&[]).is_err());
    }
}
