//! Running a command in a directory or an image.

use hostname::Hostname;
use images::Store;
use layers::Layers;
use mounts::{Console, Private, Rootfs};
use network::Network;
use pids::{Init, Pids};
use privileges::Privileges;
use shared::{Error, Program, Result, launch};
use std::ffi::OsString;

/// The flags of all chapters so far, and what to run.
#[derive(clap::Args)]
pub struct Run {
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
    /// Runs it in the foreground; its exit code is ours.
    pub fn execute(mut self, store: &Store) -> Result<u8> {
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
