//! Docker's lines, and a bar for each layer on a terminal.

use crate::progress::{Event, Progress, Step};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use shared::error::printable;
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// Where the lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Out {
    /// Standard output: the lines are what was asked for (`pull`).
    Stdout,
    /// Standard error: something else was asked for (`run`).
    Stderr,
    /// Nowhere, and there are no bars (`--quiet`).
    Nowhere,
}

/// Shows a pull as Docker does. The bars are on standard error, and only if that is a terminal.
#[derive(Debug)]
pub struct Report {
    out: Out,
    bars: Option<MultiProgress>,
    layers: Mutex<HashMap<String, ProgressBar>>,
}

impl Report {
    /// Begins.
    pub fn new(out: Out) -> Report {
        let bars = (out != Out::Nowhere && std::io::stderr().is_terminal()).then(MultiProgress::new);
        Report { out, bars, layers: Mutex::default() }
    }

    fn line(&self, text: &str) {
        let text = printable(text);
        // A reader that went away is no reason to stop a pull.
        let write = || match self.out {
            Out::Stdout => drop(writeln!(std::io::stdout(), "{text}")),
            Out::Stderr => drop(writeln!(std::io::stderr(), "{text}")),
            Out::Nowhere => {}
        };
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    fn layer(&self, id: &str, step: Step) {
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        match (step, &self.bars) {
            (Step::Exists, _) => self.line(&format!("{id}: Already exists")),
            (Step::Waiting(_), None) => self.line(&format!("{id}: Pulling fs layer")),
            (Step::Waiting(size), Some(bars)) => {
                let bar = bars.add(ProgressBar::new(size).with_style(style()).with_prefix(id.to_string()));
                bar.set_message("Pulling fs layer");
                layers.insert(id.into(), bar);
            }
            (Step::Loaded(bytes), _) => {
                if let Some(bar) = layers.get(id) {
                    let all = bar.length() == Some(bytes);
                    bar.set_message(if all { "Extracting" } else { "Downloading" });
                    bar.set_position(bytes);
                }
            }
            (Step::Again(why), None) => self.line(&format!("{id}: Retrying: {why}")),
            (Step::Again(_), Some(_)) => {
                if let Some(bar) = layers.get(id) {
                    bar.set_message("Retrying");
                }
            }
            (Step::Complete, _) => {
                if let Some(bar) = layers.remove(id) {
                    bar.finish_and_clear();
                }
                self.line(&format!("{id}: Pull complete"));
            }
        }
    }
}

fn style() -> ProgressStyle {
    let template = "{prefix}: {msg:16} [{bar:40}] {bytes}/{total_bytes}";
    let plain = ProgressStyle::default_bar();
    plain.clone().template(template).unwrap_or(plain).progress_chars("=> ")
}

impl Progress for Report {
    fn event(&self, event: Event) {
        match event {
            Event::Pulling(reference) => {
                // Without a tag, the digest stands in its place.
                let tag = reference.tag().map_or_else(|| reference.wanted(), str::to_string);
                self.line(&format!("{tag}: Pulling from {}", reference.repository()));
            }
            Event::Layer(id, step) => self.layer(id, step),
            Event::Digest(digest) => self.line(&format!("Digest: {digest}")),
            Event::Done { reference, newer: true } => {
                self.line(&format!("Status: Downloaded newer image for {}", reference.familiar()));
            }
            Event::Done { reference, newer: false } => {
                self.line(&format!("Status: Image is up to date for {}", reference.familiar()));
            }
        }
    }
}
