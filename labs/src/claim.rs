//! What must be true of the facts, in one line that a teacher writes and a student reads.
//!
//! | claim | true when |
//! |---|---|
//! | `inside.pid = 1` | the fact has this value, written as JSON |
//! | `exit != 0` | it is there and has another value |
//! | `seen.ns.uts differs from host.ns.uts` | two facts are there and not equal |
//! | `inside.root_inode same as rootfs` | two facts are there and equal |
//! | `stdout contains "text"` | the text is in the text, or the value in the list |
//! | `stderr lacks "text"` | it is not |
//! | `host.mounts unchanged`, `… changed` | its `before` and its `after` are equal, are not |
//! | `inside missing` | there is no such fact, or it is null: it could not be seen |

use serde::Deserialize;
use serde_json::Value;
use shared::{Error, Result};
use std::str::FromStr;

/// One claim about the facts.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Claim {
    text: String,
    fact: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Is(Value),
    IsNot(Value),
    Same(String),
    Differs(String),
    Contains(Value),
    Lacks(Value),
    Unchanged,
    Changed,
    Missing,
}

/// What came of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// It is true.
    Good,
    /// It is false.
    Bad,
    /// A fact that it needs is not there: the program never came so far, or it cannot be seen.
    Missing,
}

/// A claim with what came of it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Judgement {
    pub verdict: Verdict,
    pub claim: String,
    pub expected: String,
    pub found: String,
}

impl FromStr for Claim {
    type Err = Error;

    fn from_str(text: &str) -> Result<Claim> {
        let wrong = |why: &str| {
            Error::new(format!("understand the claim {text:?}"), why).next("see claim.rs for the forms")
        };
        let (fact, rest) = text.trim().split_once(' ').ok_or_else(|| wrong("it says nothing of the fact"))?;
        let value = |json: &str| serde_json::from_str(json).map_err(|_| wrong("its value is not JSON"));
        let rest = rest.trim();
        let test = match (rest, rest.split_once(' ')) {
            ("unchanged", _) => Test::Unchanged,
            ("changed", _) => Test::Changed,
            ("missing", _) => Test::Missing,
            (_, Some(("=", json))) => Test::Is(value(json)?),
            (_, Some(("!=", json))) => Test::IsNot(value(json)?),
            (_, Some(("contains", json))) => Test::Contains(value(json)?),
            (_, Some(("lacks", json))) => Test::Lacks(value(json)?),
            (_, Some(("same", other))) if other.starts_with("as ") => Test::Same(other[3..].trim().into()),
            (_, Some(("differs", other))) if other.starts_with("from ") => {
                Test::Differs(other[5..].trim().into())
            }
            _ => return Err(wrong("there is no such comparison")),
        };
        Ok(Claim { text: text.trim().into(), fact: fact.into(), test })
    }
}

impl TryFrom<String> for Claim {
    type Error = String;

    fn try_from(text: String) -> Result<Claim, String> {
        text.parse().map_err(|error: Error| error.to_string())
    }
}

impl Claim {
    /// Compares the claim with the facts.
    pub fn judge(&self, facts: &Value) -> Judgement {
        let (verdict, expected, found) = match &self.test {
            Test::Is(value) => self.one(facts, short(value), |found| found == value),
            Test::IsNot(value) => self.one(facts, format!("not {}", short(value)), |found| found != value),
            Test::Contains(value) => {
                self.one(facts, format!("{} in it", short(value)), |found| contains(found, value))
            }
            Test::Lacks(value) => {
                self.one(facts, format!("no {} in it", short(value)), |found| !contains(found, value))
            }
            Test::Same(other) => self.two(facts, other, |one, two| one == two),
            Test::Differs(other) => self.two(facts, other, |one, two| one != two),
            Test::Unchanged => self.history(facts, true),
            Test::Changed => self.history(facts, false),
            Test::Missing => match lookup(facts, &self.fact) {
                None => (Verdict::Good, "nothing".into(), "nothing".into()),
                Some(found) => (Verdict::Bad, "nothing".into(), short(found)),
            },
        };
        Judgement { verdict, claim: self.text.clone(), expected, found }
    }

    /// Whether it is true.
    pub fn holds(&self, facts: &Value) -> bool {
        self.judge(facts).verdict == Verdict::Good
    }

    fn one(
        &self,
        facts: &Value,
        expected: String,
        good: impl Fn(&Value) -> bool,
    ) -> (Verdict, String, String) {
        match lookup(facts, &self.fact) {
            None => (Verdict::Missing, expected, nothing(&self.fact)),
            Some(found) => (verdict(good(found)), expected, short(found)),
        }
    }

