//! `chroot [flags] ROOTFS COMMAND…`

#![forbid(unsafe_code)]

use chroot::Chroot;
use shared::{Program, cli, launch};
use std::process::ExitCode;

// ANCHOR: command
/// Run a command with another root directory.
///
/// The command sees the files below ROOTFS and no others. It still shares everything else with this machine:
/// the processes, the network, the host name. And root can leave a chroot when it wants to.
#[derive(clap::Parser)]
#[command(name = "chroot", version)]
struct Cli {
    #[command(flatten)]
    chroot: Chroot,
    #[command(flatten)]
    program: Program,
}
// ANCHOR_END: command

// ANCHOR: main
fn main() -> ExitCode {
    cli::main(|cli: Cli| launch::run(vec![Box::new(cli.chroot)], &cli.program))
}
// ANCHOR_END: main
