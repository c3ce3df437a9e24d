//! `registry pull REF`

#![forbid(unsafe_code)]

use images::{Reference, Store};
use registry::{Options, Out, Registry, RegistryArgs, Report};
use shared::home::{Home, HomeArgs};
use shared::{Doing, Result, cli};
use std::io::Write;
use std::process::ExitCode;

/// Bring images from a registry: checked by digest, unpacked as they stream, each layer once.
#[derive(clap::Parser)]
#[command(name = "registry", version)]
struct Cli {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Bring an image
    Pull {
        #[command(flatten)]
        registry: RegistryArgs,
        /// Print nothing but the image's full name
        #[arg(short, long)]
        quiet: bool,
        /// [REGISTRY/]NAME[:TAG][@DIGEST]
        reference: Reference,
    },
}

fn run(cli: Cli) -> Result<u8> {
    let Command::Pull { registry, quiet, reference } = cli.command;
    let store = Store::open(&Home::open(&cli.home)?.data.join("images"))?;
    let registry = Registry::new(Options::from(registry));
    let report = Report::new(if quiet { Out::Nowhere } else { Out::Stdout });
    registry.pull(&reference, &store, &report)?;
    writeln!(std::io::stdout(), "{reference}").doing(|| "write to the standard output".into())?;
    Ok(0)
}

fn main() -> ExitCode {
    cli::main(run)
}
