//! Folders of projects, whose own files name servers too: those that clients' settings know, and those a person names.

use super::table::{Format, client};
use super::tree::Node;
use super::{entry, expanded, write};
use std::collections::BTreeSet;
use std::path::{Component, Path};
use wire::view::ClientPlaces;

/// The most folders that are looked into.
const MOST: usize = 300;

/// Files in which editors keep which folder was open, below the folder of settings.
const WORKSPACES: &[&str] = &[
    "Code/User/workspaceStorage/*/workspace.json",
    "Code - Insiders/User/workspaceStorage/*/workspace.json",
    "Cursor/User/workspaceStorage/*/workspace.json",
];

/// The places with all projects that are known.
pub(super) fn with_projects(places: &ClientPlaces) -> ClientPlaces {
    let mut known = places.projects.clone();
    known.extend(named_by("claude-code", places));
    known.extend(named_by("codex", places));
    for pattern in WORKSPACES {
        let files = expanded(&format!("{}/{pattern}", places.config));
        known.extend(files.iter().filter_map(|file| opened(file)));
    }
    let mut seen = BTreeSet::new();
    known.retain(|folder| is_project(folder, places) && seen.insert(folder.clone()));
    known.truncate(MOST);
    ClientPlaces { projects: known, ..places.clone() }
}

/// The folders that are keys of `projects` in a client's own settings.
fn named_by(name: &str, places: &ClientPlaces) -> Vec<String> {
    let Some(row) = client(name).and_then(|client| client.files.first()) else { return Vec::new() };
    let read = |path: &String| tree(Path::new(path), row.format);
    let roots = row.patterns(places).iter().filter_map(read).collect::<Vec<_>>();
    roots.iter().filter_map(|root| root.get("projects")).flat_map(Node::members).map(|m| m.name.clone()).collect()
}

fn opened(file: &Path) -> Option<String> {
    let root = tree(file, Format::Json)?;
    let url = url::Url::parse(root.get("folder")?.text()?).ok().filter(|url| url.scheme() == "file")?;
    url.to_file_path().ok()?.into_os_string().into_string().ok()
}

fn tree(path: &Path, format: Format) -> Option<Node> {
    entry::parse(format, &write::read(path).ok()?.text).ok()
}

/// Whether a folder is there, written plainly, and not the home folder, whose files are the client's own.
fn is_project(folder: &str, places: &ClientPlaces) -> bool {
    let path = Path::new(folder);
    let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let own = [&places.home, &places.config].iter().any(|own| Path::new(own.as_str()) == path);
    plain && path.is_absolute() && !own && !folder.contains('*') && path.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn projects_are_found_where_clients_name_them() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_string_lossy().into_owned();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for made in ["one", "two", "a b", "given"] {
            fs::create_dir(folder.path().join(made)).unwrap();
        }
        put(
            ".claude.json",
            &format!(r#"{{"projects":{{"{home}/one":{{}},"{home}/gone":{{}},"{home}":{{}},"rel":{{}}}}}}"#),
        );
        put(".codex/config.toml", &format!("[projects.\"{home}/two\"]\ntrust_level = 'trusted'\n"));
        put(".config/Code/User/workspaceStorage/x/workspace.json", &format!(r#"{{"folder":"file://{home}/a%20b"}}"#));
        put(".config/Code/User/workspaceStorage/y/workspace.json", r#"{"folder":"vscode-remote://h/x"}"#);
        let places = ClientPlaces {
            config: format!("{home}/.config"),
            home: home.clone(),
            codex: None,
            claude: None,
            projects: vec![format!("{home}/given"), format!("{home}/one")],
        };
        let found = with_projects(&places).projects;
        assert_eq!(found, ["given", "one", "two", "a b"].map(|name| format!("{home}/{name}")));
    }
}
