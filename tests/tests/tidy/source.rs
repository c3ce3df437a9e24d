//! The files of the tree, and what can be said about formatted Rust without parsing it.

use std::path::Path;
use tests::binaries::workspace;

/// What is made, not written. Hidden directories are left out too, except these two.
const MADE: [&str; 4] = ["target", "book/out", "labs/work", "node_modules"];
const HIDDEN_BUT_OURS: [&str; 2] = [".ci", ".cargo"];

/// A text file of the tree.
pub struct Source {
    /// Its path from the top.
    pub path: String,
    pub text: String,
}

/// A function, from its first line to its closing bracket.
pub struct Function {
    pub name: String,
    /// The number of its first line.
    pub at: usize,
    pub lines: usize,
}

/// All text files.
pub fn all() -> impl Iterator<Item = Source> {
    let mut found = Vec::new();
    collect(workspace(), &mut found);
    assert!(found.len() > 20, "the source tree was not found in {}", workspace().display());
    found.into_iter()
}

/// All Rust files.
pub fn rust() -> impl Iterator<Item = Source> {
    all().filter(|file| file.path.ends_with(".rs"))
}

fn collect(directory: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        let relative = path.strip_prefix(workspace()).unwrap().to_str().unwrap().to_string();
        let hidden =
            relative.starts_with('.') && !HIDDEN_BUT_OURS.iter().any(|ours| relative.starts_with(ours));
        let made = MADE.contains(&relative.as_str());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !hidden && !made {
            collect(&path, found);
        } else if kind.is_file()
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            found.push(Source { path: relative, text });
        }
    }
}

impl Source {
    pub fn lines(&self) -> Vec<&str> {
        self.text.lines().collect()
    }

    /// Whether it is part of what students read and `keg` is made of.
    pub fn is_production(&self) -> bool {
        let tests = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        (self.path.starts_with("shared/") || self.path.starts_with("chapters/")) && !tests
    }

    /// How many lines come before the unit tests at the end of the file.
    pub fn lines_of_code(&self) -> usize {
        self.text.lines().take_while(|line| *line != "#[cfg(test)]").count()
    }

    /// The lines that something holds for, with their place.
    pub fn lines_with(&self, holds: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = self.text.lines().enumerate().filter(|(_, line)| holds(line));
        lines.map(|(i, line)| format!("{}:{}: {}", self.path, i + 1, line.trim())).collect()
    }

    /// The same for lines of code: no comment, and nothing from the unit tests at the end of the file.
    pub fn code_with(&self, holds: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = self.text.lines().take(self.lines_of_code()).enumerate();
        let lines = lines.filter(|(_, line)| !line.trim_start().starts_with("//") && holds(line));
        lines.map(|(i, line)| format!("{}:{}: {}", self.path, i + 1, line.trim())).collect()
    }

    /// The functions. As the file is formatted, the closing bracket of a function stands where its first line
    /// begins, and nothing else in it stands there.
    pub fn functions(&self) -> Vec<Function> {
        let lines = self.lines();
        let begins = lines.iter().enumerate().filter_map(|(i, line)| Some((i, name(line)?)));
        let whole = begins.map(|(i, name)| {
            let indent = lines[i].len() - lines[i].trim_start().len();
            let end = format!("{}}}", " ".repeat(indent));
            let one_line = lines[i].ends_with('}') || lines[i].ends_with(';');
            let length = if one_line { 1 } else { length(&lines[i..], &end) };
            Function { name, at: i + 1, lines: length }
        });
        whole.collect()
    }
}

/// How many lines there are up to the closing bracket, or to the semicolon of a declaration without a body.
fn length(lines: &[&str], end: &str) -> usize {
    let opens = lines.iter().position(|line| line.ends_with('{') || line.ends_with(';')).unwrap_or(0);
    if lines[opens].ends_with(';') {
        return opens + 1;
    }
    lines.iter().position(|line| *line == end).map_or(1, |last| last + 1)
}

/// The name of the function that a line begins.
fn name(line: &str) -> Option<String> {
    let mut words = line.trim_start();
    for qualifier in ["pub(crate) ", "pub(super) ", "pub ", "const ", "async ", "unsafe "] {
        words = words.strip_prefix(qualifier).unwrap_or(words);
    }
    let name = words.strip_prefix("fn ")?;
    Some(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

#[test]
fn functions_are_measured() {
    let text = "fn a() {\n    b(|| {\n    });\n}\n\nimpl X {\n    pub fn c(\n        d: u8,\n    ) -> u8 {\n        d\n    }\n    fn e();\n}\n";
    let file = Source { path: "x.rs".into(), text: text.into() };
    let found: Vec<_> = file.functions().into_iter().map(|it| (it.name, it.at, it.lines)).collect();
    assert_eq!(found, [("a".into(), 1, 4), ("c".into(), 7, 5), ("e".into(), 12, 1)]);
}
