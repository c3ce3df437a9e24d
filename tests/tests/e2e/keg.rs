//! What only the complete runtime has: a working directory, an environment, a state that others read.

use std::os::unix::fs::symlink;
use tests::host::Process;
use tests::{Scratch, rootfs};

#[test]
fn c2_08_a_working_directory_that_leads_out_is_refused() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    symlink("/proc/self/fd/9", rootfs.join("nine")).unwrap();
    symlink("/proc/self/cwd", rootfs.join("here")).unwrap();
    let image = crate::imported(&scratch, &rootfs);
    let run = |directory: &str| {
        let run = scratch.run("keg").leaking(9, "/").leaking(40, scratch.canary());
        run.args(["run", "--rm", "-w", directory, image, "/probe", "ls", "."]).output()
    };
    let mut wrong: Vec<String> = (0..=40).map(|number| format!("/proc/self/fd/{number}")).collect();
    wrong.extend(
        ["/proc/1/cwd", "/proc/1/root", "/proc/self/root/etc", "/nine", "/nine/etc", "/here"]
            .map(String::from),
    );
    wrong.extend(["../..", "etc", "."].map(String::from));
    for directory in wrong {
        let output = run(&directory).code(125).says(&format!("enter the working directory {directory}: "));
        assert_eq!(output.text(), "", "{output:?}");
    }
    // Above the root is the root.
    for directory in ["/../..", "/etc/../.."] {
        let output = run(directory);
        assert!(output.code == Some(125) || output.text().contains("probe\n"), "{output:?}");
        assert!(!output.text().contains("boot\n"), "{output:?}");
    }
    let probe = |directory: &str| {
        scratch.run("keg").args(["run", "--rm", "-w", directory, image, "/probe"]).report().cwd
    };
    assert_eq!(probe("/new/and/deep").as_deref(), Some("/new/and/deep"));
    assert_eq!(probe("/etc").as_deref(), Some("/etc"));
}

#[test]
fn i5_the_state_tells_the_truth_about_the_process() {
    let scratch = Scratch::new();
    let image = crate::imported(&scratch, &rootfs::probe(&scratch));
    let started = scratch.run("keg").args(["run", "--name", "seen", image, "/probe", "hold", "60"]).start();
    let report = started.report();
    let ids: Vec<_> = std::fs::read_dir(scratch.keg_root().join("run")).unwrap().flatten().collect();
    let [entry] = &ids[..] else { panic!("{ids:?}") };
    let state = std::fs::read(entry.path().join("state.json")).unwrap();
    let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
    let process = Process(state["init_process_pid"].as_i64().unwrap() as i32);
    assert_eq!(process, started.inside("probe"));
    assert_eq!(state["id"].as_str(), entry.file_name().to_str());
    let paths = state["namespace_paths"].as_object().unwrap();
    let names: Vec<&str> = paths.keys().map(String::as_str).collect();
    assert_eq!(names, ["NEWCGROUP", "NEWIPC", "NEWNET", "NEWNS", "NEWPID", "NEWUSER", "NEWUTS"]);
    for (name, path) in paths {
        let path = path.as_str().unwrap();
        let found = std::fs::read_link(path).unwrap().to_string_lossy().into_owned();
        let kind = path.rsplit('/').next().unwrap();
        assert_eq!(Some(found.clone()), process.namespace(kind), "{name}");
        assert_eq!(report.namespace(kind), Some(found.as_str()), "{name}");
    }
    scratch.run("keg").args(["rm", "-f", "seen"]).output().success();
    assert_eq!(started.finish().code, Some(137));
}

#[test]
fn c0_04_bytes_in_the_environment_arrive_as_they_are() {
    use std::os::unix::ffi::OsStringExt;
    let scratch = Scratch::new();
    let image = crate::imported(&scratch, &rootfs::busybox(&scratch));
    let value: Vec<u8> = (1..=255).filter(|byte| *byte != b'\n').collect();
    let flag = std::ffi::OsString::from_vec([b"ODD=".to_vec(), value.clone()].concat());
    let run = scratch.run("keg").args(["run", "--rm", "-e"]).arg(flag).args([
        image,
        "sh",
        "-c",
        "printf %s \"$ODD\"",
    ]);
    assert_eq!(run.output().success().stdout, value);
    // A list that is longer than any fixed field, as in CVE-2021-43784.
    let many = (0..2000).flat_map(|n| ["-e".to_string(), format!("V{n}={}", "x".repeat(50))]);
    let run =
        scratch.run("keg").args(["run", "--rm"]).args(many).args([image, "sh", "-c", "env | grep -c ^V"]);
    assert_eq!(run.output().success().text(), "2000\n");
    let file = scratch.file("long", format!("LONG={}\n", "x".repeat(200_000)));
    let run = scratch.run("keg").args(["run", "--rm", "--env-file"]).arg(file).args([image, "true"]);
    run.output().code(126).says("Argument list too long (E2BIG)");
    let run = scratch.run("keg").args(["run", "--rm", "-e", "=x", image, "true"]);
    run.output().code(125).says("invalid environment variable");
}

#[test]
fn c0_06_a_reader_that_goes_away_is_no_error() {
    let scratch = Scratch::new();
    for arguments in ["ps -a", "images", "check", "--help"] {
        let script = format!("\"$1\" {arguments} | head -0; \"$1\" {arguments} >&- 2>&-; true");
        let run = scratch.tool("bash").args(["-c", &script, "bash"]).arg(tests::binaries::bin("keg"));
        assert_eq!(run.output().success().errors(), "", "{arguments}");
    }
}

#[test]
fn c2_15_a_command_that_would_drive_the_terminal_is_shown_escaped() {
    let scratch = Scratch::new();
    let image = crate::imported(&scratch, &rootfs::busybox(&scratch));
    let evil = "\u{1b}]0;x\u{7}\nforged\u{202e}";
    scratch.run("keg").args(["run", "--name", "evil", image, "echo", evil]).output().success();
    let shown = scratch.run("keg").args(["ps", "-a", "--no-trunc"]).output().success().text();
    scratch.run("keg").args(["rm", "evil"]).output().success();
    assert_eq!(shown.lines().count(), 2, "{shown:?}");
    assert!(shown.contains("\\u{1b}]0;x\\u{7}") && !shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
}
