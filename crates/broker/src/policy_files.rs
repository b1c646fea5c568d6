//! The person's policy files on disk: what only forbids more applies at once, anything else asks.

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::Desk;
use crate::policies::{Files, PolicyBook, difference, only_adds, read_files};
use crate::present;
use crate::servers::{Authority, report_void};
use crate::store::{Decision, Store};
use gate::approval::{Ending, Event, Level, Terms};
use gate::audit::Record;
use gate::call::{ApprovalId, Digest};
use gate::policy::Preset;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use wire::view::ApprovalKind;
use wire::{Fault, FaultCode};

const POLICY: &str = "policy";
const FILES: &str = "files";

/// The files, and what was accepted of them.
pub(crate) struct PolicyFiles {
    folder: PathBuf,
    store: Store,
    audit: AuditLog,
    desk: Arc<Desk>,
    book: Arc<PolicyBook>,
    declined: Mutex<Option<Digest>>,
}

impl PolicyFiles {
    /// The policies as they were accepted last.
    ///
    /// # Errors
    /// When the shipped policies or the accepted files no longer load: nothing runs under policies nobody can read.
    pub(crate) async fn open(
        folder: PathBuf,
        preset: Preset,
        store: Store,
        audit: AuditLog,
        desk: Arc<Desk>,
    ) -> Result<(Arc<PolicyBook>, Arc<Self>), Fault> {
        let rows = store.decisions(POLICY).await?;
        for name in &rows.void {
            report_void(&audit, POLICY, name).await;
        }
        let accepted: Files = rows.valid.first().and_then(|r| serde_json::from_str(&r.value).ok()).unwrap_or_default();
        let book = PolicyBook::open(preset, accepted).map_err(|why| {
            Fault::new(FaultCode::Invalid, format!("The policies in force can't be loaded, so nothing may run: {why}"))
        })?;
        let book = Arc::new(book);
        let files = Self { folder, store, audit, desk, book: book.clone(), declined: Mutex::default() };
        Ok((book, Arc::new(files)))
    }

    /// Reads the folder again.
    pub(crate) async fn reread(self: &Arc<Self>) {
        let folder = self.folder.clone();
        let read = tokio::task::spawn_blocking(move || read_files(&folder)).await;
        let files = match read {
            Ok(Ok(files)) => files,
            Ok(Err(why)) => return self.book.report(vec![why]),
            Err(e) => return self.book.report(vec![e.to_string()]),
        };
        if let Err(why) = self.book.check(&files) {
            tracing::warn!("{}", wire::text::escaped(&why));
            return self.book.report(vec![format!("{why} The last good version stays in force.")]);
        }
        self.book.report(Vec::new());
        let accepted = self.book.accepted();
        if files == accepted {
            return self.withdraw().await;
        }
        if only_adds(&accepted, &files) {
            self.withdraw().await;
            if let Err(fault) = self.accept(files, None).await {
                self.book.report(vec![fault.message]);
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
            Err(refusal) => return self.book.report(vec![refusal.message]),
        };
        let this = self.clone();
        tokio::spawn(async move {
            match asked.ending.await {
                Ok(Ending::Approved(yes)) if yes.digest() == digest => {
                    if let Err(fault) = this.accept(files, Some(Authority::Yes(yes))).await {
                        this.book.report(vec![fault.message]);
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
        self.book.accept(files).map_err(|why| Fault::new(FaultCode::Invalid, why))
    }
}
