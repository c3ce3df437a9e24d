//! `keg images`: Docker's table.

use crate::{Image, Reference};
use std::io::Write;
use tabwriter::TabWriter;

/// Docker's units are powers of 1000.
const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// The table; `ago` says how long ago a time of RFC 3339 was.
pub fn table(images: &[Image], ago: impl Fn(&str) -> String) -> String {
    let mut lines = TabWriter::new(Vec::new()).minwidth(0).padding(3);
    let _ = writeln!(lines, "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE"); // into memory: cannot fail
    for image in images {
        let none = || "<none>".to_string();
        let repository = image.reference.as_ref().map_or_else(none, Reference::familiar_name);
        let tag = image.reference.as_ref().and_then(Reference::tag).map_or_else(none, str::to_string);
        let created = image.config.created.as_deref().map_or("N/A".into(), &ago);
        let (id, size) = (image.id.short(), size(image.size));
        let _ = writeln!(lines, "{repository}\t{tag}\t{id}\t{created}\t{size}");
    }
    let bytes = lines.into_inner().unwrap_or_default();
    shared::error::printable(&String::from_utf8_lossy(&bytes))
}

/// A size in three digits: `77.8MB`.
pub fn size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, 0);
    // 999.5 would be shown as 1e+03.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_docker_writes_them() {
        let table = [
            (0, "0B"),
            (999, "999B"),
            (1000, "1kB"),
            (13_256, "13.3kB"),
            (4_261_550, "4.26MB"),
            (77_800_000, "77.8MB"),
            (999_900_000, "1GB"),
            (1_234_000_000, "1.23GB"),
        ];
        table.iter().for_each(|(bytes, text)| assert_eq!(size(*bytes), *text));
    }
}
