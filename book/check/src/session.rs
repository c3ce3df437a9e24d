//! A session: what somebody types at a terminal, line by line, to show one thing.
//!
//! ```text
//! needs: chroot                      packages whose binaries are called
//! vary: NAME = regular expression    its group differs from run to run; it is shown as NAME-1, NAME-2 …
//! proves: a line                     must appear, or nothing is recorded
//!
//! # chroot -h                        typed at the host's prompt
//! > --more                           typed at the prompt of a line that goes on
//! / # hostname                       typed at the prompt of a shell in the container
//! silently sleep 1                   typed at the host's prompt, and not shown
//! ```

use crate::redact::Rule;
use shared::{Error, Result};

/// At which prompt a line is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// The shell on the host.
    Host,
    /// The same shell, waiting for the rest of a command.
    More,
    /// A shell in a container.
    Inside,
}

/// One line that is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it is typed.
    pub prompt: Prompt,
    /// The line without the prompt.
    pub typed: String,
    /// Whether the transcript has it and its output.
    pub shown: bool,
}

/// What is typed in one terminal.
#[derive(Debug)]
pub struct Session {
    /// The packages whose binaries it calls.
    pub needs: Vec<String>,
    /// What differs from run to run.
    pub rules: Vec<Rule>,
    /// Lines that must appear: what the session is there to show. Whoever records it anew cannot lose them.
    pub proves: Vec<String>,
    /// The lines, in order.
    pub steps: Vec<Step>,
}

const PROMPTS: [(&str, Prompt, bool); 4] = [
    ("# ", Prompt::Host, true),
    ("> ", Prompt::More, true),
    ("/ # ", Prompt::Inside, true),
    ("silently ", Prompt::Host, false),
];

/// Reads a session.
///
/// # Errors
/// A line that is neither of the header nor typed at a known prompt.
pub fn parse(text: &str) -> Result<Session> {
    let mut session = Session { needs: vec![], rules: vec![], proves: vec![], steps: vec![] };
    let wrong = |number: usize, why: &str| Err(Error::refused(format!("line {}: {why}", number + 1)));
    let mut header = true;
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() {
            header = false;
        } else if header {
            match line.split_once(": ") {
                Some(("needs", packages)) => {
                    session.needs.extend(packages.split_whitespace().map(String::from));
                }
                Some(("vary", rule)) => session.rules.push(Rule::parse(rule)?),
                Some(("proves", line)) => session.proves.push(line.into()),
                _ => return wrong(number, "the header knows `needs: `, `vary: ` and `proves: `"),
            }
        } else {
            let known = PROMPTS.iter().find_map(|(prompt, kind, shown)| {
                let typed = line.strip_prefix(prompt)?.to_string();
                Some(Step { prompt: *kind, typed, shown: *shown })
            });
            match known {
                Some(step) => session.steps.push(step),
                None => return wrong(number, "a line begins with `# `, `> `, `/ # ` or `silently `"),
            }
        }
    }
    match session.steps.first() {
        Some(step) if step.prompt == Prompt::Host => Ok(session),
        _ => Err(Error::refused("a session begins at the prompt of the host, after an empty line")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_header_and_lines() {
        let session = parse("needs: a b\nvary: PID = ([0-9]+)\n\n# a \\\n> b\n/ # c\nsilently d\n").unwrap();
        assert_eq!((session.needs.len(), session.rules.len()), (2, 1));
        let read: Vec<_> = session.steps.iter().map(|s| (s.prompt, s.typed.as_str(), s.shown)).collect();
        let (host, more, inside) = (Prompt::Host, Prompt::More, Prompt::Inside);
        assert_eq!(read, [(host, "a \\", true), (more, "b", true), (inside, "c", true), (host, "d", false)]);
    }

    #[test]
    fn refuses_what_it_would_misread() {
        for text in ["", "needs: a\n", "need: a\n\n# b\n", "\nb\n", "\n/ # b\n", "vary: A = (\n\n# b\n"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
