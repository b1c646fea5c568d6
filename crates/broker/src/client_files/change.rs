//! Doing it: each entry read, its original kept, its server added, its file changed, in that order; and back.

use super::edit::{self, Original};
use super::entry::{Found, Standing, standing};
use super::mask::{difference, masked_source};
use super::outcome::{Ended, Target, chosen, through_us, told};
use super::projects::with_projects;
use super::table::{ClientRow, FileRow};
use super::write::{self, Locked, Replaced, Source};
use super::{entry, files, step};
use crate::audit_log::Durability;
use crate::clock::now_ms;
use crate::desk::by_word;
use crate::servers::Import;
use crate::store::OriginalRow;
use crate::upstream::{Configured, Program};
use crate::{AnsweredBy, Inner};
use gate::audit::Record;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::view::{ChangeOutcome, ClientChange, ClientChangeView, ClientPlaces, EntryRef};
use wire::{Fault, FaultCode};
use zeroize::Zeroizing;

/// How often an entry is tried whose file somebody else writes at the same time.
const ATTEMPTS: u32 = 6;

/// How long an original is kept after it was put back, in milliseconds: a client that runs may write its file from
/// memory, with our entry in it.
const KEPT_AFTER: i64 = 24 * 60 * 60 * 1000;

/// One way through an entry: how it ended, or nothing when its file changed on the way.
type Attempt = Result<Option<Ended>, String>;

/// An entry as it was read, and held while it is changed.
struct Open {
    locked: Option<Locked>,
    source: Source,
    found: Option<Found>,
}

/// A change of clients' files under way.
pub(crate) struct Changing<'broker> {
    inner: &'broker Inner,
    places: ClientPlaces,
    /// Only these entries; none means all.
    entries: &'broker [EntryRef],
    /// Who decided it; nobody yet when it is only planned.
    by: Option<AnsweredBy>,
    /// Servers that are to be added, as far as planned.
    planned: Vec<(String, Configured)>,
}

impl<'broker> Changing<'broker> {
    /// Writes nothing.
    pub(crate) fn plan(inner: &'broker Inner, places: &ClientPlaces, entries: &'broker [EntryRef]) -> Self {
        Self { inner, places: places.clone(), entries, by: None, planned: Vec::new() }
    }

    /// Does it: a person decided so.
    pub(crate) fn decided(
        inner: &'broker Inner,
        places: &ClientPlaces,
        entries: &'broker [EntryRef],
        by: AnsweredBy,
    ) -> Self {
        Self { by: Some(by), ..Self::plan(inner, places, entries) }
    }

    /// Goes through the entries of these clients, or of all.
    pub(crate) async fn run(mut self, change: ClientChange, names: &[String]) -> Result<Vec<ClientChangeView>, Fault> {
        let clients = chosen(names, self.entries)?;
        let _turn = self.inner.client_turn.lock().await;
        let given = self.places.clone();
        let found = blocking(move || Ok(with_projects(&given))).await;
        self.places = found.map_err(|why| Fault::new(FaultCode::Internal, format!("Projects {why}.")))?;
        let mut views = Vec::new();
        for client in &clients {
            for (row, path) in files(client, &self.places) {
                views.extend(self.file(change, client, row, path).await);
            }
        }
        if change == ClientChange::Unprotect && self.by.is_some() {
            self.settle(&clients).await?;
            // Who takes Consentry away need not be told that it is gone.
            let done = views.iter().filter(|view| view.outcome == ChangeOutcome::Done);
            self.inner.news.leave_all(self.inner, &self.places, done).await?;
        }
        Ok(views)
    }

