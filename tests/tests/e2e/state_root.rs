//! The directory of all state: whose it is, and what happens when nothing more fits into it.

use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::Path;
use tests::{Output, Run, Scratch, binaries, rootfs};

fn keg<'a>(scratch: &'a Scratch, root: &Path, arguments: &[&str]) -> Run<'a> {
    scratch.run("keg").env("KEG_ROOT", root).args(arguments)
}

const COMMANDS: [&[&str]; 4] = [&["ps"], &["images"], &["rm", "x"], &["run", "--rm", "x", "true"]];

#[test]
fn c0_07_a_state_root_that_is_missing_is_made_for_us_alone() {
    let scratch = Scratch::new();
    for (number, command) in COMMANDS.iter().enumerate() {
        let root = scratch.path().join(format!("new-{number}/a"));
        let script = "umask 000; exec \"$@\"";
        let run = scratch.tool("sh").args(["-c", script, "sh"]).arg(binaries::bin("keg")).args(*command);
        run.env("KEG_ROOT", &root).output();
        for directory in [root.clone(), root.join("run")] {
            assert_eq!(
                std::fs::metadata(&directory).unwrap().permissions().mode() & 0o7777,
                0o700,
                "{directory:?}"
            );
        }
    }
}

#[test]
fn c0_07_a_state_root_that_is_not_ours_is_refused() {
    let scratch = Scratch::new();
    let open = scratch.directory("open");
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    let sticky = scratch.directory("sticky");
    std::fs::set_permissions(&sticky, PermissionsExt::from_mode(0o1770)).unwrap();
    let others = scratch.directory("others");
    std::os::unix::fs::chown(&others, Some(65534), Some(65534)).unwrap();
    let link = scratch.path().join("link");
    symlink(scratch.canary(), &link).unwrap();
    lchown(&link, Some(65534), Some(65534)).unwrap();
    let dangling = scratch.path().join("dangling");
    symlink("nowhere", &dangling).unwrap();
    let file = scratch.file("file", "");
    let cases = [
        (open, "others may write to it (mode 777)", "chmod 700"),
        (sticky, "others may write to it (mode 1770)", "chmod 700"),
        (others, "it belongs to uid 65534", "run it as that user"),
        (link, "it belongs to uid 65534", "run it as that user"),
        (dangling, "No such file or directory", "choose another place with --root DIR"),
        (file.clone(), "it is not a directory", "choose another place with --root DIR"),
        (file.join("below"), "File exists", "choose another place with --root DIR"),
    ];
    for (root, why, next) in cases {
        for command in COMMANDS {
            let output = keg(&scratch, &root, command).output().code(125);
            output.says("cannot use the state directory").says(why).says(next);
        }
    }
    assert_eq!(std::fs::read_dir(scratch.canary()).unwrap().count(), 1);
}

/// Runs a shell script in a mount namespace where `$KEG_ROOT` is a filesystem made by `mount` with `options`.
fn on_own_filesystem(scratch: &Scratch, options: &str, script: &str) -> Output {
    let root = scratch.directory("own");
    std::fs::set_permissions(&root, PermissionsExt::from_mode(0o700)).unwrap();
    let script = format!("mount -t tmpfs -o mode=700,{options} none \"$KEG_ROOT\" || exit 99\n{script}");
    let run = scratch.tool("unshare").args(["-m", "bash", "-c", &script, "bash"]).env("KEG_ROOT", root);
    run.arg(binaries::bin("keg")).arg(scratch.path().join("imported.tar")).output()
}

fn archive(scratch: &Scratch) {
    let rootfs = rootfs::busybox(scratch);
    let tar = scratch.path().join("imported.tar");
    scratch.tool("tar").arg("-C").arg(rootfs).arg("-cf").arg(tar).arg(".").output().success();
}

