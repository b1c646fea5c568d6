//! Which entry a change is about, how it ended, and what a client runs afterwards.

use super::table::{CLIENTS, ClientRow, FileRow, client};
use crate::home::Home;
use crate::store::OriginalKey;
use crate::upstream::Command;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wire::text::escaped;
use wire::view::{ChangeOutcome, ClientChangeView, EntryRef};
use wire::{Fault, FaultCode};

/// An entry that is to be changed.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) client: &'static ClientRow,
    pub(super) row: &'static FileRow,
    pub(super) path: PathBuf,
    pub(super) place: String,
    pub(super) name: String,
}

impl Target {
    /// Whether it is the one that is meant.
    pub(super) fn is(&self, entry: &EntryRef) -> bool {
        let file = self.path.to_string_lossy();
        (entry.client.as_str(), entry.file.as_str()) == (self.client.name, &*file)
            && (&entry.place, &entry.server) == (&self.place, &self.name)
    }

    pub(super) fn key(&self) -> OriginalKey {
        OriginalKey {
            client: self.client.name.into(),
            file: self.path.to_string_lossy().into_owned(),
            place: self.place.clone(),
            name: self.name.clone(),
        }
    }
}

/// How an entry ended, before it is told.
pub(super) struct Ended {
    pub(super) outcome: ChangeOutcome,
    pub(super) through: Option<String>,
    pub(super) why: Option<String>,
    pub(super) difference: Vec<String>,
    /// Stands for exactly this change.
    pub(super) digest: Option<String>,
}

impl Ended {
    pub(super) fn of(outcome: ChangeOutcome, through: Option<String>) -> Self {
        Self { outcome, through, why: None, difference: Vec::new(), digest: None }
    }

    pub(super) fn because(outcome: ChangeOutcome, why: impl Into<String>) -> Self {
        Self { outcome, through: None, why: Some(why.into()), difference: Vec::new(), digest: None }
    }
}

/// What a client runs instead.
pub(super) fn through_us(server: &str, client: &str, home: &Home) -> Result<Command, String> {
    let own = crate::start::own_binaries().into_iter().find(|path| path.is_file());
    let program = own.ok_or("was left alone: the program `consentry` is not where this Consentry was started from")?;
    let program = program.to_str().ok_or("was left alone: the path of `consentry` is not text")?.to_owned();
    let words = [&program, "connect", server, "--client", client].map(str::to_owned).to_vec();
    Ok(Command { words, env: moved(home)?, cwd: None })
}

/// `CONSENTRY_HOME` where this Consentry has a folder of its own: a client that was started otherwise would look for
/// another one.
fn moved(home: &Home) -> Result<BTreeMap<String, String>, String> {
    const NAME: &str = "CONSENTRY_HOME";
    let Some(folder) = std::env::var_os(NAME).filter(|folder| !folder.is_empty()) else { return Ok(BTreeMap::new()) };
    if Home::under(Path::new(&folder)) != *home {
        return Ok(BTreeMap::new());
    }
    let folder = folder.into_string().map_err(|_| format!("was left alone: {NAME} is not text"))?;
    Ok(BTreeMap::from([(NAME.to_owned(), folder)]))
}

/// The clients that are meant: those of these names, those of these entries, or all.
pub(super) fn chosen(names: &[String], entries: &[EntryRef]) -> Result<Vec<&'static ClientRow>, Fault> {
    if names.is_empty() && !entries.is_empty() {
        return Ok(CLIENTS.iter().filter(|row| entries.iter().any(|e| e.client == row.name)).collect());
    }
    if names.is_empty() {
        return Ok(CLIENTS.iter().collect());
    }
    let one = |name: &String| {
        client(name).ok_or_else(|| {
            let known: Vec<&str> = CLIENTS.iter().map(|row| row.name).collect();
            let why = format!("There is no client named `{}`. Known: {}.", escaped(name), known.join(", "));
            Fault::new(FaultCode::Invalid, why)
        })
    };
    names.iter().map(one).collect()
}

/// How an entry ended, for the person.
pub(super) fn told(target: &Target, ended: Ended) -> ClientChangeView {
    let file = target.path.to_string_lossy().into_owned();
    let why = ended.why.map(|why| match ended.outcome {
        ChangeOutcome::Failed => format!("{}: {} {}.", escaped(&file), escaped(&target.name), escaped(&why)),
        _ => escaped(&why),
    });
    ClientChangeView {
        client: target.client.name.into(),
        file,
        place: target.place.clone(),
        server: target.name.clone(),
        through: ended.through,
        outcome: ended.outcome,
        why,
        difference: ended.difference,
        shared: target.row.is_project(),
        digest: ended.digest,
    }
}
