//! `images [flags] ROOTFS|IMAGE COMMAND…`, and `images import | ls | show`

#![forbid(unsafe_code)]

mod manage;

use hostname::Hostname;
use images::Store;
use layers::Layers;
use manage::Manage;
use mounts::{Console, Private, Rootfs};
use network::Network;
use pids::{Init, Pids};
use privileges::Privileges;
use shared::home::{Home, HomeArgs};
use shared::{Error, Program, Result, cli, launch};
use std::ffi::OsString;
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

#[derive(clap::Args)]
struct Run {
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    hostname: Hostname,
    #[command(flatten)]
    layers: Layers,
    #[command(flatten)]
    init: Init,
    #[command(flatten)]
    console: Console,
    #[command(flatten)]
    privileges: Privileges,
    /// A directory or the name of an image, and the program to run inside with its arguments
    #[arg(value_names = ["ROOTFS", "COMMAND"], num_args = 2.., trailing_var_arg = true)]
    words: Vec<OsString>,
}

impl Run {
    fn execute(mut self, store: &Store) -> Result<u8> {
        if self.words.is_empty() {
            return Err(
                Error::refused("ROOTFS and COMMAND are missing").next("--help shows how it is called")
            );
        }
        self.layers.lower = store.lower(&self.words[0])?;
        let rootfs = Rootfs::made_at(self.layers.lower[0].clone());
        let program = Program::new(&self.words[1..]);
        launch::run(
            vec![
                Box::new(self.network),
                Box::new(self.hostname),
                Box::new(Pids),
                Box::new(Private),
                Box::new(self.layers),
                Box::new(rootfs),
                Box::new(self.console),
                Box::new(self.privileges),
                Box::new(self.init),
            ],
            &program,
        )
    }
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
