//! `privileges [flags] ROOTFS COMMAND…`

#![forbid(unsafe_code)]

use hostname::Hostname;
use mounts::{Console, Private, Rootfs};
use pids::{Init, Pids};
use privileges::Privileges;
use shared::{Program, cli, launch};
use std::process::ExitCode;

/// Run a command as an ordinary user of its own root filesystem.
///
/// With --user the command is a user that the root filesystem's own /etc/passwd names, or a number. Without
/// it, it is root, and that is this machine's root.
#[derive(clap::Parser)]
#[command(name = "privileges", version)]
struct Cli {
    #[command(flatten)]
    rootfs: Rootfs,
    #[command(flatten)]
    hostname: Hostname,
    #[command(flatten)]
    init: Init,
    #[command(flatten)]
    console: Console,
    #[command(flatten)]
    privileges: Privileges,
    #[command(flatten)]
    program: Program,
}

fn main() -> ExitCode {
    cli::main(|cli: Cli| {
        launch::run(
            vec![
                Box::new(cli.hostname),
                Box::new(Pids),
                Box::new(Private),
                Box::new(cli.rootfs),
                Box::new(cli.console),
                Box::new(cli.privileges),
                Box::new(cli.init),
            ],
            &cli.program,
        )
    })
}
