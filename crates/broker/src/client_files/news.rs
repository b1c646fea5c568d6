//! What is new in clients' files: entries that go around Consentry and that nobody has said anything about.
//!
//! Each entry is remembered as it was when the person left it as it is, or when Consentry first looked. One that comes
//! later, or is another now, is told once and stays until it is decided on. Nothing is ever written into a client's file
//! from here.

use super::table::CLIENTS;
use super::{entry, entry_view, files, mask, projects, write};
use crate::Inner;
use crate::store::OriginalKey;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use wire::view::{ClientChangeView, ClientPlaces, EntryRef, EntryState, UnguardedView};
use wire::{Event, Fault, FaultCode};

/// What is remembered of an entry that goes through Consentry.
const GUARDED: &str = "guarded";

/// An entry as it stands in a file now.
struct Seen {
    key: OriginalKey,
    view: UnguardedView,
}

/// What was found at the last look.
#[derive(Debug, Default)]
pub(crate) struct News {
    found: Mutex<Vec<UnguardedView>>,
    turn: tokio::sync::Mutex<()>,
}

impl News {
    /// What waits for a word of the person's.
    pub(crate) fn now(&self) -> Vec<UnguardedView> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads every file and says what is new in it. At the very first look everything is known.
    pub(crate) async fn look(&self, inner: &Inner, places: &ClientPlaces) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let seen = read(inner, places).await;
        let known = inner.store.seen_entries().await?;
        let mut news = Vec::new();
        let mut fresh = Vec::new();
        for Seen { key, mut view } in seen {
            let before = known.as_ref().and_then(|known| known.get(&key));
            let as_before = before == Some(&view.digest);
            if view.entry.state == EntryState::Protected || known.is_none() {
                if !as_before {
                    fresh.push((key, view.digest));
                }
            } else if !as_before {
                view.changed = before.is_some();
                news.push(view);
            }
        }
        if !fresh.is_empty() || known.is_none() {
            inner.store.see_entries(&fresh).await?;
        }
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = news;
        let _ = inner.events.send(Event::Clients);
        Ok(())
    }

    /// The person leaves an entry as it is, exactly as it was shown.
    pub(crate) async fn leave(&self, inner: &Inner, entry: &EntryRef) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let is = |view: &UnguardedView| {
            (&view.client, &view.file, &view.entry.place, &view.entry.server)
                == (&entry.client, &entry.file, &entry.place, &entry.server)
                && Some(&view.digest) == entry.digest.as_ref()
        };
        let gone = || Fault::new(FaultCode::Gone, "This entry is no longer as it was shown. Look at it again.");
        let view = self.now().into_iter().find(is).ok_or_else(gone)?;
        inner.store.see_entries(&[(key(&view), view.digest.clone())]).await?;
        self.found.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| !is(other));
        let _ = inner.events.send(Event::Clients);
        Ok(())
    }

    /// What the person put back themselves is known as it stands now.
    pub(super) async fn leave_all(
        &self,
        inner: &Inner,
        places: &ClientPlaces,
        entries: impl Iterator<Item = &ClientChangeView>,
    ) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let done: Vec<&ClientChangeView> = entries.collect();
        if done.is_empty() {
            return Ok(());
        }
        let is = |key: &OriginalKey, done: &&ClientChangeView| {
            (&key.client, &key.file, &key.place, &key.name) == (&done.client, &done.file, &done.place, &done.server)
        };
        let seen = read(inner, places).await.into_iter().map(|seen| (seen.key, seen.view.digest));
        let left: Vec<(OriginalKey, String)> = seen.filter(|(key, _)| done.iter().any(|done| is(key, done))).collect();
        inner.store.see_entries(&left).await?;
        let is_left = |view: &UnguardedView| left.iter().any(|(k, digest)| *k == key(view) && *digest == view.digest);
        self.found.lock().unwrap_or_else(PoisonError::into_inner).retain(|view| !is_left(view));
        Ok(())
    }
}

fn key(view: &UnguardedView) -> OriginalKey {
    OriginalKey {
        client: view.client.clone(),
        file: view.file.clone(),
        place: view.entry.place.clone(),
        name: view.entry.server.clone(),
    }
}

/// Every entry of every file that can be read.
async fn read(inner: &Inner, places: &ClientPlaces) -> Vec<Seen> {
    let (secrets, places) = (inner.store.secrets(), places.clone());
    // Without a keychain marks end with this run; what is shown of an entry, without its secrets, does not.
    let lasting = secrets.fault().is_none();
    let mark = move |exact: &str, shown: &str| match lasting {
        true => secrets.mark(&["entry", exact]),
        false => format!("shown-{}", gate::call::Digest::of("consentry entry 1", &[shown.as_bytes()])),
    };
    tokio::task::spawn_blocking(move || all(&places, &mark)).await.unwrap_or_default()
}

fn all(places: &ClientPlaces, mark: &impl Fn(&str, &str) -> String) -> Vec<Seen> {
    let places = projects::with_projects(places);
    let mut seen = BTreeMap::new();
    for client in CLIENTS {
        for (row, path) in files(client, &places) {
            let Ok(source) = write::read(&path) else { continue };
            let Ok(found) = entry::entries(row, &source.text) else { continue };
            for found in &found {
                let exact = source.text.get(found.node.span.clone()).unwrap_or_default();
                let view = entry_view(row, found);
                let digest = if view.state == EntryState::Protected {
                    GUARDED.to_owned()
                } else {
                    mark(exact, &mask::masked_source(&row.fields, &source.text, &found.shown, &found.node))
                };
                let view = UnguardedView {
                    client: client.name.into(),
                    title: client.title.into(),
                    file: path.to_string_lossy().into_owned(),
                    entry: view,
                    changed: false,
                    digest,
                };
                // A name that stands twice is one entry that can't be told apart.
                let key = key(&view);
                seen.insert(
                    (key.client.clone(), key.file.clone(), key.place.clone(), key.name.clone()),
                    Seen { key, view },
                );
            }
        }
    }
    seen.into_values().collect()
}
