//! Why a file that is there could not be executed: the kernel's error number alone misleads. It says "no such
//! file" when the *interpreter* is missing, and "exec format error" for the program of another machine.

use crate::Error;
use crate::error::exit;
use nix::errno::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// An interpreter's path is no longer than this (`PATH_MAX`); a script's first line is cut off at 256 bytes.
const LONGEST_PATH: usize = 4096;

/// The error for a program at `path` that `execve(2)` refused with `errno`.
pub(super) fn failed_exec(path: &Path, errno: Errno) -> Error {
    let shown = path.display();
    let code = if errno == Errno::ENOENT { exit::NOT_FOUND } else { exit::NOT_EXECUTABLE };
    let error = |why: String| Error::refused(format!("exec: \"{shown}\": {why}")).exit(code);
    match errno {
        Errno::ENOENT => match interpreter(path) {
            Some(interpreter) => error(format!("its interpreter {} is not there", interpreter.display()))
                .next("install the interpreter (a dynamic loader comes with the C library), or use a static program"),
            None => error("no such file or directory".into()),
        },
        Errno::EACCES if path.is_dir() => error("is a directory".into()).next("name a program"),
        Errno::EACCES => error("permission denied".into())
            .next("give it the right to be executed (chmod +x), and its user the right to reach it"),
        Errno::ENOEXEC => match machine(path) {
            Some(machine) if machine != own_machine() => {
                error(format!("exec format error: it is built for {}, this machine is {}", name(machine), std::env::consts::ARCH))
                    .next("use an image for this machine")
            }
            _ => error("exec format error".into()).next("a script must begin with #! and its interpreter"),
        },
        errno => error(format!("{} ({errno:?})", errno.desc())),
    }
}

/// What the kernel would have executed first: the `#!` line's program, or the ELF file's dynamic loader.
fn interpreter(path: &Path) -> Option<PathBuf> {
    let mut start = [0; 256];
    let file = File::open(path).ok()?;
    let length = (&file).read(&mut start).ok()?;
    if let Some(line) = start[..length].strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next()?.trim_ascii();
        let word = line.split(u8::is_ascii_whitespace).next()?;
        return Some(PathBuf::from(OsStr::from_bytes(word)));
    }
    elf_interpreter(&file)
}

/// The PT_INTERP segment of a 64-bit little-endian ELF file (`elf(5)`).
fn elf_interpreter(file: &File) -> Option<PathBuf> {
    const PT_INTERP: u64 = 3;
    let number = |offset: u64, size: usize| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes[..size], offset).ok().map(|()| u64::from_le_bytes(bytes))
    };
    if number(0, 6)? != u64::from_le_bytes(*b"\x7fELF\x02\x01\0\0") {
        return None;
    }
    let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let header = (0..count).find_map(|i| {
        let header = table.checked_add(i * size)?;
        (number(header, 4)? == PT_INTERP).then_some(header)
    })?;
    let (offset, length) = (number(header.checked_add(8)?, 8)?, number(header.checked_add(32)?, 8)?);
    let mut bytes = vec![0; usize::try_from(length).ok()?.min(LONGEST_PATH)];
    file.read_exact_at(&mut bytes, offset).ok()?;
    let text = bytes.split(|byte| *byte == 0).next()?;
    Some(PathBuf::from(OsStr::from_bytes(text)))
}

/// The `e_machine` of an ELF file.
fn machine(path: &Path) -> Option<u16> {
    let mut header = [0; 20];
    File::open(path).ok()?.read_exact(&mut header).ok()?;
    header.starts_with(b"\x7fELF").then(|| u16::from_le_bytes([header[18], header[19]]))
}

fn own_machine() -> u16 {
    machine(Path::new("/proc/self/exe")).unwrap_or(if cfg!(target_arch = "aarch64") { 183 } else { 62 })
}

fn name(machine: u16) -> String {
    match machine {
        3 => "x86 (32 bits)".into(),
        40 => "arm (32 bits)".into(),
        62 => "x86_64".into(),
        183 => "aarch64".into(),
        243 => "riscv".into(),
        other => format!("ELF machine {other}"),
    }
}
