//! What a container must not see of the machine, and what it must not change.

use std::os::unix::fs::symlink;
use std::path::Path;
use tests::{Output, Scratch, rootfs};

/// Docker's lists, written down once more: a path that is lost from the code must be missed here.
const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

#[track_caller]
fn sh(scratch: &Scratch, rootfs: &Path, script: &str) -> Output {
    scratch.run("mounts").arg(rootfs).args(["sh", "-c", script]).output()
}

#[test]
fn c2_04_what_is_masked_shows_nothing() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let script = "for path in \"$@\"; do
        if [ -d $path ]; then echo $path directory $(ls -A $path | wc -l) $(touch $path/x 2>&1)
        elif [ -e $path ]; then echo $path $(stat -c '%F %t:%T' $path) $(head -c 1 $path | wc -c)
        else echo $path missing; fi; done";
    let run = scratch.run("mounts").arg(&rootfs).args(["sh", "-c", script, "sh"]).args(MASKED);
    let text = run.output().success().text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), MASKED.len(), "{text}");
    let mut hidden = 0;
    for (path, line) in MASKED.iter().zip(lines) {
        let expected = match std::fs::metadata(path) {
            Err(_) => format!("{path} missing"),
            Ok(found) if found.is_dir() => {
                format!("{path} directory 0 touch: {path}/x: Read-only file system")
            }
            Ok(_) => format!("{path} character special file 1:3 0"),
        };
        hidden += usize::from(!expected.ends_with("missing"));
        assert_eq!(line, expected);
    }
    assert!(hidden >= 4, "this kernel has next to nothing to hide:\n{text}");
}

#[test]
fn c2_04_what_is_read_only_cannot_be_written() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let before = (read("/proc/sys/kernel/core_pattern"), read("/proc/sys/vm/overcommit_memory"));
    // Only what this kernel has: elsewhere nothing could be refused.
    let targets = [
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/vm/overcommit_memory",
        "/proc/sys/kernel/domainname",
        "/proc/irq/default_smp_affinity",
        "/proc/sysrq-trigger",
        "/sys/kernel/mm/transparent_hugepage/enabled",
    ];
    let targets: Vec<&str> = targets.into_iter().filter(|path| Path::new(path).exists()).collect();
    assert!(targets.len() >= 4, "{targets:?}");
    for target in targets {
        let output = sh(&scratch, &rootfs, &format!("echo 2 >{target}")).code(1);
        output.says("Read-only file system");
    }
    assert_eq!((read("/proc/sys/kernel/core_pattern"), read("/proc/sys/vm/overcommit_memory")), before);
    let report = scratch.run("mounts").arg(&rootfs).arg("/probe").report();
    for path in READ_ONLY.iter().filter(|path| Path::new(path).exists()) {
        let mount = report.mount(path).unwrap_or_else(|| panic!("{path} is no mount"));
        assert!(
            mount.has("ro") && mount.has("nosuid") && mount.has("nodev") && mount.has("noexec"),
            "{mount:?}"
        );
        assert_eq!(mount.kind, "proc");
    }
    assert!(report.mount("/sys").unwrap().has("ro"));
    assert!(!report.mount("/proc").unwrap().has("ro"), "a process may change its own entries");
}

#[test]
fn c2_03_a_proc_or_sys_that_is_no_directory_is_refused() {
    for name in ["proc", "sys", "dev"] {
        type Craft<'a> = &'a dyn Fn(&Path);
        let crafts: [Craft; 5] = [
            &|at| symlink("/fake", at).unwrap(),
            &|at| symlink("fake", at).unwrap(),
            &|at| symlink("/not/there", at).unwrap(),
            &|at| symlink(at.file_name().unwrap(), at).unwrap(),
            &|at| std::fs::write(at, "").unwrap(),
        ];
        for craft in crafts {
            let scratch = Scratch::new();
            let rootfs = rootfs::probe(&scratch);
            std::fs::create_dir(rootfs.join("fake")).unwrap();
            craft(&rootfs.join(name));
            let output = scratch.run("mounts").arg(&rootfs).arg("/probe").output().code(125);
            let output = output.says(&format!("on /{name}: it must be mounted on an ordinary directory"));
            output.says(&format!("next: remove /{name} from the root filesystem"));
            assert_eq!(
                std::fs::read_dir(rootfs.join("fake")).unwrap().count(),
                0,
                "it was mounted elsewhere"
            );
        }
    }
}

/// The image's own `/dev` never decides what a mask, a stream or the console is.
#[test]
fn c2_05_links_in_the_images_dev_are_never_used() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let secret = scratch.canary().join("secret");
    std::fs::write(rootfs.join("canary"), "inside").unwrap();
    for name in ["null", "console", "ptmx", "tty", "zero", "pts", "shm", "fd", "stdin", "core", "mqueue"] {
        for target in [Path::new("/canary"), &secret] {
            let at = rootfs.join("dev").join(name);
            symlink(target, &at).unwrap();
            let script =
                "stat -c '%F %t:%T' /dev/null; head -c 1 /proc/kcore | wc -c; cat /canary; echo x >/dev/null";
            let output = sh(&scratch, &rootfs, script).success();
            assert_eq!(output.text(), "character special file 1:3\n0\ninside", "/dev/{name}");
            let run = scratch.run("mounts").arg("-t").arg(&rootfs).args([
                "sh",
                "-c",
                "cat /canary; tty; test -c /dev/console",
            ]);
            assert_eq!(run.output().success().text(), "inside/dev/pts/0\r\n", "/dev/{name}");
            std::fs::remove_file(&at).unwrap();
        }
    }
    assert_eq!(
        std::fs::read_dir(rootfs.join("dev")).unwrap().count(),
        0,
        "something was made in the image's /dev"
    );
    assert_eq!(std::fs::read(rootfs.join("canary")).unwrap(), b"inside");
}

/// A mask is put on the fresh procfs, even when the image's own /proc is full of links.
#[test]
fn c2_05_a_proc_full_of_links_changes_nothing() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    for name in ["self", "interrupts", "keys", "sys", "timer_list"] {
        symlink(scratch.canary(), rootfs.join("proc").join(name)).unwrap();
    }
    let report = scratch.run("mounts").arg(&rootfs).arg("/probe").report();
    let (masked, sys) = (report.mount("/proc/interrupts").unwrap(), report.mount("/proc/sys").unwrap());
    assert_eq!((masked.root.as_str(), sys.kind.as_str(), sys.root.as_str()), ("/null", "proc", "/sys"));
}

/// What a mask hides is hidden from the next mount, too: a second procfs is the kernel's to refuse, or shows
/// what root may see. The chapter says so; here is the proof that masks are no protection from root's mounts.
#[test]
fn c2_04_the_chapter_does_not_claim_to_hold_back_mounts() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let script = "mkdir /p && mount -t proc none /p && test $(wc -c </p/interrupts) -gt 0 && echo seen";
    sh(&scratch, &rootfs, script).success().prints("seen");
}
