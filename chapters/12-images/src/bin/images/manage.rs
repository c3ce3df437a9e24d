//! The commands beside running: what comes into the store, and what is in it.

use images::{Import, Store, list};
use shared::{Doing, Error, Result, table};
use std::fs::File;
use std::path::{Path, PathBuf};

/// What to do with the store.
#[derive(clap::Subcommand)]
pub enum Manage {
    /// Make an image of an archive of a root filesystem
    Import {
        /// The archive: tar, tar.gz or tar.zst; - is the standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        import: Import,
    },
    /// List the images
    Ls,
    /// Print the directories of an image's layers, the lowest first
    Show {
        /// A name, or the first digits of an identifier
        image: String,
    },
}

impl Manage {
    /// Does it.
    pub fn execute(self, store: &Store) -> Result<u8> {
        match self {
            Manage::Import { file, import } => table::line(&read(store, &file, &import)?)?,
            Manage::Ls => {
                let (images, errors) = store.list()?;
                table::print(&list::HEAD, &list::rows(&images, str::to_string))?;
                Error::all(errors)?;
            }
            Manage::Show { image } => {
                for layer in store.lower(image.as_ref())? {
                    table::line(&layer.display().to_string())?;
                }
            }
        }
        Ok(0)
    }
}

fn read(store: &Store, file: &Path, import: &Import) -> Result<String> {
    let id = if file.as_os_str() == "-" {
        store.import(std::io::stdin(), import)?
    } else {
        let source = File::open(file).doing(|| format!("open {}", file.display()))?;
        store.import(source, import)?
    };
    Ok(id.to_string())
}
