//! One authorization server that lies, one custody that fails, one clock that is set: what an account makes of them.

use super::super::liar::{Asked, Liar, Reply};
use super::super::{Client, Issuer, Origin, Proof};
use super::*;
use crate::net::Reach;
use futures_util::FutureExt;
use serde_json::json;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use tokio::sync::Semaphore;
use url::Url;

const RESOURCE: &str = "http://127.0.0.1:1/mcp";

pub(in super::super) fn tokens(access: &str, refresh: Option<&str>, now_ms: i64) -> Tokens {
    let client = Client {
        issuer: Issuer::parse("http://127.0.0.1:1").unwrap(),
        id: "me".into(),
        secret: None,
        proof: Proof::None,
        origin: Origin::Registered,
        redirect: None,
    };
    Tokens {
        access: access.into(),
        refresh: refresh.map(SecretString::from),
        received_at_ms: now_ms,
        expires_at_ms: Some(now_ms + 3_600_000),
        scopes: Scopes::parse("a"),
        asked: Scopes::parse("a"),
        resource: RESOURCE.into(),
        client,
        spent: false,
        lasting: false,
    }
}

/// Keeps in memory what must outlive a crash; can fail, and remembers each state it was in.
#[derive(Default)]
struct Shelf {
    kept: Mutex<Option<SecretString>>,
    stored: Mutex<Vec<Tokens>>,
    loads_fail: AtomicBool,
    stores_left: Mutex<Option<usize>>,
}

impl Custody for Shelf {
    fn load(&self) -> BoxFuture<'_, Result<Option<SecretString>, String>> {
        let kept = self.kept.lock().unwrap().clone();
        let loaded = if self.loads_fail.load(Ordering::SeqCst) { Err("it is locked".to_owned()) } else { Ok(kept) };
        std::future::ready(loaded).boxed()
    }

    fn store(&self, secret: SecretString) -> BoxFuture<'_, Result<(), String>> {
        let mut left = self.stores_left.lock().unwrap();
        if *left == Some(0) {
            return std::future::ready(Err("it is full".to_owned())).boxed();
        }
        *left = left.map(|n| n - 1);
        self.stored.lock().unwrap().push(Tokens::from_secret(&secret).unwrap());
        *self.kept.lock().unwrap() = Some(secret);
        std::future::ready(Ok(())).boxed()
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), String>> {
        *self.kept.lock().unwrap() = None;
        std::future::ready(Ok(())).boxed()
    }
}

impl Shelf {
    fn with(tokens: &Tokens) -> Arc<Self> {
        let shelf = Self::default();
        *shelf.kept.lock().unwrap() = Some(tokens.to_secret().unwrap());
        Arc::new(shelf)
    }

    fn now(&self) -> Tokens {
        Tokens::from_secret(self.kept.lock().unwrap().as_ref().unwrap()).unwrap()
    }

    fn fail_after(&self, stores: Option<usize>) {
        *self.stores_left.lock().unwrap() = stores;
    }
}

/// What a test has in its hands.
struct Scene {
    liar: Liar,
    shelf: Arc<Shelf>,
    now: Arc<AtomicI64>,
    account: Account,
}

const HOUR: i64 = 3_600_000;

impl Scene {
    async fn set(liar: Liar, shelf: impl FnOnce(&Liar) -> Arc<Shelf>) -> Self {
        let (shelf, now) = (shelf(&liar), Arc::new(AtomicI64::new(0)));
        let account = open(&liar, &shelf, &now).await;
        Self { liar, shelf, now, account }
    }

    /// With an access token that ends in an hour, and a refresh token.
    async fn logged_in(liar: Liar) -> Self {
        Self::set(liar, |liar| Shelf::with(&here(liar, "a0", Some("r0")))).await
    }

    /// The process ends and starts again.
    async fn restart(&mut self) {
        self.account = open(&self.liar, &self.shelf, &self.now).await;
    }

    fn at(&self, ms: i64) {
        self.now.store(ms, Ordering::SeqCst);
    }

    async fn token(&self) -> Result<String, String> {
        self.account.token().await.map(|t| t.unwrap().expose_secret().to_owned())
    }

    async fn refused(&self, token: &str, challenge: &Challenge) -> bool {
        self.account.refused(Some(&token.into()), challenge).await.unwrap()
    }

