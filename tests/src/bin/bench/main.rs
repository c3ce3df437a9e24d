//! `bench [--binaries DIR]`: from start to exit of `/bin/true`, beside whatever else runs containers here.
//!
//! All candidates take turns in one run, so that what the machine does meanwhile happens to all of them; and
//! the turns go forth and back, so that none always runs behind the same other one, whose namespaces the
//! kernel is still taking down. It is measured back to back and with pauses, because a loop without pauses
//! hides what an idle kernel makes one wait for (an RCU grace period, for example).

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot be made must end")]

mod candidates;
mod table;

use candidates::{Candidate, Workshop};
use clap::Parser;
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Measure how long containers take from start to exit of /bin/true.
#[derive(Parser)]
struct Cli {
    /// Where the binaries of this project are; they should be static release builds
    #[arg(long, value_name = "DIR")]
    binaries: PathBuf,
    /// How often each candidate runs, for each of the two measurements
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// The pause before each run of the second measurement, in milliseconds
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u64).range(0..=5000))]
    idle: u64,
    /// Only candidates whose name contains one of these words
    #[arg(long, value_name = "WORD")]
    only: Vec<String>,
    /// Where the figures go, with every single run
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    json: PathBuf,
}

/// What was measured of a candidate, in milliseconds.
#[derive(Debug, Serialize)]
struct Measured {
    name: String,
    command: String,
    back_to_back: Vec<f64>,
    idle: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct Report {
    rounds: u32,
    idle_ms: u64,
    kernel: String,
    processors: usize,
    measured: Vec<Measured>,
    missing: Vec<String>,
}

fn main() {
    let cli = Cli::parse();
    let workshop = Workshop::open(&cli.binaries);
    let (mut candidates, mut missing) = workshop.candidates();
    candidates
        .retain(|it| cli.only.is_empty() || cli.only.iter().any(|word| it.name.contains(word.as_str())));
    // The first run of each finds cold caches, and shows which cannot run here at all.
    candidates.retain_mut(|candidate| match candidate.run() {
        Ok(_) => true,
        Err(why) => {
            missing.push(format!("{}: {why}", candidate.name));
            false
        }
    });
    println!("{} candidates, {} rounds each, twice", candidates.len(), cli.rounds);
    let back_to_back = measure(&mut candidates, cli.rounds, Duration::ZERO);
    let idle = measure(&mut candidates, cli.rounds, Duration::from_millis(cli.idle));
    let measured = candidates.iter().zip(back_to_back).zip(idle).map(|((candidate, back_to_back), idle)| {
        Measured { name: candidate.name.clone(), command: candidate.shown(), back_to_back, idle }
    });
    let report = Report {
        rounds: cli.rounds,
        idle_ms: cli.idle,
        kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().into(),
        processors: std::thread::available_parallelism().map_or(1, |count| count.get()),
        measured: measured.collect(),
        missing,
    };
    drop(candidates);
    workshop.close();
    table::print(&report);
    std::fs::write(&cli.json, serde_json::to_vec_pretty(&report).unwrap()).unwrap();
    println!("\nevery run is in {}", cli.json.display());
}

/// The times of each candidate in milliseconds.
fn measure(candidates: &mut [Candidate], rounds: u32, pause: Duration) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::new(); candidates.len()];
    for round in 0..rounds {
        let forth = 0..candidates.len();
        let order: Vec<usize> = if round % 2 == 0 { forth.collect() } else { forth.rev().collect() };
        for i in order {
            std::thread::sleep(pause);
            match candidates[i].run() {
                Ok(time) => times[i].push(time.as_secs_f64() * 1000.0),
                Err(why) => panic!("{} failed in round {round}: {why}", candidates[i].name),
            }
        }
    }
    times
}

/// Runs a command to its end and measures that; what it says is kept for when it fails.
fn timed(command: &mut std::process::Command) -> Result<Duration, String> {
    let errors = tempfile::tempfile().map_err(|error| error.to_string())?;
    command.stderr(errors.try_clone().map_err(|error| error.to_string())?);
    let start = Instant::now();
    let status = command.status().map_err(|error| error.to_string())?;
    let time = start.elapsed();
    if status.success() { Ok(time) } else { Err(format!("{status}, {}", said(errors))) }
}

fn said(mut file: std::fs::File) -> String {
    use std::io::{Read, Seek};
    let mut text = String::new();
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    text.trim().replace('\n', "; ")
}
