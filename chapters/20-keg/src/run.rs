//! `keg run`

use crate::environment::Environment;
use crate::found::{self, Found};
use hostname::Hostname;
use images::config::RunConfig;
use jiff::Timestamp;
use layers::Layers;
use lifecycle::{Containers, Spec};
use mounts::Console;
use network::Network;
use pids::Init;
use privileges::{Privileges, User};
use registry::RegistryArgs;
use shared::home::{Home, HomeArgs};
use shared::{Error, Program, Result, sealed};
use std::ffi::OsString;
use std::path::PathBuf;

/// The flags.
#[derive(clap::Args)]
pub struct Run {
    /// Remove the container when it ends
    #[arg(long = "rm")]
    remove: bool,
    /// A name for the container [default: a made-up one]
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    name: String,
    /// Execute this instead of the image's entrypoint
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<OsString>,
    /// Start in this directory of the container
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<PathBuf>,
    #[command(flatten)]
    environment: Environment,
    #[command(flatten)]
    hostname: Hostname,
    #[command(flatten)]
    console: Console,
    #[command(flatten)]
    privileges: Privileges,
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    init: Init,
    #[command(flatten)]
    registry: RegistryArgs,
    /// The image, and what to run instead of its own command
    #[arg(value_names = ["IMAGE", "COMMAND"], required = true, num_args = 1.., trailing_var_arg = true)]
    words: Vec<OsString>,
}

impl Run {
    /// Runs the container in the foreground; its exit code is ours.
    pub fn execute(self, home: &HomeArgs) -> Result<u8> {
        sealed::ensure()?;
        let home = Home::open(home)?;
        let image = found::find_or_pull(&home, &self.words[0], self.registry.clone())?;
        let spec = self.spec(image)?;
        Containers::open(home)?.run(spec)
    }

    /// What the user said, over what the image says.
    fn spec(self, image: Found) -> Result<Spec> {
        let config = &image.config;
        let program = Program {
            argv: self.argv(config)?,
            env: self.environment.over(&config.env)?,
            directory: self.workdir.clone().or_else(|| directory(&config.working_dir)),
        };
        let privileges = Privileges { user: self.privileges.user.or(user(&config.user)?) };
        Ok(Spec {
            name: self.name,
            image: image.name,
            image_id: image.id,
            created: Timestamp::now(),
            remove: self.remove,
            network: self.network,
            hostname: self.hostname,
            layers: Layers { lower: image.layers, temporary: self.remove, changes: None },
            console: self.console,
            privileges,
            init: self.init,
            program,
            ..Spec::default()
        })
    }

    /// Entrypoint and command: a new entrypoint takes the image's command away, since that was meant for the
    /// old one.
    fn argv(&self, config: &RunConfig) -> Result<Vec<OsString>> {
        let list = |words: &Option<Vec<String>>| -> Vec<OsString> {
            words.iter().flatten().map(OsString::from).collect()
        };
        let (mut argv, default) = match &self.entrypoint {
            Some(program) if program.is_empty() => (vec![], vec![]),
            Some(program) => (vec![program.clone()], vec![]),
            None => (list(&config.entrypoint), list(&config.cmd)),
        };
        let command = &self.words[1..];
        argv.extend(if command.is_empty() { default } else { command.to_vec() });
        if argv.is_empty() {
            return Err(Error::refused("no command specified: the image names none")
                .next("give one after the image, such as `keg run IMAGE sh`"));
        }
        Ok(argv)
    }
}

fn directory(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

fn user(text: &str) -> Result<Option<User>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| {
        Error::new("use the user that the image names", error).next("choose another with --user")
    })
}
