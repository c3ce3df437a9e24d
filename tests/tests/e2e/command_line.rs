//! What is typed: commands that are none, bytes that are no text, and names that would drive a terminal.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use tests::{Output, Scratch, rootfs};

/// One with its own handling of the streams, and one without.
const CHAPTERS: [&str; 3] = ["chroot", "mounts", "layers"];

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// A directory with every kind of thing that is no program.
fn oddities(scratch: &Scratch) -> std::path::PathBuf {
    let rootfs = rootfs::busybox(scratch);
    let odd = |name: &str, content: &[u8], bits| {
        std::fs::write(rootfs.join(name), content).unwrap();
        mode(&rootfs.join(name), bits);
    };
    odd("plain", b"#!/bin/sh\n", 0o644);
    odd("script-without-interpreter", b"#!/usr/bin/python9 -u\n", 0o755);
    odd("script-of-nothing", b"#!\n", 0o755);
    odd("text", b"just text\n", 0o755);
    odd("empty", b"", 0o755);
    let mut elf = std::fs::read(rootfs.join("probe")).unwrap();
    elf[18..20].copy_from_slice(&243_u16.to_le_bytes());
    odd("riscv", &elf, 0o755);
    odd("cut-off", &elf[..40], 0o755);
    odd("dynamic", &dynamic_program(), 0o755);
    symlink("nowhere", rootfs.join("dangling")).unwrap();
    symlink("loop", rootfs.join("loop")).unwrap();
    nix::unistd::mkfifo(&rootfs.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    rootfs
}

/// This machine's own shell, which wants a dynamic loader that the root filesystem does not have.
fn dynamic_program() -> Vec<u8> {
    std::fs::read("/usr/bin/env").unwrap()
}

#[test]
fn c0_03_a_command_that_cannot_be_executed_says_why() {
    let scratch = Scratch::new();
    let rootfs = oddities(&scratch);
    let cases: [(&str, i32, &str); 17] = [
        ("/nope", 127, "exec: \"/nope\": no such file or directory"),
        ("nope", 127, "exec: \"nope\": executable file not found in $PATH"),
        ("./nope", 127, "no such file or directory"),
        ("/etc", 126, "exec: \"/etc\": is a directory"),
        ("/plain", 126, "exec: \"/plain\": permission denied"),
        ("/fifo", 126, "permission denied"),
        ("/etc/passwd/x", 127, "exec: \"/etc/passwd/x\": no such file or directory"),
        ("/dangling", 127, "no such file or directory"),
        ("/loop", 126, "ELOOP"),
        ("/script-without-interpreter", 127, "its interpreter /usr/bin/python9 is not there"),
        ("/script-of-nothing", 126, "exec format error"),
        ("/text", 126, "exec format error"),
        ("/empty", 126, "exec format error"),
        ("/riscv", 126, "it is built for riscv, this machine is"),
        ("/cut-off", 126, "exec format error"),
        ("/dynamic", 127, "its interpreter /lib"),
        ("", 125, "no command was given"),
    ];
    for chapter in CHAPTERS {
        for (command, code, why) in cases {
            let output = scratch.run(chapter).arg(&rootfs).arg(command).output().code(code).says(why);
            assert_eq!(output.text(), "", "{chapter} {command}");
        }
        let long = "x".repeat(5000);
        let output = scratch.run(chapter).arg(&rootfs).arg(format!("/{long}")).output();
        output.code(126).says("ENAMETOOLONG");
        scratch.run(chapter).arg(&rootfs).output().code(125).says("<COMMAND>");
        scratch.run(chapter).output().code(125).says("<ROOTFS>");
    }
    // With an init in front the codes are the same.
    for (command, code, why) in cases {
        scratch.run("mounts").arg("--init").arg(&rootfs).arg(command).output().code(code).says(why);
    }
}

#[test]
fn c0_03_a_later_directory_of_path_may_have_it() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let local = rootfs.join("usr/local/bin");
    std::fs::create_dir_all(&local).unwrap();
    std::fs::write(local.join("uname"), "no program").unwrap();
    mode(&local.join("uname"), 0o644);
    scratch.run("mounts").arg(&rootfs).arg("uname").output().success().prints("Linux");
    std::fs::write(local.join("nothing"), "no program").unwrap();
    scratch.run("mounts").arg(&rootfs).arg("nothing").output().code(126).says("permission denied");
}

