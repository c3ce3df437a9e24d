//! What is done with files.

use crate::{Done, print, see, told};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, SFlag, lstat, major, makedev, minor, mknod};
use probe::Stat;
use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write, copy};

/// Where the device node is made that a container must not be able to use.
const NODE: &str = "/probe-node";

pub fn stdin() -> Done {
    told("standard input", copy(&mut std::io::stdin(), &mut std::io::stdout())).map(|_| ())
}

pub fn say(texts: &[&str]) -> Done {
    for (i, text) in texts.iter().enumerate() {
        match i % 2 {
            0 => print(&format!("{text}\n"))?,
            _ => told("standard error", writeln!(std::io::stderr(), "{text}"))?,
        }
    }
    Ok(())
}

pub fn lines(count: u64) -> Done {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    for number in 1..=count {
        told("standard output", writeln!(out, "line {number}"))?;
    }
    told("standard output", out.flush())
}

pub fn cat(file: &str) -> Done {
    let mut from = told(file, File::open(file))?;
    told(file, copy(&mut from, &mut std::io::stdout())).map(|_| ())
}

pub fn ls(directory: &str) -> Done {
    let entries = told(directory, std::fs::read_dir(directory))?;
    let mut names: Vec<String> = entries.flatten().map(|entry| see::text(&entry.file_name())).collect();
    names.sort();
    names.iter().try_for_each(|name| print(&format!("{name}\n")))
}

pub fn stat(file: &str) -> Result<Stat, String> {
    let stat = told(file, lstat(file))?;
    Ok(Stat {
        kind: see::kind(&stat).into(),
        inode: see::inode(&stat),
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        links: stat.st_nlink as u64,
        size: stat.st_size,
        device: (major(stat.st_rdev), minor(stat.st_rdev)),
    })
}

/// Deeper than any path is long.
pub fn deep(count: usize) -> Done {
    for _ in 0..count {
        told("mkdir", std::fs::create_dir("d"))?;
        told("chdir", std::env::set_current_dir("d"))?;
    }
    Ok(())
}

/// Says so once it has begun.
pub fn swap(a: &str, b: &str) -> Done {
    let (a, b) = (told(a, CString::new(a))?, told(b, CString::new(b))?);
    for number in 0_u64.. {
        told("renameat2", shared::sys::exchange(&a, &b))?;
        if number == 1000 {
            print("swapping\n")?;
        }
    }
    Ok(())
}

pub fn mount_tmpfs(directory: &str) -> Done {
    told(directory, mount(Some("probe"), directory, Some("tmpfs"), MsFlags::empty(), None::<&str>))
}

pub fn mknod_read(major: u64, minor: u64) -> Done {
    told("mknod", mknod(NODE, SFlag::S_IFBLK, Mode::S_IRUSR | Mode::S_IWUSR, makedev(major, minor)))?;
    let mut sector = [0; 512];
    let read = File::open(NODE).and_then(|mut device| device.read_exact(&mut sector));
    let removed = std::fs::remove_file(NODE);
    told("open", read)?;
    told("remove", removed)?;
    print(&format!("read {} bytes of block device {major}:{minor}\n", sector.len()))
}