    fn standing(&self) -> Standing {
        self.account.standing().borrow().clone()
    }

    fn sent(&self) -> Vec<String> {
        self.liar.asked_at("/token").iter().map(|a| a.form()["refresh_token"].clone()).collect()
    }
}

async fn open(liar: &Liar, shelf: &Arc<Shelf>, now: &Arc<AtomicI64>) -> Account {
    let server = serde_json::from_value(json!({
        "issuer": liar.url, "authorization_endpoint": liar.at("/auth"), "token_endpoint": liar.at("/token"),
        "revocation_endpoint": liar.at("/revoke"),
    }));
    let now = now.clone();
    let clock: Clock = Arc::new(move || now.load(Ordering::SeqCst));
    let net = Net::new(Reach::Own).unwrap();
    Account::open(&net, &server.unwrap(), RESOURCE, shelf.clone(), clock).await.unwrap()
}

fn here(liar: &Liar, access: &str, refresh: Option<&str>) -> Tokens {
    let mut tokens = tokens(access, refresh, 0);
    tokens.client.issuer = Issuer::parse(liar.url.as_str()).unwrap();
    tokens
}

fn answer(n: usize) -> Reply {
    let (access, refresh) = (format!("a{n}"), format!("r{n}"));
    Reply::Json(
        200,
        json!({"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 3600}),
    )
}

/// Rotates, and ends everything when a refresh token comes a second time.
async fn rotating() -> Liar {
    let (count, seen) = (AtomicUsize::new(0), Mutex::new(HashSet::new()));
    Liar::start(move |asked, _| {
        if asked.path() == "/revoke" {
            return Reply::Json(200, json!({}));
        }
        assert!(seen.lock().unwrap().insert(asked.form()["refresh_token"].clone()), "a refresh token was reused");
        answer(count.fetch_add(1, Ordering::SeqCst) + 1)
    })
    .await
}

async fn says(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Liar {
    Liar::start(move |asked, _| reply(asked)).await
}

fn unauthorized() -> Challenge {
    Challenge { status: 401, error: None, description: None, scope: None, resource_metadata: None }
}

fn lacking(scope: &str) -> Challenge {
    let (error, scope) = (Some("insufficient_scope".into()), Some(scope.into()));
    Challenge { status: 403, error, scope, description: None, resource_metadata: None }
}

#[tokio::test]
async fn a_fresh_token_is_handed_out_as_it_is() {
    let scene = Scene::logged_in(rotating().await).await;
    assert_eq!(scene.token().await.unwrap(), "a0");
    assert!(matches!(scene.standing(), Standing::Ready { expires_at_ms: Some(HOUR), .. }));
    assert!(scene.liar.asked().is_empty());
}

#[tokio::test]
async fn fifty_callers_make_one_refresh() {
    let gate = Arc::new(Semaphore::new(0));
    let held = gate.clone();
    let liar = Liar::slow(move |_, _| {
        let held = held.clone();
        async move {
            held.acquire().await.unwrap().forget();
            answer(1)
        }
        .boxed()
    })
    .await;
    let scene = Arc::new(Scene::logged_in(liar).await);
    scene.at(HOUR + 1);
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let scene = scene.clone();
            tokio::spawn(async move { scene.token().await })
        })
        .collect();
    gate.add_permits(50);
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), "a1");
    }
    assert_eq!(scene.sent(), ["r0"]);
    let form = scene.liar.asked()[0].form();
    assert_eq!((form["resource"].as_str(), form["client_id"].as_str()), (RESOURCE, "me"));
    assert!(!form.contains_key("scope"));
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_nothing_with_it() {
    let gate = Arc::new(Semaphore::new(0));
    let (held, (came, mut arrived)) = (gate.clone(), tokio::sync::mpsc::unbounded_channel());
    let liar = Liar::slow(move |_, _| {
        let (held, came) = (held.clone(), came.clone());
        async move {
            came.send(()).unwrap();
            held.acquire().await.unwrap().forget();
            answer(1)
        }
        .boxed()
    })
    .await;
    let scene = Scene::logged_in(liar).await;
    scene.at(HOUR);
    let account = scene.account.clone();
    let caller = tokio::spawn(async move { account.token().await });
    arrived.recv().await.unwrap();
    caller.abort();
    gate.add_permits(1);
    assert_eq!(scene.token().await.unwrap(), "a1");
    assert_eq!(scene.sent(), ["r0"]);
}

