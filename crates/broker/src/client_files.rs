//! The configuration files of clients: what they run, and putting Consentry in between, entry by entry.
//!
//! Every byte but those of the entry stays as it is, and the entry can be put back as it was: its original is on disk
//! before the file is touched, and leaves it only when the file is as before. A client may write the same file at the
//! same time; what it writes is never lost ([`mod@write`]).

mod change;
mod edit;
mod entry;
mod json;
mod mask;
mod news;
mod outcome;
mod projects;
mod risk;
mod table;
mod toml;
mod tree;
mod watch;
mod write;
mod yaml;

pub(crate) use change::Changing;
pub(crate) use news::News;
pub(crate) use watch::{Watching, watch};

use crate::Broker;
use entry::{Found, Standing, URLS};
use std::path::{Path, PathBuf};
use table::{CLIENTS, ClientRow, FileRow};
use tree::Node;
use wire::text::escaped;
use wire::view::{
    ClientChange, ClientChangeView, ClientEntryView, ClientFileView, ClientPlaces, EntryRef, EntryState, UnguardedView,
};
use wire::{Fault, FaultCode};

/// A border between two steps of a change; see [`crate::corridor`].
fn step(name: &'static str) {
    crate::corridor::border(name);
}

/// Where the folders of whoever runs this process are.
///
/// # Errors
/// `Invalid` when `HOME` is not set, or a folder's path is not text.
pub fn here() -> Result<ClientPlaces, Fault> {
    let var = |name: &str| match std::env::var(name) {
        Ok(value) if Path::new(&value).is_absolute() => Ok(Some(value)),
        Ok(_) | Err(std::env::VarError::NotPresent) => Ok(None),
        Err(_) => Err(Fault::new(FaultCode::Invalid, format!("{name} is not text."))),
    };
    let home = var("HOME")?
        .ok_or_else(|| Fault::new(FaultCode::Invalid, "HOME is not set, so the files of clients can't be found."))?;
    let settings = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    let moved = if cfg!(target_os = "macos") { None } else { var("XDG_CONFIG_HOME")? };
    Ok(ClientPlaces {
        config: moved.unwrap_or_else(|| format!("{home}/{settings}")),
        codex: var("CODEX_HOME")?,
        claude: var("CLAUDE_CONFIG_DIR")?,
        projects: Vec::new(),
        home,
    })
}

/// Every file of every client that is there, and the servers in it. Reads only.
pub fn scan(places: &ClientPlaces) -> Vec<ClientFileView> {
    let places = &projects::with_projects(places);
    CLIENTS
        .iter()
        .flat_map(|client| files(client, places).into_iter().map(|(row, path)| view(client, row, &path, places)))
        .collect()
}

/// Whether the value of a variable looks like a secret, or its name says that it is one.
pub(crate) fn looks_secret(variable: &str, value: &str) -> bool {
    mask::is_secret_name(variable) || mask::is_secret_shape(value)
}

/// Where in the word of a command a secret stands, `before` being the word before it.
pub(crate) fn secret_in(word: &str, before: &str) -> Option<std::ops::Range<usize>> {
    mask::secret_in(word, before)
}

/// Where the password of a URL stands in a text, if it is one that has one.
pub(crate) fn password_in(text: &str) -> Option<std::ops::Range<usize>> {
    mask::password_in(text)
}