#[test]
fn c0_04_bytes_that_are_no_text_arrive_as_they_are() {
    let every = OsString::from_vec((1..=255).collect());
    for chapter in CHAPTERS {
        let scratch = Scratch::new();
        let rootfs = rootfs::busybox(&scratch);
        let odd = scratch.path().join(OsString::from_vec(vec![b'r', 0xff, 0xfe]));
        std::fs::rename(&rootfs, &odd).unwrap();
        let output = scratch.run(chapter).arg(&odd).args(["printf", "%s"]).arg(&every).output().success();
        assert_eq!(output.stdout, every.as_bytes(), "{chapter}");
        std::fs::rename(&odd, &rootfs).unwrap();
        let name = OsString::from_vec(vec![b'/', 0xff, b'\n', 0x1b]);
        let output = scratch.run(chapter).arg(&rootfs).arg(&name).output().code(127);
        assert!(!output.stderr.contains(&0x1b), "{output:?}");
        scratch.run(chapter).arg(&name).arg("sh").output().code(125).says("No such file or directory");
    }
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    for flag in ["--hostname", "--user", "--net", "--changes"] {
        let run =
            scratch.run("layers").arg(flag).arg(OsString::from_vec(vec![0xff])).arg(&rootfs).arg("true");
        let output = run.output();
        let refused = output.code == Some(125);
        assert_eq!(refused, flag != "--changes", "{output:?}");
    }
}

#[test]
fn c0_04_as_many_arguments_as_the_kernel_takes_and_no_panic_beyond() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    // One argument may be 128 KiB long (MAX_ARG_STRLEN) with its NUL.
    let longest = "x".repeat(128 * 1024 - 1);
    let run = |script: &str| scratch.run("mounts").arg(&rootfs).args(["sh", "-c", script, "sh"]);
    let output = run("printf %s \"$1\" | wc -c").arg(&longest).output().success();
    assert_eq!(output.text().trim(), longest.len().to_string());
    let output = run("echo $#").args(std::iter::repeat_n("word", 50_000)).output().success();
    assert_eq!(output.text(), "50000\n");
}

/// No control character of a name reaches the terminal of who reads the error.
#[track_caller]
fn is_harmless(output: &Output) {
    let drives = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    assert!(!output.errors().contains(drives), "{output:?}");
    assert!(!output.errors().lines().any(|line| line.starts_with("forged")), "{output:?}");
}

#[test]
fn c2_15_names_are_printed_escaped() {
    let evil = "\u{1b}]0;x\u{7}\u{202e}\u{9b}31m\nforged: all is well";
    for chapter in CHAPTERS {
        let scratch = Scratch::new();
        let rootfs = rootfs::busybox(&scratch);
        let missing = scratch.run(chapter).arg(evil).arg("sh").output().code(125);
        is_harmless(&missing);
        missing.says("\\u{1b}]0;x\\u{7}");
        is_harmless(&scratch.run(chapter).arg(&rootfs).arg(evil).output().code(127));
        is_harmless(&scratch.run(chapter).arg(&rootfs).arg(format!("/{evil}")).output().code(127));
        // Out of the image: the interpreter of a script.
        std::fs::write(rootfs.join("script"), "#!/\u{1b}]0;x\u{7}\n").unwrap();
        mode(&rootfs.join("script"), 0o755);
        is_harmless(&scratch.run(chapter).arg(&rootfs).arg("/script").output().code(127));
        if chapter != "chroot" {
            is_harmless(
                &scratch.run(chapter).args(["--hostname", evil]).arg(&rootfs).arg("sh").output().code(125),
            );
        }
    }
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    is_harmless(&scratch.run("layers").args(["--user", evil]).arg(&rootfs).arg("sh").output().code(125));
}
