//! `mounts [flags] ROOTFS COMMAND…`

#![forbid(unsafe_code)]

use hostname::Hostname;
use mounts::{Console, Private, Rootfs};
use pids::{Init, Pids};
use shared::{Program, cli, launch};
use std::process::ExitCode;

/// Run a command in a root filesystem that it cannot leave.
///
/// The command has a host name, processes and mounts of its own: /proc, /sys and /dev show the container. As
/// with docker, it reads nothing without -i and has no terminal without -t: for a shell say `mounts -it ROOTFS
/// sh`. The network, the users and the processor are still those of this machine.
#[derive(clap::Parser)]
#[command(name = "mounts", version)]
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
    program: Program,
}

// ANCHOR: main
fn main() -> ExitCode {
    cli::main(|cli: Cli| {
        launch::run(
            vec![
                Box::new(cli.hostname),
                Box::new(Pids),
                Box::new(Private),
                Box::new(cli.rootfs),
                Box::new(cli.console),
                Box::new(cli.init),
            ],
            &cli.program,
        )
    })
}
// ANCHOR_END: main
