//! The domains that the person named as their own. They only make marks on cards: inside or outside. Since `inside` calms,
//! naming them is a decision, sealed like the others; without any, nothing is said to be inside or outside.

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::by_word;
use crate::store::{Decision, Store};
use gate::approval::By;
use gate::audit::Record;
use gate::meaning::parties::typed_domain;
use std::sync::{Mutex, PoisonError};
use wire::text::escaped;
use wire::{Fault, FaultCode};

const KIND: &str = "own_domains";
const ALL: &str = "all";
/// The most domains.
const MOST: usize = 100;

/// The person's own domains.
#[derive(Debug)]
pub(crate) struct OwnDomains {
    store: Store,
    audit: AuditLog,
    domains: Mutex<Vec<String>>,
}

impl OwnDomains {
    /// As they were left; a row whose seal does not hold names none.
    pub(crate) async fn open(store: Store, audit: AuditLog) -> Result<Self, Fault> {
        let rows = store.decisions(KIND).await?;
        let kept = rows.valid.iter().find(|row| row.name == ALL);
        let domains = kept.and_then(|row| serde_json::from_str(&row.value).ok()).unwrap_or_default();
        Ok(Self { store, audit, domains: Mutex::new(domains) })
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<String> {
        self.domains.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets them: a decision.
    ///
    /// # Errors
    /// `Invalid` for what is no domain that somebody can own, `Storage` when it can't be written.
    pub(crate) async fn set(&self, typed: &[String], by: By) -> Result<(), Fault> {
        let read = |text: &String| {
            typed_domain(text).ok_or_else(|| {
                let what = escaped(&text.chars().take(80).collect::<String>());
                let why = format!("`{what}` is no domain of somebody’s own. Write it like `example.org`.");
                Fault::new(FaultCode::Invalid, why)
            })
        };
        let mut domains = typed.iter().filter(|t| !t.trim().is_empty()).map(read).collect::<Result<Vec<_>, _>>()?;
        domains.sort_unstable();
        domains.dedup();
        if domains.len() > MOST {
            return Err(Fault::new(FaultCode::Invalid, format!("At most {MOST} domains can be your own.")));
        }
        let record = Record::new("decided", now_ms())
            .with("decision", KIND)
            .with("name", domains.join(", "))
            .with("answered_by", by_word(by));
        let storage = |refusal: gate::permit::Refusal| Fault::new(FaultCode::Storage, refusal.message);
        self.audit.append(record, Durability::Disk).await.map_err(storage)?;
        let value = serde_json::to_string(&domains).unwrap_or_default();
        self.store.decide(KIND, &Decision { name: ALL.into(), value, decided_at: now_ms() }).await?;
        *self.domains.lock().unwrap_or_else(PoisonError::into_inner) = domains;
        Ok(())
    }
}
