//! Names of containers: the rule for given ones, and made-up ones for the rest.

use shared::{Error, Result};

/// The longest name in bytes. It becomes a file's name, where 255 is the limit.
const LONGEST: usize = 128;

/// Refuses what is no name, with Docker's rule and wording.
pub fn valid(name: &str) -> Result<()> {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let rest = name.bytes().skip(1).all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if !first || !rest || name.len() < 2 {
        return Err(Error::refused(format!(
            "Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        ))
        .next("choose a name of at least two letters, digits, '_', '.' or '-'"));
    }
    if name.len() > LONGEST {
        return Err(Error::refused(format!("container name of {} bytes is too long", name.len()))
            .next(format!("choose one of at most {LONGEST} bytes")));
    }
    Ok(())
}

/// How the wood is.
const ADJECTIVES: [&str; 32] = [
    "amber", "bold", "bright", "calm", "charred", "clever", "crisp", "curved", "dry", "early", "fine",
    "firm", "gentle", "golden", "hale", "keen", "lively", "mellow", "merry", "mild", "nimble", "oaken",
    "patient", "proud", "quiet", "ripe", "seasoned", "smooth", "steady", "stout", "tight", "warm",
];

/// What a cooper makes and uses, and what goes into it.
const NOUNS: [&str; 32] = [
    "adze",
    "anvil",
    "barrel",
    "bucket",
    "bung",
    "cask",
    "chestnut",
    "chime",
    "cider",
    "cooper",
    "croze",
    "dowel",
    "firkin",
    "flagon",
    "hammer",
    "head",
    "hogshead",
    "hoop",
    "keg",
    "kilderkin",
    "ladle",
    "mallet",
    "oak",
    "plane",
    "puncheon",
    "rivet",
    "rundlet",
    "spigot",
    "stave",
    "tierce",
    "tun",
    "vat",
];

/// A name made from the first digits of an identifier; `attempt` above 0 gives another one each time.
pub(crate) fn made_up(id: &str, attempt: usize) -> String {
    let number = u64::from_str_radix(id.get(..8).unwrap_or("0"), 16).unwrap_or(0) as usize;
    let (adjective, noun) = (ADJECTIVES[number % 32], NOUNS[number / 32 % 32]);
    match attempt {
        0 => format!("{adjective}_{noun}"),
        _ => format!("{adjective}_{noun}{}", number / 1024 % 1000 + attempt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_rule() {
        for good in ["aa", "a_.-", "0z"] {
            assert!(valid(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "-rf", "../../x", "a/b", "a\nb", "a\u{202e}b", "ü1", "_a", &"a".repeat(300)] {
            assert!(valid(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn made_up_names_are_names() {
        for attempt in 0..3 {
            valid(&made_up("deadbeef00", attempt)).unwrap();
        }
    }
}