/// The files of a client that are there.
fn files(client: &'static ClientRow, places: &ClientPlaces) -> Vec<(&'static FileRow, PathBuf)> {
    let mut found: Vec<(&'static FileRow, PathBuf)> = Vec::new();
    for row in client.files {
        for path in row.patterns(places).iter().flat_map(|pattern| expanded(pattern)) {
            if std::fs::symlink_metadata(&path).is_ok() && !found.iter().any(|(_, known)| *known == path) {
                found.push((row, path));
            }
        }
    }
    found
}

/// The paths a pattern stands for; `*` in a part of it stands for any text.
fn expanded(pattern: &str) -> Vec<PathBuf> {
    let Some((folder, rest)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let (ending, deeper) = rest.split_once('/').map_or((rest, None), |(ending, deeper)| (ending, Some(deeper)));
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|inside| inside.file_name().to_str().is_some_and(|n| n.ends_with(ending) && !n.starts_with('.')))
        .map(|inside| deeper.map_or_else(|| inside.path(), |deeper| inside.path().join(deeper)))
        .collect();
    paths.sort();
    paths
}

fn view(client: &ClientRow, row: &FileRow, path: &Path, places: &ClientPlaces) -> ClientFileView {
    let read = write::read(path).and_then(|source| entry::entries(row, &source.text));
    let (entries, fault) = match read {
        Ok(found) => (found.iter().map(|found| entry_view(row, found)).collect(), None),
        Err(why) => (Vec::new(), Some(format!("{} {why}.", escaped(&path.to_string_lossy())))),
    };
    let project = places.projects.iter().filter(|folder| row.is_project() && path.starts_with(folder));
    ClientFileView {
        project: project.max_by_key(|folder| folder.len()).cloned(),
        client: client.name.into(),
        title: client.title.into(),
        file: path.to_string_lossy().into_owned(),
        entries,
        fault,
    }
}

fn entry_view(row: &FileRow, found: &Found) -> ClientEntryView {
    let (state, through, why) = match entry::standing(row, found) {
        Standing::Ours(server) => (EntryState::Protected, Some(server), None),
        Standing::Runs(_) => (EntryState::Open, None, None),
        Standing::NotYet(why) => (EntryState::NotYet, None, Some(why)),
    };
    let url = URLS.iter().find_map(|name| found.node.get(name).and_then(Node::text));
    ClientEntryView {
        server: found.name.clone(),
        place: found.place.clone(),
        state,
        through,
        runs: mask::masked_words(&entry::shown_words(row, &found.node)),
        url: url.map(mask::origin),
        env: entry::variables(row, &found.node),
        risks: risk::risks(row, &found.node),
        why,
    }
}

impl Broker {
    /// The configuration files of clients, and what they run.
    pub async fn client_files(&self, places: ClientPlaces) -> Vec<ClientFileView> {
        tokio::task::spawn_blocking(move || scan(&places)).await.unwrap_or_default()
    }

    /// What a change of clients' entries would do. Writes nothing.
    ///
    /// # Errors
    /// `Invalid` for a client nobody knows, `Storage` when the database can't be read.
    pub async fn plan_clients(
        &self,
        change: ClientChange,
        clients: &[String],
        entries: &[EntryRef],
        places: &ClientPlaces,
    ) -> Result<Vec<ClientChangeView>, Fault> {
        Changing::plan(&self.inner, places, entries).run(change, clients).await
    }

    /// Entries of clients that go around Consentry and that nobody has said anything about since they came or changed.
    pub fn unguarded(&self) -> Vec<UnguardedView> {
        self.inner.news.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_are_found_read_and_told_without_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_string_lossy().into_owned();
        let places = ClientPlaces {
            config: format!("{home}/.config"),
            home: home.clone(),
            codex: None,
            claude: None,
            projects: vec![format!("{home}/work")],
        };
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put(
            ".cursor/mcp.json",
            r#"{"mcpServers":{"a":{"command":"x","env":{"TOKEN":"hunter2"}},"b":{"url":"https://h/hunter3"}}}"#,
        );
        put(
            ".config/Code/User/profiles/p1/mcp.json",
            r#"{"servers":{"c":{"command":"consentry","args":["connect","c"]}}}"#,
        );
        put(".kiro/agents/one.json", "{");
        put(".codex/config.toml", "");
        put("work/.mcp.json", r#"{"mcpServers":{"d":{"command":"x"}}}"#);
        let views = scan(&places);
        let of = |client: &str| views.iter().find(|v| v.client == client).unwrap();
        let states = |client: &str| of(client).entries.iter().map(|e| e.state).collect::<Vec<_>>();
        assert_eq!(states("cursor"), [EntryState::Open, EntryState::Open]);
        assert_eq!(states("vscode"), [EntryState::Protected]);
        assert_eq!(of("claude-code").project, Some(format!("{home}/work")));
        assert_eq!(of("cursor").project, None);
        assert!(of("kiro").fault.as_deref().is_some_and(|why| why.contains("one.json is not JSON")));
        assert!(of("codex").entries.is_empty() && of("codex").fault.is_none());
        assert_eq!(of("cursor").entries[1].url.as_deref(), Some("https://h"));
        assert!(!format!("{views:?}").contains("hunter"), "{views:?}");
    }
}
