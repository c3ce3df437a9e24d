//! Running the student's program, and noting what is true before, during and after.
//!
//! | fact | |
//! |---|---|
//! | `exit` | the exit code of the student's program, 128 + n after signal n |
//! | `signal` | the signal that ended the student's program itself, if one did |
//! | `timed_out` | whether it had to be ended |
//! | `stdout`, `stderr` | what it and the program inside have printed |
//! | `inside.…` | what the probe says of itself, if it was run to say it |
//! | `seen.pid`, `.pids`, `.ns.…`, `.root`, `.cwd`, `.mounts`, `.host_root` | the probe from the host, if watched |
//! | `host.hostname`, `host.mounts` | each with `before` and `after` |
//! | `host.ns.…` | the host's namespaces |
//! | `host.left` | the names of the processes that are still there when the student's program has ended |
//! | `rootfs`, `canary` | which files these are: device and inode number |

use super::room::Room;
use super::{Request, seen};
use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde_json::{Value, json};
use shared::{Doing, Error, Result};
use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often to look.
const STEP: Duration = Duration::from_millis(5);
/// How long processes may take to be gone after the student's program: the kernel ends a PID namespace before
/// its process 1 has ended, so this is for programs that were told to end and need a moment.
const GRACE: Duration = Duration::from_millis(200);
/// How long the program inside is left alone before it is killed: a runtime that does not wait for it ends
/// meanwhile, and that must not look as if the kill had ended it.
const SETTLE: Duration = Duration::from_millis(100);
/// The most bytes of an output that count.
const LONGEST: u64 = 1 << 20;

/// Runs the program and returns all the facts.
pub fn run(request: &Request, room: &Room) -> Result<Value> {
    let before = host();
    let (out, errors) = (room.scratch.join("stdout"), room.scratch.join("stderr"));
    let runtime = spawn(request, room, &out, &errors)?;
    let limit = Duration::from_secs(request.limit.into());
    let mut look = Value::Null;
    let mut ended = None;
    if request.watched {
        ended = until(runtime, limit, || text(&out).contains('\n'));
        if let Some(pid) = seen::running(&room.rootfs.join("probe")) {
            look = seen::look(pid);
            ended = ended.or_else(|| until(runtime, SETTLE, || false));
            if ended.is_none() {
                kill(pid)?;
            }
        }
    }
    let ended = ended.or_else(|| until(runtime, limit, || false));
    let left = left_over(ended.is_some());
    let after = host();
    let (out, errors) = (text(&out), text(&errors));
    Ok(json!({
        "exit": ended.map(|status| exit_code(&status)),
        "signal": match ended { Some(WaitStatus::Signaled(_, signal, _)) => Some(signal.as_str()), _ => None },
        "timed_out": ended.is_none(),
        "inside": out.lines().find_map(report),
        "stdout": out,
        "stderr": errors,
        "seen": look,
        "host": {
            "hostname": {"before": before.0, "after": after.0},
            "mounts": {"before": before.1, "after": after.1},
            "ns": seen::namespaces("self"),
            "left": left,
        },
        "rootfs": seen::inode(&room.rootfs),
        "canary": seen::inode(&room.canary),
    }))
}

/// What must not change: the name and the mounts.
fn host() -> (Value, Value) {
    let name = nix::unistd::gethostname().map_or(Value::Null, |name| json!(name.to_string_lossy()));
    (name, seen::in_short(&seen::mounts("self")))
}

/// Starts the program in the scratch directory: outside of the root filesystem, so that a working directory
/// that was forgotten there is noticed. Its output goes to files, which cannot fill up and block as pipes do.
fn spawn(request: &Request, room: &Room, out: &Path, errors: &Path) -> Result<Pid> {
    let doing = || format!("run {}", request.runtime.display());
    let child = Command::new(&request.runtime)
        .args(room.words(&request.words))
        .current_dir(&room.scratch)
        .env_clear()
        .env("PATH", shared::program::PATH)
        .env("TMPDIR", &room.scratch)
        .stdin(Stdio::null())
        .stdout(File::create(out).doing(doing)?)
        .stderr(File::create(errors).doing(doing)?)
        .process_group(0)
        .spawn()
        .map_err(|error| Error::new(doing(), error).next("give an executable file with --runtime"))?;
    Ok(Pid::from_raw(child.id() as i32))
}

/// Waits for every process that has ended, as a process 1 must; the status if the student's program is one.
fn reap(runtime: Pid) -> Option<WaitStatus> {
    let mut ended = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return ended,
            Ok(status) if status.pid() == Some(runtime) => ended = Some(status),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return ended, // ECHILD: nobody is left
        }
    }
}

/// Waits until the student's program has ended, or `enough`, or time is up.
fn until(runtime: Pid, limit: Duration, enough: impl Fn() -> bool) -> Option<WaitStatus> {
    let start = Instant::now();
    loop {
        // Looked at before, so that what was printed at the very end counts.
        let enough = enough() || start.elapsed() >= limit;
        let ended = reap(runtime);
        if ended.is_some() || enough {
            return ended;
        }
        sleep(STEP);
    }
}

/// Kills the program inside. A pid cannot be given to another meanwhile: whoever has it is our child or our
/// child's, and only waiting for it makes it free.
fn kill(pid: i32) -> Result<()> {
    match nix::sys::signal::kill(Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(Error::new("end the program inside", errno)),
    }
}

/// The names of what is left. The end of the room ends it.
fn left_over(grace: bool) -> Value {
    let start = Instant::now();
    loop {
        reap(Pid::from_raw(0));
        let pids = seen::processes();
        if pids.is_empty() || !grace || start.elapsed() > GRACE {
            return seen::names(&pids);
        }
        sleep(STEP);
    }
}

fn exit_code(status: &WaitStatus) -> i32 {
    match status {
        WaitStatus::Exited(_, code) => *code,
        WaitStatus::Signaled(_, signal, _) => 128 + *signal as i32,
        _ => -1,
    }
}

fn text(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(LONGEST).read_to_end(&mut bytes); // what was read counts
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The probe's report. Other lines can be JSON as well, such as numbers.
fn report(line: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(line).ok()?;
    value.get("pid").is_some().then_some(value)
}
