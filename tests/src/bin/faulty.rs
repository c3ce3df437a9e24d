//! `faulty --log FILE [--fault PART:MOMENT:KIND]… COMMAND…`: a container of parts that fail where they are told.
//!
//! The three parts write down each of their moments, make a file in `prepare` and remove it in `release`, and
//! hand a descriptor down and one up, so that a test of the one launch sees what it did and in which order.

#![forbid(unsafe_code)]

use nix::sys::signal::{Signal, kill};
use shared::launch::{Parts, launch, release};
use shared::{Child, CloneArgs, Doing, Error, Fds, Inside, Part, Program, Result, cli, sys};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Launch a container of parts that fail where they are told.
#[derive(clap::Parser)]
#[command(name = "faulty")]
struct Cli {
    /// Where every moment writes its line
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// What is to go wrong: PART is first, second or last; MOMENT prepare, attach, enter or release; KIND
    /// error, panic, exit, kill or slow
    #[arg(long = "fault", value_name = "PART:MOMENT:KIND", value_parser = fault)]
    faults: Vec<Fault>,
    /// Only release, as a second process does for one that died
    #[arg(long)]
    release: bool,
    #[command(flatten)]
    program: Program,
}

#[derive(Debug, Clone, PartialEq)]
struct Fault {
    part: String,
    moment: String,
    kind: String,
}

fn fault(text: &str) -> Result<Fault, String> {
    let mut words = text.split(':').map(str::to_string);
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(part), Some(moment), Some(kind), None) => Ok(Fault { part, moment, kind }),
        _ => Err("PART:MOMENT:KIND is wanted".into()),
    }
}

struct Faulty {
    name: &'static str,
    log: PathBuf,
    faults: Vec<Fault>,
}

impl Faulty {
    fn made(&self) -> PathBuf {
        self.log.with_extension(self.name)
    }

    /// Writes the moment down, and fails in it where that is asked for.
    fn moment(&self, moment: &str) -> Result<()> {
        write_line(&self.log, &format!("{} {moment}", self.name))?;
        let here = self.faults.iter().filter(|fault| fault.part == self.name && fault.moment == moment);
        here.map(|fault| fault.kind.as_str()).try_for_each(|kind| match kind {
            "error" => Err(Error::new(format!("do the {moment} of {}", self.name), "it was asked to fail")
                .next("ask for less")
                .exit(77)),
            "panic" => panic!("{} was asked to panic in {moment}", self.name),
            "exit" => sys::exit_now(9),
            "kill" => kill(nix::unistd::getpid(), Signal::SIGKILL).doing(|| "kill itself".into()),
            "slow" => {
                std::thread::sleep(Duration::from_millis(300));
                Ok(())
            }
            other => Err(Error::refused(format!("no such kind of fault: {other}"))),
        })
    }
}

impl Part for Faulty {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&mut self, _: &mut CloneArgs) -> Result<()> {
        std::fs::write(self.made(), self.name).doing(|| "make the file".into())?;
        self.moment("prepare")
    }

    fn attach(&mut self, child: &Child, down: &mut Fds) -> Result<()> {
        assert_eq!(nix::unistd::getpgid(Some(child.pid)), nix::unistd::getpgid(None));
        let file = File::open(self.made()).doing(|| "open the file".into())?;
        down.push((self.name.into(), file.into()));
        self.moment("attach")
    }

    fn enter(&mut self, inside: &mut Inside) -> Result<()> {
        let at = inside.down.iter().position(|(name, _)| name == self.name);
        let Some(at) = at else { return Err(Error::refused("the descriptor did not come down")) };
        let mut said = String::new();
        let mut file = File::from(inside.down.remove(at).1);
        file.read_to_string(&mut said).doing(|| "read what came down".into())?;
        assert_eq!(said, self.name);
        if !self.last() {
            inside.up.push((self.name.into(), file.into()));
        }
        inside.env.push(format!("ENTERED_{}=yes", self.name).into());
        self.moment("enter")
    }

    fn last(&self) -> bool {
        self.name == "last"
    }

    fn release(&self) -> Result<()> {
        let result = self.moment("release");
        match std::fs::remove_file(self.made()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::new("remove the file", error));
            }
            _ => {}
        }
        result
    }
}

fn main() -> ExitCode {
    cli::main(run)
}

fn run(cli: Cli) -> Result<u8> {
    let part = |name| -> Box<dyn Part> {
        Box::new(Faulty { name, log: cli.log.clone(), faults: cli.faults.clone() })
    };
    // The last one to enter stands in the middle: the list is the order of everything but that.
    let mut parts: Parts = vec![part("first"), part("last"), part("second")];
    if cli.release {
        return Error::all(release(&parts)).map(|()| 0);
    }
    let before = open_descriptors();
    let ended = launch(&mut parts, &cli.program).and_then(|running| {
        let up: Vec<&str> = running.up.iter().map(|(name, _)| name.as_str()).collect();
        write_line(&cli.log, &format!("up {}", up.join(" ")))?;
        let code = running.wait()?;
        Error::all(release(&parts)).map(|()| code)
    });
    write_line(&cli.log, &format!("descriptors {}", open_descriptors() - before))?;
    ended
}

fn write_line(log: &Path, line: &str) -> Result<()> {
    let file = File::options().create(true).append(true).open(log);
    file.and_then(|mut file| writeln!(file, "{line}")).doing(|| format!("write to {}", log.display()))
}

fn open_descriptors() -> usize {
    (0..1024).filter(|number| sys::duplicate(*number).is_ok()).count()
}
