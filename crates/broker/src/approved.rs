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
use gate::call::Digest;
use gate::meaning::parties::parties;
use gate::permit::Case;
use gate::provenance::{MORE, Place};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
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

    /// Every place with its server, the one that was approved last first.
    fn views(&self, names: &[(String, Digest)]) -> Vec<PlaceApprovedView> {
        let all = self.all.load();
        let of = |(name, identity): &(String, Digest)| {
            let places = all.get(identity).map(|places| places.0.clone()).unwrap_or_default();
            let view = |place: &ApprovedPlace| PlaceApprovedView {
                server: name.clone(),
                kind: place.kind.clone(),
                value: place.value.clone(),
                at: place.at,
            };
            places.iter().map(view).collect::<Vec<_>>()
        };
        let mut views: Vec<PlaceApprovedView> = names.iter().flat_map(of).collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.at));
        views
    }

    /// Calls that go there are asked about again, from now on.
    async fn forget(&self, server: Digest, kind: &str, value: &str) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let mut kept = Vec::clone(&self.at(server).0);
        let before = kept.len();
        kept.retain(|place| place.kind != kind || place.value != value);
        if kept.len() == before {
            return Err(Fault::new(FaultCode::NotFound, "No such place is approved for this server."));
        }
        self.write(server, kept).await
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

    /// Approves a place no longer: calls that go there are asked about again.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when it can't be written.
    pub async fn forget_place(&self, server: &str, kind: &str, value: &str, by: By) -> Result<(), Fault> {
        let identity = self.inner.corridor.servers.identities().into_iter().find(|(name, _)| name == server);
        let unknown = || Fault::new(FaultCode::NotFound, "There is no such server.");
        let (_, identity) = identity.ok_or_else(unknown)?;
        self.inner.corridor.approved.forget(identity, kind, value).await?;
        let record = Record::new("revoked", now_ms())
            .with("decision", KIND)
            .with("server", server)
            .with("place", format!("{kind}:{value}"))
            .with("answered_by", by_word(by));
        let recorded = self.inner.corridor.audit.append(record, Durability::Disk).await;
        let _ = self.inner.events.send(wire::Event::Grants);
        recorded.map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))
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
