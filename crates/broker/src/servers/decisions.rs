//! What is decided about servers: accepting a command, pinning its tools, taking it away.

use super::{Accepted, Authority, Listing, PIN, Pinned, SERVER, Servers};
use crate::audit_log::Durability;
use crate::clock::now_ms;
use crate::servers_json;
use crate::store::Decision;
use crate::upstream::Program;
use gate::audit::Record;
use gate::tool::Drift;
use serde::Serialize;
use std::sync::{Arc, Weak};
use wire::view::ApprovalKind;
use wire::{Fault, FaultCode};

impl Servers {
    /// Accepts a command.
    pub(crate) async fn accept(&self, name: &str, program: &Program, by: Authority) -> Result<(), Fault> {
        let alias = self.alias(name);
        let accepted = Accepted {
            alias,
            command: program.command.clone(),
            resolved: program.resolved.clone(),
            sha256: program.sha256.clone(),
            identity: program.identity.to_string(),
        };
        let record = Record::new("decided", now_ms())
            .with("decision", "run")
            .with("server", name)
            .with("program", program.resolved.to_string_lossy().into_owned())
            .with("sha256", program.sha256.clone())
            .with("answered_by", by.word())
            .with("approval", by.approval());
        self.decided(SERVER, name, &accepted, record).await?;
        {
            let mut entries = self.entries();
            let entry = entries.entry(name.to_owned()).or_default();
            entry.accepted = Some(accepted);
            entry.program_changed = false;
            entry.fault = None;
        }
        self.touch();
        Ok(())
    }

    /// Pins a listing.
    pub(crate) async fn pin(&self, name: &str, listing: Listing, by: Authority) -> Result<(), Fault> {
        let pinned = Pinned {
            tools: listing.tools.iter().map(|t| String::from_utf8_lossy(&t.raw).into_owned()).collect(),
            instructions: listing.instructions.clone(),
        };
        let record = Record::new("decided", now_ms())
            .with("decision", "trust")
            .with("server", name)
            .with("tools", listing.tools.iter().map(|t| t.name.clone()).collect::<Vec<_>>())
            .with("pin", listing.pin().digest().to_string())
            .with("answered_by", by.word())
            .with("approval", by.approval());
        let decided_at = self.decided(PIN, name, &pinned, record).await?;
        {
            let mut entries = self.entries();
            let entry = entries.entry(name.to_owned()).or_default();
            if let Some(accepted) = &entry.accepted {
                self.policies.set_server(&accepted.alias, Some(listing.tools.clone()));
            }
            entry.pinned = Some((Arc::new(listing), decided_at));
            entry.drift = Drift::default();
            entry.fault = None;
        }
        self.touch();
        Ok(())
    }

    async fn decided(&self, kind: &str, name: &str, value: &impl Serialize, record: Record) -> Result<i64, Fault> {
        // The log first: a decision that is not on record is none.
        self.audit
            .append(record, Durability::Disk)
            .await
            .map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))?;
        let value = serde_json::to_string(value).map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))?;
        let decision = Decision { name: name.to_owned(), value, decided_at: now_ms() };
        self.store.decide(kind, &decision).await?;
        Ok(decision.decided_at)
    }

    /// Takes a server away: out of the file, its decisions, its processes, its questions.
    pub(crate) async fn remove(self: &Arc<Self>, name: &str) -> Result<(), Fault> {
        let turn = self.turn.lock().await;
        if !self.entries().contains_key(name) {
            let missing = format!("There is no server named `{}`.", wire::text::escaped(name));
            return Err(Fault::new(FaultCode::NotFound, missing));
        }
        servers_json::edit(&self.file, name, None)?;
        let entry = self.entries().remove(name).unwrap_or_default();
        for upstream in entry.running.iter().filter_map(Weak::upgrade) {
            upstream.child().ask_to_end();
        }
        if let Some(accepted) = &entry.accepted {
            self.policies.set_server(&accepted.alias, None);
        }
        self.store.undecide(SERVER, name).await?;
        self.store.undecide(PIN, name).await?;
        drop(turn);
        for id in self.desk.about_server(&[ApprovalKind::Run, ApprovalKind::Trust, ApprovalKind::Drift], name) {
            let _ = self.desk.step(id, gate::approval::Event::Withdraw).await;
        }
        let record = Record::new("decided", now_ms()).with("decision", "remove").with("server", name);
        let _ = self.audit.append(record, Durability::Process).await;
        self.touch();
        Ok(())
    }

    /// An alias policies can name: ASCII, unique, kept for as long as the server is.
    fn alias(&self, name: &str) -> String {
        let entries = self.entries();
        if let Some(accepted) = entries.get(name).and_then(|e| e.accepted.as_ref()) {
            return accepted.alias.clone();
        }
        let base = gate::policy::alias(name);
        let taken = |alias: &str| entries.values().any(|e| e.accepted.as_ref().is_some_and(|a| a.alias == alias));
        let mut alias = base.clone();
        let mut n = 2;
        while taken(&alias) {
            alias = format!("{base}_{n}");
            n += 1;
        }
        alias
    }
}
