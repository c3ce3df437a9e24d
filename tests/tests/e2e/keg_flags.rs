//! The flags of `keg run`, alone and over what the image says.

use crate::cellar::{assert_no_container, import, keg, line, names_in, redacted, said, with_box};
use insta::assert_snapshot;
use tests::{Output, Scratch};

/// Runs a script in `box` with these flags.
fn sh(scratch: &Scratch, flags: &str, script: &str) -> Output {
    line(scratch, &format!("run --rm {flags} box sh -c")).arg(script).output()
}

#[test]
fn v48_environment_from_flags_files_host_and_image() {
    let scratch = Scratch::new();
    import(&scratch, "box", &["ENV A=image B=image C=image", "ENV PATH=/bin:/usr/bin"]);
    let file = scratch.file("env", "# comment\nB=file\nC=file\nFROM_HOST\nUNSET_ON_HOST\n\nD=a=b # c\n");
    let run = line(&scratch, "run --rm -e C=flag -e K -e UNSET --env E= --env-file").arg(&file);
    let run = run.args(["box", "env"]).env("K", "from the host").env("FROM_HOST", "too").env("SECRET", "x");
    let text = run.output().success().text();
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("HOSTNAME=")).collect();
    lines.sort_unstable();
    let expected = [
        "A=image",
        "B=file",
        "C=flag",
        "D=a=b # c",
        "E=",
        "FROM_HOST=too",
        "HOME=/root",
        "K=from the host",
        "PATH=/bin:/usr/bin",
    ];
    assert_eq!(lines, expected, "nothing of the host's but what was named (CVE-2021-3602)");
    let second = scratch.file("second", "B=second\n");
    let run = line(&scratch, "run --rm --env-file").arg(&file).arg("--env-file").arg(second);
    run.args(["box", "sh", "-c", "echo $B"]).output().success().prints("second");
}

#[test]
fn v48_environment_that_is_wrong() {
    let scratch = with_box();
    let bad = scratch.file("bad", "A=1\nB C=2\n");
    let table = [
        ("env_file_missing", vec!["--env-file", "/nosuch/env"]),
        ("env_file_directory", vec!["--env-file", "/etc"]),
        ("env_file_line", vec!["--env-file", bad.to_str().unwrap()]),
        ("env_no_name", vec!["-e", "=x"]),
        ("env_empty", vec!["-e", ""]),
    ];
    for (snapshot, flags) in table {
        let run = keg(&scratch, &["run", "--rm"]).args(flags).args(["box", "true"]).output();
        assert_snapshot!(snapshot, said(&scratch, &run));
    }
    let endless = keg(&scratch, &["run", "--rm", "--env-file", "/dev/zero", "box", "true"]).output();
    assert_eq!(endless.code, Some(125), "an endless file is not read for ever: {endless:?}");
    assert_no_container(&scratch);
}

#[test]
fn workdir_is_made_and_must_be_inside() {
    let scratch = with_box();
    assert_eq!(sh(&scratch, "-w /tmp", "pwd").success().text(), "/tmp\n");
    let made = sh(&scratch, "-w /a/b/c", "pwd; stat -c '%a %u' /a /a/b/c").success().text();
    assert_eq!(made, "/a/b/c\n755 0\n755 0\n");
    for (snapshot, flags) in [
        ("workdir_relative", "-w relative"),
        ("workdir_up", "-w /../../.."),
        ("workdir_file", "-w /etc/passwd"),
        ("workdir_fd", "-w /proc/self/fd/3"),
        ("workdir_cwd", "-w /proc/1/cwd"),
    ] {
        let run = sh(&scratch, flags, "pwd; ls");
        assert_snapshot!(snapshot, said(&scratch, &run));
        assert_eq!(run.text(), "", "the program ran: {run:?}");
    }
}

#[test]
fn c2_08_no_descriptor_is_a_way_out() {
    let scratch = with_box();
    for n in 0..24 {
        let run =
            line(&scratch, &format!("run --rm -w /proc/self/fd/{n} box ls")).leaking(9, scratch.canary());
        let output = run.output();
        assert_eq!(output.code, Some(125), "{output:?}");
        assert!(!output.text().contains("secret"), "{output:?}");
    }
    for place in ["/proc/self/root", "/proc/self/cwd", "/proc/1/root", "/proc/1/cwd/../../.."] {
        let run =
            line(&scratch, &format!("run --rm -w {place} box ls")).in_directory(scratch.canary()).output();
        assert!(!run.text().contains("secret"), "{run:?}");
    }
    assert_no_container(&scratch);
}

