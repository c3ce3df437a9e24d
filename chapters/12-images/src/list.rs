//! `keg images`: Docker's table.

use crate::{Image, Reference};

/// Docker's units are powers of 1000.
const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// The head of the table.
pub const HEAD: [&str; 5] = ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"];

/// A row for each image; `ago` says how long ago a time of RFC 3339 was.
pub fn rows(images: &[Image], ago: impl Fn(&str) -> String) -> Vec<Vec<String>> {
    let none = || "<none>".to_string();
    let row = |image: &Image| {
        vec![
            image.reference.as_ref().map_or_else(none, Reference::familiar_name),
            image.reference.as_ref().and_then(Reference::tag).map_or_else(none, str::to_string),
            image.id.short().into(),
            image.config.created.as_deref().map_or("N/A".into(), &ago),
            size(image.size),
        ]
    };
    images.iter().map(row).collect()
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
