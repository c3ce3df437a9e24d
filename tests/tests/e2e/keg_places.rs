//! State directories in odd places, and limits of the caller.

use crate::cellar::{archive, assert_no_container, containers, keg, line, said, with_box};
use insta::assert_snapshot;
use std::os::unix::fs::{PermissionsExt, symlink};
use tests::{Scratch, binaries};

/// Imports, runs and removes with the state in this place.
fn works_in(scratch: &Scratch, root: &std::path::Path) {
    let keg = |words: &str| line(scratch, words).env("KEG_ROOT", root);
    keg("import").arg(archive(scratch)).arg("box").output().success();
    let script = "echo changed >/etc/passwd; rm -r /home; cat /etc/passwd; ls -d /home /bin/sh";
    let run = keg("run --name web box sh -c").arg(script).output().code(1);
    assert_eq!(run.text(), "changed\n/bin/sh\n");
    keg("run --rm box /probe").report();
    keg("ps -a").output().success().prints("web");
    keg("rm web").output().success();
}

#[test]
fn c6_20_separators_and_spaces_in_the_path() {
    let scratch = Scratch::new();
    for name in ["a:b,c d", "x\\:y=z", "q'\"$(id)", "lowerdir=,upper", "\u{fc}\u{1f6e2}", &"l".repeat(200)] {
        works_in(&scratch, &scratch.directory("odd").join(name).join("deep"));
    }
    let long = (0..15).fold(scratch.path().to_path_buf(), |path, _| path.join("d".repeat(200)));
    works_in(&scratch, &long);
    let flag =
        keg(&scratch, &["--root"]).arg(scratch.path().join("by,flag")).arg("images").output().success();
    assert!(scratch.path().join("by,flag/images").is_dir(), "{flag:?}");
}

#[test]
fn a_relative_state_directory_is_below_the_callers() {
    let scratch = Scratch::new();
    let caller = scratch.directory("caller");
    let run = |words: &str| line(&scratch, words).env("KEG_ROOT", "state").in_directory(&caller);
    run("import").arg(archive(&scratch)).arg("box").output().success();
    run("run --name web box pwd").output().success();
    assert!(caller.join("state/containers").is_dir());
    run("rm web").output().success();
}

#[test]
fn c0_07_a_state_directory_that_is_not_ours_alone() {
    let scratch = Scratch::new();
    let others = scratch.directory("others");
    std::os::unix::fs::chown(&others, Some(65534), Some(65534)).unwrap();
    let open = scratch.directory("open");
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    let link = scratch.path().join("link");
    symlink(scratch.canary(), &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(65534), Some(65534)).unwrap();
    let file = scratch.file("file", "x");
    for (snapshot, root) in
        [("root_others", others), ("root_open", open), ("root_link", link), ("root_file", file)]
    {
        let ps = line(&scratch, "ps").env("KEG_ROOT", &root).output();
        assert_snapshot!(snapshot, said(&scratch, &ps));
    }
    line(&scratch, "ps").output().success();
    let mode = std::fs::metadata(scratch.keg_root()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o700, "what is made is closed (CVE-2021-41091)");
}

#[test]
fn nobody_else_can_look_into_the_state() {
    let scratch = with_box();
    line(&scratch, "run --name web box touch /new").output().success();
    let find = scratch.tool("find").arg(scratch.keg_root()).as_user(65534).output();
    assert!(find.errors().contains("Permission denied"), "{find:?}");
    assert_eq!(find.text().lines().count(), 1, "only its own name: {find:?}");
    line(&scratch, "rm web").output().success();
}

#[test]
fn few_open_files_are_enough_or_it_is_said() {
    let scratch = with_box();
    let keg = binaries::bin("keg");
    for limit in [8, 16, 24, 32, 64, 1024] {
        for words in ["run --rm box echo hello", "run --rm -i box cat", "ps -a", "images"] {
            let script = format!("ulimit -n {limit}; exec {} {words}", keg.display());
            let output = scratch.tool("bash").args(["-c", &script]).input("hello\n").output();
            match output.code {
                Some(0) => {}
                Some(125) => assert!(
                    output.errors().contains("next: allow more open files with ulimit -n"),
                    "{limit} {words}: {output:?}"
                ),
                _ => panic!("{limit} {words}: {output:?}"),
            }
            assert!(limit < 64 || output.code == Some(0), "{limit} must be enough for {words}: {output:?}");
            assert_no_container(&scratch);
        }
        let import = format!(
            "ulimit -n {limit}; exec {} import {} again:{limit}",
            keg.display(),
            archive(&scratch).display()
        );
        let output = scratch.tool("bash").args(["-c", &import]).output();
        assert!(matches!(output.code, Some(0 | 125)), "{limit}: {output:?}");
        assert!(limit < 64 || output.code == Some(0), "{limit} must be enough to import: {output:?}");
    }
    assert_eq!(containers(&scratch).len(), 0);
}

#[test]
fn a_bad_umask_and_a_strange_environment_do_not_get_in() {
    let scratch = with_box();
    let keg = binaries::bin("keg");
    let script = format!(
        "umask 0777; exec {} run --rm -u www-data -w /made box sh -c 'umask; cat /etc/hostname >/dev/null && echo ok; stat -c %a /made'",
        keg.display()
    );
    let output =
        scratch.tool("bash").args(["-c", &script]).env("LD_PRELOAD", "/nosuch.so").env("A", "leak").output();
    assert_eq!(output.success().text(), "0022\nok\n755\n");
    let output = line(&scratch, "run --rm box env").env("A", "leak").output().success();
    assert!(!output.text().contains("leak") && !output.text().contains("KEG_ROOT"), "{output:?}");
    // In a directory that is gone, and with standard streams that are closed.
    let gone = format!("mkdir gone; cd gone; rmdir ../gone; exec {} run --rm box pwd", keg.display());
    scratch.tool("bash").args(["-c", &gone]).output().success().prints("/");
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let script = format!("{} run --rm box true {closed}", keg.display());
        let output = scratch.tool("bash").args(["-c", &script]).output();
        assert_eq!(output.code, Some(0), "{closed}: {output:?}");
        assert_no_container(&scratch);
    }
}
