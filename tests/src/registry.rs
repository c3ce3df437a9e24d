//! A registry that is not ours, on loopback.

use crate::is_installed;
use crate::{Scratch, Started, wait};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// How often another port is tried when somebody took the one that was free.
const TRIES: usize = 5;

/// Debian's docker-registry, killed with the test.
#[derive(Debug)]
pub struct Registry<'a> {
    address: SocketAddr,
    directory: std::path::PathBuf,
    _process: Started<'a>,
}

impl<'a> Registry<'a> {
    /// Starts one whose storage is in the scratch.
    #[track_caller]
    pub fn start(scratch: &'a Scratch) -> Registry<'a> {
        assert!(is_installed("docker-registry"), "there is no docker-registry\n  next: run tests/setup");
        for _ in 0..TRIES {
            if let Some(registry) = Registry::on_free_port(scratch) {
                return registry;
            }
        }
        panic!("docker-registry did not start on any of {TRIES} free ports")
    }

    fn on_free_port(scratch: &'a Scratch) -> Option<Registry<'a>> {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let directory = scratch.directory(&format!("registry-{}", address.port()));
        let config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
             http: {{addr: '{address}'}}\n",
            directory.display()
        );
        let config = scratch.file(&format!("registry-{}.yml", address.port()), config);
        let process = scratch.tool("docker-registry").arg("serve").arg(config).start();
        wait::at_most(wait::LONG, || {
            let answers = TcpStream::connect(address).is_ok();
            (answers || !process.process().is_alive()).then_some(())
        })?;
        // Somebody else may answer there; ours has ended then.
        process.process().is_alive().then_some(Registry { address, directory, _process: process })
    }

    /// Its address, such as `127.0.0.1:40123`, as it stands in the name of an image.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Where it stores what it has, for tests that damage it.
    pub fn storage(&self) -> &std::path::Path {
        &self.directory
    }

    /// Puts an image that `keg` has nothing to do with under `name:tag`, by skopeo. `from` is in skopeo's
    /// words: `docker-archive:FILE`, `oci:DIRECTORY`.
    #[track_caller]
    pub fn push(&self, scratch: &Scratch, from: &str, name: &str) {
        let to = format!("docker://{}/{name}", self.address);
        scratch
            .tool("skopeo")
            .args(["copy", "--quiet", "--dest-tls-verify=false", from, &to])
            .output()
            .success();
    }
}
