//! How what each server says is set apart for the model. More takes effect from anyone; less is a decision, sealed like
//! the others. A row whose seal does not hold sets nothing apart, and what was flagged is set apart in any case.

use crate::Inner;
use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::by_word;
use crate::store::{Decision, Store};
use gate::approval::By;
use gate::audit::Record;
use gate::release::Spotlight;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use wire::text::escaped;
use wire::{Event, Fault, FaultCode};

const KIND: &str = "spotlight";

/// How it is for each server, by its name.
#[derive(Debug)]
pub(crate) struct Spotlights {
    store: Store,
    audit: AuditLog,
    servers: Mutex<BTreeMap<String, Spotlight>>,
}

impl Spotlights {
    /// As it was left.
    pub(crate) async fn open(store: Store, audit: AuditLog) -> Result<Self, Fault> {
        let rows = store.decisions(KIND).await?;
        let kept = rows.valid.into_iter().filter_map(|row| Some((row.name, Spotlight::named(&row.value)?)));
        Ok(Self { store, audit, servers: Mutex::new(kept.collect()) })
    }

    /// How what this server says is set apart.
    pub(crate) fn of(&self, server: &str) -> Spotlight {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).get(server).copied().unwrap_or_default()
    }

    /// Sets it. Nobody who may decide can only raise it.
    ///
    /// # Errors
    /// `Invalid` for a word that is none, `NotHere` where it would be lowered by nobody, `Storage` when it can't be
    /// written.
    pub(crate) async fn set(&self, server: &str, word: &str, by: Option<By>) -> Result<(), Fault> {
        let unknown = || {
            let why = format!("`{}` is no way to set text apart: off, delimit, datamark or encode.", escaped(word));
            Fault::new(FaultCode::Invalid, why)
        };
        let (new, before) = (Spotlight::named(word).ok_or_else(unknown)?, self.of(server));
        if by.is_none() && new < before {
            let why = "Less than now sets what this server says less apart: that is decided in Consentry's windows.";
            return Err(Fault::new(FaultCode::NotHere, why));
        }
        let record = Record::new("decided", now_ms())
            .with("decision", KIND)
            .with("server", server)
            .with("spotlight", new.word())
            .with("before", before.word())
            .with("answered_by", by.map_or("tightening", by_word));
        let storage = |refusal: gate::permit::Refusal| Fault::new(FaultCode::Storage, refusal.message);
        self.audit.append(record, Durability::Disk).await.map_err(storage)?;
        let row = Decision { name: server.to_owned(), value: new.word().to_owned(), decided_at: now_ms() };
        self.store.decide(KIND, &row).await?;
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).insert(server.to_owned(), new);
        Ok(())
    }
}

impl Inner {
    /// Sets it for a server that there is.
    pub(crate) async fn set_spotlight(&self, server: &str, how: &str, by: Option<By>) -> Result<(), Fault> {
        if !self.corridor.servers.has(server) {
            return Err(Fault::new(FaultCode::NotFound, format!("There is no server `{}`.", escaped(server))));
        }
        self.corridor.spotlights.set(server, how, by).await?;
        let _ = self.events.send(Event::Servers);
        Ok(())
    }
}
