//! Logins at a real authorization server: npm's `oidc-provider`, with a plain HTTP client in the browser's place.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops on a broken expectation")]
#![expect(clippy::print_stdout, reason = "it says what it measured")]

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use remote::bearer::Bearer;
use remote::challenge::Challenge;
use remote::oauth::{
    Account, Callback, Client, Clock, Custody, Discovery, Given, Identity, Login, Need, OauthFault, Origin, Redirect,
    Scopes, ServerMetadata, Standing, TokenFacts, Tokens, authorization_server, discover, identify, system_clock,
};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(60);
const FORM: &str = "application/x-www-form-urlencoded";

/// The authorization server, and the resource that it guards; both end with the test.
struct Authority {
    _child: Child,
    origin: Url,
}

impl Authority {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
        let node = folder.join(".venv/bin/node");
        let there = node.exists() && folder.join("node_modules/oidc-provider").exists();
        assert!(there, "`cargo xtask setup` brings Node and the authorization server");
        let mut child = Command::new(node)
            .arg(folder.join("fixtures/authority.mjs"))
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        let origin = Url::parse(said["issuer"].as_str().unwrap()).unwrap().join("/").unwrap();
        // What it goes on to say is read, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { _child: child, origin }
    }

    fn server(&self) -> Url {
        self.origin.join("/mcp").unwrap()
    }

    /// What it has seen so far.
    async fn count(&self, what: &str) -> u64 {
        let counts = reqwest::get(self.origin.join("/counts").unwrap()).await.unwrap();
        let counts: Value = serde_json::from_slice(&counts.bytes().await.unwrap()).unwrap();
        counts[what].as_u64().unwrap()
    }
}

/// A browser as far as a login needs one: follows redirects, keeps cookies, fills in what a form asks for. Ends where it
/// comes back to this machine's listener; the page there is returned.
async fn browse(start: Url, back: &Url) -> String {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let (mut cookies, mut at, mut form) = (BTreeMap::new(), start, None::<String>);
    for _ in 0..20 {
        let jar: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = match form.take() {
            Some(form) => http.post(at.clone()).header(CONTENT_TYPE, FORM).body(form),
            None => http.get(at.clone()),
        };
        let answer = request.header(COOKIE, jar.join("; ")).send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let next = answer.headers().get(LOCATION).map(|to| at.join(to.to_str().unwrap()).unwrap());
        let status = answer.status();
        let page = answer.text().await.unwrap();
        if (at.origin(), at.path()) == (back.origin(), back.path()) {
            return page;
        }
        if let Some(next) = next {
            at = next;
            continue;
        }
        let between = |before: &str| Some(page.split_once(before)?.1.split_once('"')?.0.to_owned());
        let (Some(action), Some(prompt)) = (between("action=\""), between("name=\"prompt\" value=\"")) else {
            panic!("no form, but {status} at {at}: {page}")
        };
        at = at.join(&action).unwrap();
        form = Some(format!("prompt={prompt}&login=somebody&password=x"));
    }
    panic!("the login has no end")
}

/// All that comes before a login.
async fn prepare(authority: &Authority) -> (Discovery, ServerMetadata) {
    let found = discover(&authority.server(), None).await.unwrap();
    let server = authorization_server(&found.net, &found.server, &found.issuers[0]).await.unwrap();
    (found, server)
}

async fn log_in(found: &Discovery, server: &ServerMetadata, ours: &Identity, redirect: &Redirect) -> (Client, Tokens) {
    let callback = Callback::bind(redirect).await.unwrap();
    let back = callback.redirect_uri().clone();
    let client = identify(&found.net, &found.server, server, ours, &back, &found.scopes).await.unwrap();
    let resource = &found.resource.resource;
    let begun = Login::begin(&found.net, server, client.clone(), callback, resource, &found.scopes, system_clock());
    let login = begun.unwrap();
    let (url, stop) = (login.url().clone(), CancellationToken::new());
    let (tokens, page) = tokio::join!(login.finish(PATIENCE, &stop), browse(url, &back));
    assert!(page.contains("Back to Consentry"), "{page}");
    (client, tokens.unwrap())
}

/// Keeps in memory.
#[derive(Default)]
struct Shelf(Mutex<Option<SecretString>>);

impl Custody for Shelf {
    fn load(&self) -> BoxFuture<'_, Result<Option<SecretString>, String>> {
        std::future::ready(Ok(self.0.lock().unwrap().clone())).boxed()
    }

    fn store(&self, secret: SecretString) -> BoxFuture<'_, Result<(), String>> {
        *self.0.lock().unwrap() = Some(secret);
        std::future::ready(Ok(())).boxed()
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), String>> {
        *self.0.lock().unwrap() = None;
        std::future::ready(Ok(())).boxed()
    }
}

