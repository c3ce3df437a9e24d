//! `images import | ls | show`

#![forbid(unsafe_code)]

use images::{Import, Store, list};
use shared::home::{Home, HomeArgs};
use shared::{Doing, Error, Result, cli};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Keep root file systems as images: by digest, each layer once.
#[derive(clap::Parser)]
#[command(name = "images", version)]
struct Cli {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make an image of an archive of a root file system
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

fn run(cli: Cli) -> Result<u8> {
    let store = Store::open(&Home::open(&cli.home)?.data.join("images"))?;
    match cli.command {
        Command::Import { file, import } => {
            let id = if file.as_os_str() == "-" {
                store.import(std::io::stdin(), &import)?
            } else {
                let source = File::open(&file).doing(|| format!("open {}", file.display()))?;
                store.import(source, &import)?
            };
            print(&format!("{id}\n"))
        }
        Command::Ls => {
            let (images, errors) = store.list()?;
            print(&list::table(&images, str::to_string))?;
            Error::all(errors)?;
            Ok(0)
        }
        Command::Show { image } => {
            let found = store.find(&image)?.ok_or_else(|| {
                Error::refused(format!("there is no image {image:?} here"))
                    .next("images ls shows which there are")
            })?;
            print(&found.layers.iter().map(|layer| format!("{}\n", layer.display())).collect::<String>())
        }
    }
}

fn print(text: &str) -> Result<u8> {
    std::io::stdout().write_all(text.as_bytes()).doing(|| "write to the standard output".into())?;
    Ok(0)
}

fn main() -> ExitCode {
    cli::main(run)
}
