//! The format of `/proc/PID/mountinfo` (`proc_pid_mountinfo(5)`).

use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// One line: a mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// The identity of the mount.
    pub id: u64,
    /// The mount below which it is.
    pub parent: u64,
    /// Major and minor number of the filesystem, such as `0:21`.
    pub device: String,
    /// The directory of the filesystem that is mounted.
    pub root: String,
    /// Where it is mounted.
    pub path: String,
    /// The options of this mount, such as `rw,nosuid`.
    pub options: Vec<String>,
    /// `shared:N`, `master:N`, `propagate_from:N` or `unbindable`; none of them means private.
    pub propagation: Vec<String>,
    /// The kind of filesystem.
    pub kind: String,
    /// What was mounted, as the caller named it.
    pub source: String,
    /// The options of the filesystem.
    pub super_options: String,
}

impl Mount {
    /// Whether mounts below it stay in this mount namespace and none come from elsewhere.
    pub fn is_private(&self) -> bool {
        !self.propagation.iter().any(|tag| tag.starts_with("shared:") || tag.starts_with("master:"))
    }

    /// Whether it has an option such as `ro` or `nosuid`.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|have| have == option)
    }
}

/// All lines of a mountinfo file; what cannot be understood is left out.
pub fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Mount> {
    let mut fields = line.split(' ');
    let mut next = || fields.next();
    let (id, parent, device) = (next()?.parse().ok()?, next()?.parse().ok()?, next()?.to_string());
    let (root, path) = (unescape(next()?), unescape(next()?));
    let options = next()?.split(',').map(str::to_string).collect();
    let mut propagation = Vec::new();
    // The optional fields end with a hyphen, so that the kernel can add more of them.
    loop {
        match next()? {
            "-" => break,
            tag => propagation.push(tag.to_string()),
        }
    }
    let (kind, source, super_options) = (next()?.to_string(), unescape(next()?), unescape(next()?));
    Some(Mount { id, parent, device, root, path, options, propagation, kind, source, super_options })
}

/// The kernel writes space, tab, newline and backslash as `\040` and so on.
fn unescape(field: &str) -> String {
    let bytes = field.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let octal = field.get(i + 1..i + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(byte) if bytes[i] == b'\\' => {
                out.push(byte);
                i += 4;
            }
            _ => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    OsString::from_vec(out).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_example_of_the_manual_page() {
        let mounts = parse(
            "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\nnonsense\n",
        );
        assert_eq!(mounts.len(), 1);
        let mount = &mounts[0];
        assert_eq!((mount.id, mount.parent, mount.device.as_str()), (36, 35, "98:0"));
        assert_eq!((mount.path.as_str(), mount.kind.as_str()), ("/mnt 2", "ext3"));
        assert!(mount.has("noatime") && !mount.is_private());
    }
}