#[test]
fn c0_07_a_state_root_that_is_read_only_says_so() {
    let scratch = Scratch::new();
    archive(&scratch);
    for command in ["ps", "images", "import \"$2\" x:1", "run --rm x:1 true", "rm x"] {
        let output = on_own_filesystem(&scratch, "ro", &format!("\"$1\" {command}"));
        output.code(125).says("EROFS").says("next: ");
    }
    // What is there can still be looked at when it has become so.
    let script =
        "\"$1\" import \"$2\" x:1 && \"$1\" run --name one x:1 true && mount -o remount,ro \"$KEG_ROOT\" &&
        \"$1\" ps -a && \"$1\" images; \"$1\" run --rm x:1 true; echo code=$?; \"$1\" rm one; echo code=$?";
    let output = on_own_filesystem(&scratch, "rw", script);
    let output = output.prints("one").prints("code=125\ncode=1").says("EROFS");
    output.says("next: make that filesystem writable");
}

#[test]
fn d_01_a_full_disk_is_said_and_leaves_nothing_half() {
    let scratch = Scratch::new();
    archive(&scratch);
    let look = "find \"$KEG_ROOT\" -type f | wc -l; \"$1\" images -q | wc -l";
    let output =
        on_own_filesystem(&scratch, "size=1m", &format!("\"$1\" import \"$2\" x:1; echo code=$?; {look}"));
    let output = output.prints("code=125\n").says("ENOSPC").says("next: free some space");
    assert!(output.text().ends_with("\n0\n"), "{output:?}");
    // No inode left either.
    let output = on_own_filesystem(
        &scratch,
        "size=50m,nr_inodes=40",
        &format!("\"$1\" import \"$2\" x:1; echo code=$?; {look}"),
    );
    output.prints("code=125\n").says("ENOSPC").says("next: free some space");
}

#[test]
fn d_01_on_a_full_disk_a_container_can_be_removed() {
    let scratch = Scratch::new();
    archive(&scratch);
    let script = "\"$1\" import \"$2\" x:1 || exit 98
        \"$1\" run --name big x:1 sh -c 'dd if=/dev/zero of=/big bs=64k; echo filled'
        dd if=/dev/zero of=\"$KEG_ROOT/rest\" bs=1 2>/dev/null
        \"$1\" run --rm x:1 true; echo run=$?
        \"$1\" ps -a | grep -c big
        \"$1\" rm big; echo rm=$?
        rm \"$KEG_ROOT/rest\"
        \"$1\" run --rm x:1 echo again; \"$1\" ps -aq | wc -l; find \"$KEG_ROOT\" -name '.tmp*'";
    let output = on_own_filesystem(&scratch, "size=8m", script);
    let output = output.says("No space left on device").prints("filled\nrun=125\n1\nbig\nrm=0\nagain\n0\n");
    assert!(output.text().ends_with("0\n"), "{output:?}");
}

/// A root filesystem that is full or read-only cannot be dressed when something is missing in it.
#[test]
fn d_03_a_rootfs_that_cannot_be_written_to_says_so() {
    let scratch = Scratch::new();
    let source = rootfs::busybox(&scratch);
    let at = scratch.directory("at");
    let run = |options: &str, prepare: &str| {
        let script = format!(
            "mount -t tmpfs -o size=4m none \"$3\" && cp -a \"$2/.\" \"$3\" && {prepare}; mount -o remount,{options} \"$3\" && \
             \"$1\" \"$3\" echo ran"
        );
        let run = scratch.tool("unshare").args(["-m", "bash", "-c", &script, "bash"]);
        run.arg(binaries::bin("mounts")).arg(&source).arg(&at).output()
    };
    run("ro", "rmdir \"$3/proc\"")
        .code(125)
        .says("mount proc on /proc")
        .says("EROFS")
        .says("next: make that");
    let bare = "rm \"$3\"/etc/{hostname,hosts,resolv.conf}";
    run("ro", bare).code(125).says("mount /etc/hostname").says("EROFS").says("next: make that");
    run("ro", "true").success().prints("ran");
    let full = "rm \"$3\"/etc/{hostname,hosts,resolv.conf}; dd if=/dev/zero of=\"$3/full\" 2>/dev/null";
    let inodes = "nr_inodes=$(($(df --output=iused \"$3\" | tail -1) + 0))";
    run(inodes, full).code(125).says("mount /etc/hostname").says("ENOSPC").says("next: free some space");
}