#[tokio::test]
async fn a_token_near_its_end_still_serves_while_the_next_one_is_got() {
    let scene = Scene::logged_in(rotating().await).await;
    scene.at(HOUR - 59_000);
    let mut standing = scene.account.standing();
    standing.mark_unchanged();
    assert_eq!(scene.token().await.unwrap(), "a0");
    standing.changed().await.unwrap();
    assert_eq!(scene.token().await.unwrap(), "a1");
    assert_eq!(scene.sent(), ["r0"]);
}

#[tokio::test]
async fn it_is_marked_before_it_is_sent_and_the_next_ones_are_kept_before_they_are_used() {
    let scene = Scene::logged_in(rotating().await).await;
    scene.at(HOUR);
    assert_eq!(scene.token().await.unwrap(), "a1");
    let stored: Vec<(bool, String)> = scene
        .shelf
        .stored
        .lock()
        .unwrap()
        .iter()
        .map(|t| (t.spent, t.refresh.as_ref().unwrap().expose_secret().to_owned()))
        .collect();
    assert_eq!(stored, [(true, "r0".to_owned()), (false, "r1".to_owned())]);
}

#[tokio::test]
async fn where_the_mark_can_not_be_kept_nothing_is_sent() {
    let scene = Scene::logged_in(rotating().await).await;
    scene.at(HOUR);
    scene.shelf.fail_after(Some(0));
    assert!(scene.token().await.unwrap_err().contains("it is full"));
    assert!(matches!(scene.standing(), Standing::Unkept(_)));
    assert!(scene.sent().is_empty());
    scene.shelf.fail_after(None);
    assert!(scene.token().await.is_err(), "not at once again");
    scene.at(HOUR + 10_000);
    assert_eq!(scene.token().await.unwrap(), "a1");
}

#[tokio::test]
async fn where_new_tokens_can_not_be_kept_nothing_is_handed_out_until_they_are() {
    let mut scene = Scene::logged_in(rotating().await).await;
    scene.at(HOUR - 59_000);
    scene.shelf.fail_after(Some(1));
    let mut standing = scene.account.standing();
    standing.mark_unchanged();
    assert_eq!(scene.token().await.unwrap(), "a0");
    standing.changed().await.unwrap();
    assert!(matches!(scene.standing(), Standing::Unkept(_)));
    assert!(scene.token().await.is_err());
    scene.at(HOUR - 57_000);
    assert!(scene.token().await.unwrap_err().contains("it is full"));
    scene.shelf.fail_after(None);
    scene.at(HOUR);
    assert_eq!(scene.token().await.unwrap(), "a1");
    assert_eq!(scene.sent(), ["r0"], "they were kept, not asked for again");
    scene.restart().await;
    assert_eq!(scene.token().await.unwrap(), "a1");
}

