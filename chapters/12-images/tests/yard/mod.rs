//! Builds archives that no decent tool would write, and a canary that none of them may touch.

#![allow(dead_code, reason = "each test binary uses its part of this")]

use images::unpack::limits::Limits;
use images::{Layer, Store, Wanted};
use shared::Result;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// An archive, written block by block.
#[derive(Default, Clone)]
pub struct Archive(pub Vec<u8>);

/// An entry to be changed before it is added.
pub struct Entry {
    header: tar::Header,
    data: Vec<u8>,
}

pub fn entry(kind: u8, name: impl AsRef<[u8]>) -> Entry {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header.set_mtime(1_000_000_000);
    header.as_mut_bytes()[156] = kind;
    let name = name.as_ref();
    header.as_mut_bytes()[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    Entry { header, data: vec![] }
}

impl Entry {
    pub fn link(mut self, target: impl AsRef<[u8]>) -> Entry {
        let target = target.as_ref();
        assert!(target.len() <= 100, "use pax(linkpath)");
        self.header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target);
        self
    }

    pub fn mode(mut self, mode: u32) -> Entry {
        self.header.set_mode(mode);
        self
    }

    pub fn owner(mut self, uid: u64, gid: u64) -> Entry {
        self.header.set_uid(uid);
        self.header.set_gid(gid);
        self
    }

    pub fn device(mut self, major: u32, minor: u32) -> Entry {
        self.header.set_device_major(major).unwrap();
        self.header.set_device_minor(minor).unwrap();
        self
    }

    pub fn data(mut self, data: impl AsRef<[u8]>) -> Entry {
        self.data = data.as_ref().to_vec();
        self.header.set_size(self.data.len() as u64);
        self
    }

    /// Announces another size than the data has.
    pub fn size(mut self, size: u64) -> Entry {
        self.header.set_size(size);
        self
    }
}

impl Archive {
    pub fn new() -> Archive {
        Archive::default()
    }

    pub fn add(mut self, mut entry: Entry) -> Archive {
        entry.header.set_cksum();
        self.0.extend(entry.header.as_bytes());
        self.0.extend(&entry.data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, name: &str, data: &str) -> Archive {
        self.add(entry(b'0', name).data(data))
    }

    pub fn dir(self, name: &str, mode: u32) -> Archive {
        self.add(entry(b'5', name).mode(mode))
    }

    /// A symbolic link; its target goes into a PAX record if it is long.
    pub fn symlink(self, name: &str, target: impl AsRef<Path>) -> Archive {
        self.linked(b'2', name, target.as_ref())
    }

    pub fn hardlink(self, name: &str, target: impl AsRef<Path>) -> Archive {
        self.linked(b'1', name, target.as_ref())
    }

    fn linked(self, kind: u8, name: &str, target: &Path) -> Archive {
        let target = target.to_str().unwrap();
        self.pax(&[("linkpath", target.as_bytes())]).add(entry(kind, name).mode(0o777))
    }

    pub fn pax(self, records: &[(&str, &[u8])]) -> Archive {
        self.records(b'x', records)
    }

    pub fn records(self, kind: u8, records: &[(&str, &[u8])]) -> Archive {
        let mut data = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let length = (rest + 1..).find(|length| length.to_string().len() + rest == *length).unwrap();
            data.extend([length.to_string().as_bytes(), b" ", key.as_bytes(), b"=", value, b"\n"].concat());
        }
        self.add(entry(kind, "PaxHeaders/x").data(data))
    }

    pub fn gnu_long(self, kind: u8, name: &str) -> Archive {
        let mut long = entry(kind, "././@LongLink").data(format!("{name}\0"));
        long.header.as_mut_bytes()[257..265].copy_from_slice(b"ustar  \0");
        self.add(long)
    }

    pub fn raw(mut self, bytes: &[u8]) -> Archive {
        self.0.extend(bytes);
        self
    }

