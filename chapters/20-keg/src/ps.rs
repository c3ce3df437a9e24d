//! `keg ps`

use jiff::Timestamp;
use lifecycle::{Containers, Listed, Status, ago};
use shared::home::{Home, HomeArgs};
use shared::{Result, cli, id, table};

/// How many characters of the command are shown.
const COMMAND_WIDTH: usize = 20;

/// The flags.
#[derive(clap::Args)]
pub struct Ps {
    /// Show all containers, also those that do not run
    #[arg(short, long)]
    all: bool,
    /// Show identifiers only
    #[arg(short, long)]
    quiet: bool,
    /// Do not shorten identifiers and commands
    #[arg(long)]
    no_trunc: bool,
}

impl Ps {
    /// Lists containers; one that cannot be read is reported and does not hide the others.
    pub fn execute(self, home: &HomeArgs) -> Result<u8> {
        let (mut listed, broken) = Containers::open(Home::open(home)?)?.list()?;
        listed.retain(|line| self.all || matches!(line.status, Status::Up(_)));
        if self.quiet {
            let ids: String = listed.iter().map(|line| self.id(line).to_string() + "\n").collect();
            table::out(ids.as_bytes())?;
        } else {
            let head = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"];
            let rows: Vec<_> = listed.iter().map(|line| self.row(line)).collect();
            table::print(&head, &rows)?;
        }
        for error in &broken {
            cli::report("keg", error);
        }
        Ok(if broken.is_empty() { 0 } else { 1 })
    }

    fn id<'a>(&self, line: &'a Listed) -> &'a str {
        let whole = &line.container.spec.id;
        if self.no_trunc { whole } else { id::short(whole) }
    }

    fn row(&self, line: &Listed) -> Vec<String> {
        let (spec, now) = (&line.container.spec, Timestamp::now());
        vec![
            self.id(line).into(),
            spec.image.clone(),
            self.command(&spec.program),
            format!("{} ago", ago(spec.created, now)),
            line.status.words(now),
            String::new(),
            spec.name.clone(),
        ]
    }

    fn command(&self, program: &shared::Program) -> String {
        let words: Vec<String> = program.argv.iter().map(|word| word.display().to_string()).collect();
        let whole = words.join(" ");
        if self.no_trunc || whole.chars().count() <= COMMAND_WIDTH {
            return format!("\"{whole}\"");
        }
        let start: String = whole.chars().take(COMMAND_WIDTH - 1).collect();
        format!("\"{start}…\"")
    }
}
