//! What the person at the keyboard reads.

use crate::check::{FactOutcome, Named, Outcome, RunOutcome};
use crate::claim::Verdict;
use crate::exercise::Exercise;
use shared::error::printable;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

/// The most lines of a program's own errors that are shown.
const MOST_LINES: usize = 5;

/// The longest line of a text, in characters.
const WIDTH: usize = 100;

/// The margin of what stands below a claim.
const MARGIN: &str = "                     ";

/// Colours, or none: in a pipe, or when NO_COLOR says so (no-color.org).
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// As standard output and the environment want it.
    pub fn new() -> Paint {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Paint(std::io::stdout().is_terminal() && !unwanted)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into() }
    }

    /// What is right.
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// What is wrong.
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// What stands out.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }
}

/// Prints; a reader that went away (`| head`) is no error.
pub fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A paragraph as written in an exercise, broken into lines anew, with a margin.
pub fn indented(text: &str, margin: &str) -> String {
    let mut lines = vec![String::from(margin)];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].len() > margin.len() && lines[last].chars().count() + word.chars().count() >= WIDTH {
            lines.push(format!("{margin}{word}"));
        } else {
            let space = if lines[last].len() > margin.len() { " " } else { "" };
            lines[last] += space;
            lines[last] += word;
        }
    }
    lines.join("\n") + "\n"
}

/// The whole outcome of a check.
pub fn outcome(outcome: &Outcome, exercise: &Exercise, paint: Paint) -> String {
    let mut text = format!("{}: {}\n", paint.bold(&exercise.id), exercise.text.title);
    if outcome.not_done {
        let _ = write!(text, "\nIt is not done yet: the hole is in {}.\n", exercise.text.hole.display());
        let _ = writeln!(text, "Next: fill it, or ask with: cargo lab hint {}", exercise.id);
        return text;
    }
    for run in &outcome.runs {
        text += &one_run(run, paint);
    }
    let mistakes: Vec<&Named> = outcome.runs.iter().flat_map(|run| &run.mistakes).collect();
    for mistake in &mistakes {
        let _ =
            writeln!(text, "\n{}", paint.bold(&format!("This looks like a known mistake: {}", mistake.name)));
        text += &indented(&mistake.says, "  ");
    }
    text + &summary(outcome, paint)
}

fn one_run(run: &RunOutcome, paint: Paint) -> String {
    let mut text = format!("\n$ {}\n", run.command);
    for fact in &run.facts {
        text += &one_fact(fact, paint);
    }
    if run.timed_out {
        text += "  It did not end in time and was ended; nothing else was tried.\n";
    }
    if run.facts.iter().any(|fact| fact.judgement.verdict != Verdict::Good) {
        for line in run.stderr.lines().take(MOST_LINES) {
            let _ = writeln!(text, "  your program said: {}", printable(line));
        }
    }
    text
}

fn one_fact(fact: &FactOutcome, paint: Paint) -> String {
    let judgement = &fact.judgement;
    let claim = printable(&judgement.claim);
    let word = match judgement.verdict {
        Verdict::Good => return format!("  {}     {claim}\n", paint.green("GOOD")),
        Verdict::Bad => paint.red("BAD    "),
        Verdict::Missing => paint.red("MISSING"),
    };
    let expected = match judgement.verdict {
        Verdict::Missing => String::new(), // there is nothing to compare it with
        _ => format!("           expected  {}\n", printable(&judgement.expected)),
    };
    format!(
        "  {word}  {claim}\n{expected}           found     {}\n           because   {}",
        printable(&judgement.found),
        indented(&fact.why, MARGIN).trim_start(),
    )
}

fn summary(outcome: &Outcome, paint: Paint) -> String {
    let facts: Vec<&FactOutcome> = outcome.runs.iter().flat_map(|run| &run.facts).collect();
    let good = facts.iter().filter(|fact| fact.judgement.verdict == Verdict::Good).count();
    if outcome.passed {
        return format!("\n{}\n", paint.green(&format!("All {good} facts hold.")));
    }
    let count = paint.red(&format!("{good} of {} facts hold.", facts.len()));
    format!("\n{count} Next: cargo lab hint {}\n", outcome.exercise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_broken_into_lines() {
        assert_eq!(indented("a\n b\n", "  "), "  a b\n");
        let long = "word ".repeat(60);
        let broken = indented(&long, "    ");
        assert!(broken.lines().all(|line| line.starts_with("    word") && line.len() <= WIDTH), "{broken}");
        assert_eq!(broken.split_whitespace().count(), 60);
        assert_eq!(indented(&"x".repeat(200), " ").lines().count(), 1, "a long word stays whole");
    }

    #[test]
    fn without_colours_there_is_no_escape() {
        assert_eq!(Paint(false).red("a"), "a");
        assert_eq!(Paint(true).red("a"), "\x1b[31ma\x1b[0m");
    }
}
