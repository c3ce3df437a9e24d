//! `images [flags] ROOTFS|IMAGE COMMAND…`, and `images import | ls | show`

#![forbid(unsafe_code)]

mod manage;
mod run;

use images::Store;
use manage::Manage;
use run::Run;
use shared::cli;
use shared::home::{Home, HomeArgs};
use std::process::ExitCode;

/// Run a command in an image, or keep root filesystems as images: by digest, each layer once.
#[derive(clap::Parser)]
#[command(name = "images", version)]
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
