//! Our own binary, out of reach of the container (CVE-2019-5736).

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use tests::{Scratch, rootfs};

/// A `keg` of this test's own: should an attack succeed, nobody else executes what it left.
fn copy_of_keg(scratch: &Scratch) -> PathBuf {
    let copy = scratch.path().join("keg-binary");
    std::fs::copy(tests::binaries::bin("keg"), &copy).unwrap();
    copy
}

fn look(binary: &Path) -> (String, u64, i64, u32) {
    let sum = std::process::Command::new("sha256sum").arg(binary).output().unwrap();
    let found = std::fs::metadata(binary).unwrap();
    (String::from_utf8(sum.stdout).unwrap(), found.size(), found.mtime(), found.mode())
}

#[test]
fn c2_09_a_container_cannot_write_to_the_runtime() {
    let scratch = Scratch::new();
    let keg = copy_of_keg(&scratch);
    let image = crate::imported(&scratch, &rootfs::busybox(&scratch));
    let before = look(&keg);
    // The init is the runtime's own binary and stays.
    let attack = "for exe in /proc/[0-9]*/exe; do
            for how in '>' '>>' '<>'; do eval \"exec 3${how}\\$exe\" 2>&1 && echo OPENED $exe; done
        done
        exec 4</proc/1/exe; (echo x >/proc/self/fd/4) 2>&1
        mount -o remount,rw,bind /proc/1/exe 2>&1; chmod 4777 /proc/1/exe 2>&1; echo over";
    // Each `exec` that fails would end the shell, so each is tried in one of its own.
    let attack = attack.replace("eval \"exec 3${how}\\$exe\"", "sh -c \"exec 3${how}$exe\"");
    let run = scratch.tool(&keg).args(["run", "--rm", "--init", image, "sh", "-c", &attack]);
    let output = run.output().success();
    let text = output.text();
    assert!(text.contains("sh: can't create /proc/1/exe: Read-only file system"), "{output:?}");
    assert!(text.contains("can't create /proc/self/fd/4: Read-only file system"), "{output:?}");
    assert!(text.ends_with("over\n"), "{output:?}");
    assert!(!text.contains("OPENED /proc/1/exe"), "{output:?}");
    assert_eq!(look(&keg), before);
}

#[test]
fn c2_09_an_entrypoint_that_is_the_runtime_itself_gets_nothing() {
    let scratch = Scratch::new();
    let keg = copy_of_keg(&scratch);
    let rootfs = rootfs::busybox(&scratch);
    symlink("/proc/self/exe", rootfs.join("entry")).unwrap();
    std::fs::write(rootfs.join("script"), "#!/proc/self/exe\n").unwrap();
    std::fs::set_permissions(rootfs.join("script"), PermissionsExt::from_mode(0o755)).unwrap();
    let image = crate::imported(&scratch, &rootfs);
    let before = look(&keg);
    for entry in ["/entry", "/script", "/proc/self/exe", "/proc/1/exe"] {
        for flags in [&[][..], &["--init"]] {
            // Whatever it is that is executed in there, it is inside, and it is read-only.
            let run = scratch.tool(&keg).args(["run", "--rm"]).args(flags).args([image, entry, "--version"]);
            run.output();
        }
    }
    // While containers come and go, one that sees their first processes tries to open them all for writing.
    let watch = "while :; do for exe in /proc/[0-9]*/exe; do (echo x >>$exe) 2>/dev/null && echo WRITTEN $exe; done; done";
    let writer =
        scratch.tool(&keg).args(["run", "--rm", "--init", image, "timeout", "20", "sh", "-c", watch]).start();
    for _ in 0..20 {
        scratch.tool(&keg).args(["run", "--rm", image, "/entry", "--version"]).output();
    }
    let output = writer.finish();
    assert!(!output.text().contains("WRITTEN /proc/1/exe"), "{output:?}");
    assert_eq!(look(&keg), before);
}

#[test]
fn c2_09_what_is_executed_is_the_sealed_binary() {
    let scratch = Scratch::new();
    let keg = copy_of_keg(&scratch);
    let image = crate::imported(&scratch, &rootfs::busybox(&scratch));
    let started =
        scratch.tool(&keg).args(["run", "--rm", "--init", image, "sh", "-c", "echo up; sleep 60"]).start();
    started.wait_for("up");
    // From the host, too: the file that the processes execute is on a read-only mount.
    let launcher = started.process();
    let [init] = launcher.children()[..] else { panic!("one child is expected") };
    for process in [launcher, init] {
        let exe = format!("/proc/{}/exe", process.0);
        let flags = nix::sys::statvfs::statvfs(exe.as_str()).unwrap().flags();
        assert!(flags.contains(nix::sys::statvfs::FsFlags::ST_RDONLY), "process {}", process.0);
        // Truncating asks for a writable mount before anything else, so this is not merely "text file busy".
        let opened = std::fs::File::options().write(true).truncate(true).open(exe);
        assert_eq!(opened.unwrap_err().raw_os_error(), Some(nix::libc::EROFS), "process {}", process.0);
    }
}
