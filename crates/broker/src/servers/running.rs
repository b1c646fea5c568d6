//! Which processes of a server run, and who is connected through it.

use super::Servers;
use crate::upstream::Upstream;
use gate::call::ConnectionId;
use std::sync::{Arc, Weak};

impl Servers {
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
            entry.stderr = upstream.child().stderr();
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
        entries.values().flat_map(|e| e.running.iter().filter_map(Weak::upgrade)).map(|u| u.child().pid()).collect()
    }
}
