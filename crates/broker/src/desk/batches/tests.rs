//! Several calls on one card: exactly what was chosen runs, and nothing that has to be looked at by itself.

use super::super::edits::Behind;
use super::*;
use crate::audit_log::AuditLog;
use crate::desk::Patience;
use crate::present::blank;
use crate::store::Store;
use crate::vault::Seal;
use bytes::Bytes;
use gate::approval::{Level, Terms};
use gate::call::CallId;
use gate::provenance::SoFar;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::FaultCode;
use wire::view::Effect;

struct Scene {
    desk: Arc<Desk>,
    ran: Mutex<Vec<u8>>,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("consentry.db"), Arc::new(Seal::in_memory())).await.unwrap();
        let (events, _) = broadcast::channel(16);
        let (audit, _) = AuditLog::start(store.appender().await.unwrap(), events.clone());
        tokio::time::pause();
        Arc::new(Self { desk: Desk::new(audit, events), ran: Mutex::default(), _folder: folder })
    }

    /// Calls of one group, each with this effect, that all wait for an answer.
    async fn ask(self: &Arc<Self>, calls: std::ops::RangeInclusive<u8>, effect: Effect, group: u8) {
        for call in calls {
            let scene = self.clone();
            tokio::spawn(async move {
                let digest = Digest([call; 32]);
                let id = ApprovalId(Uuid::now_v7());
                let terms = Terms { id, digest, level: Level::Approve, act: None, lives_ms: Some(120_000) };
                let cancel = CancellationToken::new();
                let patience = Patience { longest: Duration::from_secs(50), cancel: &cancel, nudge: None };
                let mut card = blank(ApprovalKind::Call, &format!("files-{group}"));
                card.effects = vec![effect];
                let group = Digest([group; 32]);
                let behind = Behind {
                    group,
                    draft: None,
                    words: Vec::new(),
                    so_far: SoFar::default(),
                    client: Digest([6; 32]),
                    pinned: (Digest([7; 32]), Digest([8; 32])),
                    facts: Bytes::new(),
                };
                if scene.desk.settle(terms, (card, behind), CallId(Uuid::now_v7()), patience).await.is_ok() {
                    scene.ran.lock().unwrap().push(call);
                }
            });
        }
        sleep(Duration::from_millis(50)).await;
    }

    /// What waits, by the number of the call.
    fn waiting(&self) -> BTreeMap<u8, (ApprovalId, Digest)> {
        let one = |digest: Digest, id: &str| (digest.0[0], (id.parse().unwrap(), digest));
        self.desk.waiting().iter().map(|view| one(view.digest.parse().unwrap(), &view.id)).collect()
    }

    /// A yes from the list to each of these.
    async fn approve(&self, items: &[(ApprovalId, Digest)]) -> BTreeMap<ApprovalId, Result<(), Fault>> {
        let mut answers = BTreeMap::new();
        for item in items {
            answers.insert(item.0, self.desk.approve_listed(*item).await);
        }
        answers
    }

    async fn ran(&self) -> Vec<u8> {
        sleep(Duration::from_millis(50)).await;
        let mut ran = self.ran.lock().unwrap().clone();
        ran.sort_unstable();
        ran
    }
}

const SEEN: Duration = Duration::from_millis(650);

#[tokio::test]
async fn of_six_writes_exactly_the_three_that_were_chosen_run() {
    let scene = Scene::new().await;
    scene.ask(1..=6, Effect::Write, 1).await;
    scene.ask(7..=7, Effect::Write, 2).await;
    let all = scene.waiting();
    let batch = scene.desk.batch_of(&all[&1].0.to_string()).unwrap();
    assert_eq!(batch.items.len(), 6, "the seventh is of another conversation");
    assert!(batch.items.iter().all(|item| item.may_be_chosen));
    assert!(scene.desk.batch_of(&all[&7].0.to_string()).is_none(), "one alone is no list");
    let six: Vec<_> = (1..=6).map(|n| all[&n]).collect();
    scene.desk.list(&six);
    let early = scene.approve(&[all[&2]]).await;
    assert_eq!(early[&all[&2].0].as_ref().unwrap_err().code, FaultCode::TooEarly);
    sleep(SEEN).await;
    let answers = scene.approve(&[all[&2], all[&4], all[&5]]).await;
    assert!(answers.values().all(Result::is_ok), "{answers:?}");
    assert_eq!(scene.ran().await, [2, 4, 5]);
    assert_eq!(scene.waiting().keys().copied().collect::<Vec<_>>(), [1, 3, 6, 7]);
}

#[tokio::test]
async fn a_forged_digest_refuses_that_item_and_no_other() {
    let scene = Scene::new().await;
    scene.ask(1..=3, Effect::Write, 1).await;
    let all = scene.waiting();
    scene.desk.list(&all.values().copied().collect::<Vec<_>>());
    sleep(SEEN).await;
    let forged = (all[&2].0, Digest([9; 32]));
    let answers = scene.approve(&[all[&1], forged, all[&3]]).await;
    assert_eq!(answers[&forged.0].as_ref().unwrap_err().code, FaultCode::DigestMismatch);
    assert_eq!(scene.ran().await, [1, 3]);
}

#[tokio::test]
async fn what_was_not_listed_is_not_answered_and_a_longer_list_begins_again() {
    let scene = Scene::new().await;
    scene.ask(1..=3, Effect::Write, 1).await;
    let all = scene.waiting();
    scene.desk.list(&[all[&1], all[&2]]);
    sleep(SEEN).await;
    let answers = scene.approve(&[all[&3]]).await;
    assert_eq!(answers[&all[&3].0].as_ref().unwrap_err().code, FaultCode::TooEarly);
    scene.desk.list(&all.values().copied().collect::<Vec<_>>());
    let answers = scene.approve(&[all[&1]]).await;
    assert_eq!(answers[&all[&1].0].as_ref().unwrap_err().code, FaultCode::TooEarly);
    sleep(SEEN).await;
    scene.desk.rearm();
    let answers = scene.approve(&[all[&1]]).await;
    assert_eq!(answers[&all[&1].0].as_ref().unwrap_err().code, FaultCode::TooEarly, "the window moved");
    assert!(scene.ran().await.is_empty());
}

#[tokio::test]
async fn what_deletes_can_not_be_approved_from_a_list_whatever_the_window_says() {
    let scene = Scene::new().await;
    scene.ask(1..=2, Effect::Delete, 1).await;
    let all = scene.waiting();
    let batch = scene.desk.batch_of(&all[&1].0.to_string()).unwrap();
    assert!(batch.items.iter().all(|item| !item.may_be_chosen));
    let both: Vec<_> = all.values().copied().collect();
    scene.desk.list(&both);
    sleep(SEEN).await;
    let answers = scene.approve(&both).await;
    assert!(answers.values().all(|a| a.as_ref().unwrap_err().code == FaultCode::NotHere), "{answers:?}");
    assert!(scene.ran().await.is_empty());
    assert_eq!(scene.waiting().len(), 2, "they wait still");
}

#[tokio::test]
async fn a_flood_is_no_list() {
    let scene = Scene::new().await;
    scene.ask(1..=8, Effect::Write, 1).await;
    let first = scene.waiting()[&1].0.to_string();
    assert_eq!(scene.desk.floods().len(), 1);
    assert!(scene.desk.batch_of(&first).is_none());
    scene.desk.open_one_by_one("files-1");
    assert_eq!(scene.desk.batch_of(&first).map(|batch| batch.items.len()), Some(8));
}
