//! `layers [flags] ROOTFS COMMAND…`

#![forbid(unsafe_code)]

use hostname::Hostname;
use layers::Layers;
use mounts::{Console, Private, Rootfs};
use network::Network;
use pids::{Init, Pids};
use privileges::Privileges;
use shared::{Program, cli, launch};
use std::process::ExitCode;

/// Run a command in a root filesystem that it can change without changing it.
///
/// The files below ROOTFS are only read. What the command writes goes to a directory of its own, which is
/// thrown away at the end, or kept with --changes.
#[derive(clap::Parser)]
#[command(name = "layers", version)]
struct Cli {
    #[command(flatten)]
    rootfs: Rootfs,
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
    #[command(flatten)]
    program: Program,
}

fn main() -> ExitCode {
    cli::main(|mut cli: Cli| {
        cli.layers.lower.push(cli.rootfs.rootfs.clone());
        launch::run(
            vec![
                Box::new(cli.network),
                Box::new(cli.hostname),
                Box::new(Pids),
                Box::new(Private),
                Box::new(cli.layers),
                Box::new(cli.rootfs),
                Box::new(cli.console),
                Box::new(cli.privileges),
                Box::new(cli.init),
            ],
            &cli.program,
        )
    })
}
