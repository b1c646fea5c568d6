//! Clients that give up, answers that come late, and what is done with both, on a clock that the tests turn.
//!
//! The client here is the least patient kind: it gives up after a while, by cancelling, and makes the same call again.
//! The call "runs" when the desk hands out a yes for it. Whatever the person answers and whenever, it runs at most once
//! for one yes, never after a no, and whoever is not answered is told so.

use super::*;
use crate::present::blank;
use crate::store::Store;
use crate::vault::Seal;
use bytes::Bytes;
use gate::approval::{INBOX_LIFE, Level, NO_LASTS, PARKED_LIFE};
use gate::provenance::SoFar;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long clients of these tests are kept waiting before they are told to come back.
const PATIENCE: Duration = Duration::from_secs(50);

/// How long after an attempt a client makes the next.
const PAUSE: Duration = Duration::from_secs(20);

struct Scene {
    desk: Arc<Desk>,
    ran: AtomicUsize,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let seal = Arc::new(Seal::in_memory());
        let store = Store::open(&folder.path().join("consentry.db"), seal).await.unwrap();
        let (events, _) = broadcast::channel(16);
        let (audit, _) = AuditLog::start(store.appender().await.unwrap(), events.clone());
        let desk = Desk::new(audit, events);
        // Only now: opening the database takes threads that a still clock would not wait for.
        tokio::time::pause();
        Arc::new(Self { desk, ran: AtomicUsize::new(0), _folder: folder })
    }

    /// One attempt at the one call of these tests.
    async fn attempt(&self, gives_up: Option<Duration>) -> Result<(), Refusal> {
        self.attempt_of(1, "notes", gives_up).await
    }

    async fn attempt_of(&self, call: u8, server: &str, gives_up: Option<Duration>) -> Result<(), Refusal> {
        let terms = Terms {
            id: ApprovalId(Uuid::now_v7()),
            digest: Digest([call; 32]),
            level: Level::Approve,
            act: None,
            lives_ms: Some(120_000),
        };
        let cancel = CancellationToken::new();
        if let Some(after) = gives_up {
            let cancel = cancel.clone();
            tokio::spawn(async move {
                sleep(after).await;
                cancel.cancel();
            });
        }
        let patience = Patience { longest: PATIENCE, cancel: &cancel, nudge: None };
        let card = (blank(ApprovalKind::Call, server), behind());
        let yes = self.desk.settle(terms, card, CallId(Uuid::now_v7()), patience).await?;
        assert_eq!(yes.digest(), Digest([call; 32]));
        self.ran.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Attempts one after another, until one is neither put off nor given up.
    async fn persist(&self, gives_up: Option<Duration>, retries: usize) -> Result<(), Refusal> {
        let mut last = self.attempt(gives_up).await;
        for _ in 0..retries {
            match &last {
                Err(refusal) if matches!(refusal.kind, RefusalKind::Waiting | RefusalKind::Withdrawn) => {
                    sleep(PAUSE).await;
                    last = self.attempt(gives_up).await;
                }
                _ => break,
            }
        }
        last
    }

    /// Answers what waits, if anything does. Returns how many yeses counted.
    async fn answer(&self, approve: bool) -> usize {
        let mut counted = 0;
        for view in self.desk.waiting().into_iter().filter(|v| v.client_waits.parked_until.is_none()) {
            let id = view.id.parse().unwrap();
            let event = match approve {
                true => Event::Approve { digest: view.digest.parse().unwrap(), act: None, by: By::Cli, remember: None },
                false => Event::Reject { reason: None, by: By::Cli },
            };
            counted += usize::from(self.desk.step(id, event).await.is_ok() && approve);
        }
        counted
    }

    fn runs(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }
}

fn behind() -> Behind {
    Behind {
        group: Digest([9; 32]),
        draft: None,
        words: Vec::new(),
        so_far: SoFar::default(),
        client: Digest([6; 32]),
        pinned: (Digest([7; 32]), Digest([8; 32])),
        facts: Bytes::new(),
    }
}

/// When the person answers, seen from the moment at which the first attempt is over.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Before,
    At,
    After,
}

