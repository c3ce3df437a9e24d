//! What is measured: our own binaries, and the peers that are installed.

use crate::timed;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tests::{is_installed, leaks, rootfs};

/// The chapters' binaries that can run something in a root filesystem, with the flags they need for the work
/// that `bwrap --unshare-all` does.
const CHAPTERS: [(&str, &[&str]); 5] =
    [("chroot", &[]), ("hostname", &[]), ("pids", &[]), ("mounts", &[]), ("network", &["--net", "none"])];

/// The image as docker and podman call it.
const IMAGE: &str = "cooperage-bench";

/// How one candidate runs `/bin/true` once.
pub struct Candidate {
    pub name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, PathBuf)>,
    /// Replaces `ID` in the arguments: an OCI runtime wants another name for each container.
    runs: u64,
}

impl Candidate {
    fn new(name: &str, program: impl Into<PathBuf>) -> Candidate {
        Candidate {
            name: name.into(),
            program: program.into(),
            arguments: vec![],
            environment: vec![],
            runs: 0,
        }
    }

    fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Candidate {
        self.arguments.extend(arguments.into_iter().map(|it| it.as_ref().into()));
        self
    }

    fn env(mut self, name: &'static str, value: PathBuf) -> Candidate {
        self.environment.push((name, value));
        self
    }

    /// Runs it once, from start to exit.
    pub fn run(&mut self) -> Result<Duration, String> {
        self.runs += 1;
        let id = OsString::from(format!("cooperage-bench-{}-{}", std::process::id(), self.runs));
        let arguments = self.arguments.iter().map(|it| if it == "ID" { &id } else { it });
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        timed(&mut command)
    }

    /// The command line.
    pub fn shown(&self) -> String {
        let program = self.program.file_name().unwrap_or_default().to_string_lossy();
        let arguments = self.arguments.iter().map(|it| format!(" {}", it.to_string_lossy()));
        arguments.fold(program.into_owned(), |line, argument| line + &argument)
    }
}

/// The directory in which everything that is measured lives.
pub struct Workshop {
    directory: PathBuf,
    binaries: PathBuf,
    rootfs: PathBuf,
}

impl Workshop {
    pub fn open(binaries: &Path) -> Workshop {
        own_mounts();
        let directory = tempfile::Builder::new().prefix("cooperage-bench-").tempdir().unwrap().keep();
        let rootfs = directory.join("rootfs");
        rootfs::copy(&rootfs::unpacked("busybox"), &rootfs);
        Workshop { binaries: std::path::absolute(binaries).unwrap(), directory, rootfs }
    }

    /// Removes all of it, down to the mounts that podman leaves below its storage.
    pub fn close(self) {
        if docker_answers() {
            let _ = quiet(Command::new("docker").args(["rmi", "--force", IMAGE]));
        }
        leaks::clear(&self.directory.file_name().unwrap().to_string_lossy());
        std::fs::remove_dir_all(&self.directory).unwrap();
    }

    /// Those that can run, and why the others cannot.
    pub fn candidates(&self) -> (Vec<Candidate>, Vec<String>) {
        let all = [("keg", self.keg()), ("bwrap", self.bwrap())];
        let all = all.into_iter().chain(["crun", "runc"].map(|name| (name, self.oci(name))));
        let all = all.chain([("podman", self.podman()), ("docker", self.docker())]);
        let all = all.chain(CHAPTERS.map(|(name, flags)| (name, self.chapter(name, flags))));
        let (mut there, mut missing) = (vec![], vec![]);
        for (name, candidate) in all {
            match candidate {
                Ok(candidate) => there.push(candidate),
                Err(why) => missing.push(format!("{name}: {why}")),
            }
        }
        (there, missing)
    }

    fn ours(&self, name: &str) -> Result<PathBuf, String> {
        let program = self.binaries.join(name);
        if program.is_file() { Ok(program) } else { Err("not built".into()) }
    }

    fn keg(&self) -> Result<Candidate, String> {
        let (program, root) = (self.ours("keg")?, self.directory.join("keg"));
        let archive = rootfs::archive("busybox");
        quiet(Command::new(&program).arg("import").arg(archive).arg("busybox").env("KEG_ROOT", &root))?;
        let run = ["run", "--rm", "--net", "none", "busybox", "true"];
        Ok(Candidate::new("keg run", program).args(run).env("KEG_ROOT", root))
    }

