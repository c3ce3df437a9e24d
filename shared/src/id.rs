//! Identifiers of containers: 64 hexadecimal digits, of which the first 12 are shown.

use crate::{Doing, Result};
use std::fmt::Write;
use std::io::Read;

/// How many digits people see, and what a container's hostname is by default. Docker's number.
pub const SHORT: usize = 12;

/// A new identifier, drawn from the kernel's random numbers.
///
/// # Errors
/// When `/dev/urandom` cannot be read.
pub fn random() -> Result<String> {
    let mut bytes = [0; 32];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    read.doing(|| "read random bytes from /dev/urandom".into())?;
    Ok(hex(&bytes))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

/// The part of an identifier that people see.
pub fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}
