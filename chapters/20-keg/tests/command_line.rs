//! The command line, as far as it needs neither root nor a kernel: what scripts rely on.

use assert_cmd::Command;

/// `keg` with nothing of the caller's environment.
fn keg(arguments: &[&str]) -> Command {
    let mut keg = Command::new(env!("CARGO_BIN_EXE_keg"));
    keg.args(arguments).env_clear();
    keg
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = concat!("keg ", env!("CARGO_PKG_VERSION"), "\n");
    for flag in ["--version", "-V"] {
        keg(&[flag]).assert().success().stdout(version).stderr("");
    }
}

#[test]
fn help_is_an_answer_and_a_mistake_is_not() {
    keg(&["--help"]).assert().success().stderr("");
    let bad = keg(&["run", "--entrypont", "x", "image"]).assert().code(125).stdout("");
    let errors = String::from_utf8_lossy(&bad.get_output().stderr).into_owned();
    assert!(errors.contains("'--entrypoint'"), "the flag that was meant is named: {errors}");
    keg(&["nosuch"]).assert().code(125).stdout("");
    keg(&["run"]).assert().code(125).stdout("");
}

#[test]
fn h_is_the_hostname_and_not_help() {
    let lacks_image = keg(&["run", "-h", "web"]).assert().code(125);
    assert!(String::from_utf8_lossy(&lacks_image.get_output().stderr).contains("IMAGE"));
}
