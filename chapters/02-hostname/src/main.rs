//! `hostname [flags] ROOTFS COMMAND…`

#![forbid(unsafe_code)]

use chroot::Chroot;
use hostname::Hostname;
use shared::{Program, cli, launch};
use std::process::ExitCode;

/// Run a command with another root directory and a host name of its own.
///
/// Inside, `hostname NAME` changes nothing outside, and the shared memory of other programs is not there. The
/// processes, the network and the mounts are still those of this machine.
#[derive(clap::Parser)]
#[command(name = "hostname", version)]
struct Cli {
    #[command(flatten)]
    chroot: Chroot,
    #[command(flatten)]
    hostname: Hostname,
    #[command(flatten)]
    program: Program,
}

fn main() -> ExitCode {
    cli::main(|cli: Cli| {
        launch::run(
            vec![
                Box::new(cli.hostname), //
                Box::new(cli.chroot),
            ],
            &cli.program,
        )
    })
}
