//! Which part acts before which, and why. The list of parts is held against this by a test, and the book
//! prints it.

/// One reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The part that acts first.
    pub before: &'static str,
    /// The part that acts after it.
    pub after: &'static str,
    /// Why.
    pub because: &'static str,
}

const fn rule(before: &'static str, after: &'static str, because: &'static str) -> Rule {
    Rule { before, after, because }
}

// ANCHOR: rules
/// All of them.
pub const RULES: [Rule; 8] = [
    rule("network", "rootfs", "a fresh /sys shows the network namespace of whoever mounts it"),
    rule("hostname", "rootfs", "/etc/hostname is written from the name that is set"),
    rule("pids", "rootfs", "a fresh /proc shows the PID namespace of whoever mounts it"),
    rule("private", "layers", "whatever is mounted before the tie is cut appears on the host"),
    rule("layers", "rootfs", "the root is dressed and pivoted to, so it must be there"),
    rule("rootfs", "console", "the terminal comes from the container's own /dev/pts"),
    rule("console", "privileges", "the streams are handed to the user, who could not make them"),
    rule("privileges", "init", "the init is to have the rights of the program and no more"),
];
// ANCHOR_END: rules

/// The rules that a list of parts breaks: one side is missing, or they stand the wrong way round.
pub fn broken(names: &[&str]) -> Vec<Rule> {
    let place = |name| names.iter().position(|other| *other == name);
    let holds = |rule: &Rule| matches!((place(rule.before), place(rule.after)), (Some(a), Some(b)) if a < b);
    RULES.iter().filter(|rule| !holds(rule)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_order_is_seen() {
        let names =
            ["network", "hostname", "pids", "layers", "private", "rootfs", "console", "privileges", "init"];
        assert_eq!(broken(&names).len(), 1);
    }
}