    fn two(
        &self,
        facts: &Value,
        other: &str,
        good: impl Fn(&Value, &Value) -> bool,
    ) -> (Verdict, String, String) {
        let relation = if matches!(self.test, Test::Same(_)) { "" } else { "not " };
        match (lookup(facts, &self.fact), lookup(facts, other)) {
            (Some(one), Some(two)) => {
                (verdict(good(one, two)), format!("{relation}{} ({other})", short(two)), short(one))
            }
            (Some(_), None) => (Verdict::Missing, format!("{relation}{other}"), nothing(other)),
            (None, _) => (Verdict::Missing, format!("{relation}{other}"), nothing(&self.fact)),
        }
    }

    fn history(&self, facts: &Value, wanted: bool) -> (Verdict, String, String) {
        let of = |moment: &str| lookup(facts, &format!("{}.{moment}", self.fact));
        let (Some(before), Some(after)) = (of("before"), of("after")) else {
            return (Verdict::Missing, "the same before and after".into(), nothing(&self.fact));
        };
        let expected = match before {
            _ if !wanted => "a change".into(),
            Value::Array(_) => "no change".into(),
            before => format!("still {}", short(before)),
        };
        (verdict((before == after) == wanted), expected, difference(before, after))
    }
}

fn verdict(good: bool) -> Verdict {
    if good { Verdict::Good } else { Verdict::Bad }
}

fn nothing(fact: &str) -> String {
    format!("no {fact}: it could not be seen")
}

/// The fact of a dotted name. JSON's null is what could not be seen, so it is no fact.
fn lookup<'a>(facts: &'a Value, name: &str) -> Option<&'a Value> {
    let found = name.split('.').try_fold(facts, |value, key| match value {
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        value => value.get(key),
    })?;
    (!found.is_null()).then_some(found)
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::String(whole), Value::String(part)) => whole.contains(part),
        (Value::Array(list), part) => list.contains(part),
        _ => false,
    }
}

/// What to show of a list that has changed is the change: a host has forty mounts.
fn difference(before: &Value, after: &Value) -> String {
    let (Value::Array(before), Value::Array(after)) = (before, after) else { return short(after) };
    let beyond = |list: &[Value], other: &[Value]| {
        let rest = list.iter().filter(|entry| !other.contains(entry)).cloned().collect();
        short(&Value::Array(rest))
    };
    match (beyond(after, before), beyond(before, after)) {
        (new, gone) if new == "[]" && gone == "[]" && before.len() == after.len() => "no change".into(),
        (new, gone) if gone == "[]" => format!("new: {new}"),
        (new, gone) if new == "[]" => format!("gone: {gone}"),
        (new, gone) => format!("new: {new}, gone: {gone}"),
    }
}

/// The most characters of a value that are shown: two lines of a terminal.
const LONGEST: usize = 150;

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdict_of(claim: &str) -> Verdict {
        let facts = json!({
            "exit": 7, "text": "one two", "list": ["a"], "null": null,
            "same": {"before": [1], "after": [1]}, "grown": {"before": [1], "after": [1, 2]},
            "ns": {"here": "uts:[1]", "there": "uts:[2]"},
        });
        claim.parse::<Claim>().unwrap().judge(&facts).verdict
    }

    #[test]
    fn every_form_can_be_good_and_bad() {
        for (good, bad) in [
            ("exit = 7", "exit = 8"),
            ("exit != 8", "exit != 7"),
            ("ns.here differs from ns.there", "ns.here differs from ns.here"),
            ("ns.here same as ns.here", "ns.here same as ns.there"),
            ("text contains \"two\"", "text contains \"three\""),
            ("list contains \"a\"", "list contains \"b\""),
            ("list lacks \"b\"", "list lacks \"a\""),
            ("same unchanged", "grown unchanged"),
            ("grown changed", "same changed"),
            ("null missing", "exit missing"),
        ] {
            assert_eq!(verdict_of(good), Verdict::Good, "{good}");
            assert_eq!(verdict_of(bad), Verdict::Bad, "{bad}");
        }
    }

    #[test]
    fn what_could_not_be_seen_proves_nothing() {
        for claim in [
            "null = 1",
            "absent != 1",
            "absent lacks \"x\"",
            "null differs from exit",
            "exit differs from null",
            "absent unchanged",
            "absent changed",
            "text.deeper = 1",
        ] {
            assert_eq!(verdict_of(claim), Verdict::Missing, "{claim}");
        }
    }

    #[test]
    fn a_claim_with_a_slip_is_refused() {
        for text in
            ["", "exit", "exit = seven", "exit == 7", "exit equals 7", "a differs b", "exit unchanged now"]
        {
            assert!(text.parse::<Claim>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_change_of_a_list_shows_what_is_new() {
        let facts = json!({"m": {"before": ["/"], "after": ["/", "/x"]}});
        let judged = "m unchanged".parse::<Claim>().unwrap().judge(&facts);
        assert_eq!((judged.expected.as_str(), judged.found.as_str()), ("no change", "new: [\"/x\"]"));
    }
}