    pub fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

/// A store, and beside it the canary.
pub struct Yard {
    pub scratch: tempfile::TempDir,
    pub store: Store,
}

impl Yard {
    pub fn new() -> Yard {
        Yard::with_limits(Limits::default())
    }

    pub fn with_limits(limits: Limits) -> Yard {
        let scratch = tempfile::tempdir().unwrap();
        let store = Store::with_limits(&scratch.path().join("images"), limits).unwrap();
        let canary = scratch.path().join("canary");
        std::fs::create_dir_all(canary.join("inner")).unwrap();
        std::fs::write(canary.join("secret"), "the host's own").unwrap();
        std::fs::set_permissions(canary.join("secret"), PermissionsExt::from_mode(0o640)).unwrap();
        std::fs::set_permissions(&canary, PermissionsExt::from_mode(0o711)).unwrap();
        Yard { scratch, store }
    }

    pub fn canary(&self) -> PathBuf {
        self.scratch.path().join("canary")
    }

    /// Everything that could have changed about the canary.
    fn look(&self) -> String {
        let mut seen = String::new();
        for below in ["", "inner", "secret"] {
            let path = self.canary().join(below);
            let found = std::fs::symlink_metadata(&path).unwrap();
            let (mode, owner) = (found.mode(), (found.uid(), found.gid()));
            seen += &format!("{below} {mode:o} {owner:?} {} {} ", found.ino(), found.nlink());
            seen += &format!("{} {} {}\n", found.mtime(), found.mtime_nsec(), found.ctime_nsec());
        }
        let names = |path: PathBuf| std::fs::read_dir(path).unwrap().count();
        seen + &format!("{} {}", names(self.canary()), names(self.canary().join("inner")))
            + &std::fs::read_to_string(self.canary().join("secret")).unwrap()
    }

    /// Takes the archive in as a layer. Whatever comes of it, the canary is untouched and nothing half-made
    /// stays.
    pub fn try_take(&self, archive: &[u8]) -> Result<(PathBuf, Layer)> {
        let (before, layers) = (self.look(), self.layers());
        let result = self.store.add_layer(archive, Wanted { filled: true, ..Wanted::default() });
        assert_eq!(self.look(), before, "the canary");
        assert_eq!(
            std::fs::read_dir(self.scratch.path().join("images/tmp")).unwrap().count(),
            0,
            "half-made"
        );
        if result.is_err() {
            assert_eq!(self.layers(), layers, "a layer was left by a failure");
        }
        result.map(|layer| (self.store.layer_dir(&layer.diff_id), layer))
    }

    /// The directory of a layer that must be good.
    pub fn take(&self, archive: &[u8]) -> PathBuf {
        self.try_take(archive).unwrap_or_else(|error| panic!("{error}")).0
    }

    /// Why a layer is refused, which it must be.
    pub fn refuse(&self, archive: &[u8], why: &str) {
        match self.try_take(archive) {
            Ok((directory, _)) => {
                panic!("taken in, but it should be refused because of {why:?}: {directory:?}")
            }
            Err(error) => assert!(error.to_string().contains(why), "{why:?} is not in: {error}"),
        }
    }

    pub fn layers(&self) -> usize {
        let blobs = std::fs::read_dir(self.scratch.path().join("images/blobs/sha256")).unwrap().count();
        std::fs::read_dir(self.scratch.path().join("images/layers")).unwrap().count() + blobs
    }
}

/// An extended attribute, if there is one.
pub fn xattr(path: &Path, name: &str) -> Option<Vec<u8>> {
    let c = |text: &str| std::ffi::CString::new(text).unwrap();
    shared::sys::get_xattr(&c(path.to_str().unwrap()), &c(name)).ok()
}

pub fn is_whiteout(path: &Path) -> bool {
    let found = std::fs::symlink_metadata(path).unwrap();
    found.mode() & 0o170000 == 0o020000 && found.rdev() == 0
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
