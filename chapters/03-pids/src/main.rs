//! `pids [flags] ROOTFS COMMAND…`

#![forbid(unsafe_code)]

use chroot::Chroot;
use hostname::Hostname;
use pids::{Init, Pids};
use shared::{Program, cli, launch};
use std::process::ExitCode;

/// Run a command with another root directory, a host name and processes of its own.
///
/// The command is process 1 and sees no process but its descendants. When it ends, they end. The network and
/// the mounts are still those of this machine.
#[derive(clap::Parser)]
#[command(name = "pids", version)]
struct Cli {
    #[command(flatten)]
    chroot: Chroot,
    #[command(flatten)]
    hostname: Hostname,
    #[command(flatten)]
    init: Init,
    #[command(flatten)]
    program: Program,
}

fn main() -> ExitCode {
    cli::main(|cli: Cli| {
        launch::run(
            vec![
                Box::new(cli.hostname), //
                Box::new(Pids),
                Box::new(cli.chroot),
                Box::new(cli.init),
            ],
            &cli.program,
        )
    })
}
