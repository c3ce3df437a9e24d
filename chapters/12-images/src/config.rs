//! What an image says about how to run it.
//!
//! It comes from the network, so it is checked before anything looks into it, and nothing in it decides how
//! the host behaves.

use crate::Digest;
use serde::{Deserialize, Deserializer, Serialize};
use shared::{Doing, Error, Result};
use std::collections::BTreeMap;

/// The image configuration. Its digest is the image's identifier.
///
/// Source: OCI image specification, `config.md`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// When it was made (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The processor it is for, in Go's words.
    pub architecture: String,
    /// The system it is for.
    pub os: String,
    /// The kind of processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The defaults for running it.
    #[serde(default, deserialize_with = "nullable")]
    pub config: RunConfig,
    /// Its layers.
    pub rootfs: RootFs,
    /// How it came to be, one entry for each step.
    #[serde(default, deserialize_with = "nullable")]
    pub history: Vec<History>,
}

/// The layers of an image, by the digest of what is inside the compression.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// `layers`, the only kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The layers, the lowest first.
    #[serde(default, deserialize_with = "nullable")]
    pub diff_ids: Vec<Digest>,
}

/// The defaults of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RunConfig {
    /// `USER`: who runs it.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// `EXPOSE`: the ports that it serves, as `80/tcp`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed_ports: BTreeMap<String, Empty>,
    /// `ENV`, as `NAME=value`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// `ENTRYPOINT`: what the command is given to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// `CMD`: the command when the user gives none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// `VOLUME`: paths whose content outlives the container.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, Empty>,
    /// `WORKDIR`: the directory to start in.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// `LABEL`: remarks.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// `STOPSIGNAL`: what `stop` sends first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// `SHELL`: what runs a command that is one string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<Vec<String>>,
    /// `HEALTHCHECK`, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<serde_json::Value>,
}

/// The value of a set that JSON writes as a map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// One step of the making of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// When (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By which command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// The `-m` of commit and import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether the step left the files as they were.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

/// Go writes a list or a map that is empty as `null`.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Config {
    /// Reads and checks a configuration that came from somewhere else.
    pub fn parse(bytes: &[u8]) -> Result<Config> {
        let config: Config = serde_json::from_slice(bytes).doing(|| "read the image configuration".into())?;
        config.check().map_err(|why| Error::new("use the image configuration", why))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.os != "linux" {
            return Err(format!("it is for the system {:?}, not for linux", self.os));
        }
        if self.rootfs.kind != "layers" {
            return Err(format!("its root file system is of the unknown kind {:?}", self.rootfs.kind));
        }
        let run = &self.config;
        let named = |entry: &&String| entry.find('=').is_none_or(|at| at == 0);
        if let Some(entry) = run.env.iter().find(named) {
            return Err(format!("its environment has {entry:?}, which is not NAME=value"));
        }
        let lists = [&run.entrypoint, &run.cmd, &run.shell].into_iter().flatten().flatten();
        let words = [&run.user, &run.working_dir].into_iter().chain(&run.env).chain(&run.stop_signal);
        let mut words = words.chain(lists).chain(run.volumes.keys()).chain(run.exposed_ports.keys());
        match words.find(|word| word.contains('\0')) {
            Some(word) => Err(format!("{word:?} has a NUL character in it")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(config: serde_json::Value) -> Result<Config> {
        let whole = json!({"architecture": "amd64", "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": [Digest::of(b"")]}, "history": null});
        Config::parse(whole.to_string().as_bytes())
    }

    #[test]
    fn nulls_and_unknown_fields_are_no_reason_to_refuse() {
        let config = with(json!({"Env": null, "Labels": null, "Volumes": null, "Cmd": null, "User": null,
            "Healthcheck": {"Test": ["NONE"]}, "ArgsEscaped": true, "OnBuild": null}));
        assert_eq!(config.unwrap().config.healthcheck.unwrap()["Test"][0], "NONE");
        assert_eq!(with(json!(null)).unwrap().config, RunConfig::default());
    }

    #[test]
    fn c6_14_hostile_configurations() {
        let table = [
            json!({"Env": ["PATH"]}),
            json!({"Env": ["=x"]}),
            json!({"Env": ["A=\0"]}),
            json!({"Env": "A=b"}),
            json!({"Entrypoint": "sh"}),
            json!({"Entrypoint": ["a\0b"]}),
            json!({"Cmd": [1]}),
            json!({"User": "a\0"}),
            json!({"WorkingDir": "/\0"}),
            json!({"Volumes": {"/a\0": {}}}),
            json!({"ExposedPorts": {"80\0": {}}}),
            json!({"Labels": ["a"]}),
        ];
        for config in table {
            let error = with(config.clone()).expect_err(&config.to_string()).to_string();
            assert!(error.contains("the image configuration"), "{error}");
        }
    }
}
