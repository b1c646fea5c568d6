//! Words that the person keeps to themselves: names of projects, numbers of customers. They are looked for in all that
//! passes, beside what Consentry knows by itself. Taking one off lets more out, so setting them is a decision, sealed like
//! the others. The log says how many there are, and never which.

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::by_word;
use crate::servers::report_void;
use crate::store::{Decision, Store};
use gate::approval::By;
use gate::audit::Record;
use gate::inspect::data::{Term, Terms, keep_to_oneself};
use std::sync::{Mutex, PoisonError};
use wire::{Fault, FaultCode};

const KIND: &str = "terms";
const ALL: &str = "all";
/// The class of all of them.
const CLASS: &str = "term.own";

/// The person's own words, as typed.
#[derive(Debug)]
pub(crate) struct OwnTerms {
    store: Store,
    audit: AuditLog,
    typed: Mutex<Vec<String>>,
}

impl OwnTerms {
    /// As they were left, and in force from here on. A row whose seal does not hold names none, and is on record.
    pub(crate) async fn open(store: Store, audit: AuditLog) -> Result<Self, Fault> {
        let rows = store.decisions(KIND).await?;
        for name in &rows.void {
            report_void(&audit, KIND, name).await;
        }
        let kept = rows.valid.iter().find(|row| row.name == ALL);
        let typed: Vec<String> = kept.and_then(|row| serde_json::from_str(&row.value).ok()).unwrap_or_default();
        keep_to_oneself(compiled(&typed)?);
        Ok(Self { store, audit, typed: Mutex::new(typed) })
    }

    /// All of them, as typed.
    pub(crate) fn all(&self) -> Vec<String> {
        self.typed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets them, a word or phrase each, or a regular expression between slashes: a decision.
    ///
    /// # Errors
    /// `Invalid` for what can't be looked for, `Storage` when it can't be written.
    pub(crate) async fn set(&self, typed: &[String], by: By) -> Result<(), Fault> {
        let mut typed: Vec<String> = typed.iter().map(|line| line.trim().to_owned()).collect();
        typed.retain(|line| !line.is_empty());
        typed.sort_unstable();
        typed.dedup();
        let terms = compiled(&typed)?;
        let record = Record::new("decided", now_ms())
            .with("decision", KIND)
            .with("number", typed.len())
            .with("answered_by", by_word(by));
        let storage = |refusal: gate::permit::Refusal| Fault::new(FaultCode::Storage, refusal.message);
        self.audit.append(record, Durability::Disk).await.map_err(storage)?;
        let value = serde_json::to_string(&typed).unwrap_or_default();
        self.store.decide(KIND, &Decision { name: ALL.into(), value, decided_at: now_ms() }).await?;
        keep_to_oneself(terms);
        *self.typed.lock().unwrap_or_else(PoisonError::into_inner) = typed;
        Ok(())
    }
}

fn compiled(typed: &[String]) -> Result<Terms, Fault> {
    let term = |line: &String| {
        let pattern =
            line.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|inside| !inside.is_empty());
        (CLASS.to_owned(), pattern.map_or_else(|| Term::Literal(line.clone()), |p| Term::Pattern(p.to_owned())))
    };
    let list: Vec<(String, Term)> = typed.iter().map(term).collect();
    Terms::new(&list).map_err(|why| Fault::new(FaultCode::Invalid, format!("Your words can't be used: {why}.")))
}
