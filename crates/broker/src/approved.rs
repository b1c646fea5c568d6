//! The places that a person approved calls to go to, by server. They let calls through unasked, so they are sealed like
//! every other decision.

use crate::Broker;
use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::by_word;
use crate::store::{Decision, Reached, Store};
use arc_swap::ArcSwap;
use gate::approval::By;
use gate::audit::Record;
use gate::call::{Digest, host_of};
use gate::grant::Grant;
use gate::meaning::parties::parties;
use gate::permit::Case;
use gate::provenance::{MORE, Place};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use wire::text::escaped;
use wire::view::PlaceApprovedView;
use wire::{Fault, FaultCode};

const KIND: &str = "places";
/// The most places of one server; the one that was approved longest ago goes first.
const MOST: usize = 500;

/// One place, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ApprovedPlace {
    kind: String,
    value: String,
    at: i64,
}

/// The places of one server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Arc<Vec<ApprovedPlace>>);

impl Places {
    pub(crate) fn holds(&self, place: &Place) -> bool {
        self.0.iter().any(|kept| kept.kind == place.kind && kept.value == place.value)
    }
}

/// All of them.
pub(crate) struct Approved {
    store: Store,
    all: ArcSwap<HashMap<Digest, Places>>,
    /// One change at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Approved {
    /// As they were left; rows whose seals do not hold name none, and are reported.
    pub(crate) async fn open(store: Store, audit: &AuditLog) -> Result<Self, Fault> {
        let rows = store.decisions(KIND).await?;
        for name in &rows.void {
            crate::servers::report_void(audit, KIND, name).await;
        }
        let read =
            |row: &Decision| Some((row.name.parse().ok()?, Places(Arc::new(serde_json::from_str(&row.value).ok()?))));
        let all = rows.valid.iter().filter_map(read).collect();
        Ok(Self { store, all: ArcSwap::from_pointee(all), turn: tokio::sync::Mutex::default() })
    }

    /// The places of one server.
    pub(crate) fn at(&self, server: Digest) -> Places {
        self.all.load().get(&server).cloned().unwrap_or_default()
    }

    /// A person said yes to a call that goes there.
    pub(crate) async fn keep(&self, server: Digest, places: &[Place]) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let known = self.at(server);
        let new: Vec<&Place> = places.iter().filter(|place| place.kind != MORE && !known.holds(place)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let at = now_ms();
        let mut kept = Vec::clone(&known.0);
        kept.extend(new.into_iter().map(|p| ApprovedPlace { kind: p.kind.to_owned(), value: p.value.clone(), at }));
        let over = kept.len().saturating_sub(MOST);
        kept.drain(..over);
        self.write(server, kept).await
    }

    /// Every place with its server, the one that was approved last first. Those of a server that is gone count again when
    /// it comes back as it was.
    fn views(&self, names: &[(String, Digest)]) -> Vec<PlaceApprovedView> {
        let all = self.all.load();
        let of = |(identity, places): (&Digest, &Places)| {
            let name = names.iter().find(|(_, named)| named == identity).map(|(name, _)| name.clone());
            let view = |place: &ApprovedPlace| PlaceApprovedView {
                server: name.clone().unwrap_or_else(|| identity.to_string()),
                removed: name.is_none(),
                kind: place.kind.clone(),
                value: place.value.clone(),
                at: place.at,
            };
            places.0.iter().map(view).collect::<Vec<_>>()
        };
        let mut views: Vec<PlaceApprovedView> = all.iter().flat_map(of).collect();
        views.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| (&a.server, &a.value).cmp(&(&b.server, &b.value))));
        views
    }

    /// The server that a name, or an identity as it is listed, stands for.
    fn identity(&self, server: &str, names: &[(String, Digest)]) -> Option<Digest> {
        let named = names.iter().find(|(name, _)| name == server).map(|(_, identity)| *identity);
        named.or_else(|| server.parse().ok().filter(|identity| self.all.load().contains_key(identity)))
    }

    /// Calls that go there are asked about again, from now on. The value may be given as it is printed. Returns the kind
    /// and the value of all that is kept no longer.
    async fn forget(&self, server: Digest, kind: &str, value: &str) -> Result<Vec<(String, String)>, Fault> {
        let _turn = self.turn.lock().await;
        let mut kept = Vec::clone(&self.at(server).0);
        let is_it =
            |place: &&ApprovedPlace| place.kind == kind && (place.value == value || escaped(&place.value) == value);
        let unknown = || Fault::new(FaultCode::NotFound, "No such place is approved for this server.");
        let value = kept.iter().find(is_it).ok_or_else(unknown)?.value.clone();
        kept.retain(|place| place.kind != kind || place.value != value);
        // A URL was approved with its host, and is nothing without it.
        match (kind, host_of(&value)) {
            ("host", _) => kept.retain(|place| place.kind != "url" || host_of(&place.value).as_deref() != Some(&value)),
            ("url", Some(host)) => {
                let another = kept.iter().any(|p| p.kind == "url" && host_of(&p.value).as_deref() == Some(&host));
                kept.retain(|place| another || place.kind != "host" || place.value != host);
            }
            _ => {}
        }
        let gone = |place: &&ApprovedPlace| !kept.contains(place);
        let gone = self.at(server).0.iter().filter(gone).map(|p| (p.kind.clone(), p.value.clone())).collect();
        self.write(server, kept).await?;
        Ok(gone)
    }

    async fn write(&self, server: Digest, kept: Vec<ApprovedPlace>) -> Result<(), Fault> {
        let value = serde_json::to_string(&kept).unwrap_or_default();
        self.store.decide(KIND, &Decision { name: server.to_string(), value, decided_at: now_ms() }).await?;
        let mut all = HashMap::clone(&self.all.load());
        all.insert(server, Places(Arc::new(kept)));
        self.all.store(Arc::new(all));
        Ok(())
    }
}

