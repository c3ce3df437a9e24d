//! What differs from run to run, replaced by a word and a number.
//!
//! The same value gets the same number everywhere in a transcript: that two of them are equal is often what
//! the transcript is there to show.

use crate::directive::regex;
use regex::Regex;
use shared::{Error, Result};
use std::sync::LazyLock;

/// A kind of value: where it shows itself, and what it is called.
#[derive(Debug, Clone)]
pub struct Rule {
    name: String,
    pattern: Regex,
}

/// What varies in every session: the pid that a shell prints for a background job, a namespace's inode, an id.
static ALWAYS: LazyLock<[Rule; 3]> = LazyLock::new(|| {
    let rule = |name: &str, pattern| Rule { name: name.into(), pattern: regex(pattern) };
    [
        rule("PID", r"(?m)^\[\d+\] (\d+)$"),
        rule("INODE", r"\b(?:cgroup|ipc|mnt|net|pid|time|user|uts):\[(\d+)\]"),
        rule("ID", r"\b([0-9a-f]{12})\b"),
    ]
});

impl Rule {
    /// Reads `NAME = pattern`, the pattern with one group around what varies; `^` and `$` mean a line's ends.
    ///
    /// # Errors
    /// It is not that.
    pub fn parse(text: &str) -> Result<Rule> {
        let wrong = |why: &str| Error::refused(format!("the rule `{text}`: {why}"));
        let (name, pattern) = text.split_once(" = ").ok_or_else(|| wrong("write NAME = pattern"))?;
        let pattern = Regex::new(&format!("(?m){pattern}")).map_err(|error| wrong(&error.to_string()))?;
        if pattern.captures_len() != 2 {
            return Err(wrong("write one group around what varies"));
        }
        Ok(Rule { name: name.into(), pattern })
    }
}

/// The text with the values of the rules, and of those that always hold, replaced.
pub fn redact(text: &str, rules: &[Rule]) -> String {
    let mut found: Vec<(usize, &str, &str)> = Vec::new();
    for rule in rules.iter().chain(ALWAYS.iter()) {
        let groups = rule.pattern.captures_iter(text).filter_map(|found| found.get(1));
        found.extend(groups.map(|group| (group.start(), rule.name.as_str(), group.as_str())));
    }
    found.sort(); // numbers count in the order of reading
    let mut values: Vec<(String, String)> = Vec::new();
    for (_, name, value) in found {
        if !value.is_empty() && !values.iter().any(|(known, _)| known == value) {
            let number = 1 + values.iter().filter(|(_, word)| named(word, name)).count();
            values.push((value.into(), format!("{name}-{number}")));
        }
    }
    // The longest first: one value can be the beginning of another.
    values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    values.iter().fold(text.to_string(), |text, (value, word)| replace(&text, value, word))
}

fn named(word: &str, name: &str) -> bool {
    word.rsplit_once('-').is_some_and(|(known, _)| known == name)
}

/// Replaces a value where it stands alone, and keeps the column in which it was aligned to the right.
fn replace(text: &str, value: &str, word: &str) -> String {
    let pattern = format!(r"(?m)(?P<space>^ +| {{2,}})?\b{}\b", regex::escape(value));
    regex(&pattern)
        .replace_all(text, |found: &regex::Captures| {
            let space = found.name("space").map_or(0, |space| space.len());
            let kept = (space + value.len()).saturating_sub(word.len()).max(space.min(1));
            format!("{}{word}", " ".repeat(if space == 0 { 0 } else { kept }))
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_stay_equal() {
        let text = "[1] 4711\n    PID COMMAND\n   4711 sleep 47110\n   4712 sh\nuts:[4026531838]\nuts:[4026531838]\n";
        let rules = [Rule::parse(r"PID = ^ *(\d+) sh$").unwrap()];
        assert_eq!(
            redact(text, &rules),
            "[1] PID-1\n    PID COMMAND\n  PID-1 sleep 47110\n  PID-2 sh\nuts:[INODE-1]\nuts:[INODE-1]\n"
        );
    }

    #[test]
    fn a_rule_needs_its_group() {
        assert!(Rule::parse("PID = [0-9]+").is_err());
        assert!(Rule::parse("PID").is_err());
    }
}
