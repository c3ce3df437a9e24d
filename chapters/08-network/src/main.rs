//! `network [flags] ROOTFS COMMAND…`

#![forbid(unsafe_code)]

use hostname::Hostname;
use mounts::{Console, Private, Rootfs};
use network::Network;
use pids::{Init, Pids};
use privileges::Privileges;
use shared::{Program, cli, launch};
use std::process::ExitCode;

/// Run a command with a network of its own.
///
/// Unless --net host is given, the command sees a loopback interface and no other: nothing gets out, and
/// nothing in.
#[derive(clap::Parser)]
#[command(name = "network", version)]
struct Cli {
    #[command(flatten)]
    rootfs: Rootfs,
    #[command(flatten)]
    network: Network,
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
                Box::new(cli.network),
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
