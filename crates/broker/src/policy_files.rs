//! The person's policy files on disk: what only forbids more applies at once, anything else asks.

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::{Desk, by_word};
use crate::policies::{Files, PolicyBook, difference, only_adds, read_files};
use crate::present;
use crate::servers::{Authority, report_void};
use crate::store::{Decision, Store};
use gate::approval::{By, Ending, Event, Level, Terms};
use gate::audit::Record;
use gate::call::{ApprovalId, Digest};
use gate::policy::Preset;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;
use wire::view::ApprovalKind;
use wire::{Fault, FaultCode};

const POLICY: &str = "policy";
const FILES: &str = "files";
const PRESET: &str = "preset";
const CHOSEN: &str = "chosen";

/// The files, and what was accepted of them.
pub(crate) struct PolicyFiles {
    folder: PathBuf,
    store: Store,
    audit: AuditLog,
    desk: Arc<Desk>,
    book: Arc<PolicyBook>,
    events: broadcast::Sender<wire::Event>,
    /// The broker was started with a preset named: what is chosen holds from the next start.
    fixed: bool,
    /// One choice at a time: what is kept and what is in force must be the same.
    turn: tokio::sync::Mutex<()>,
    declined: Mutex<Option<Digest>>,
}

impl PolicyFiles {
    /// The policies as they were accepted last.
    ///
    /// # Errors
    /// When the shipped policies or the accepted files no longer load: nothing runs under policies nobody can read.
    pub(crate) async fn open(
        folder: PathBuf,
        named: Option<Preset>,
        store: Store,
        audit: AuditLog,
        desk: Arc<Desk>,
        events: broadcast::Sender<wire::Event>,
    ) -> Result<(Arc<PolicyBook>, Arc<Self>), Fault> {
        let rows = store.decisions(POLICY).await?;
        for name in &rows.void {
            report_void(&audit, POLICY, name).await;
        }
        let accepted: Files = rows.valid.first().and_then(|r| serde_json::from_str(&r.value).ok()).unwrap_or_default();
        let chosen = chosen(&store, &audit).await?;
        let book = PolicyBook::open(named.unwrap_or(chosen), accepted).map_err(|why| {
            Fault::new(FaultCode::Invalid, format!("The policies in force can't be loaded, so nothing may run: {why}"))
        })?;
        let book = Arc::new(book);
        let fixed = named.is_some();
        let files = Self {
            folder,
            store,
            audit,
            desk,
            book: book.clone(),
            events,
            fixed,
            turn: tokio::sync::Mutex::default(),
            declined: Mutex::default(),
        };
        Ok((book, Arc::new(files)))
    }

    /// Whether the broker was started with a preset named.
    pub(crate) fn preset_is_fixed(&self) -> bool {
        self.fixed
    }