/// One cell of the matrix.
async fn cell(gives_up: Option<u64>, when: When, approve: bool, retries: usize, together: bool) {
    let scene = Scene::new().await;
    let began = Instant::now();
    let gives_up = gives_up.map(Duration::from_secs);
    let over = gives_up.unwrap_or(PATIENCE).min(PATIENCE);
    let first = {
        let scene = scene.clone();
        tokio::spawn(async move { scene.persist(gives_up, if together { 0 } else { retries }).await })
    };
    let answered_at = match when {
        When::Before => over - Duration::from_secs(2),
        When::At => over,
        When::After => over + Duration::from_secs(7),
    };
    let person = {
        let scene = scene.clone();
        tokio::spawn(async move {
            sleep_until(began + answered_at).await;
            scene.answer(approve).await
        })
    };
    let mut replies = vec![first.await.unwrap()];
    let yeses = person.await.unwrap();
    if together {
        sleep(PAUSE).await;
        let again: Vec<_> = (0..retries)
            .map(|_| {
                let scene = scene.clone();
                tokio::spawn(async move { scene.attempt(gives_up).await })
            })
            .collect();
        for attempt in again {
            replies.push(attempt.await.unwrap());
        }
    }
    let went_well = replies.iter().filter(|reply| reply.is_ok()).count();
    assert_eq!(scene.runs(), went_well, "whoever is told that it ran, it ran for");
    assert!(scene.runs() <= yeses, "{} runs on {yeses} yeses", scene.runs());
    for refusal in replies.iter().filter_map(|reply| reply.as_ref().err()) {
        assert!(!refusal.message.is_empty());
        if !approve && when == When::Before {
            assert_eq!(refusal.kind, RefusalKind::Rejected, "{}", refusal.message);
        }
    }
    if !approve {
        assert_eq!(scene.runs(), 0);
        // A no lasts: whoever asks again is told no, unasked.
        if retries > 0 {
            assert_eq!(replies.last().unwrap().as_ref().unwrap_err().kind, RefusalKind::Rejected);
        }
    }
    // A yes in time for somebody, or for somebody who came back, ran exactly once.
    // In the very moment in which a client gives up by itself, a yes may be spent on nobody.
    let put_off = gives_up.is_none_or(|g| g > PATIENCE);
    let came_back = retries > 0 && (when == When::After || put_off);
    if approve && (when == When::Before || came_back) {
        assert_eq!(scene.runs(), 1, "{replies:?}");
    }
}

/// A test for each cell: when the client gives up, when the person answers, what, and how often the client asks again.
macro_rules! matrix {
    ($($gives_up:ident = $seconds:expr;)*) => {$(
        mod $gives_up {
            use super::{When, cell};
            matrix!(@when $seconds; before = When::Before, at_that_moment = When::At, after = When::After);
        }
    )*};
    (@when $seconds:expr; $($name:ident = $when:expr),*) => {$(
        mod $name {
            use super::{When, cell};
            matrix!(@answer $seconds; $when; approved = true, rejected = false);
        }
    )*};
    (@answer $seconds:expr; $when:expr; $($name:ident = $approve:expr),*) => {$(
        mod $name {
            use super::{When, cell};
            #[tokio::test]
            async fn not_asked_again() { cell($seconds, $when, $approve, 0, false).await; }
            #[tokio::test]
            async fn asked_again() { cell($seconds, $when, $approve, 1, false).await; }
            #[tokio::test]
            async fn asked_five_times() { cell($seconds, $when, $approve, 5, false).await; }
            #[tokio::test]
            async fn asked_five_times_at_once() { cell($seconds, $when, $approve, 5, true).await; }
        }
    )*};
}

matrix! {
    the_client_gives_up_after_5_s = Some(5);
    the_client_gives_up_after_30_s = Some(30);
    the_client_gives_up_after_60_s = Some(60);
    the_client_never_gives_up = None;
}

#[tokio::test]
async fn a_late_yes_never_runs_by_itself_and_ends_unused() {
    let scene = Scene::new().await;
    let put_off = scene.attempt(None).await.unwrap_err();
    assert_eq!(put_off.kind, RefusalKind::Waiting);
    assert_eq!(scene.answer(true).await, 1);
    assert!(scene.desk.waiting()[0].client_waits.parked_until.is_some());
    sleep(Duration::from_millis(PARKED_LIFE.unsigned_abs() + 1)).await;
    assert_eq!((scene.runs(), scene.desk.count()), (0, 0));
    assert_eq!(scene.desk.ended()[0].ended.as_ref().unwrap().answer, Answer::Unused);
}

