//! `keg import`

use crate::image;
use shared::home::{Home, HomeArgs};
use shared::{Doing, Error, Result, table};
use std::fs::File;
use std::path::PathBuf;

/// The flags.
#[derive(clap::Args)]
pub struct Import {
    /// The archive: tar, tar.gz or tar.zst; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    import: images::Import,
}

impl Import {
    /// Makes an image of the archive and prints its identifier.
    pub fn execute(self, home: &HomeArgs) -> Result<u8> {
        let store = image::store(&Home::open(home)?)?;
        let id = if self.file.as_os_str() == "-" {
            store.import(std::io::stdin(), &self.import)?
        } else {
            let doing = || format!("import {}", self.file.display());
            let file =
                File::open(&self.file).map_err(|error| Error::new(doing(), error).next("check the path"))?;
            if file.metadata().doing(doing)?.is_dir() {
                return Err(Error::new(doing(), "it is a directory")
                    .next("pack it: tar -C DIR -c . | keg import - NAME"));
            }
            store.import(file, &self.import)?
        };
        table::line(&id.to_string())?;
        Ok(0)
    }
}
