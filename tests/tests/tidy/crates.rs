//! Which crate may know which.

use crate::none;
use crate::source::{Source, all, rust};
use std::collections::BTreeMap;

/// The libraries up to here know nothing but `shared`: each of them can be read alone.
const LAST_THAT_STANDS_ALONE: u32 = 12;

/// A chapter: `chapters/NN-…`.
struct Chapter {
    number: u32,
    /// Its directory with a slash at the end.
    directory: String,
    /// The name of its package.
    name: String,
    /// The packages of the workspace that it depends on.
    needs: Vec<String>,
}

fn chapters() -> Vec<Chapter> {
    let manifests: Vec<Source> = all().filter(|file| file.path.ends_with("Cargo.toml")).collect();
    let of =
        |path: &str| path.strip_prefix("chapters/").filter(|rest| rest.matches('/').count() == 1).is_some();
    let chapters: Vec<&Source> = manifests.iter().filter(|file| of(&file.path)).collect();
    assert!(!chapters.is_empty(), "there is no chapter");
    let packages: Vec<String> = manifests.iter().filter_map(package).collect();
    let chapter = |manifest: &&Source| Chapter {
        number: manifest.path["chapters/".len()..].split('-').next().unwrap().parse().unwrap(),
        directory: manifest.path.strip_suffix("Cargo.toml").unwrap().into(),
        name: package(manifest).unwrap(),
        needs: dependencies(manifest).into_iter().filter(|it| packages.contains(it)).collect(),
    };
    chapters.iter().map(chapter).collect()
}

/// The name of a package from its manifest.
fn package(manifest: &Source) -> Option<String> {
    let line = manifest.text.lines().find_map(|line| line.strip_prefix("name = "))?;
    Some(line.trim_matches('"').into())
}

/// The names in the sections of dependencies of all kinds.
fn dependencies(manifest: &Source) -> Vec<String> {
    let mut within = false;
    let mut found = Vec::new();
    for line in manifest.text.lines() {
        if line.starts_with('[') {
            within = line.ends_with("dependencies]");
        } else if within && let Some(end) = line.find(['.', ' ', '=']) {
            found.push(line[..end].to_string());
        }
    }
    found
}

#[test]
fn arrows_point_to_lower_numbers() {
    let chapters = chapters();
    let numbers: BTreeMap<&str, u32> = chapters.iter().map(|it| (it.name.as_str(), it.number)).collect();
    let mut found = Vec::new();
    for chapter in &chapters {
        for needed in &chapter.needs {
            let allowed =
                needed == "shared" || numbers.get(needed.as_str()).is_some_and(|n| *n < chapter.number);
            if !allowed {
                found.push(format!("{} ({}) depends on {needed}", chapter.name, chapter.number));
            }
        }
    }
    none("a chapter knows only the chapters before it", found);
}

#[test]
fn shared_knows_no_chapter() {
    let chapters = chapters();
    let manifest = all().find(|file| file.path == "shared/Cargo.toml").unwrap();
    let needs =
        dependencies(&manifest).into_iter().filter(|it| chapters.iter().any(|chapter| chapter.name == *it));
    none("shared is below all chapters", needs.collect());
    let found = rust().filter(|file| file.path.starts_with("shared/")).flat_map(|file| {
        file.lines_with(|line| {
            let numbered = |chapter: &Chapter| line.contains(chapter.directory.trim_end_matches('/'));
            line.to_lowercase().contains(" chapter ") || chapters.iter().any(numbered)
        })
    });
    none("shared names no chapter", found.collect());
}

#[test]
fn libraries_of_the_first_chapters_stand_alone() {
    let mut found = Vec::new();
    for chapter in chapters().iter().filter(|chapter| chapter.number <= LAST_THAT_STANDS_ALONE) {
        let src = format!("{}src/", chapter.directory);
        let is_library = |file: &Source| {
            let name = file.path.strip_prefix(&src);
            name.is_some_and(|name| {
                name != "main.rs" && !name.starts_with("bin/") && !name.starts_with("main/")
            })
        };
        let library: Vec<Source> = rust().filter(is_library).collect();
        for needed in chapter.needs.iter().filter(|needed| *needed != "shared") {
            // A module of its own may have the name of a crate.
            if library.iter().any(|file| file.text.contains(&format!("mod {needed};"))) {
                continue;
            }
            found.extend(library.iter().flat_map(|file| file.code_with(|line| names(line, needed))));
        }
    }
    none("only main.rs of the first twelve chapters names another chapter", found);
}

/// Whether a line of code uses a crate by this name.
fn names(line: &str, name: &str) -> bool {
    let path = format!("{name}::");
    line.match_indices(&path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    }) || line.contains(&format!("use {name};"))
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    let manifests = all().filter(|file| file.path.ends_with("Cargo.toml") && file.text.contains("[package]"));
    // A student's crate stands alone.
    let manifests = manifests.filter(|file| !file.path.starts_with("labs/exercises/"));
    let found = manifests.filter(|file| !file.text.contains("[lints]\nworkspace = true"));
    none("[lints] workspace = true", found.map(|file| file.path).collect());
}

#[test]
fn a_use_of_a_crate_is_recognised() {
    assert!(names("use pids::Pids;", "pids") && names("    let x = pids::f();", "pids"));
    assert!(!names("use crate::pids::Pids;", "pids") && !names("let rapids::x = 1;", "pids"));
}