#[tokio::test]
async fn a_question_nobody_answers_expires_in_the_inbox() {
    let scene = Scene::new().await;
    let _ = scene.attempt(Some(Duration::from_secs(5))).await;
    sleep(Duration::from_millis(INBOX_LIFE.unsigned_abs() - 1_000)).await;
    assert_eq!(scene.desk.count(), 1);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(scene.desk.count(), 0);
    assert_eq!(scene.desk.ended()[0].ended.as_ref().unwrap().answer, Answer::Expired);
}

#[tokio::test]
async fn a_no_is_forgotten_in_the_end() {
    let scene = Scene::new().await;
    let _ = scene.attempt(None).await;
    scene.answer(false).await;
    assert_eq!(scene.attempt(None).await.unwrap_err().kind, RefusalKind::Rejected);
    sleep(Duration::from_millis(NO_LASTS.unsigned_abs())).await;
    assert_eq!(scene.attempt(None).await.unwrap_err().kind, RefusalKind::Waiting, "asked anew");
}

#[tokio::test]
async fn a_card_that_says_less_does_not_answer_a_call_that_needs_more() {
    let scene = Scene::new().await;
    let _ = scene.attempt(None).await;
    let riskier = {
        let mut card = blank(ApprovalKind::Call, "notes");
        card.reasons = vec![wire::view::Reason { policy: "new".into(), title: String::new(), why: String::new() }];
        card
    };
    let digest = Digest([1; 32]);
    let terms = Terms { id: ApprovalId(Uuid::now_v7()), digest, level: Level::Approve, act: None, lives_ms: None };
    let cancel = CancellationToken::new();
    let patience = Patience { longest: PATIENCE, cancel: &cancel, nudge: None };
    let before = scene.desk.waiting()[0].id.clone();
    let _ = scene.desk.settle(terms, (riskier, behind()), CallId(Uuid::now_v7()), patience).await;
    let now = scene.desk.waiting();
    assert_eq!(now.len(), 1);
    assert_ne!(now[0].id, before, "it is another question");
}

#[tokio::test]
async fn many_questions_of_one_server_fold_into_one_card_until_they_are_gone() {
    let scene = Scene::new().await;
    let flood: Vec<_> = (1..=8u8)
        .map(|call| {
            let scene = scene.clone();
            tokio::spawn(async move { scene.attempt_of(call, "notes", None).await })
        })
        .collect();
    let other = {
        let scene = scene.clone();
        tokio::spawn(async move { scene.attempt_of(100, "mail", None).await })
    };
    sleep(Duration::from_secs(1)).await;
    let floods = scene.desk.floods();
    assert_eq!(floods.len(), 1);
    assert_eq!((floods[0].server.as_str(), floods[0].waiting), ("notes", 8));
    let (folded, shown): (Vec<_>, Vec<_>) = scene.desk.waiting().into_iter().partition(|v| scene.desk.is_folded(v));
    assert_eq!((folded.len(), shown.len()), (8, 1));
    scene.desk.open_one_by_one("notes");
    assert!(scene.desk.floods().is_empty());
    scene.answer(false).await;
    for attempt in flood {
        assert_eq!(attempt.await.unwrap().unwrap_err().kind, RefusalKind::Rejected);
    }
    assert_eq!(other.await.unwrap().unwrap_err().kind, RefusalKind::Rejected);
    assert!(scene.desk.floods().is_empty());
}

#[tokio::test]
async fn one_server_cannot_take_all_the_room() {
    let scene = Scene::new().await;
    let asked: Vec<_> = (0..60u8)
        .map(|call| {
            let scene = scene.clone();
            tokio::spawn(async move { scene.attempt_of(call, "notes", None).await })
        })
        .collect();
    let mut refused = 0;
    for attempt in asked {
        refused += usize::from(attempt.await.unwrap().unwrap_err().kind == RefusalKind::Denied);
    }
    assert_eq!(refused, 10);
    assert_eq!(scene.attempt_of(200, "mail", None).await.unwrap_err().kind, RefusalKind::Waiting, "others are asked");
}
