//! The servers as a person is shown them.

use super::{Entry, Servers};
use crate::accounts::Accounts;
use crate::present;
use crate::upstream::Configured;
use gate::call::Digest;
use gate::tool::Change;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, Weak};
use wire::view::{LoginState, PinState, ServerView, ServersView, TrustState};

impl Servers {
    /// The servers page.
    pub(crate) fn view(&self, calls_today: &BTreeMap<String, (u32, u32)>) -> ServersView {
        let entries = self.entries();
        let servers = entries
            .iter()
            .filter(|(_, e)| e.configured.is_some())
            .map(|(name, entry)| self.view_one(name, entry, calls_today.get(name).copied().unwrap_or_default()));
        ServersView {
            servers: servers.collect(),
            fault: self.file_fault.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            file: self.file.to_string_lossy().into_owned(),
        }
    }

    /// A server as it is accepted, and what it is.
    pub(crate) fn accepted(&self, name: &str) -> Option<(Configured, Digest)> {
        let entries = self.entries();
        let accepted = entries.get(name)?.in_force()?;
        Some((accepted.command.clone(), accepted.identity.parse().ok()?))
    }

    /// The servers that want a login now, each with whether it has one and wants more.
    pub(crate) fn logins_wanted(&self) -> Vec<(String, bool)> {
        let entries = self.entries();
        let wanted = |(name, entry): (&String, &Entry)| {
            let identity = entry.in_force()?.identity.parse().ok()?;
            match self.accounts.standing(identity)?.state {
                LoginState::Needed => Some((name.clone(), false)),
                LoginState::More => Some((name.clone(), true)),
                LoginState::UnderWay | LoginState::Ready | LoginState::Waiting => None,
            }
        };
        entries.iter().filter_map(wanted).collect()
    }

    /// The servers that are reached over HTTP: they may have a login.
    pub(crate) fn elsewhere(&self) -> Vec<String> {
        let remote = |entry: &Entry| matches!(entry.in_force()?.command, Configured::Remote(_)).then_some(());
        self.entries().iter().filter_map(|(name, entry)| remote(entry).map(|()| name.clone())).collect()
    }

    /// Logins at the servers that want one.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Whether there is such a server.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries().get(name).is_some_and(|entry| entry.configured.is_some())
    }

    /// The names of all other servers' trusted tools, each with its server.
    pub(crate) fn tools_elsewhere(&self, server: &str) -> Vec<(String, String)> {
        let entries = self.entries();
        let others = entries.iter().filter(|(name, _)| *name != server);
        let tools = others.flat_map(|(name, entry)| entry.pinned.iter().map(move |(listing, _)| (name, listing)));
        tools.flat_map(|(name, listing)| listing.tools.iter().map(|t| (name.clone(), t.name.clone()))).collect()
    }

    /// The names of the servers, by the alias that rules know them by.
    pub(crate) fn names_by_alias(&self) -> BTreeMap<String, String> {
        let entries = self.entries();
        let named = |(name, entry): (&String, &Entry)| Some((entry.accepted.as_ref()?.alias.clone(), name.clone()));
        entries.iter().filter_map(named).collect()
    }

    /// Every server in force, and what it is.
    pub(crate) fn identities(&self) -> Vec<(String, Digest)> {
        let entries = self.entries();
        let identity =
            |(name, entry): (&String, &Entry)| Some((name.clone(), entry.in_force()?.identity.parse().ok()?));
        entries.iter().filter_map(identity).collect()
    }

    fn view_one(&self, name: &str, entry: &Entry, calls_today: (u32, u32)) -> ServerView {
        let configured = entry.configured.as_ref();
        let command = match (entry.in_force(), configured) {
            (Some(accepted), _) => Some(&accepted.command),
            (None, Some(Ok(command))) => Some(command),
            _ => None,
        };
        let trust = match (entry.in_force(), &entry.pinned, configured) {
            (None, _, Some(Err(_))) => TrustState::Broken,
            (None, _, _) => TrustState::Proposed,
            (Some(_), None, _) => TrustState::Untrusted,
            (Some(_), Some(_), _) if entry.program_changed || entry.drift.needs_a_yes() => TrustState::Drifted,
            (Some(_), Some(_), _) => TrustState::Trusted,
        };
        let policies = self.policies.current();
        let alias = entry.accepted.as_ref().map(|a| a.alias.clone()).unwrap_or_default();
        let tools = entry.pinned.iter().flat_map(|(l, _)| &l.tools).map(|t| {
            let pin = match entry.drift.tools.get(&t.name) {
                None => PinState::Pinned,
                Some(Change::Changed | Change::New) => PinState::Drifted,
                Some(Change::Gone) => PinState::Gone,
            };
            present::tool(t, pin, present::asks(t, &alias, &policies))
        });
        let configured_fault = configured.and_then(|c| c.as_ref().err().cloned());
        let running: Vec<_> = entry.running.iter().filter_map(Weak::upgrade).collect();
        ServerView {
            name: name.to_owned(),
            command: command.map(|c| c.words()).unwrap_or_default(),
            env: command.map(|c| c.given().keys().cloned().collect()).unwrap_or_default(),
            trust,
            running: u32::try_from(running.len()).unwrap_or(u32::MAX),
            clients: entry.clients.values().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
            tools: tools.collect(),
            trusted_at: entry.pinned.as_ref().map(|(_, at)| *at),
            fault: configured_fault.or_else(|| entry.fault.clone()),
            stderr: running.last().map_or_else(|| entry.stderr.clone(), |u| u.stderr()),
            calls_today,
            left_out: entry.choice.left_out.iter().cloned().collect(),
            suspended: None,
            spotlight: String::new(),
            login: entry.in_force().and_then(|a| self.accounts.standing(a.identity.parse().ok()?)),
        }
    }
}
