//! What is decided about servers: accepting a command, pinning its tools, taking it away.

use super::choice::{self, Choice, EFFECTS};
use super::{Accepted, Authority, Listing, PIN, Pinned, SERVER, Servers};
use crate::audit_log::Durability;
use crate::clock::now_ms;
use crate::servers_json;
use crate::store::Decision;
use crate::upstream::Target;
use gate::audit::Record;
use gate::tool::{Drift, Effect};
use serde::Serialize;
use std::sync::{Arc, Weak};
use wire::text::escaped;
use wire::view::ApprovalKind;
use wire::{Fault, FaultCode};

impl Servers {
    /// Accepts a command.
    pub(crate) async fn accept(&self, name: &str, target: &Target, by: Authority) -> Result<(), Fault> {
        let alias = self.alias(name);
        let (resolved, sha256) = match target {
            Target::Program(program) => (program.resolved.clone(), program.sha256.clone()),
            Target::Remote(..) => Default::default(),
        };
        let url = match target {
            Target::Program(_) => String::new(),
            // What follows a `?` is often a secret.
            Target::Remote(remote, _) => remote::net::shown(&remote.url),
        };
        let (command, identity) = (target.configured(), target.identity().to_string());
        let accepted = Accepted { alias, command, resolved, sha256, identity };
        let record = Record::new("decided", now_ms())
            .with("decision", "run")
            .with("server", name)
            .with("program", accepted.resolved.to_string_lossy().into_owned())
            .with("sha256", accepted.sha256.clone())
            .with("url", url)
            .with("answered_by", by.word())
            .with("approval", by.approval());
        self.decided(SERVER, name, &accepted, record).await?;
        let before = {
            let mut entries = self.entries();
            let entry = entries.entry(name.to_owned()).or_default();
            entry.program_changed = false;
            entry.fault = None;
            entry.accepted.replace(accepted)
        };
        if let Some(before) = before {
            self.leave(&before);
        }
        self.touch();
        Ok(())
    }

    /// Pins what was chosen of a listing.
    pub(crate) async fn pin(&self, name: &str, listed: &Listing, choice: &Choice, by: Authority) -> Result<(), Fault> {
        let choice = choice.pruned(listed);
        let listing = choice.of(listed);
        let pinned = Pinned {
            left_out: choice.left_out.clone(),
            tools: listing.tools.iter().map(|t| String::from_utf8_lossy(&t.raw).into_owned()).collect(),
            instructions: listing.instructions.clone(),
        };
        let record = Record::new("decided", now_ms())
            .with("decision", "trust")
            .with("server", name)
            .with("tools", listing.tools.iter().map(|t| t.name.clone()).collect::<Vec<_>>())
            .with("left_out", choice.left_out.iter().cloned().collect::<Vec<_>>())
            .with("effects_set", choice.words())
            .with("pin", listing.pin().digest().to_string())
            .with("answered_by", by.word())
            .with("approval", by.approval());
        let decided_at = self.decided(PIN, name, &pinned, record).await?;
        // Bound to the digests that were pinned just now: until it is written, what is derived holds.
        choice::write(&self.store, name, &choice, decided_at).await?;
        {
            let mut entries = self.entries();
            let entry = entries.entry(name.to_owned()).or_default();
            if let Some(accepted) = &entry.accepted {
                self.policies.set_server(&accepted.alias, Some(listing.tools.clone()));
            }
            entry.pinned = Some((Arc::new(listing), decided_at));
            entry.choice = choice;
            entry.asking = None;
            entry.drift = Drift::default();
            entry.fault = None;
        }
        self.touch();
        Ok(())
    }

    /// Sets what a pinned tool can do. More needs no leave; less is a decision.
    pub(crate) async fn set_effects(
        &self,
        name: &str,
        tool: &str,
        effects: &[Effect],
        by: Option<Authority>,
    ) -> Result<(), Fault> {
        let missing =
            || Fault::new(FaultCode::NotFound, format!("`{}` has no trusted tool `{}`.", escaped(name), escaped(tool)));
        let turn = self.turn.lock().await;
        let listing = self.pinned(name).ok_or_else(missing)?;
        let found = listing.tool(tool).ok_or_else(missing)?;
        if effects.is_empty() {
            return Err(Fault::new(FaultCode::Invalid, "Every tool can do something: name at least one effect."));
        }
        let lowers = found.effects.iter().any(|e| !effects.contains(e));
        if lowers && by.is_none() {
            let why =
                "This takes effects away, so calls may run that asked before: that is decided in Consentry's windows.";
            return Err(Fault::new(FaultCode::NotHere, why));
        }
        let mut choice = self.chosen(name);
        choice.set(found, effects);
        let record = Record::new("decided", now_ms())
            .with("decision", "effects")
            .with("server", name)
            .with("tool", tool)
            .with("pin", found.digest.to_string())
            .with("before", found.effects.iter().map(|e| e.word()).collect::<Vec<_>>())
            .with("effects", effects.iter().map(|e| e.word()).collect::<Vec<_>>())
            .with("answered_by", by.as_ref().map_or("tightening", Authority::word));
        self.append(record).await?;
        choice::write(&self.store, name, &choice, now_ms()).await?;
        if let Some(entry) = self.entries().get_mut(name)
            && let Some((pinned, at)) = &entry.pinned
        {
            let listing = Arc::new(choice.with_effects(pinned));
            if let Some(accepted) = &entry.accepted {
                self.policies.set_server(&accepted.alias, Some(listing.tools.clone()));
            }
            entry.pinned = Some((listing, *at));
            entry.choice = choice;
        }
        drop(turn);
        self.touch();
        Ok(())
    }

    async fn append(&self, record: Record) -> Result<(), Fault> {
        let appended = self.audit.append(record, Durability::Disk).await;
        appended.map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))
    }

    async fn decided(&self, kind: &str, name: &str, value: &impl Serialize, record: Record) -> Result<i64, Fault> {
        // The log first: a decision that is not on record is none.
        self.append(record).await?;
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
            upstream.ask_to_end();
        }
        if let Some(accepted) = &entry.accepted {
            self.policies.set_server(&accepted.alias, None);
            self.leave(accepted);
        }
        self.store.undecide(SERVER, name).await?;
        self.store.undecide(PIN, name).await?;
        self.store.undecide(EFFECTS, name).await?;
        drop(turn);
        let configured = entry.configured.as_ref().and_then(|c| c.as_ref().ok());
        for command in configured.into_iter().chain(entry.accepted.as_ref().map(|a| &a.command)) {
            self.forget_secrets(command).await;
        }
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
