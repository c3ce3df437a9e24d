//! `keg`: a container runtime made of the code of the chapters.

#![forbid(unsafe_code)]

mod check;
mod environment;
mod found;
mod image;
mod import;
mod ps;
mod pull;
mod rm;
mod run;

use shared::home::HomeArgs;
use shared::{Result, cli};
use std::process::ExitCode;

/// Run programs in containers, from images.
#[derive(clap::Parser)]
#[command(name = "keg", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Create a container from an image and run a command in it
    Run(run::Run),
    /// List containers
    Ps(ps::Ps),
    /// Remove containers
    Rm(rm::Rm),
    /// Download an image from a registry
    Pull(pull::Pull),
    /// List images
    Images(image::Images),
    /// Make an image from an archive of a root filesystem
    Import(import::Import),
    /// Say what this machine lacks for containers
    Check(check::Check),
}

fn main() -> ExitCode {
    cli::main(|cli: Cli| run_command(&cli.home, cli.command))
}

fn run_command(home: &HomeArgs, command: Command) -> Result<u8> {
    match command {
        Command::Run(run) => run.execute(home),
        Command::Ps(ps) => ps.execute(home),
        Command::Rm(rm) => rm.execute(home),
        Command::Pull(pull) => pull.execute(home),
        Command::Images(images) => images.execute(home),
        Command::Import(import) => import.execute(home),
        Command::Check(check) => check.execute(home),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_holds_together() {
        shared::cli::command::<super::Cli>().debug_assert();
    }
}
