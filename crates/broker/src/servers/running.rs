//! Which processes of a server run, and who is connected through it.

use super::{Accepted, Servers};
use crate::upstream::{Configured, Target, Unasked, Upstream};
use gate::call::ConnectionId;
use remote::bearer::Bearer;
use std::sync::{Arc, Weak};
use tokio::sync::mpsc;

impl Servers {
    /// Starts a server's program, or begins to talk to its URL. Its secrets are fetched for this once.
    pub(crate) async fn start(
        &self,
        name: &str,
        target: &Target,
        unasked: mpsc::Sender<Unasked>,
    ) -> Result<Arc<Upstream>, String> {
        match target {
            Target::Program(program) => {
                let filled = self.store.secrets().filled(name, target.configured()).await?;
                Upstream::start(name, program, &filled, unasked)
            }
            Target::Remote(remote, identity) => {
                let filled = self.store.secrets().filled(name, target.configured()).await?;
                let account = self.accounts.of(remote, *identity).map(|guarded| guarded as Arc<dyn Bearer>);
                Upstream::reach(name, remote, &filled, account, unasked).await
            }
        }
    }

    /// Takes out of the keychain what a server referred to that is in force no longer.
    pub(super) async fn forget_secrets(&self, gone: &Configured) {
        let others: Vec<Configured> = {
            let entries = self.entries();
            let commands = |e: &super::Entry| {
                let configured = e.configured.as_ref().and_then(|c| c.as_ref().ok()).cloned();
                [configured, e.accepted.as_ref().map(|a| a.command.clone())]
            };
            entries.values().flat_map(commands).flatten().collect()
        };
        self.store.secrets().forget(gone, others.iter()).await;
    }

    /// Logs out where a server was reached that is in force no longer, unless another entry is the same server.
    pub(super) fn leave(&self, gone: &Accepted) {
        let used = self.entries().values().any(|e| e.accepted.as_ref().is_some_and(|a| a.identity == gone.identity));
        if let (Configured::Remote(remote), Ok(identity), false) = (&gone.command, gone.identity.parse(), used) {
            self.accounts.leave(remote, identity);
        }
    }

    pub(crate) fn set_fault(&self, name: &str, fault: Option<String>) {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.fault = fault;
        }
        let _ = self.events.send(wire::Event::Servers);
    }

    /// A process of this server runs.
    pub(crate) fn runs(&self, name: &str, upstream: &Arc<Upstream>) {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.running.retain(|w| w.strong_count() > 0);
            entry.running.push(Arc::downgrade(upstream));
        }
        let _ = self.events.send(wire::Event::Servers);
    }

    /// It ended; what it wrote to stderr is kept.
    pub(crate) fn ended(&self, name: &str, upstream: &Arc<Upstream>) {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.running.retain(|w| w.upgrade().is_some_and(|u| !Arc::ptr_eq(&u, upstream)));
            entry.stderr = upstream.stderr();
        }
        let _ = self.events.send(wire::Event::Servers);
    }

    /// A client is connected through this server, or (`None`) no longer.
    pub(crate) fn connected(&self, name: &str, id: ConnectionId, client: Option<String>) {
        if let Some(entry) = self.entries().get_mut(name) {
            match client {
                Some(client) => entry.clients.insert(id, client),
                None => entry.clients.remove(&id),
            };
        }
        let _ = self.events.send(wire::Event::Servers);
    }

    /// The process ids of every running server.
    pub(crate) fn pids(&self) -> Vec<u32> {
        let entries = self.entries();
        entries.values().flat_map(|e| e.running.iter().filter_map(Weak::upgrade)).filter_map(|u| u.pid()).collect()
    }
}
