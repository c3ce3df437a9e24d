//! An mdBook preprocessor: `{{#difference CHAPTER}}` becomes what is new in that chapter's `main.rs`.

#![forbid(unsafe_code)]

use shared::{Doing, Result, cli};
use std::io::{Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    // `supports RENDERER` is how mdBook asks first; what we write is Markdown, which suits them all.
    if std::env::args().nth(1).as_deref() == Some("supports") {
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(cli::report("book-difference", &error)),
    }
}

fn run() -> Result<()> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).doing(|| "read the book from mdBook".into())?;
    let output = book_check::difference::preprocess(&input)?;
    std::io::stdout().write_all(output.as_bytes()).doing(|| "give the book back to mdBook".into())
}
