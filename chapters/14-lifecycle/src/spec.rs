//! Everything that a container is, before it is.

use hostname::Hostname;
use jiff::Timestamp;
use layers::Layers;
use mounts::{Console, Private, Rootfs};
use network::Network;
use pids::{Init, Pids};
use privileges::Privileges;
use serde::{Deserialize, Serialize};
use shared::Program;
use shared::launch::Parts;

/// The description from which a container is made, started again and released. The parts in it are what their
/// own chapters put on the command line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Spec {
    /// 64 hexadecimal digits.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The image as it was asked for.
    pub image: String,
    /// The image that this was at the time.
    pub image_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it is removed when it ends (`--rm`).
    pub remove: bool,
    /// Its network.
    pub network: Network,
    /// Its host name.
    pub hostname: Hostname,
    /// Its root filesystem.
    pub layers: Layers,
    /// Its standard streams.
    pub console: Console,
    /// Who it is.
    pub privileges: Privileges,
    /// Whether it has an init.
    pub init: Init,
    /// What it executes.
    pub program: Program,
}

// ANCHOR: parts
/// The parts of a container, in the order in which they act: this is the whole composition.
pub fn parts(spec: &Spec) -> Parts {
    let root = spec.layers.lower.first().cloned().unwrap_or_default();
    vec![
        Box::new(spec.network.clone()),
        Box::new(spec.hostname.clone()),
        Box::new(Pids),
        Box::new(Private),
        Box::new(spec.layers.clone()),
        Box::new(Rootfs::made_at(root)),
        Box::new(spec.console.clone()),
        Box::new(spec.privileges.clone()),
        Box::new(spec.init.clone()),
    ]
}
// ANCHOR_END: parts

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_stand_in_the_order_they_must() {
        let names: Vec<_> = parts(&Spec::default()).iter().map(|part| part.name()).collect();
        let wrong = crate::order::broken(&names);
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn what_is_stored_is_what_was_said() {
        let mut spec = Spec { id: "a".repeat(64), ..Spec::default() };
        spec.program.argv = vec!["sh".into(), "-c".into()];
        spec.privileges.user = Some("1000:5".parse().unwrap());
        let json = serde_json::to_string(&spec).unwrap();
        let back: Spec = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), json);
        assert_eq!(back.program.argv, spec.program.argv);
    }
}
