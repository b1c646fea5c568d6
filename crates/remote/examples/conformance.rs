//! The client as the official conformance suite drives it: `conformance URL`. Opens a session with the server there, logs
//! in when it is refused, lists the tools and calls the first. The person agrees to everything, and their browser is one
//! request that does not leave this machine.
#![expect(clippy::expect_used, clippy::print_stderr, reason = "it is driven by a test, which reads why it stopped")]

use bytes::Bytes;
use futures_util::future::BoxFuture;
use remote::bearer::Bearer;
use remote::challenge::Challenge;
use remote::net::{Net, Reach};
use remote::oauth::{
    Account, Callback, Custody, Given, Identity, Login, Redirect, Scopes, Standing, authorization_server, discover,
    identify, system_clock,
};
use remote::streamable::{Endpoint, Said, Session};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// The URL that the suite knows as the document of a client.
const DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";

/// How often a login is made before a refusal is taken for an answer.
const LOGINS: usize = 3;

/// Keeps the tokens for as long as this runs.
#[derive(Default)]
struct Memory(Mutex<Option<SecretString>>);

impl Custody for Memory {
    fn load(&self) -> BoxFuture<'_, Result<Option<SecretString>, String>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move { Ok(held) })
    }

    fn store(&self, secret: SecretString) -> BoxFuture<'_, Result<(), String>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(secret);
        Box::pin(async { Ok(()) })
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), String>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Box::pin(async { Ok(()) })
    }
}

/// Somebody who logs in whenever the server wants it.
struct Person {
    server: Url,
    context: Value,
    account: tokio::sync::Mutex<Option<Account>>,
    logins: Mutex<usize>,
}

impl Bearer for Person {
    fn token<'a>(&'a self) -> BoxFuture<'a, Result<Option<SecretString>, String>> {
        Box::pin(async move {
            match &*self.account.lock().await {
                Some(account) => account.token().await,
                None => Ok(None),
            }
        })
    }

    fn refused<'a>(
        &'a self,
        token: Option<&'a SecretString>,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<bool, String>> {
        Box::pin(async move {
            let mut held = self.account.lock().await;
            let mut wanted = Scopes::default();
            if let Some(account) = &*held {
                if account.refused(token, challenge).await? {
                    return Ok(true);
                }
                if let Standing::NeedsScopes { scopes, .. } = &*account.standing().borrow() {
                    wanted = scopes.clone();
                }
            }
            {
                let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
                *logins += 1;
                if *logins > LOGINS {
                    return Ok(false);
                }
            }
            *held = Some(self.log_in(challenge, &wanted).await?);
            Ok(true)
        })
    }
}

impl Person {
    async fn log_in(&self, challenge: &Challenge, wanted: &Scopes) -> Result<Account, String> {
        let text = |e: &dyn std::fmt::Display| e.to_string();
        let found = discover(&self.server, Some(challenge)).await.map_err(|e| text(&e))?;
        let issuer = found.issuers.first().ok_or("nobody guards it")?;
        let metadata = authorization_server(&found.net, &self.server, issuer).await.map_err(|e| text(&e))?;
        let scopes = found.scopes.union(wanted);
        let given = self.context["client_id"].as_str().map(|id| Given {
            id: id.to_owned(),
            secret: self.context["client_secret"].as_str().map(|s| SecretString::from(s.to_owned())),
        });
        let redirect = match given.is_some() || metadata.client_id_metadata_document_supported {
            true => Redirect::agreed(None, "/callback"),
            false => Redirect::fresh(),
        };
        let callback = Callback::bind(&redirect.map_err(|e| text(&e))?).await.map_err(|e| text(&e))?;
        let ours = Identity { given, document: Url::parse(DOCUMENT).ok(), registered: None };
        let place = callback.redirect_uri().clone();
        let client =
            identify(&found.net, &self.server, &metadata, &ours, &place, &scopes).await.map_err(|e| text(&e))?;
        let resource = &found.resource.resource;
        let login = Login::begin(&found.net, &metadata, client, callback, resource, &scopes, system_clock());
        let login = login.map_err(|e| text(&e))?;
        let browser = tokio::spawn(visit(login.url().clone()));
        let tokens = login.finish(Duration::from_secs(20), &CancellationToken::new()).await.map_err(|e| text(&e))?;
        browser.abort();
        let custody = Arc::new(Memory::default());
        let account = Account::open(&found.net, &metadata, resource, custody, system_clock()).await;
        let account = account.map_err(|e| text(&e))?;
        account.adopt(tokens).await?;
        Ok(account)
    }
}

/// The browser: goes where it is sent, as far as this machine.
async fn visit(mut place: Url) {
    let net = Net::new(Reach::Own).expect("a way out");
    for _ in 0..5 {
        let Ok(request) = net.request(reqwest::Method::GET, &place) else { return };
        let Ok(answer) = net.fetch(request).await else { return };
        let next = answer.headers.get("location").and_then(|to| to.to_str().ok()).and_then(|to| place.join(to).ok());
        let Some(next) = next else { return };
        place = next;
    }
}

async fn answer(said: &mut mpsc::Receiver<Said>, id: u64) -> Result<Value, String> {
    loop {
        match said.recv().await {
            Some(Said::Message(bytes)) => {
                let message: Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
                if message["id"] == json!(id) {
                    return Ok(message);
                }
            }
            Some(Said::Failed { fault, .. }) => return Err(format!("{fault:?}")),
            Some(Said::Closed(why)) => return Err(why),
            None => return Err("the session is over".into()),
        }
    }
}

async fn run(server: Url) -> Result<(), String> {
    let context = std::env::var("MCP_CONFORMANCE_CONTEXT").unwrap_or_default();
    let context = serde_json::from_str(&context).unwrap_or(Value::Null);
    let person =
        Person { server: server.clone(), context, account: tokio::sync::Mutex::default(), logins: Mutex::default() };
    let net = Net::new(Reach::of(&server).await.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    let (tell, mut said) = mpsc::channel(64);
    let session = Session::open(net, Endpoint::new(server, &[])?, Some(Arc::new(person)), tell)?;
    let send = |message: Value| {
        let session = session.clone();
        async move { session.send(Bytes::from(message.to_string())).await.map_err(|fault| format!("{fault:?}")) }
    };
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {},
                       "clientInfo": {"name": "consentry", "version": env!("CARGO_PKG_VERSION")}});
    send(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})).await?;
    answer(&mut said, 1).await?;
    send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
    send(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}})).await?;
    let listed = answer(&mut said, 2).await?;
    if let Some(tool) = listed["result"]["tools"][0]["name"].as_str() {
        let params = json!({"name": tool, "arguments": {}});
        send(json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params})).await?;
        answer(&mut said, 3).await?;
    }
    session.close().await;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let server = std::env::args().nth(1).and_then(|url| Url::parse(&url).ok());
    let Some(server) = server else {
        eprintln!("usage: conformance URL");
        return ExitCode::from(2);
    };
    match tokio::time::timeout(Duration::from_secs(40), run(server)).await {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(why)) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
        Err(_) => ExitCode::FAILURE,
    }
}
