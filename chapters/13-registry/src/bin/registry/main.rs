//! `registry [flags] ROOTFS|IMAGE COMMAND…`, and `registry pull IMAGE`

#![forbid(unsafe_code)]

mod manage;
mod run;

use images::Store;
use manage::Manage;
use run::Run;
use shared::cli;
use shared::home::{Home, HomeArgs};
use std::process::ExitCode;

/// Run a command in an image that a registry has, or bring one: checked by digest, unpacked as it streams.
#[derive(clap::Parser)]
#[command(name = "registry", version)]
struct Cli {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    manage: Option<Manage>,
    #[command(flatten)]
    run: Run,
}

fn main() -> ExitCode {
    cli::main(|cli: Cli| {
        let store = Store::open(&Home::open(&cli.home)?.data.join("images"))?;
        match cli.manage {
            Some(manage) => manage.execute(&store),
            None => cli.run.execute(&store),
        }
    })
}
