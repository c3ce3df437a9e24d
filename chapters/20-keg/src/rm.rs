//! `keg rm`

use lifecycle::Containers;
use shared::home::{Home, HomeArgs};
use shared::{Result, cli, table};

/// The flags.
#[derive(clap::Args)]
pub struct Rm {
    /// Kill a container that runs, and remove it
    #[arg(short, long)]
    force: bool,
    /// Names, identifiers or beginnings of identifiers
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

impl Rm {
    /// Removes each; one that cannot be removed is reported and does not keep the others.
    pub fn execute(self, home: &HomeArgs) -> Result<u8> {
        let containers = Containers::open(Home::open(home)?)?;
        let mut code = 0;
        for wanted in &self.containers {
            match containers.remove(wanted, self.force) {
                Ok(()) => table::line(wanted)?,
                Err(error) => {
                    cli::report("keg", &error);
                    code = 1;
                }
            }
        }
        Ok(code)
    }
}
