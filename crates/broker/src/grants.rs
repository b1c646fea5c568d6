//! Remembered yeses: kept sealed, counted, and shown with what ended them.

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::by_word;
use crate::present;
use crate::store::{Decision, Store};
use arc_swap::ArcSwap;
use gate::approval::By;
use gate::audit::Record;
use gate::call::{Digest, GrantId};
use gate::grant::Grant;
use gate::permit::Refusal;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;
use wire::view::GrantView;
use wire::{Fault, FaultCode};

const KIND: &str = "grant";

/// The grants of one home.
pub(crate) struct Grants {
    store: Store,
    audit: AuditLog,
    events: broadcast::Sender<wire::Event>,
    /// What calls are held against; replaced as a whole, so that no call waits.
    held: ArcSwap<Vec<Grant>>,
    /// How often each was used since the broker started, and when last.
    uses: Mutex<HashMap<GrantId, (u32, i64)>>,
    /// One change at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Grants {
    /// Loads what was remembered. A row whose seal does not hold is void and reported.
    pub(crate) async fn open(
        store: Store,
        audit: AuditLog,
        events: broadcast::Sender<wire::Event>,
    ) -> Result<Self, Fault> {
        let rows = store.decisions(KIND).await?;
        for name in &rows.void {
            crate::servers::report_void(&audit, KIND, name).await;
        }
        let grants: Vec<Grant> = rows.valid.iter().filter_map(|r| serde_json::from_str(&r.value).ok()).collect();
        let held = ArcSwap::from_pointee(grants);
        Ok(Self { store, audit, events, held, uses: Mutex::default(), turn: tokio::sync::Mutex::default() })
    }

    /// What calls are held against now.
    pub(crate) fn held(&self) -> Arc<Vec<Grant>> {
        self.held.load_full()
    }

    /// A call ran on a grant.
    pub(crate) fn used(&self, id: GrantId) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = uses.entry(id).or_default();
        *count = (count.0.saturating_add(1), now_ms());
    }

    /// Keeps a grant that a yes asked for, on record first.
    pub(crate) async fn keep(&self, grant: Grant, by: By) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let value = serde_json::to_string(&grant).map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))?;
        let record = Record::new("decided", now_ms())
            .with("decision", KIND)
            .with("grant", grant.id.to_string())
            .with("approval", grant.approval.to_string())
            .with("server", grant.server_name.clone())
            .with("tool", grant.tool.clone())
            .with("client", grant.client_name.clone())
            .with("policies", grant.lifts.iter().cloned().collect::<Vec<_>>())
            .with("until", grant.until)
            .with("answered_by", by_word(by))
            .with_body("grant_terms", value.clone().into());
        self.audit.append(record, Durability::Disk).await.map_err(storage)?;
        let decision = Decision { name: grant.id.to_string(), value, decided_at: grant.made_at };
        self.store.decide(KIND, &decision).await?;
        let mut grants = Vec::clone(&self.held());
        grants.push(grant);
        self.replace(grants);
        Ok(())
    }

    /// Takes a grant back: it counts for nothing from now on.
    pub(crate) async fn revoke(&self, id: &str, by: By) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let gone = || Fault::new(FaultCode::NotFound, "There is no grant with this id.");
        let id: GrantId = id.parse().map_err(|_| gone())?;
        let mut grants = Vec::clone(&self.held());
        let at = grants.iter().position(|grant| grant.id == id).ok_or_else(gone)?;
        let grant = grants.swap_remove(at);
        // At once, whatever becomes of the rest.
        self.replace(grants);
        let record = Record::new("revoked", now_ms())
            .with("decision", KIND)
            .with("grant", id.to_string())
            .with("server", grant.server_name)
            .with("tool", grant.tool)
            .with("answered_by", by_word(by));
        let recorded = self.audit.append(record, Durability::Disk).await;
        self.store.undecide(KIND, &id.to_string()).await?;
        recorded.map_err(storage)
    }

    fn replace(&self, grants: Vec<Grant>) {
        self.held.store(Arc::new(grants));
        let _ = self.events.send(wire::Event::Grants);
    }

    /// Every grant, newest first; `dead` says why one counts no more.
    pub(crate) fn views(&self, dead: impl Fn(&Grant) -> Option<String>) -> Vec<GrantView> {
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let mut views: Vec<GrantView> = self
            .held()
            .iter()
            .map(|grant| {
                let (uses, last_used) = uses.get(&grant.id).copied().unwrap_or_default();
                let mut view = present::grant(grant, dead(grant));
                (view.uses, view.last_used) = (uses, (uses > 0).then_some(last_used));
                view
            })
            .collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.made_at));
        views
    }
}

/// Why a grant counts no more, if so: what it rests on has changed.
pub(crate) fn dead(grant: &Grant, pin: Option<(Digest, Digest)>, policies: Digest) -> Option<String> {
    let why = match pin {
        _ if !grant.is_live(now_ms()) => "Its time is over.",
        None => "The server or the tool is no longer trusted.",
        Some((server, _)) if server != grant.server => "The server is another than it was.",
        Some((_, tool)) if tool != grant.pin => "The tool's definition has changed.",
        Some(_) if policies != grant.policies => "The rules have changed.",
        Some(_) => return None,
    };
    Some(why.to_owned())
}

fn storage(refusal: Refusal) -> Fault {
    Fault::new(FaultCode::Storage, refusal.message)
}
