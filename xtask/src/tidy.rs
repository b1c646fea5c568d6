//! The rules of the house that no compiler checks: who may never name what, how long a file may be, what a public
//! repository doesn't say. ARCHITECTURE.md states the rules of absence in the very words they are checked by.

mod absence;
mod code;
mod tree;

use crate::place::Place;
use anyhow::{Result, bail};
use code::Source;
use std::path::Path;
use std::process::ExitCode;
use tree::File;

/// A file of code may have this many lines, its tests not counted.
const LONGEST: usize = 450;
/// From here on a file is mentioned, so that it is cut before it must be.
const LONG: usize = 350;

/// Something a rule of the house forbids, as one line for the person.
type Complaint = String;

/// Prints what is wrong and what soon will be.
pub(crate) fn report(place: &Place) -> ExitCode {
    match check(place) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            println!("{fault:#}");
            ExitCode::FAILURE
        }
    }
}

/// Fails with all that is wrong, a line each.
pub(crate) fn check(place: &Place) -> Result<()> {
    let files = tree::files(&place.root)?;
    let own = files.iter().filter(|file| file.is_rust() && !file.is_test());
    let sources: Vec<(&Path, Source)> = own.map(|file| (file.path.as_path(), Source::read(&file.text))).collect();
    for (path, source) in sources.iter().filter(|(_, source)| (LONG + 1..=LONGEST).contains(&source.lines)) {
        println!("{}: {} lines; {LONGEST} are the most", path.display(), source.lines);
    }
    let complaints: Vec<Complaint> = [
        openings(&files),
        lengths(&sources),
        absence::check(&sources),
        privacy(&files),
        manifests(&files),
        architecture(&files),
    ]
    .concat();
    if !complaints.is_empty() {
        bail!("{} against the rules of the house:\n{}", complaints.len(), complaints.join("\n"));
    }
    println!("{} files, {} of them Rust, are tidy", files.len(), sources.len());
    Ok(())
}

/// Every module says first what it is for.
fn openings(files: &[File]) -> Vec<Complaint> {
    let silent = files.iter().filter(|file| file.is_rust() && !file.text.starts_with("//! "));
    silent.map(|file| format!("{}: starts with no `//!` that says what it is for", file.path.display())).collect()
}

fn lengths(sources: &[(&Path, Source)]) -> Vec<Complaint> {
    let long = sources.iter().filter(|(_, source)| source.lines > LONGEST);
    long.map(|(path, source)| {
        format!("{}: {} lines without its tests; {LONGEST} are the most", path.display(), source.lines)
    })
    .collect()
}

/// No path of a workplace, and no address of a registry outside lock files, in what anybody may read.
fn privacy(files: &[File]) -> Vec<Complaint> {
    // Written in two halves, so that this file keeps the rule too.
    let private = [["/wor", "k/"], ["registry.npm", "js.org"], ["py", "pi.org"], ["pythonhosted", ".org"]];
    let private = private.into_iter().chain([["index.", "crates.io"], ["static.", "crates.io"], ["arti", "factory"]]);
    let private: Vec<String> = private.map(|halves| halves.concat()).collect();
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| !file.is_lock()) {
        for (number, line) in file.text.lines().enumerate() {
            let named = private.iter().filter(|word| begins(line, word));
            complaints.extend(named.map(|word| format!("{}:{}: names {word}", file.path.display(), number + 1)));
        }
    }
    complaints
}

/// Whether `word` stands in `line` and is not the tail of a longer path.
fn begins(line: &str, word: &str) -> bool {
    let longer = |character: char| character.is_alphanumeric() || "._~-".contains(character);
    line.match_indices(word).any(|(at, _)| word.starts_with(char::is_alphabetic) || !line[..at].ends_with(longer))
}

/// Versions and lints are the workspace's.
fn manifests(files: &[File]) -> Vec<Complaint> {
    let members = files.iter().filter(|file| file.path.ends_with("Cargo.toml") && file.path != Path::new("Cargo.toml"));
    let mut complaints = Vec::new();
    for file in members {
        if !file.text.contains("[lints]\nworkspace = true") {
            complaints.push(format!("{}: does not take the workspace's lints", file.path.display()));
        }
        for line in dependency_lines(&file.text).filter(|line| !line.contains("workspace = true")) {
            complaints
                .push(format!("{}: `{line}` has a version of its own; versions live in the root", file.path.display()));
        }
    }
    complaints
}

fn dependency_lines(manifest: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    manifest.lines().filter(move |line| {
        if line.starts_with('[') {
            inside = line.trim_end().ends_with("dependencies]");
            return false;
        }
        // A line inside a list that spans several belongs to the dependency above it.
        inside && line.starts_with(|first: char| first.is_ascii_alphabetic())
    })
}

/// ARCHITECTURE.md names every package and states every rule of absence.
fn architecture(files: &[File]) -> Vec<Complaint> {
    let name = Path::new("ARCHITECTURE.md");
    let Some(document) = files.iter().find(|file| file.path == name) else {
        return vec!["ARCHITECTURE.md is missing".to_owned()];
    };
    // Lines of a paragraph are one sentence to a reader, wherever they break.
    let text = document.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let packages = files.iter().filter(|file| file.path.ends_with("Cargo.toml")).filter_map(|file| file.path.parent());
    let packages = packages.filter(|folder| folder.components().next().is_some());
    let unnamed = packages
        .filter(|folder| !text.contains(&format!("`{}/`", folder.display())))
        .map(|folder| format!("ARCHITECTURE.md: does not name `{}/`", folder.display()));
    let unstated = absence::RULES
        .iter()
        .filter(|rule| !text.contains(rule.says))
        .map(|rule| format!("ARCHITECTURE.md: does not say \"{}\"", rule.says));
    unnamed.chain(unstated).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.to_owned() }
    }

    #[test]
    fn this_repository_is_tidy() {
        check(&Place::find().expect("the repository")).expect("tidy");
    }

    #[test]
    fn a_module_without_its_purpose_is_found() {
        assert_eq!(openings(&[file("a.rs", "//! Purpose.\n"), file("b.rs", "use std;\n"), file("c.md", "x")]).len(), 1);
    }

    #[test]
    fn a_private_path_is_found_with_its_line_but_not_in_a_lock_file() {
        let line = ["see /wor", "k/notes"].concat();
        assert_eq!(privacy(&[file("a.md", &format!("fine\n{line}\n"))]).len(), 1);
        assert!(privacy(&[file("Cargo.lock", &line), file("b.md", &line.replace("see ", "~"))]).is_empty());
    }

    #[test]
    fn a_version_outside_the_root_is_found() {
        let manifest = "[lints]\nworkspace = true\n[dependencies]\na.workspace = true\nb = \"1\"\n[target.'cfg(unix)'.dependencies]\nc = { version = \"2\" }\n";
        assert_eq!(manifests(&[file("x/Cargo.toml", manifest)]).len(), 2);
        assert_eq!(manifests(&[file("Cargo.toml", "b = \"1\"")]), Vec::<String>::new());
    }

    #[test]
    fn a_package_that_the_architecture_leaves_out_is_found() {
        let rules: String = absence::RULES.iter().map(|rule| format!("{}\n", rule.says)).collect();
        let files =
            [file("ARCHITECTURE.md", &format!("`a/`\n{rules}")), file("a/Cargo.toml", ""), file("b/Cargo.toml", "")];
        assert_eq!(architecture(&files), ["ARCHITECTURE.md: does not name `b/`"]);
    }
}