    async fn file(
        &mut self,
        change: ClientChange,
        client: &'static ClientRow,
        row: &'static FileRow,
        path: PathBuf,
    ) -> Vec<ClientChangeView> {
        let reading = path.clone();
        let read = blocking(move || write::read(&reading).and_then(|source| entry::entries(row, &source.text)));
        let target = |name: &str, place: &str| Target {
            client,
            row,
            path: path.clone(),
            place: place.to_owned(),
            name: name.to_owned(),
        };
        let found = match read.await {
            Ok(found) => found,
            // Where only some entries are meant, another file's fault is no news.
            Err(_) if !self.entries.is_empty() && !self.entries.iter().any(|e| path == Path::new(&e.file)) => {
                return Vec::new();
            }
            Err(why) => return vec![told(&target("", ""), Ended::because(ChangeOutcome::Failed, why))],
        };
        let mut views = Vec::new();
        for found in found {
            let target = target(&found.name, &found.place);
            if !self.entries.is_empty() && !self.entries.iter().any(|entry| target.is(entry)) {
                continue;
            }
            let ended = match change {
                ClientChange::Protect => Some(self.tried(&target, change).await),
                ClientChange::Unprotect if self.concerns(&target, &found).await => {
                    Some(self.tried(&target, change).await)
                }
                ClientChange::Unprotect => None,
            };
            views.extend(ended.map(|ended| told(&target, ended)));
        }
        views
    }

    /// Whether there is anything to put back.
    async fn concerns(&self, target: &Target, found: &Found) -> bool {
        matches!(standing(target.row, found), Standing::Ours(_))
            || self
                .inner
                .store
                .original_row(&target.key())
                .await
                .is_ok_and(|row| row.is_some_and(|row| row.restored_at.is_none()))
    }

    async fn tried(&mut self, target: &Target, change: ClientChange) -> Ended {
        for attempt in 1..=ATTEMPTS {
            let ended = match change {
                ClientChange::Protect => self.protect(target).await,
                ClientChange::Unprotect => self.unprotect(target).await,
            };
            match ended {
                Ok(Some(ended)) => return ended,
                // Whoever writes there is given time to finish.
                Ok(None) => tokio::time::sleep(Duration::from_millis(20) * attempt).await,
                Err(why) => return Ended::because(ChangeOutcome::Failed, why),
            }
        }
        let why = "is written by another program all the time; close it and try again";
        Ended::because(ChangeOutcome::Failed, why)
    }

    async fn open(&self, target: &Target) -> Result<Open, String> {
        let (target, decided) = (target.clone(), self.by.is_some());
        blocking(move || {
            let locked = if decided { Some(Locked::open(&target.path)?) } else { None };
            let source = locked.as_ref().map_or_else(|| write::read(&target.path), Locked::read)?;
            let root = entry::parse(target.row.format, &source.text)?;
            let found = edit::find(target.row, &root, &target.place, &target.name);
            Ok(Open { locked, source, found })
        })
        .await
    }

    async fn protect(&mut self, target: &Target) -> Attempt {
        let open = self.open(target).await?;
        let Some(found) = &open.found else { return Ok(None) };
        let configured = match standing(target.row, found) {
            Standing::Ours(server) => return Ok(Some(Ended::of(ChangeOutcome::Already, Some(server)))),
            Standing::NotYet(why) => return Ok(Some(Ended::because(ChangeOutcome::NotYet, why))),
            Standing::Runs(configured) => configured,
        };
        if let Configured::Program(command) = configured.clone() {
            blocking(move || Program::resolve(&command)).await.map_err(|why| format!("was left alone: {why}"))?;
        }
        let import = self.inner.corridor.servers.name_for(&target.name, target.client.name, &configured, &self.planned);
        let to = through_us(import.name(), target.client.name, &self.inner.home)?;
        let (edited, original) = edit::protect(target.row, &open.source.text, found, &to, &configured)?;
        let shown = |text: &str, found: &Found| masked_source(&target.row.fields, text, &found.shown, &found.node);
        let (before, after) = (shown(&open.source.text, found), shown(&edited.text, &edited.found));
        let mut ended = Ended::of(ChangeOutcome::Planned, Some(import.name().to_owned()));
        ended.difference = difference(&before, &after);
        let is_secret = !configured.given().is_empty() || before.contains(super::mask::MASK);
        if let Some(why) = self.inner.store.secrets().fault().filter(|_| is_secret) {
            return Err(format!("was left alone: it holds what may be a secret. Such {why}"));
        }
        ended.digest = Some(self.digest(
            target,
            "protect",
            import.name(),
            (&open.source.text, found),
            (&edited.text, &edited.found),
        ));
        self.as_shown(target, ended.digest.as_deref())?;
        let Some(by) = self.by else {
            let planned = self.inner.store.secrets().referred(import.name(), &configured);
            self.planned.push((import.name().to_owned(), planned));
            return Ok(Some(ended));
        };
        let row = self.keep(target, &import, &original, is_secret).await?;
        let changed = self.change(target, open, edited.text, &import, configured, by).await;
        match changed {
            Ok(Replaced::Done) => {
                ended.outcome = ChangeOutcome::Done;
                Ok(Some(ended))
            }
            Ok(Replaced::Changed) => Ok(None),
            Err(why) => {
                self.remove_server(&row).await?;
                self.inner.store.forget_original(&row).await.map_err(|f| f.message)?;
                Err(why)
            }
        }
    }

