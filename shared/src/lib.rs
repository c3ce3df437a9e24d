//! The vocabulary of the chapters.
//!
//! A container is a list of [`part`]s, and a part has four moments. [`launch()`] takes such a list and a
//! [`program`], makes the one clone, leads parent and child through the [`handshake`], and undoes what was
//! done when anything fails. The rest is what at least two chapters need: [`error`]s, the [`home`] of stored
//! state, the only way to resolve an untrusted [`path`], and [`sys`], where all unsafe code lives.
//!
//! Nothing here names a chapter.

pub mod cli;
pub mod error;
pub mod handshake;
pub mod home;
pub mod id;
pub mod launch;
pub mod part;
pub mod path;
pub mod program;
pub mod relay;
pub mod sealed;
pub mod sys;
pub mod table;
pub mod text;
pub mod tree;

pub use error::{Doing, Error, Result};
pub use launch::launch;
pub use part::{Child, CloneArgs, Fds, Inside, Part};
pub use program::Program;