#[tokio::test]
async fn after_a_crash_a_marked_token_is_never_sent_but_what_is_left_serves() {
    let mut scene = Scene::logged_in(rotating().await).await;
    scene.at(HOUR);
    scene.shelf.fail_after(Some(1));
    assert!(scene.token().await.is_err());
    assert_eq!(scene.sent(), ["r0"]);
    // The server gave new ones; they are lost with this process.
    scene.shelf.fail_after(None);
    scene.at(HOUR - 120_000);
    scene.restart().await;
    assert_eq!(scene.token().await.unwrap(), "a0");
    scene.at(HOUR - 40_000);
    assert_eq!(scene.token().await.unwrap(), "a0");
    scene.at(HOUR);
    assert!(scene.token().await.is_err());
    assert_eq!(scene.standing(), Standing::NeedsLogin(Need::Lost));
    assert_eq!(scene.sent(), ["r0"]);
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_the_mark() {
    for broken in
        [|| Reply::Gone, || Reply::Json(500, json!({"error": "server_error"})), || Reply::Json(200, json!({}))]
    {
        let mut scene = Scene::logged_in(says(move |_| broken()).await).await;
        scene.at(HOUR);
        assert!(scene.token().await.is_err());
        assert!(scene.token().await.is_err());
        assert_eq!(scene.standing(), Standing::NeedsLogin(Need::Lost));
        scene.restart().await;
        assert!(scene.token().await.is_err());
        assert_eq!(scene.sent(), ["r0"]);
        assert!(scene.shelf.now().spent);
    }
}

#[tokio::test]
async fn what_was_surely_not_taken_is_tried_again_later_and_later() {
    let count = AtomicUsize::new(0);
    let liar = says(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Json(503, json!({})),
        1 => Reply::Json(429, json!({"error": "slow_down"})),
        n => answer(n),
    });
    let scene = Scene::logged_in(liar.await).await;
    scene.at(HOUR);
    assert!(scene.token().await.is_err());
    let Standing::Waiting { until_ms, .. } = scene.standing() else { panic!("{:?}", scene.standing()) };
    assert!(until_ms > HOUR && !scene.shelf.now().spent);
    assert!(scene.token().await.is_err());
    assert_eq!(scene.sent().len(), 1, "not before then");
    scene.at(until_ms);
    assert!(scene.token().await.is_err());
    let Standing::Waiting { until_ms: later, .. } = scene.standing() else { panic!() };
    assert!(later - until_ms > until_ms - HOUR);
    scene.at(later);
    assert_eq!(scene.token().await.unwrap(), "a2");
}

#[tokio::test]
async fn a_server_that_can_not_be_reached_costs_nothing() {
    let mut scene = Scene::logged_in(rotating().await).await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = Url::parse(&format!("http://{}/token", gone.local_addr().unwrap())).unwrap();
    drop(gone);
    let mut server = scene.account.0.server.clone();
    server.token_endpoint = nowhere;
    let (net, clock) = (scene.account.0.net.clone(), scene.account.0.clock.clone());
    let offline = Account::open(&net, &server, RESOURCE, scene.shelf.clone(), clock).await.unwrap();
    scene.at(HOUR);
    assert!(offline.token().await.is_err());
    assert!(matches!(&*offline.standing().borrow(), Standing::Waiting { .. }));
    scene.restart().await;
    assert_eq!(scene.token().await.unwrap(), "a1");
}

#[tokio::test]
async fn a_mark_that_can_not_be_taken_back_is_known_to_be_wrong_in_this_process_alone() {
    let count = AtomicUsize::new(0);
    let liar = says(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Json(503, json!({})),
        n => answer(n),
    });
    let scene = Scene::logged_in(liar.await).await;
    scene.at(HOUR);
    scene.shelf.fail_after(Some(1));
    assert!(scene.token().await.is_err());
    assert!(scene.shelf.now().spent);
    scene.shelf.fail_after(None);
    scene.at(2 * HOUR);
    assert_eq!(scene.token().await.unwrap(), "a1");
}

#[tokio::test]
async fn a_server_that_does_not_rotate_is_asked_again_after_a_lost_answer() {
    let count = AtomicUsize::new(0);
    let liar = says(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        1 => Reply::Gone,
        n => {
            Reply::Json(200, json!({"access_token": format!("a{}", n + 1), "token_type": "bearer", "expires_in": 3600}))
        }
    });
    let scene = Scene::logged_in(liar.await).await;
    scene.at(HOUR);
    assert_eq!(scene.token().await.unwrap(), "a1");
    scene.at(2 * HOUR);
    assert!(scene.token().await.is_err());
    assert!(matches!(scene.standing(), Standing::Waiting { .. }));
    scene.at(3 * HOUR);
    assert_eq!(scene.token().await.unwrap(), "a3");
    assert_eq!(scene.sent(), ["r0", "r0", "r0"]);
}

#[tokio::test]
async fn a_void_refresh_token_is_never_sent_again() {
    let void = json!({"error": "invalid_grant", "error_description": "gone\u{1b}[2J"});
    let mut scene = Scene::logged_in(says(move |_| Reply::Json(400, void.clone())).await).await;
    scene.at(HOUR);
    let why = scene.token().await.unwrap_err();
    assert!(why.contains("invalid_grant") && !why.contains('\u{1b}'), "{why}");
    assert!(matches!(scene.standing(), Standing::NeedsLogin(Need::Void(_))));
    scene.at(9 * HOUR);
    assert!(scene.token().await.is_err());
    scene.restart().await;
    assert!(scene.token().await.is_err());
    assert_eq!(scene.sent(), ["r0"]);
}