impl Broker {
    /// The places that a person approved, by server.
    pub fn approved_places(&self) -> Vec<PlaceApprovedView> {
        self.inner.corridor.approved.views(&self.inner.corridor.servers.identities())
    }

    /// Approves a place no longer: calls that go there are asked about again, and what was remembered for it is taken back.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when it can't be written.
    pub async fn forget_place(&self, server: &str, kind: &str, value: &str, by: By) -> Result<(), Fault> {
        let corridor = &self.inner.corridor;
        let unknown = || Fault::new(FaultCode::NotFound, "There is no such server.");
        let identity = corridor.approved.identity(server, &corridor.servers.identities()).ok_or_else(unknown)?;
        let gone = corridor.approved.forget(identity, kind, value).await?;
        let goes_there = |grant: &&Grant| gone.iter().any(|(kind, value)| grant.names(kind, value));
        let mut left = Ok(());
        for grant in corridor.grants.held().iter().filter(|grant| grant.server == identity).filter(goes_there) {
            match corridor.grants.revoke(&grant.id.to_string(), by).await {
                Err(fault) if fault.code != FaultCode::NotFound => left = Err(fault),
                // Somebody was faster.
                Ok(()) | Err(_) => {}
            }
        }
        let record = Record::new("revoked", now_ms())
            .with("decision", KIND)
            .with("server", server)
            .with("place", format!("{kind}:{value}"))
            .with("answered_by", by_word(by));
        let recorded = self.inner.corridor.audit.append(record, Durability::Disk).await;
        let _ = self.inner.events.send(wire::Event::Grants);
        recorded.map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))?;
        left
    }
}

/// Whom a call goes to, if it goes. Most reads go nowhere, and must not pay for being asked.
pub(crate) fn reached(case: &Case) -> Vec<Reached> {
    let nowhere = case.destinations.iter().all(|destination| destination.kind == "path");
    if nowhere && case.call.tool.only_reads() {
        return Vec::new();
    }
    Reached::of(&parties(&gate::meaning::arguments(case.shown_arguments())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Seal;

    #[tokio::test]
    async fn a_place_is_forgotten_with_all_that_lets_calls_go_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("consentry.db"), Arc::new(Seal::in_memory())).await.unwrap();
        let events = tokio::sync::broadcast::channel(9).0;
        let (audit, _writer) = AuditLog::start(store.appender().await.unwrap(), events);
        let approved = Approved::open(store, &audit).await.unwrap();
        let (here, gone) = (Digest([1; 32]), Digest([2; 32]));
        let place = |kind, value: &str| Place { kind, value: value.to_owned(), pointer: String::new() };
        let hook = ["https://hooks.example/a", "https://hooks.example/b"];
        let places = [
            place("url", hook[0]),
            place("url", hook[1]),
            place("host", "hooks.example"),
            place("name", "\u{202e}general"),
        ];
        approved.keep(here, &places).await.unwrap();
        approved.keep(gone, &places[2..3]).await.unwrap();
        let names = [("chat".to_owned(), here)];
        let left = |server: Digest| {
            let views = approved.views(&names).into_iter();
            views.filter(|v| approved.identity(&v.server, &names) == Some(server)).map(|v| v.value).collect::<Vec<_>>()
        };
        approved.forget(here, "url", hook[0]).await.unwrap();
        assert!(approved.at(here).holds(&places[2]), "another URL is there still");
        approved.forget(here, "url", hook[1]).await.unwrap();
        assert_eq!(left(here), ["\u{202e}general"]);
        approved.forget(here, "name", &escaped("\u{202e}general")).await.unwrap();
        assert!(left(here).is_empty(), "as it is printed it can be named");
        let removed = approved.views(&names);
        assert_eq!((removed.len(), removed[0].removed, removed[0].server.clone()), (1, true, gone.to_string()));
        approved.forget(approved.identity(&gone.to_string(), &names).unwrap(), "host", "hooks.example").await.unwrap();
        assert!(approved.forget(gone, "host", "hooks.example").await.is_err());
    }
}
