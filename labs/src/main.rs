//! `lab COMMAND`: the exercises.
//!
//! An exercise is a crate with a hole. The student fills it; `lab check` runs it and compares facts: what the
//! probe sees from inside, and what the host sees from outside. It does not look at the source, so a program
//! in any language can be checked that is called as the chapter's binary is.

#![forbid(unsafe_code)]

mod cargo;
mod check;
mod claim;
mod commands;
mod exercise;
mod paths;
mod report;
mod sandbox;
mod work;

use clap::{Parser, Subcommand};
use shared::cli;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make the container yourself, one hole at a time.
///
/// Begin with `cargo lab list`, then `cargo lab start 01`.
#[derive(Parser)]
#[command(name = "lab", version)]
struct Cli {
    /// Keep your crates in DIR instead of labs/work
    #[arg(long, value_name = "DIR", env = "LAB_WORK", global = true)]
    work: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the exercises and how far you are
    List,
    /// Begin an exercise: copies its starter to labs/work
    Start {
        /// Such as 3, 03 or pids
        exercise: String,
    },
    /// Show the next hint; each says more than the one before
    Hint {
        /// Such as 3, 03 or pids
        exercise: String,
        /// Show all hints at once
        #[arg(long)]
        all: bool,
    },
    /// Build your program, run it, and compare what is with what should be; needs root
    Check {
        /// Such as 3, 03 or pids
        exercise: String,
        /// Check this program instead, in whatever language: it is called as `PROGRAM [flags] ROOTFS COMMAND…`
        #[arg(long, value_name = "PROGRAM")]
        runtime: Option<PathBuf>,
        /// Check a program that came with the exercise: starter, solution or wrong/NAME
        #[arg(long, value_name = "WHICH", conflicts_with = "runtime")]
        of: Option<String>,
        /// The time that the program has for each command line
        #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=600))]
        limit: u16,
        /// Print the outcome as JSON
        #[arg(long)]
        json: bool,
    },
    /// Put the starter back; your work is kept beside it
    Reset {
        /// Such as 3, 03 or pids
        exercise: String,
    },
    /// Remove what was built; your work stays
    Clean,
    #[command(name = "__sandbox", hide = true)]
    Sandbox { request: String },
}

fn main() -> ExitCode {
    cli::main(|cli: Cli| {
        if let Command::Sandbox { request } = &cli.command {
            return sandbox::main(request);
        }
        let paths = paths::Paths::new(cli.work)?;
        match cli.command {
            Command::List => commands::list(&paths),
            Command::Start { exercise } => commands::start(&paths, &exercise),
            Command::Hint { exercise, all } => commands::hint(&paths, &exercise, all),
            Command::Check { exercise, runtime, of, limit, json } => {
                commands::check(&paths, &exercise, commands::Which::new(runtime, of), limit, json)
            }
            Command::Reset { exercise } => commands::reset(&paths, &exercise),
            Command::Clean => commands::clean(&paths),
            Command::Sandbox { request } => sandbox::main(&request),
        }
    })
}
