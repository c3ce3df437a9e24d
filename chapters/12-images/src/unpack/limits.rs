//! How much a layer may hold. Real layers stay far below; what goes above is an attack or a mistake.

/// The limits, of which [`Limits::default`] are the real ones.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries. The largest known images have about 500,000 files in all their layers together; a million
    /// empty files would take the inodes of a small disk.
    pub entries: u64,
    /// Bytes of the archive when it is inflated. Images with models for machine learning reach 30 GB.
    pub bytes: u64,
    /// How many times longer it may get by inflating. Text gets 10 times as long, the worst of gzip is 1030.
    pub ratio: u64,
    /// Bytes from which on the ratio counts: a file of zeros that somebody left in an image is no attack.
    pub ratio_from: u64,
    /// The apparent length of a sparse file. `lastlog` of a large user id is 300 GB long and nearly empty.
    pub sparse: u64,
    /// Directories in a path. Each would be resolved for each file in it.
    pub depth: usize,
    /// Bytes of the names of directories, which are kept until the end to set their times.
    pub kept: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            entries: 800_000,
            bytes: 64 << 30,
            ratio: 300,
            ratio_from: 1 << 30,
            sparse: 1 << 39,
            depth: 256,
            kept: 24 << 20,
        }
    }
}

/// The longest path in bytes (`PATH_MAX`): no program could open a longer one.
pub const LONGEST_PATH: usize = 4096;
/// The longest record of attributes before an entry, in bytes. Go's `archive/tar`, with which Docker and
/// containerd read, allows the same.
pub const LONGEST_RECORD: u64 = 1 << 20;
/// The most pieces of a sparse file: more than this is a map larger than any file needs.
pub const MOST_PIECES: usize = 100_000;
