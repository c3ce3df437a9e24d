//! `keg images`, and where they are.

use images::{Store, list};
use jiff::Timestamp;
use lifecycle::ago;
use shared::home::{Home, HomeArgs};
use shared::{Result, cli, table};

/// The flags.
#[derive(clap::Args)]
pub struct Images {
    /// Show identifiers only
    #[arg(short, long)]
    quiet: bool,
}

impl Images {
    /// Lists the images; one that cannot be read is reported and does not hide the others.
    pub fn execute(self, home: &HomeArgs) -> Result<u8> {
        let (images, broken) = store(&Home::open(home)?)?.list()?;
        if self.quiet {
            let ids: String = images.iter().map(|image| image.id.short().to_string() + "\n").collect();
            table::out(ids.as_bytes())?;
        } else {
            table::print(&list::HEAD, &list::rows(&images, created))?;
        }
        for error in &broken {
            cli::report("keg", error);
        }
        Ok(if broken.is_empty() { 0 } else { 1 })
    }
}

fn created(time: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => format!("{} ago", ago(time, Timestamp::now())),
        Err(_) => "N/A".into(),
    }
}

/// The images of this home.
pub fn store(home: &Home) -> Result<Store> {
    Store::open(&home.data.join("images"))
}