    /// Puts a preset in force and keeps it. Whoever calls this has seen to it that it may: see [`loosens`].
    pub(crate) async fn choose(&self, preset: Preset, by: By) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let before = self.book.preset();
        if preset == before && !self.fixed {
            return Ok(());
        }
        let record = Record::new("decided", now_ms())
            .with("decision", PRESET)
            .with("preset", preset.to_string())
            .with("before", before.to_string())
            .with("answered_by", by_word(by));
        // The log first: a decision that is not on record is none.
        self.audit
            .append(record, Durability::Disk)
            .await
            .map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))?;
        let decision = Decision { name: CHOSEN.into(), value: preset.to_string(), decided_at: now_ms() };
        self.store.decide(PRESET, &decision).await?;
        self.book.set_preset(preset).map_err(|why| Fault::new(FaultCode::Invalid, why))?;
        let _ = self.events.send(wire::Event::Policies);
        let _ = self.events.send(wire::Event::Servers);
        Ok(())
    }

    /// What is wrong with the files on disk, if anything, for whoever looks.
    fn report(&self, faults: Vec<String>) {
        if self.book.report(faults) {
            let _ = self.events.send(wire::Event::Policies);
        }
    }

    /// Reads the folder again.
    pub(crate) async fn reread(self: &Arc<Self>) {
        let folder = self.folder.clone();
        let read = tokio::task::spawn_blocking(move || read_files(&folder)).await;
        let files = match read {
            Ok(Ok(files)) => files,
            Ok(Err(why)) => return self.report(vec![why]),
            Err(e) => return self.report(vec![e.to_string()]),
        };
        if let Err(faults) = self.book.check(&files) {
            tracing::warn!("{}", wire::text::escaped(&faults.join(" ")));
            let said = faults.into_iter().map(|why| format!("{why}. The last good version stays in force."));
            return self.report(said.collect());
        }
        self.report(Vec::new());
        let accepted = self.book.accepted();
        if files == accepted {
            return self.withdraw().await;
        }
        if only_adds(&accepted, &files) {
            self.withdraw().await;
            if let Err(fault) = self.accept(files, None).await {
                self.report(vec![fault.message]);
            }
        } else {
            self.propose(&accepted, files).await;
        }
    }

    async fn withdraw(&self) {
        for id in self.desk.about_server(&[ApprovalKind::Policy], "") {
            let _ = self.desk.step(id, Event::Withdraw).await;
        }
    }

    async fn propose(self: &Arc<Self>, accepted: &Files, files: Files) {
        let text = serde_json::to_string(&files).unwrap_or_default();
        let digest = Digest::of("consentry policies 1", &[text.as_bytes()]);
        let declined = *self.declined.lock().unwrap_or_else(PoisonError::into_inner) == Some(digest);
        if declined || self.desk.about(ApprovalKind::Policy, digest).is_some() {
            return;
        }
        self.withdraw().await;
        let terms =
            Terms { id: ApprovalId(uuid::Uuid::now_v7()), digest, level: Level::Approve, act: None, lives_ms: None };
        let asked = match self.desk.ask(terms, present::policy(difference(accepted, &files)), None).await {
            Ok(asked) => asked,
            Err(refusal) => return self.report(vec![refusal.message]),
        };
        let this = self.clone();
        tokio::spawn(async move {
            match asked.ending.await {
                Ok(Ending::Approved(yes)) if yes.digest() == digest => {
                    if let Err(fault) = this.accept(files, Some(Authority::Yes(yes))).await {
                        this.report(vec![fault.message]);
                    }
                }
                Ok(Ending::Rejected { .. }) => {
                    *this.declined.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest);
                }
                Ok(Ending::Approved(_) | Ending::Expired | Ending::Unused | Ending::Withdrawn) | Err(_) => {}
            }
        });
    }

    async fn accept(&self, files: Files, by: Option<Authority>) -> Result<(), Fault> {
        let value = serde_json::to_string(&files).map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))?;
        let record = Record::new("decided", now_ms())
            .with("decision", POLICY)
            .with("files", files.keys().cloned().collect::<Vec<_>>())
            .with("answered_by", by.as_ref().map_or("", Authority::word))
            .with("approval", by.as_ref().map(Authority::approval).unwrap_or_default())
            .with_body("policies", value.clone().into());
        self.audit
            .append(record, Durability::Disk)
            .await
            .map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))?;
        let decision = Decision { name: FILES.into(), value, decided_at: now_ms() };
        self.store.decide(POLICY, &decision).await?;
        self.book.accept(files).map_err(|why| Fault::new(FaultCode::Invalid, why))?;
        let _ = self.events.send(wire::Event::Policies);
        Ok(())
    }
}

/// Whether the change from one preset to the other lets anything run that asked before.
pub(crate) fn loosens(from: Preset, to: Preset) -> bool {
    match (from, to) {
        (Preset::Cautious, Preset::Balanced) => true,
        (Preset::Balanced, Preset::Cautious)
        | (Preset::Cautious, Preset::Cautious)
        | (Preset::Balanced, Preset::Balanced) => false,
    }
}

/// The preset that was chosen, `balanced` where none was. A choice that can't be believed might have been the stricter
/// one, so it counts as that.
async fn chosen(store: &Store, audit: &AuditLog) -> Result<Preset, Fault> {
    let rows = store.decisions(PRESET).await?;
    for name in &rows.void {
        report_void(audit, PRESET, name).await;
    }
    let named = rows.valid.iter().find(|row| row.name == CHOSEN);
    Ok(match named {
        Some(row) => row.value.parse().unwrap_or(Preset::Cautious),
        None if rows.void.is_empty() && !store.was_put_back() => Preset::Balanced,
        None => Preset::Cautious,
    })
}
