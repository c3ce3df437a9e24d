//! How to talk to registries.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What the command line says.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct RegistryArgs {
    /// Registries (HOST or HOST:PORT) that may be spoken to without TLS; those on this machine always may
    #[arg(
        long = "insecure-registry",
        value_name = "HOST[:PORT]",
        env = "KEG_INSECURE_REGISTRIES",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub insecure: Vec<String>,
}

/// How to talk to registries. Every time and number has a reason beside it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Hosts, or hosts with ports, that may be spoken to without TLS besides this machine itself.
    pub insecure: Vec<String>,
    /// The file with the credentials; `None` for none at all.
    pub credentials: Option<PathBuf>,
    /// How long making a connection may take: a host that is there answers within seconds.
    pub connect: Duration,
    /// How long a connection may be silent. Registries that fetch a layer from elsewhere first take a while.
    pub stall: Duration,
    /// How often in a row something is tried again that failed for a reason that may pass.
    pub retries: u32,
    /// The pause before the first new try; it doubles each time.
    pub pause: Duration,
    /// How many layers are fetched at once. Docker's number: more only share the same line.
    pub parallel: usize,
}

impl Default for Options {
    fn default() -> Options {
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
        let directory = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(home);
        Options {
            insecure: Vec::new(),
            credentials: directory.map(|directory| directory.join("config.json")),
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(30),
            retries: 5,
            pause: Duration::from_millis(250),
            parallel: 3,
        }
    }
}

impl From<RegistryArgs> for Options {
    fn from(args: RegistryArgs) -> Options {
        let insecure = args.insecure.into_iter().map(|host| host.trim().to_lowercase()).collect();
        Options { insecure, ..Options::default() }
    }
}

impl Options {
    /// Whether a host (`HOST[:PORT]`) may be spoken to without TLS.
    pub(crate) fn plain(&self, authority: &str) -> bool {
        let authority = authority.to_lowercase();
        let host = host(&authority);
        is_loopback(host) || self.insecure.iter().any(|listed| *listed == authority || listed == host)
    }
}

/// The host without its port and without the brackets of IPv6.
fn host(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

/// Whether the name can only mean this machine: nobody in between can listen.
pub(crate) fn is_loopback(authority: &str) -> bool {
    // A bare IPv6 address has colons that separate no port.
    let host = if authority.parse::<IpAddr>().is_ok() { authority } else { host(authority) };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_what_is_listed_goes_without_tls() {
        let options =
            Options { insecure: vec!["reg.example".into(), "other:5000".into()], ..Options::default() };
        for plain in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:5000",
            "127.9.9.9",
            "[::1]:5000",
            "[::1]",
            "LOCALHOST:1",
            "reg.example",
            "reg.example:443",
            "other:5000",
        ] {
            assert!(options.plain(plain), "{plain}");
        }
        for tls in [
            "docker.io",
            "localhost.example",
            "127.0.0.1.example",
            "10.0.0.1:5000",
            "[fe80::1]",
            "other",
            "other:5001",
            "0.0.0.0",
            "",
        ] {
            assert!(!options.plain(tls), "{tls}");
        }
    }
}