#[tokio::test]
async fn what_another_process_stored_meanwhile_is_taken() {
    let shelf: Arc<Mutex<Option<Arc<Shelf>>>> = Arc::default();
    let other = shelf.clone();
    let liar = Liar::start(move |_, own| {
        let mut theirs = tokens("theirs", Some("r9"), HOUR);
        theirs.client.issuer = Issuer::parse(own.as_str()).unwrap();
        *other.lock().unwrap().as_ref().unwrap().kept.lock().unwrap() = Some(theirs.to_secret().unwrap());
        Reply::Json(400, json!({"error": "invalid_grant"}))
    });
    let scene = Scene::logged_in(liar.await).await;
    *shelf.lock().unwrap() = Some(scene.shelf.clone());
    scene.at(HOUR);
    assert_eq!(scene.token().await.unwrap(), "theirs");
    // And before anything is sent.
    let mut newer = here(&scene.liar, "newer", Some("r10"));
    newer.expires_at_ms = Some(9 * HOUR);
    *scene.shelf.kept.lock().unwrap() = Some(newer.to_secret().unwrap());
    scene.at(3 * HOUR);
    assert_eq!(scene.token().await.unwrap(), "newer");
    assert_eq!(scene.sent(), ["r0"]);
}

#[tokio::test]
async fn a_refused_token_is_made_fresh_once_and_then_a_login_is_needed() {
    let scene = Scene::logged_in(rotating().await).await;
    assert!(scene.refused("a0", &unauthorized()).await);
    assert_eq!(scene.token().await.unwrap(), "a1");
    assert!(scene.refused("a0", &unauthorized()).await, "one that came late is told of the new one");
    assert!(!scene.refused("a1", &unauthorized()).await);
    assert_eq!(scene.standing(), Standing::NeedsLogin(Need::Unaccepted));
    assert!(scene.token().await.is_err());
    assert_eq!(scene.sent(), ["r0"]);
}

#[tokio::test]
async fn a_refusal_of_an_older_token_gets_the_next_one_where_the_last_has_ended_too() {
    let scene = Scene::logged_in(rotating().await).await;
    assert!(scene.refused("a0", &unauthorized()).await);
    scene.at(2 * HOUR);
    assert!(scene.refused("a0", &unauthorized()).await);
    assert_eq!(scene.token().await.unwrap(), "a2");
    assert_eq!(scene.sent(), ["r0", "r1"]);
}

#[tokio::test]
async fn a_token_that_served_for_a_while_is_made_fresh_again() {
    let scene = Scene::logged_in(rotating().await).await;
    assert!(scene.refused("a0", &unauthorized()).await);
    scene.at(120_000);
    assert!(scene.refused("a1", &unauthorized()).await);
    assert_eq!(scene.sent(), ["r0", "r1"]);
}

#[tokio::test]
async fn without_a_refresh_token_a_refusal_or_the_end_needs_a_login() {
    let scene = Scene::set(rotating().await, |liar| Shelf::with(&here(liar, "a0", None))).await;
    assert_eq!(scene.token().await.unwrap(), "a0");
    scene.at(HOUR);
    assert!(scene.token().await.is_err());
    assert_eq!(scene.standing(), Standing::NeedsLogin(Need::Ended));
    let scene = Scene::set(rotating().await, |liar| Shelf::with(&here(liar, "a0", None))).await;
    assert!(!scene.refused("a0", &unauthorized()).await);
    assert_eq!(scene.standing(), Standing::NeedsLogin(Need::Unaccepted));
    assert!(scene.liar.asked().is_empty());
}

#[tokio::test]
async fn scopes_that_are_missing_are_asked_for_beside_those_of_before_and_no_token_is_spent() {
    let scene = Scene::logged_in(rotating().await).await;
    for _ in 0..3 {
        assert!(!scene.refused("a0", &lacking("b c")).await);
    }
    let scopes = Scopes::parse("a b c");
    assert_eq!(scene.standing(), Standing::NeedsScopes { scopes: scopes.clone(), tried: false });
    assert_eq!(scene.token().await.unwrap(), "a0", "it serves for the rest");
    assert!(scene.sent().is_empty());
    let mut next = here(&scene.liar, "b0", Some("s0"));
    next.asked = scopes.clone();
    scene.account.adopt(next).await.unwrap();
    assert!(matches!(scene.standing(), Standing::Ready { .. }));
    assert!(!scene.refused("b0", &lacking("b")).await);
    assert_eq!(scene.standing(), Standing::NeedsScopes { scopes, tried: true });
}

