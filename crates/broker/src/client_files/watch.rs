//! The files of clients, seen as they change. Nothing is polled: the kernel tells, and where nothing changes nothing runs.

use super::table::CLIENTS;
use super::{expanded, projects};
use crate::Inner;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use wire::view::ClientPlaces;

/// How long files must be quiet: clients write in several steps.
const QUIET: Duration = Duration::from_millis(300);

/// The most folders that are watched.
const MOST: usize = 2_000;

/// Watches until it is dropped.
pub(crate) struct Watching(JoinHandle<()>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Looks at clients' files now, and whenever one of them changes.
pub(crate) fn watch(inner: &Arc<Inner>, places: ClientPlaces) -> Watching {
    let inner = inner.clone();
    Watching(tokio::spawn(async move {
        let (tell, mut told) = mpsc::channel(1);
        let wanted = Arc::new(Mutex::new(Wanted::default()));
        let mut eyes = match Eyes::open(wanted, tell) {
            Ok(eyes) => Some(eyes),
            Err(e) => {
                tracing::warn!("the files of clients can't be watched: {e}");
                None
            }
        };
        loop {
            // First watch, then look: what changes in between is told.
            let known = places.clone();
            let wanted = tokio::task::spawn_blocking(move || Wanted::of(&known)).await.unwrap_or_default();
            if let Some(eyes) = &mut eyes {
                eyes.turn_to(wanted);
            }
            if let Err(fault) = inner.news.look(&inner, &places).await {
                tracing::warn!("what is new in clients' files could not be kept: {}", fault.message);
            }
            if told.recv().await.is_none() {
                return;
            }
            while tokio::time::timeout(QUIET, told.recv()).await.is_ok_and(|t| t.is_some()) {}
        }
    }))
}

/// Where files of clients are or may come to be.
#[derive(Default)]
struct Wanted {
    /// The files, and folders in which any file may be one.
    paths: BTreeSet<PathBuf>,
    /// The folders to watch, each for itself.
    folders: BTreeSet<PathBuf>,
}

impl Wanted {
    fn of(places: &ClientPlaces) -> Self {
        let mut wanted = Self::default();
        let places = projects::with_projects(places);
        for pattern in CLIENTS.iter().flat_map(|c| c.files).flat_map(|row| row.patterns(&places)) {
            if let Some((folder, _)) = pattern.split_once('*') {
                wanted.add(PathBuf::from(folder.trim_end_matches('/')), true);
            }
            for path in expanded(&pattern) {
                // A link is watched at both ends.
                if let Some(target) = path.canonicalize().ok().filter(|target| *target != path) {
                    wanted.add(target, false);
                }
                wanted.add(path, false);
            }
        }
        wanted
    }

    /// Watches the folder a path is in; where that is not there yet, the nearest that is.
    fn add(&mut self, path: PathBuf, whole: bool) {
        let from = if whole { Some(path.as_path()) } else { path.parent() };
        let there = from.and_then(|from| from.ancestors().find(|folder| folder.is_dir()));
        if let Some(folder) = there.filter(|folder| folder.parent().is_some() && self.folders.len() < MOST) {
            self.folders.insert(folder.to_owned());
        }
        self.paths.insert(path);
    }

    /// Whether a change there may be a change of a client's file.
    fn concerns(&self, path: &Path) -> bool {
        self.paths.iter().any(|wanted| wanted.starts_with(path) || path.starts_with(wanted))
    }
}

/// What the kernel is asked to tell.
struct Eyes {
    watcher: RecommendedWatcher,
    wanted: Arc<Mutex<Wanted>>,
}

impl Eyes {
    fn open(wanted: Arc<Mutex<Wanted>>, tell: mpsc::Sender<()>) -> notify::Result<Self> {
        let asked = wanted.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let wanted = asked.lock().unwrap_or_else(PoisonError::into_inner);
            // Without a path some events were lost: then everything may have changed.
            let concerns = event.paths.is_empty() || event.paths.iter().any(|path| wanted.concerns(path));
            if !event.kind.is_access() && concerns {
                // One waiting message is enough: everything is read again.
                let _ = tell.try_send(());
            }
        })?;
        Ok(Self { watcher, wanted })
    }

    fn turn_to(&mut self, wanted: Wanted) {
        let now = wanted.folders.clone();
        let before = {
            let mut held = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *held, wanted).folders
        };
        for gone in before.difference(&now) {
            // A folder that was removed is watched no longer anyway.
            let _ = self.watcher.unwatch(gone);
        }
        for folder in &now {
            // Again, even if it is watched: one that was removed and made anew is another.
            if let Err(e) = self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::debug!("{} can't be watched: {e}", wire::text::escaped(&folder.to_string_lossy()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn folders_of_files_are_watched_and_other_files_there_are_no_concern() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap();
        let text = home.to_string_lossy().into_owned();
        fs::create_dir_all(home.join(".config/Code/User/profiles/p")).unwrap();
        fs::create_dir(home.join(".cursor")).unwrap();
        let places = ClientPlaces {
            config: format!("{text}/.config"),
            home: text,
            codex: None,
            claude: None,
            projects: Vec::new(),
        };
        let wanted = Wanted::of(&places);
        for watched in ["", ".cursor", ".config", ".config/Code/User", ".config/Code/User/profiles/p"] {
            assert!(wanted.folders.contains(home.join(watched).components().as_path()), "{watched}");
        }
        for ours in
            [".cursor/mcp.json", ".claude.json", ".gemini", ".config/Code/User/profiles/q", ".kiro/agents/a.json"]
        {
            assert!(wanted.concerns(&home.join(ours)), "{ours}");
        }
        for other in [".bash_history", ".cursor/other.json", ".config/Code/User/keybindings.json"] {
            assert!(!wanted.concerns(&home.join(other)), "{other}");
        }
    }
}
