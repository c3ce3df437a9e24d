//! Sparse files: only the pieces that hold data are in the archive, with a map that says where they belong.
//!
//! There are four formats: GNU's own header, and three generations in PAX records (0.0, 0.1, 1.0).
//! Source: GNU tar manual, "Storing Sparse Files".

use super::limits::MOST_PIECES;
use super::pax::{Pax, Wrong};
use std::io::Read;

const BLOCK: u64 = 512;

/// Where the data of a sparse file belongs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Offset and length of each piece, in order.
    pub pieces: Vec<(u64, u64)>,
    /// The length of the file with its holes.
    pub length: u64,
}

/// A decimal number, and nothing else: not even the plus sign that `str::parse` takes.
pub fn number(text: &[u8]) -> Result<u64, Wrong> {
    let shown = String::from_utf8_lossy(text);
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    shown.parse().ok().filter(|_| digits).ok_or_else(|| format!("{shown:?} is not a number"))
}

impl Map {
    /// The map that the records hold, or of which they say that it stands before the data.
    pub fn of_pax(pax: &Pax) -> Result<Option<Where>, Wrong> {
        if let Some(major) = pax.number("GNU.sparse.major")? {
            if (major, pax.number("GNU.sparse.minor")?) != (1, Some(0)) {
                return Err("a sparse file has a format newer than 1.0".into());
            }
            let length = pax.number("GNU.sparse.realsize")?.ok_or("a sparse file has no length")?;
            return Ok(Some(Where::BeforeData { length }));
        }
        let Some(length) = pax.number("GNU.sparse.size")? else { return Ok(None) };
        let numbers = match pax.get("GNU.sparse.map") {
            Some(map) => map.split(|&c| c == b',').map(number).collect::<Result<_, _>>()?,
            None => pax.pieces.clone(),
        };
        Ok(Some(Where::Here(Map::new(&numbers, length)?)))
    }

    /// The map that stands at the beginning of the data (1.0): decimal numbers, each on a line, filled up to
    /// whole blocks. Also returns how many bytes it takes.
    pub fn read(source: &mut impl Read, length: u64, stored: u64) -> Result<(Map, u64), Wrong> {
        let (mut text, mut numbers, mut wanted) = (Vec::new(), Vec::new(), None);
        let mut blocks = 0;
        while wanted.is_none_or(|wanted| numbers.len() < wanted) {
            let mut block = [0; BLOCK as usize];
            blocks += 1;
            if blocks * BLOCK > stored {
                return Err("the map of a sparse file is longer than its data".into());
            }
            source.read_exact(&mut block).map_err(|error| error.to_string())?;
            for c in block {
                if wanted.is_some_and(|wanted| numbers.len() >= wanted) {
                    break;
                }
                if c != b'\n' {
                    text.push(c);
                    continue;
                }
                let value = number(&std::mem::take(&mut text))?;
                match wanted {
                    None if value > MOST_PIECES as u64 => {
                        return Err("a sparse file has too many pieces".into());
                    }
                    None => wanted = Some(value as usize * 2),
                    Some(_) => numbers.push(value),
                }
            }
        }
        Ok((Map::new(&numbers, length)?, blocks * BLOCK))
    }

    /// GNU's map: four pieces in the header, and 21 in each block that follows.
    pub fn of_gnu(header: &tar::GnuHeader, source: &mut impl Read) -> Result<Map, Wrong> {
        let wrong = |error: std::io::Error| error.to_string();
        let mut numbers = Vec::new();
        let mut add = |pieces: &[tar::GnuSparseHeader]| {
            for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
                numbers.extend([piece.offset().map_err(wrong)?, piece.length().map_err(wrong)?]);
            }
            if numbers.len() > 2 * MOST_PIECES {
                Err("a sparse file has too many pieces".to_string())
            } else {
                Ok(())
            }
        };
        add(&header.sparse)?;
        let mut more = header.is_extended();
        while more {
            let mut block = tar::GnuExtSparseHeader::new();
            source.read_exact(block.as_mut_bytes()).map_err(wrong)?;
            add(&block.sparse)?;
            more = block.is_extended();
        }
        Map::new(&numbers, header.real_size().map_err(wrong)?)
    }

    /// Pieces must be in order, apart, and within the file.
    fn new(numbers: &[u64], length: u64) -> Result<Map, Wrong> {
        if !numbers.len().is_multiple_of(2) || numbers.len() > 2 * MOST_PIECES {
            return Err("the map of a sparse file has an odd number of numbers, or too many".into());
        }
        let pieces: Vec<(u64, u64)> = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let mut end = 0;
        for &(offset, size) in &pieces {
            let next = offset.checked_add(size).filter(|&next| offset >= end && next <= length);
            end = next.ok_or("the pieces of a sparse file overlap, or lie outside of it")?;
        }
        Ok(Map { pieces, length })
    }

    /// How many bytes of data it maps.
    pub fn stored(&self) -> u64 {
        self.pieces.iter().map(|(_, size)| size).sum()
    }
}

/// Where the map is.
#[derive(Debug, PartialEq, Eq)]
pub enum Where {
    /// In the records.
    Here(Map),
    /// Before the data of a file of this length.
    BeforeData {
        /// The length of the file with its holes.
        length: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_that_lie_are_refused() {
        let table: [(&[u64], u64); 5] =
            [(&[0, 5, 4, 1], 10), (&[5, 1, 0, 1], 10), (&[0, 11], 10), (&[u64::MAX, 2], 10), (&[0], 10)];
        table
            .iter()
            .for_each(|(numbers, length)| assert!(Map::new(numbers, *length).is_err(), "{numbers:?}"));
        assert_eq!(Map::new(&[0, 5, 5, 1, 10, 0], 10).unwrap().stored(), 6);
    }

    #[test]
    fn reads_the_map_before_the_data() {
        let mut data = b"2\n0\n3\n1000\n4\n".to_vec();
        data.resize(512, 0);
        let (map, taken) = Map::read(&mut &data[..], 2000, 519).unwrap();
        assert_eq!((map.pieces.as_slice(), taken), (&[(0, 3), (1000, 4)][..], 512));
        for bad in [&b"9999999999\n"[..], b"x\n", b"1\n-1\n2\n", b"3\n1\n"] {
            let mut data = bad.to_vec();
            data.resize(512, 0);
            assert!(Map::read(&mut &data[..], 2000, 512).is_err(), "{bad:?}");
        }
    }
}
