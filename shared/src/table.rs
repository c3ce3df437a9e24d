//! Tables as Docker prints them, and output that a reader may stop reading.

use crate::error::printable;
use crate::{Doing, Error, Result};
use std::io::{ErrorKind, Write};
use tabwriter::TabWriter;

/// Prints a table with a head, its columns three blanks apart and at least ten wide. What is in a cell comes
/// from an image or a user, and must neither break the table nor drive the terminal.
pub fn print(head: &[&str], rows: &[Vec<String>]) -> Result<()> {
    let mut table = TabWriter::new(Vec::new()).minwidth(10).padding(3);
    let mut text = head.join("\t") + "\n";
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| printable(cell)).collect();
        text += &(cells.join("\t") + "\n");
    }
    table.write_all(text.as_bytes()).and_then(|()| table.flush()).doing(|| "align a table".into())?;
    let bytes = table.into_inner().map_err(|error| Error::new("align a table", error.to_string()))?;
    out(&bytes)
}

/// Writes to standard output. A reader that has gone (`| head -1`) has had what it wanted: no error.
pub fn out(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.doing(|| "write to standard output".into()),
    }
}

/// A line on standard output.
pub fn line(text: &str) -> Result<()> {
    out(format!("{}\n", printable(text)).as_bytes())
}