    /// Stands for a change of an entry: what stands there now, and what would. Other parts of the file may change
    /// meanwhile; the client may write them at any time.
    fn digest(
        &self,
        target: &Target,
        what: &str,
        through: &str,
        open: (&str, &Found),
        edited: (&str, &Found),
    ) -> String {
        let entry = |(text, found): (&str, &Found)| text.get(found.node.span.clone()).unwrap_or_default().to_owned();
        let (file, before, after) = (target.path.to_string_lossy(), entry(open), entry(edited));
        let parts = [what, target.client.name, &file, &target.place, &target.name, through, &before, &after];
        self.inner.store.secrets().mark(&parts)
    }

    /// Refuses what is no longer what the person was shown.
    fn as_shown(&self, target: &Target, digest: Option<&str>) -> Result<(), String> {
        let shown = self.entries.iter().find(|entry| target.is(entry)).and_then(|entry| entry.digest.as_deref());
        match shown {
            Some(_) if self.by.is_some() && shown != digest => {
                Err("has changed since it was shown, so it was left alone; look at it again".into())
            }
            _ => Ok(()),
        }
    }

    /// The original first: from here on a crash loses nothing.
    async fn keep(
        &self,
        target: &Target,
        import: &Import,
        original: &Original,
        is_secret: bool,
    ) -> Result<OriginalRow, String> {
        let store = &self.inner.store;
        let rows = store.originals().await.map_err(|f| f.message)?;
        let made = matches!(import, Import::Add(_))
            || rows.iter().any(|r| r.made && r.restored_at.is_none() && r.through == import.name());
        let text = Zeroizing::new(serde_json::to_string(original).map_err(|e| e.to_string())?);
        let key = target.key();
        store.keep_original(&key, import.name(), made, text, is_secret).await.map_err(|f| f.message)?;
        step("client-kept");
        store.original_row(&key).await.map_err(|f| f.message)?.ok_or_else(|| "could not be kept".into())
    }

    async fn change(
        &self,
        target: &Target,
        open: Open,
        text: String,
        import: &Import,
        configured: Configured,
        by: AnsweredBy,
    ) -> Result<Replaced, String> {
        match import {
            Import::Add(name) => {
                self.inner.corridor.servers.add(name, configured, by).await.map_err(|f| f.message)?;
            }
            // Its secrets are there already, unless somebody took them out of the keychain.
            Import::There(name) => drop(self.inner.store.secrets().keep(name, &configured).await?),
        }
        step("client-imported");
        self.record("protect", target, import.name(), by).await?;
        replace(open, text).await
    }

