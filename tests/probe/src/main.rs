//! `probe [COMMAND [ARGUMENT…]]`: says what it sees, or does one thing that a test needs done inside.
//!
//! It is static, so that a directory with nothing but this program in it is a root filesystem.

#![forbid(unsafe_code)]

mod escape;
mod files;
mod processes;
mod see;

use std::io::Write;
use std::process::ExitCode;

/// A command's result: what goes wrong inside is text for whoever wrote the test.
type Done = Result<(), String>;

const USAGE: &str = "usage: probe [COMMAND]
  (none)                    say in JSON what is to be seen from here
  exit CODE                 end with this code
  kill SIGNAL               send itself a signal
  sleep SECONDS             wait
  hold SECONDS              say what is to be seen, then wait
  trap SIGNAL…              print the names of these signals as they come, until SIGTERM
  orphans COUNT             leave this many processes without a parent, wait, print how many are zombies
  stdin                     copy standard input to standard output
  say TEXT…                 print each text, the odd ones on standard output, the even ones on standard error
  lines COUNT               print numbered lines
  cat FILE | ls DIR         read
  write FILE TEXT           write, making the file where it is missing
  mkdir DIR | rm FILE       make, remove
  symlink TARGET FILE       make a symbolic link
  stat FILE                 say in JSON what a file is, without following it if it is a link
  deep COUNT                make a directory in a directory in a directory
  swap A B                  exchange two names over and over, until SIGKILL
  mount-tmpfs DIR           mount a tmpfs
  mknod-read MAJOR MINOR    make a block device and read its first 512 bytes
  tiocsti TEXT              push characters into the terminal on standard input
  escape-chroot CANARY      leave a chroot with a second chroot, and read the canary of the host
  escape-fd CANARY          leave through an inherited directory, and read the canary of the host";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|word| see::text(&word)).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "probe: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<u8, String> {
    match arguments {
        [] => print_json(&see::report()),
        ["exit", code] => return number(code),
        ["kill", signal] => processes::kill_self(signal),
        ["sleep", seconds] => processes::sleep(number(seconds)?),
        ["hold", seconds] => print_json(&see::report()).and_then(|()| processes::sleep(number(seconds)?)),
        ["trap", signals @ ..] => processes::trap(signals),
        ["orphans", count] => processes::orphans(number(count)?),
        ["stdin"] => files::stdin(),
        ["say", texts @ ..] => files::say(texts),
        ["lines", count] => files::lines(number(count)?),
        ["cat", file] => files::cat(file),
        ["ls", directory] => files::ls(directory),
        ["write", file, text] => told(file, std::fs::write(file, text)),
        ["mkdir", directory] => told(directory, std::fs::create_dir(directory)),
        ["rm", file] => told(file, std::fs::remove_file(file)),
        ["symlink", target, file] => told(file, std::os::unix::fs::symlink(target, file)),
        ["stat", file] => print_json(&files::stat(file)?),
        ["deep", count] => files::deep(number(count)?),
        ["swap", a, b] => files::swap(a, b),
        ["mount-tmpfs", directory] => files::mount_tmpfs(directory),
        ["mknod-read", major, minor] => files::mknod_read(number(major)?, number(minor)?),
        ["tiocsti", text] => processes::tiocsti(text),
        ["escape-chroot", canary] => escape::chroot_twice(canary),
        ["escape-fd", canary] => escape::inherited(canary),
        _ => Err(USAGE.into()),
    }
    .map(|()| 0)
}

/// The result of one system call or library call on a file, as a command's.
fn told<T>(what: &str, result: Result<T, impl std::fmt::Display>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error}"))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("not a number in range: {text}"))
}

fn print_json(value: &impl serde::Serialize) -> Done {
    let text = told("JSON", serde_json::to_string(value))?;
    print(&format!("{text}\n"))
}

/// Prints and flushes: a test may read it from a pipe while the probe goes on.
fn print(text: &str) -> Done {
    let mut out = std::io::stdout();
    told("standard output", out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}