async fn account(found: &Discovery, server: &ServerMetadata, tokens: Tokens, clock: Clock) -> Account {
    let (resource, shelf) = (&found.resource.resource, Arc::new(Shelf::default()));
    let account = Account::open(&found.net, server, resource, shelf, clock).await.unwrap();
    account.adopt(tokens).await.unwrap();
    account
}

fn unauthorized() -> Challenge {
    Challenge { status: 401, error: None, description: None, scope: None, resource_metadata: None }
}

/// Sends a refresh token as a thief would, past the account.
async fn steal(server: &ServerMetadata, client: &Client, token: &SecretString) -> (u16, Value) {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("client_id", &client.id)
        .append_pair("refresh_token", token.expose_secret())
        .finish();
    let request = reqwest::Client::new().post(server.token_endpoint.clone()).header(CONTENT_TYPE, FORM);
    let answer = request.body(form).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

#[tokio::test]
async fn a_client_that_registers_gets_tokens_for_this_server_that_rotate_and_are_given_back() {
    let authority = Authority::start(&[]).await;
    let (found, server) = prepare(&authority).await;
    assert!(server.authorization_response_iss_parameter_supported);
    let (client, tokens) = log_in(&found, &server, &Identity::default(), &Redirect::fresh().unwrap()).await;
    assert_eq!((client.origin, tokens.issuer()), (Origin::Registered, &server.issuer));
    let facts = tokens.facts().unwrap();
    assert_eq!(facts.audience, [authority.server().as_str()]);
    assert!(!facts.is_for_another(&tokens.resource));
    assert_eq!(facts.issuer.as_deref(), Some(server.issuer.as_str()));
    assert_eq!(tokens.scopes, Scopes::parse("mcp:read mcp:write"));

    // The server that it is for refuses it: it rotates, once.
    let (first, old) = (tokens.access.clone(), tokens.refresh.clone().unwrap());
    let ahead_ms = Arc::new(AtomicI64::new(0));
    let (ahead, own) = (ahead_ms.clone(), system_clock());
    let clock: Clock = Arc::new(move || own() + ahead.load(Ordering::SeqCst));
    let account = account(&found, &server, tokens, clock).await;
    assert!(account.refused(Some(&first), &unauthorized()).await.unwrap());
    let second = account.token().await.unwrap().unwrap();
    assert_ne!(first.expose_secret(), second.expose_secret());
    assert_eq!((authority.count("codes").await, authority.count("refreshes").await), (1, 1));
    assert_eq!(authority.count("reuses").await, 0);

    // Whoever uses the old one ends the login for everybody. The account finds out when it refreshes, and asks no more.
    let (status, said) = steal(&server, &client, &old).await;
    assert_eq!((status, said["error"].as_str()), (400, Some("invalid_grant")));
    assert_eq!(authority.count("reuses").await, 1);
    ahead_ms.store(7_200_000, Ordering::SeqCst);
    assert!(account.token().await.unwrap_err().contains("invalid_grant"));
    assert!(account.token().await.is_err());
    assert!(matches!(&*account.standing().borrow(), Standing::NeedsLogin(Need::Void(_))));
    assert_eq!((authority.count("reuses").await, authority.count("refreshes").await), (1, 1));

    // The same registration serves again, on another port; this time the tokens are given back.
    let ours = Identity { registered: Some(client.clone()), ..Identity::default() };
    let path = client.redirect.as_ref().unwrap().path().to_owned();
    let (again, tokens) = log_in(&found, &server, &ours, &Redirect::agreed(None, &path).unwrap()).await;
    assert_eq!(again.id, client.id);
    let refresh = tokens.refresh.clone().unwrap();
    account.adopt(tokens).await.unwrap();
    let revoked = account.log_out().await.unwrap().unwrap();
    assert_eq!(revoked.refresh, Some(Ok(())));
    assert_eq!(steal(&server, &client, &refresh).await.1["error"], "invalid_grant");
    assert_eq!(*account.standing().borrow(), Standing::NeedsLogin(Need::First));
}

#[tokio::test]
async fn a_client_can_be_a_document() {
    let authority = Authority::start(&[("DOCUMENTS", "http://127.0.0.1/callback"), ("REGISTERS", "no")]).await;
    let (found, server) = prepare(&authority).await;
    let document = Url::parse("https://client.example/consentry.json").unwrap();
    let ours = Identity { document: Some(document.clone()), ..Identity::default() };
    let (client, tokens) = log_in(&found, &server, &ours, &Redirect::agreed(None, "/callback").unwrap()).await;
    assert_eq!((client.id.as_str(), client.origin), (document.as_str(), Origin::Document));
    assert!(tokens.can_refresh());
}

#[tokio::test]
async fn a_realm_that_ignores_the_resource_and_registers_nobody_still_serves_a_given_client() {
    let authority = Authority::start(&[("SHAPE", "keycloak")]).await;
    let (found, server) = prepare(&authority).await;
    assert_eq!(server.issuer.url().path(), "/realms/demo");
    assert!(server.registration_endpoint.is_none());
    let back = Url::parse("http://127.0.0.1:1/callback").unwrap();
    let mut refusing = server.clone();
    refusing.registration_endpoint = Some(authority.origin.join("/realms/demo/register").unwrap());
    for (server, said) in [(&server, "registers no clients"), (&refusing, "Trusted Hosts")] {
        let asked = identify(&found.net, &found.server, server, &Identity::default(), &back, &found.scopes).await;
        assert!(matches!(&asked, Err(OauthFault::Missing(why)) if why.contains(said)), "{asked:?}");
    }
    let ours = Identity { given: Some(Given { id: "known".into(), secret: None }), ..Identity::default() };
    let (_, tokens) = log_in(&found, &server, &ours, &Redirect::agreed(None, "/callback").unwrap()).await;
    let facts = tokens.facts().unwrap();
    assert!(facts.is_for_another(&tokens.resource), "the audience is not what was asked for, and that is a finding");
    assert!(tokens.scopes.holds(&Scopes::parse("profile email")));
    assert_eq!(tokens.asked, found.scopes);
    let first = tokens.access.clone();
    let account = account(&found, &server, tokens, system_clock()).await;
    assert!(account.refused(Some(&first), &unauthorized()).await.unwrap());
    assert_eq!(authority.count("reuses").await, 0);
}

#[tokio::test]
async fn where_refresh_tokens_stay_the_same_using_one_again_is_no_reuse() {
    let authority = Authority::start(&[("ROTATES", "no"), ("LIFE", "1")]).await;
    let (found, server) = prepare(&authority).await;
    let (_, tokens) = log_in(&found, &server, &Identity::default(), &Redirect::fresh().unwrap()).await;
    let account = account(&found, &server, tokens, system_clock()).await;
    let mut seen = BTreeSet::new();
    let mut next = tokio::time::interval(Duration::from_millis(20));
    while seen.len() < 4 {
        next.tick().await;
        seen.insert(account.token().await.unwrap().unwrap().expose_secret().to_owned());
    }
    assert_eq!(authority.count("reuses").await, 0);
    assert!(authority.count("refreshes").await >= 3);
}

/// Many users of one account, until its tokens have rotated this often: nobody ever gets one that has ended, none is
/// refreshed twice, and no refresh token is reused.
async fn crowd(users: usize, rotations: usize, life_s: u32) {
    let authority = Authority::start(&[("LIFE", &life_s.to_string())]).await;
    let (found, server) = prepare(&authority).await;
    let (_, tokens) = log_in(&found, &server, &Identity::default(), &Redirect::fresh().unwrap()).await;
    let account = account(&found, &server, tokens, system_clock()).await;
    let (seen, stop) = (Arc::new(Mutex::new(BTreeSet::new())), CancellationToken::new());
    let user = || {
        let (account, seen, stop, clock) = (account.clone(), seen.clone(), stop.clone(), system_clock());
        async move {
            // Each turn is a request that somebody makes; they come all the time.
            let (mut calls, mut next) = (0_u64, tokio::time::interval(Duration::from_millis(20)));
            while !stop.is_cancelled() {
                let asked_ms = clock();
                let token = account.token().await.unwrap().unwrap();
                let ends_s = TokenFacts::of(&token).unwrap().expires_at_s.unwrap();
                assert!((ends_s + 1) * 1000 > asked_ms, "a token that had ended was handed out");
                let different = {
                    let mut seen = seen.lock().unwrap();
                    seen.insert(token.expose_secret().to_owned());
                    seen.len()
                };
                if different > rotations {
                    stop.cancel();
                }
                calls += 1;
                next.tick().await;
            }
            calls
        }
    };
    let crowd: Vec<_> = (0..users).map(|_| tokio::spawn(user())).collect();
    let mut calls = 0;
    for user in crowd {
        calls += user.await.unwrap();
    }
    let (refreshes, reuses) = (authority.count("refreshes").await, authority.count("reuses").await);
    println!("{users} users, {calls} calls, {refreshes} refreshes, {reuses} reuses");
    assert_eq!(reuses, 0);
    // The first token came of the login; one more refresh may have begun when the last user stopped.
    let different = seen.lock().unwrap().len() as u64;
    assert!((different - 1..=different).contains(&refreshes), "{different} tokens, {refreshes} refreshes");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_users_share_one_refresh_at_a_time() {
    crowd(20, 16, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes an hour and a half"]
async fn twenty_users_share_a_thousand_refreshes() {
    crowd(20, 1_000, 5).await;
}