    async fn unprotect(&mut self, target: &Target) -> Attempt {
        let row = self.inner.store.original_row(&target.key()).await.map_err(|f| f.message)?;
        let open = self.open(target).await?;
        let Some(found) = &open.found else { return Ok(None) };
        let Standing::Ours(server) = standing(target.row, found) else {
            // Put back before, by us or by hand: what is left to do is to forget it.
            if let Some(row) = row.filter(|row| self.by.is_some() && row.restored_at.is_none()) {
                self.retire(&row).await?;
            }
            return Ok(Some(Ended::of(ChangeOutcome::Already, None)));
        };
        let Some(row) = row else {
            let why = "goes through Consentry, but not by `protect`: what stood there before is not known";
            return Err(why.into());
        };
        let text = self.inner.store.original(&row).await.map_err(|f| f.message)?;
        let original: Original = serde_json::from_str(&text).map_err(|_| "has an original that can't be read")?;
        let edited = edit::restore(target.row, &open.source.text, &target.place, &target.name, &original)?;
        let shown = |text: &str, found: &Found| masked_source(&target.row.fields, text, &found.shown, &found.node);
        let mut ended = Ended::of(ChangeOutcome::Planned, Some(server.clone()));
        ended.difference = difference(&shown(&open.source.text, found), &shown(&edited.text, &edited.found));
        ended.digest =
            Some(self.digest(target, "unprotect", &server, (&open.source.text, found), (&edited.text, &edited.found)));
        self.as_shown(target, ended.digest.as_deref())?;
        let Some(by) = self.by else { return Ok(Some(ended)) };
        self.record("unprotect", target, &server, by).await?;
        if replace(open, edited.text).await? == Replaced::Changed {
            return Ok(None);
        }
        step("client-restored");
        self.retire(&row).await?;
        ended.outcome = ChangeOutcome::Done;
        Ok(Some(ended))
    }

    /// An entry is as it was: the server that was added for it goes, and its original is kept a while longer.
    async fn retire(&self, row: &OriginalRow) -> Result<(), String> {
        self.remove_server(row).await?;
        step("client-forgotten");
        self.inner.store.retire_original(&row.key).await.map_err(|f| f.message)
    }

    /// Takes the server away that was added for an entry, unless another entry still uses it.
    async fn remove_server(&self, row: &OriginalRow) -> Result<(), String> {
        let rows = self.inner.store.originals().await.map_err(|f| f.message)?;
        let used = |other: &OriginalRow| other.restored_at.is_none() && other.through == row.through;
        if !row.made || rows.iter().any(|other| other.key != row.key && used(other)) {
            return Ok(());
        }
        match self.inner.corridor.servers.remove(&row.through).await {
            Err(fault) if fault.code != FaultCode::NotFound => Err(fault.message),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Entries that are no longer there have nothing to put back; originals that were put back long ago are dropped.
    async fn settle(&self, clients: &[&'static ClientRow]) -> Result<(), Fault> {
        let storage = |why| Fault::new(FaultCode::Storage, why);
        for row in self.inner.store.originals().await? {
            if row.restored_at.is_some_and(|at| now_ms() - at > KEPT_AFTER) {
                self.inner.store.forget_original(&row).await?;
            } else if row.restored_at.is_none() && self.is_gone(clients, &row).await {
                self.retire(&row).await.map_err(storage)?;
            }
        }
        Ok(())
    }

    /// Whether the entry is no longer in its file. A file that can't be read may still hold it.
    async fn is_gone(&self, clients: &[&'static ClientRow], row: &OriginalRow) -> bool {
        let Some(client) = clients.iter().find(|client| client.name == row.key.client) else { return false };
        let path = PathBuf::from(&row.key.file);
        let Some((file, _)) = files(client, &self.places).into_iter().find(|(_, p)| *p == path) else { return false };
        let read = blocking(move || write::read(&path).and_then(|source| entry::entries(file, &source.text))).await;
        read.is_ok_and(|found| !found.iter().any(|f| f.place == row.key.place && f.name == row.key.name))
    }

    /// The log first: a decision that is not on record is none.
    async fn record(&self, what: &str, target: &Target, server: &str, by: AnsweredBy) -> Result<(), String> {
        let record = Record::new("decided", now_ms())
            .with("decision", what)
            .with("client", target.client.name)
            .with("server", server)
            .with("entry", target.name.clone())
            .with("file", target.path.to_string_lossy().into_owned())
            .with("answered_by", by_word(by));
        self.inner.corridor.audit.append(record, Durability::Disk).await.map_err(|refusal| refusal.message)
    }
}

async fn replace(open: Open, text: String) -> Result<Replaced, String> {
    let Some(locked) = open.locked else { return Err("is not held".into()) };
    let replaced = blocking(move || locked.replace(&open.source, &text)).await?;
    step("client-replaced");
    Ok(replaced)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err("could not be worked on".into()))
}