#[tokio::test]
async fn what_another_issuer_gave_or_for_another_resource_is_sent_nowhere() {
    let elsewhere = tokens("a0", Some("r0"), 0);
    let scene = Scene::set(rotating().await, |_| Shelf::with(&elsewhere)).await;
    assert!(scene.token().await.is_err());
    assert!(matches!(scene.standing(), Standing::NeedsLogin(Need::Moved(_))));
    assert!(scene.account.adopt(elsewhere).await.is_err());
    let other = Scene::set(rotating().await, |liar| {
        let mut tokens = here(liar, "a0", Some("r0"));
        tokens.resource = "http://127.0.0.1:1/other".into();
        Shelf::with(&tokens)
    })
    .await;
    assert!(other.token().await.is_err());
    for scene in [scene, other] {
        assert!(scene.account.log_out().await.unwrap().is_none());
        assert!(scene.liar.asked().is_empty());
    }
}

#[tokio::test]
async fn what_is_kept_may_be_nothing_unreadable_or_out_of_reach() {
    let scene = Scene::set(rotating().await, |_| Arc::default()).await;
    assert_eq!(scene.standing(), Standing::NeedsLogin(Need::First));
    assert!(scene.token().await.is_err());
    scene.account.adopt(here(&scene.liar, "a0", None)).await.unwrap();
    assert_eq!(scene.token().await.unwrap(), "a0");
    let mut scene = Scene::set(rotating().await, |_| {
        let shelf = Shelf::default();
        *shelf.kept.lock().unwrap() = Some("hunter2".into());
        Arc::new(shelf)
    })
    .await;
    assert!(!scene.token().await.unwrap_err().contains("hunter2"));
    *scene.shelf.kept.lock().unwrap() = Some(here(&scene.liar, "a0", None).to_secret().unwrap());
    scene.shelf.loads_fail.store(true, Ordering::SeqCst);
    scene.restart().await;
    assert!(matches!(scene.standing(), Standing::Unkept(_)));
    assert!(scene.token().await.is_err());
    scene.shelf.loads_fail.store(false, Ordering::SeqCst);
    scene.at(HOUR / 2);
    assert_eq!(scene.token().await.unwrap(), "a0");
}

#[tokio::test]
async fn a_login_that_can_not_be_kept_is_not_used() {
    let scene = Scene::logged_in(rotating().await).await;
    scene.shelf.fail_after(Some(0));
    assert!(scene.account.adopt(here(&scene.liar, "b0", Some("s0"))).await.is_err());
    assert_eq!(scene.token().await.unwrap(), "a0");
}

#[tokio::test]
async fn logging_out_gives_both_back_and_forgets() {
    let scene = Scene::logged_in(rotating().await).await;
    let revoked = scene.account.log_out().await.unwrap().unwrap();
    assert!(revoked.is_complete());
    let given: Vec<String> = scene.liar.asked_at("/revoke").iter().map(|a| a.form()["token"].clone()).collect();
    assert_eq!(given, ["r0", "a0"]);
    assert!(scene.shelf.kept.lock().unwrap().is_none());
    assert_eq!(scene.standing(), Standing::NeedsLogin(Need::First));
    assert!(scene.token().await.is_err());
    let scene = Scene::logged_in(says(|_| Reply::Json(503, json!({}))).await).await;
    let revoked = scene.account.log_out().await.unwrap().unwrap();
    assert!(!revoked.is_complete() && revoked.access.unwrap_err().contains("503"));
    assert!(scene.shelf.kept.lock().unwrap().is_none());
}

#[tokio::test]
async fn no_token_is_shown() {
    let scene = Scene::logged_in(rotating().await).await;
    let shown = format!("{:?} {:?}", scene.account, scene.standing());
    assert!(!shown.contains("a0") && !shown.contains("r0"), "{shown}");
}
