//! The program that a container is made for.

mod explain;

use crate::error::exit;
use crate::path::Root;
use crate::{Doing, Error, Result, sys};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Where programs are looked for when the environment does not say. Docker's default.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is executed in the container.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct Program {
    /// The program to run inside, and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    #[serde(with = "crate::text::list")]
    pub argv: Vec<OsString>,
    /// Its environment as `NAME=value`. Nothing of the caller's environment gets in.
    #[arg(skip = default_env())]
    #[serde(with = "crate::text::list")]
    pub env: Vec<OsString>,
    /// Its working directory, absolute inside the container; made if it is missing.
    #[arg(skip)]
    pub directory: Option<PathBuf>,
}

impl Program {
    /// A program and its arguments, in the environment that every container begins with.
    pub fn new(argv: &[OsString]) -> Program {
        Program { argv: argv.to_vec(), env: default_env(), directory: None }
    }

    /// Goes to the working directory. It is made while we still have the right to.
    pub(crate) fn enter_directory(&self) -> Result<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let doing = || format!("enter the working directory {}", directory.display());
        if !directory.is_absolute()
            || directory.components().any(|part| part == std::path::Component::ParentDir)
        {
            return Err(Error::new(doing(), "it must be absolute and without '..'")
                .next("give a path from the container's root, such as /tmp"));
        }
        // Not chdir: a magic link such as /proc/self/fd/7 could lead to a directory of the host that somebody
        // left open (CVE-2024-21626). Resolving below the root follows no such link.
        let root = Root::open(Path::new("/")).doing(doing)?;
        let opened = root.make_dirs(directory, 0o755).and_then(|opened| nix::unistd::fchdir(&opened));
        opened.map_err(|errno| {
            Error::new(doing(), errno)
                .next("give a directory of the container, or a path where one can be made")
        })?;
        match nix::unistd::getcwd() {
            Ok(inside) if inside.is_absolute() => Ok(()),
            _ => Err(Error::new(doing(), "it is outside the container's root")),
        }
    }

    /// Becomes the program. What is still open, except the three standard streams, closes with it.
    pub(crate) fn exec(&self, env: &[OsString]) -> Result<Infallible> {
        let argv = c_strings(&self.argv, "argument")?;
        let entries = c_strings(env, "environment entry")?;
        let Some(name) = self.argv.first().filter(|name| !name.is_empty()) else {
            return Err(Error::refused("no command was given").next("name the program to run"));
        };
        sys::close_on_exec_from(3).doing(|| "close what the program must not inherit".into())?;
        sys::reset_signals().doing(|| "give the program its default signals".into())?;
        let candidates = candidates(name, env);
        let mut refused = None;
        for path in &candidates {
            let Err(errno) = sys::exec(&c_string(path.as_os_str(), "path")?, &argv, &entries);
            match errno {
                Errno::ENOENT | Errno::ENOTDIR if !path.exists() => {}
                // A later directory of PATH may hold one that can be executed.
                Errno::EACCES => refused = refused.or(Some((path, errno))),
                _ => return Err(explain::failed_exec(path, errno)),
            }
        }
        Err(match refused {
            Some((path, errno)) => explain::failed_exec(path, errno),
            None => not_found(name),
        })
    }
}

fn default_env() -> Vec<OsString> {
    vec![format!("PATH={PATH}").into()]
}

/// The value of a variable in a list of `NAME=value`.
pub fn variable<'a>(env: &'a [OsString], name: &str) -> Option<&'a OsStr> {
    env.iter().find_map(|entry| {
        let rest = entry.as_bytes().strip_prefix(name.as_bytes())?;
        rest.strip_prefix(b"=").map(OsStr::from_bytes)
    })
}

/// The paths at which a program may be, as `execvp(3)` tries them.
fn candidates(name: &OsStr, env: &[OsString]) -> Vec<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return vec![name.into()];
    }
    let path = variable(env, "PATH").unwrap_or(OsStr::new(PATH));
    std::env::split_paths(path).map(|directory| directory.join(name)).collect()
}

fn not_found(name: &OsStr) -> Error {
    let name = name.display();
    let (why, next) = if name.to_string().contains('/') {
        ("no such file or directory", "the path is looked up inside the container: look there with ls")
    } else {
        (
            "executable file not found in $PATH",
            "give its full path, or check that this root filesystem has it",
        )
    };
    Error::refused(format!("exec: \"{name}\": {why}")).next(next).exit(exit::NOT_FOUND)
}

fn c_string(bytes: &OsStr, what: &str) -> Result<CString> {
    CString::new(bytes.to_os_string().into_vec())
        .map_err(|_| Error::refused(format!("the {what} {bytes:?} contains a NUL byte")))
}

fn c_strings(list: &[OsString], what: &str) -> Result<Vec<CString>> {
    list.iter().map(|entry| c_string(entry, what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slash_is_not_searched() {
        assert_eq!(candidates(OsStr::new("./a"), &[]), [PathBuf::from("./a")]);
        let env = [OsString::from("PATHS=/no"), OsString::from("PATH=/x:/y")];
        assert_eq!(candidates(OsStr::new("a"), &env), [PathBuf::from("/x/a"), PathBuf::from("/y/a")]);
    }

    #[test]
    fn nul_is_an_error() {
        assert!(c_string(OsStr::from_bytes(b"a\0b"), "argument").is_err());
    }
}