    fn chapter(&self, name: &str, flags: &[&str]) -> Result<Candidate, String> {
        Ok(Candidate::new(name, self.ours(name)?)
            .args(flags)
            .args([self.rootfs.as_os_str(), "true".as_ref()]))
    }

    fn bwrap(&self) -> Result<Candidate, String> {
        installed("bwrap")?;
        let bind = [OsStr::new("--unshare-all"), "--bind".as_ref(), self.rootfs.as_ref(), "/".as_ref()];
        Ok(Candidate::new("bwrap --unshare-all", "bwrap").args(bind).args(["/bin/true"]))
    }

    /// An OCI runtime with the bundle that its own `spec` writes, with another program and no terminal.
    fn oci(&self, name: &str) -> Result<Candidate, String> {
        installed(name)?;
        let (bundle, state) = (self.directory.join(format!("{name}-bundle")), self.directory.join(name));
        std::fs::create_dir(&bundle).unwrap();
        // One bundle for both, so that they do the same.
        let writer = if is_installed("runc") { "runc" } else { name };
        quiet(Command::new(writer).arg("spec").current_dir(&bundle))?;
        let path = bundle.join("config.json");
        let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        config["process"]["terminal"] = false.into();
        config["process"]["args"] = serde_json::json!(["/bin/true"]);
        config["root"]["path"] = self.rootfs.to_string_lossy().into();
        std::fs::write(path, config.to_string()).unwrap();
        let arguments =
            ["--root".as_ref(), state.as_os_str(), "run".as_ref(), "--bundle".as_ref(), bundle.as_ref()];
        Ok(Candidate::new(&format!("{name} run"), name).args(arguments).args(["ID"]))
    }

    fn podman(&self) -> Result<Candidate, String> {
        installed("podman")?;
        let [root, run] = ["podman", "podman-run"].map(|name| self.directory.join(name));
        let store = ["--root".as_ref(), root.as_os_str(), "--runroot".as_ref(), run.as_os_str()];
        let store: Vec<&OsStr> =
            store.into_iter().chain(["--cgroup-manager".as_ref(), "cgroupfs".as_ref()]).collect();
        quiet(Command::new("podman").args(&store).arg("import").arg(rootfs::archive("busybox")).arg(IMAGE))?;
        // Its default limits are higher than some machines allow.
        let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
        let run = ["run", "--rm", "--network", "none"].into_iter().chain(limits).chain([IMAGE, "true"]);
        Ok(Candidate::new("podman run", "podman").args(store).args(run))
    }

    fn docker(&self) -> Result<Candidate, String> {
        installed("docker")?;
        if !docker_answers() {
            return Err("no daemon answers".into());
        }
        quiet(Command::new("docker").arg("import").arg(rootfs::archive("busybox")).arg(IMAGE))?;
        Ok(Candidate::new("docker run", "docker").args(["run", "--rm", "--network", "none", IMAGE, "true"]))
    }
}

/// Gives the measurement a mount namespace of its own: what podman leaves mounted goes with it. And crun refuses
/// a machine with version 1 control groups whose version 2 tree has a controller, so that tree is put out of
/// sight, for all candidates alike.
fn own_mounts() {
    unshare(CloneFlags::CLONE_NEWNS).expect("the benchmark needs root, for a mount namespace of its own");
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();
    let hybrid = Path::new("/sys/fs/cgroup/unified/cgroup.controllers");
    if std::fs::read_to_string(hybrid).is_ok_and(|controllers| !controllers.trim().is_empty()) {
        umount2("/sys/fs/cgroup/unified", MntFlags::MNT_DETACH).unwrap();
    }
}

fn installed(program: &str) -> Result<(), String> {
    if is_installed(program) { Ok(()) } else { Err("not installed".into()) }
}

fn docker_answers() -> bool {
    let command = Command::new("timeout").args(["5", "docker", "info"]).output();
    is_installed("docker") && command.is_ok_and(|output| output.status.success())
}

fn quiet(command: &mut Command) -> Result<(), String> {
    timed(command.stdin(Stdio::null()).stdout(Stdio::null())).map(|_| ())
}