#[test]
fn c3_05_users_by_name_and_number() {
    let scratch = with_box();
    for (user, id) in [
        ("www-data", "33 33 33"),
        ("33", "33 33 33"),
        ("nobody", "65534 65534 65534"),
        ("1000", "1000 0 0"),
        ("1000:5", "1000 5 5"),
        ("www-data:users", "33 100 100"),
        ("0", "0 0 0"),
        ("2147483647", "2147483647 0 0"),
    ] {
        let run = sh(&scratch, &format!("-u {user}"), "echo $(id -u) $(id -g) $(id -G)");
        assert_eq!(run.success().text(), format!("{id}\n"), "{user}");
    }
    for user in [
        "nosuch",
        "4294967296",
        "2147483648",
        "-1",
        "0x0",
        "1000:",
        ":",
        "root:root:root",
        "+5",
        "",
        "root:nosuch",
        "ro ot",
        "root\n",
    ] {
        let run = keg(&scratch, &["run", "--rm", &format!("--user={user}"), "box", "id"]).output();
        assert_eq!(run.code, Some(125), "{user:?}: {run:?}");
        assert_eq!(run.text(), "", "{user:?}: {run:?}");
        assert_no_container(&scratch);
    }
    let unknown = sh(&scratch, "-u nosuch", "id");
    assert_snapshot!("user_unknown", said(&scratch, &unknown));
}

#[test]
fn what_the_image_says_is_honoured_and_can_be_overridden() {
    let scratch = Scratch::new();
    let changes = [
        "ENTRYPOINT [\"/bin/echo\", \"entry\"]",
        "CMD [\"cmd\"]",
        "USER www-data",
        "WORKDIR /srv/www",
        "ENV A=1",
    ];
    import(&scratch, "app", &changes);
    let run = |words: &str| line(&scratch, &format!("run --rm {words}")).output().success().text();
    assert_eq!(run("app"), "entry cmd\n");
    assert_eq!(run("app other words"), "entry other words\n");
    assert_eq!(run("--entrypoint pwd app"), "/srv/www\n");
    assert_eq!(run("--entrypoint pwd -w /tmp app"), "/tmp\n");
    assert_eq!(run("--entrypoint id app -u"), "33\n");
    assert_eq!(run("--entrypoint id -u 0 app -u"), "0\n");
    assert_eq!(run("--entrypoint= app id -u"), "33\n");
    assert!(run("--entrypoint env app").contains("\nA=1\n"));
    let none = line(&scratch, "run --rm --entrypoint= app").output();
    assert_snapshot!("no_command_entrypoint", said(&scratch, &none));
}

#[test]
fn no_command_is_refused() {
    let scratch = with_box();
    assert_snapshot!("no_command", said(&scratch, &line(&scratch, "run --rm box").output()));
    assert_snapshot!("no_image", redacted(&scratch, &said(&scratch, &line(&scratch, "run --rm").output())));
    line(&scratch, "run --rm box").arg("").output().code(125).says("no command was given");
    assert_no_container(&scratch);
}

#[test]
fn v38_names() {
    let scratch = with_box();
    line(&scratch, "run --name aa box true").output().success();
    let conflict = line(&scratch, "run --name aa box true").output();
    assert_snapshot!("name_conflict", said(&scratch, &conflict));
    assert_snapshot!("name_short", said(&scratch, &line(&scratch, "run --name a box true").output()));
    for name in ["-x", ".a", "_a", "a/b", "../../canary", "a b", "a\nb", "ä1", &"a".repeat(129)] {
        let run = keg(&scratch, &["run", &format!("--name={name}"), "box", "true"]).output();
        assert_eq!(run.code, Some(125), "{name:?}: {run:?}");
    }
    assert_eq!(names_in(&scratch.keg_root().join("names")), ["aa"]);
    assert_eq!(crate::cellar::containers(&scratch).len(), 1, "a refused run makes no container");
    line(&scratch, "rm aa").output().success();
    line(&scratch, "run --rm --name aa box true").output().success();
}

#[test]
fn hostname_is_the_short_identifier_or_what_is_said() {
    let scratch = with_box();
    let said = line(&scratch, "run --name host box hostname").output().success().text();
    let id = line(&scratch, "ps -aq").output().success().text();
    assert_eq!(said, id);
    assert_eq!(said.trim().len(), 12);
    let script = "hostname; cat /etc/hostname; echo $HOSTNAME";
    assert_eq!(sh(&scratch, "-h web-1", script).success().text(), "web-1\nweb-1\nweb-1\n");
    assert_eq!(sh(&scratch, "--hostname web-1", "hostname").success().text(), "web-1\n");
    for name in ["", "-x", "a b", "a\nb", &"a".repeat(65)] {
        let run = keg(&scratch, &["run", "--rm", &format!("--hostname={name}"), "box", "true"]).output();
        assert_eq!(run.code, Some(125), "{name:?}: {run:?}");
        assert_no_container_but_one(&scratch);
    }
}

#[track_caller]
fn assert_no_container_but_one(scratch: &Scratch) {
    assert_eq!(crate::cellar::containers(scratch).len(), 1);
    assert_eq!(names_in(&scratch.keg_root().join("names")), ["host"]);
}

#[test]
fn flags_after_the_image_belong_to_the_program() {
    let scratch = with_box();
    assert_eq!(
        line(&scratch, "run --rm box echo --rm -e A --name x -- -it").output().success().text(),
        "--rm -e A --name x -- -it\n"
    );
    line(&scratch, "run --rm --nosuch box true").output().code(125).says("--nosuch");
    line(&scratch, "nosuch").output().code(125);
}
