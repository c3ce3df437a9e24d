//! The attributes that stand before an entry in a PAX archive: `LENGTH KEY=VALUE\n`, again and again.
//!
//! They are read by their length and not by line, because the value of an extended attribute is binary
//! and can have a newline in it (`security.capability` does).

use super::sparse;
use std::collections::BTreeMap;

/// What is wrong with an archive.
pub type Wrong = String;

const XATTR: &str = "SCHILY.xattr.";

/// The attributes of one entry.
#[derive(Debug, Default)]
pub struct Pax {
    plain: BTreeMap<String, Vec<u8>>,
    /// Extended attributes by name.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// `GNU.sparse.offset` and `.numbytes`, which repeat and whose order counts (the format 0.0).
    pub pieces: Vec<u64>,
}

impl Pax {
    /// Reads all records.
    pub fn parse(mut bytes: &[u8]) -> Result<Pax, Wrong> {
        let mut pax = Pax::default();
        while !bytes.is_empty() {
            let (record, rest) = split(bytes).ok_or("a PAX record is malformed")?;
            let equals = record.iter().position(|&c| c == b'=').ok_or("a PAX record has no =")?;
            pax.add(&record[..equals], &record[equals + 1..])?;
            bytes = rest;
        }
        Ok(pax)
    }

    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), Wrong> {
        if let Some(name) = key.strip_prefix(XATTR.as_bytes()) {
            self.xattrs.push((name.into(), value.into()));
            return Ok(());
        }
        let key = String::from_utf8_lossy(key).into_owned();
        if matches!(&*key, "GNU.sparse.offset" | "GNU.sparse.numbytes") {
            self.pieces.push(sparse::number(value)?);
        // An archive that says a thing twice means different things to different readers.
        } else if self.plain.insert(key.clone(), value.into()).is_some() {
            return Err(format!("the PAX record {key} comes twice"));
        }
        Ok(())
    }

    /// The value of an attribute.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.plain.get(key).map(Vec::as_slice)
    }

    /// The value of an attribute that is a number.
    pub fn number(&self, key: &str) -> Result<Option<u64>, Wrong> {
        self.get(key).map(sparse::number).transpose().map_err(|why| format!("{key}: {why}"))
    }

    /// A time as seconds and nanoseconds: `-1.5`, `1700000000.123456789`.
    pub fn time(&self, key: &str) -> Result<Option<(i64, i64)>, Wrong> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = String::from_utf8_lossy(value);
        time(&text).map(Some).ok_or_else(|| format!("{key}={text} is not a time"))
    }

    /// Checks attributes that are meant for all entries: only remarks are allowed.
    pub fn check_global(&self) -> Result<(), Wrong> {
        let matters = |key: &&String| {
            let plain = ["path", "linkpath", "size", "uid", "gid"];
            plain.contains(&key.as_str()) || key.starts_with("GNU.sparse.")
        };
        match self.plain.keys().find(matters) {
            Some(key) => Err(format!("a global PAX record sets {key} for every entry")),
            None if self.xattrs.is_empty() && self.pieces.is_empty() => Ok(()),
            None => Err("a global PAX record sets attributes of every entry".into()),
        }
    }
}

/// The first record without its length and newline, and what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|&c| c == b' ')?;
    let length: usize = sparse::number(&bytes[..space]).ok()?.try_into().ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    Some((record, &bytes[length..]))
}

fn time(text: &str) -> Option<(i64, i64)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    if !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    match (nanoseconds, whole.starts_with('-')) {
        (0, _) | (_, false) => Some((seconds, nanoseconds)),
        (_, true) => Some((seconds.checked_sub(1)?, 1_000_000_000 - nanoseconds)), // the fraction goes down too
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: &[u8]) -> Vec<u8> {
        let rest = key.len() + value.len() + 3;
        let length = (rest + 1..).find(|length| length.to_string().len() + rest == *length).unwrap();
        [length.to_string().as_bytes(), b" ", key.as_bytes(), b"=", value, b"\n"].concat()
    }

    #[test]
    fn a_value_may_have_newlines_and_equals() {
        let bytes = [record("SCHILY.xattr.user.a", b"x\n9 y=z\n"), record("path", b"p")].concat();
        let pax = Pax::parse(&bytes).unwrap();
        assert_eq!(pax.xattrs, [(b"user.a".to_vec(), b"x\n9 y=z\n".to_vec())]);
        assert_eq!(pax.get("path"), Some(&b"p"[..]));
    }

    #[test]
    fn malformed_records_are_refused() {
        let twice = [record("size", b"1"), record("size", b"2")].concat();
        let table: [&[u8]; 9] = [
            b"x",
            b"5 a=b",
            b"99 a=b\n",
            b"0 a=b\n",
            b"6 a=bc",
            b"-6 a=b\n",
            b"5 ab\n",
            b" a=b\n",
            b"99999999999999999999999999 a=b\n",
        ];
        for bytes in table.into_iter().chain([&twice[..]]) {
            assert!(Pax::parse(bytes).is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn times_before_and_after_1970() {
        let table = [
            ("1.5", Some((1, 500_000_000))),
            ("-1.5", Some((-2, 500_000_000))),
            ("7", Some((7, 0))),
            ("-0.5", Some((-1, 500_000_000))),
            ("1.1234567891", Some((1, 123_456_789))),
            ("x", None),
            ("1.x", None),
            ("", None),
            ("1.+5", None),
        ];
        table.iter().for_each(|(text, expected)| assert_eq!(time(text), *expected, "{text}"));
    }
}
