//! One login: planned, shown to the person, led through the browser, and kept.

use super::{Guard, Guarded, custody};
use crate::upstream::Remote;
use crate::vault::Kind;
use remote::oauth::{
    Callback, Client, Discovery, Given, Identity, Login, Origin, Redirect, Scopes, ServerMetadata,
    authorization_server, discover, identify, system_clock,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;
use wire::view::{LoginPlanView, ScopeView};
use zeroize::{Zeroize, Zeroizing};

/// How long a person may take in the browser.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// A login that could be made, as it was found out and shown.
pub(crate) struct Plan {
    id: Uuid,
    discovery: Discovery,
    metadata: ServerMetadata,
    /// What was asked for before and what is missing now.
    offered: Scopes,
}

/// What came of registering at an authorization server, as it is kept.
#[derive(Serialize, Deserialize)]
struct Registered {
    client: String,
    /// What it may ask for: some refuse what a client did not register for.
    scopes: Scopes,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.client.zeroize();
    }
}

/// What came of a login.
pub(crate) struct LoggedIn {
    pub(crate) issuer: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) fingerprint: String,
    /// What the issuer gave though it was not ticked.
    pub(crate) beyond: Vec<String>,
}

impl Guarded {
    /// Finds out who guards the server, and what a login there would ask for.
    ///
    /// # Errors
    /// One sentence: what can't be found out, or must not be relied on.
    pub(crate) async fn plan(&self, name: &str, remote: &Remote) -> Result<LoginPlanView, String> {
        let challenge = self.state().challenge.clone();
        let discovery = discover(&self.url, challenge.as_ref()).await.map_err(|e| e.to_string())?;
        let (metadata, mut offered) = (guarding(&discovery).await?, discovery.scopes.clone());
        let standing = self.account().await?.map(|account| account.standing());
        let (mut had, mut missing) = (Scopes::default(), false);
        match standing.as_ref().map(|s| s.borrow().clone()) {
            Some(remote::oauth::Standing::Ready { scopes, .. }) => had = scopes,
            Some(remote::oauth::Standing::NeedsScopes { scopes, .. }) => {
                missing = true;
                offered = scopes;
                if let Some(challenged) = challenge.as_ref().and_then(|c| c.scope.as_deref()) {
                    let new = Scopes::parse(challenged);
                    had = offered.iter().filter(|s| !new.iter().any(|n| n == *s)).collect();
                }
            }
            _ => {}
        }
        offered = allowed(offered.union(&had), remote)?;
        let plan = Plan { id: Uuid::now_v7(), discovery, metadata, offered };
        let view = plan.view(name, &had, missing);
        self.state().plan = Some(Arc::new(plan));
        Ok(view)
    }

    /// Begins the login that was shown, for the scopes that were left ticked. `remote` holds its secrets themselves; `open`
    /// is given the place to log in; the rest goes on by itself, and `done` is told what came of it.
    ///
    /// # Errors
    /// One sentence: nothing was opened.
    pub(crate) async fn log_in(
        self: &Arc<Self>,
        plan: &str,
        chosen: &[String],
        remote: &Remote,
        open: impl FnOnce(&Url) -> Result<(), String>,
        done: impl FnOnce(Result<LoggedIn, String>) + Send + 'static,
    ) -> Result<(), String> {
        let stale = || "the login that you were shown is no longer the one that would be made; look again".to_owned();
        let plan = self.state().plan.clone().filter(|p| p.id.to_string() == plan).ok_or_else(stale)?;
        let chosen: Scopes = chosen.iter().map(String::as_str).collect();
        if !plan.offered.holds(&chosen) {
            return Err(stale());
        }
        // A request that names no scope leaves it to the issuer, which may give more than any that was ticked.
        if chosen.is_empty() && !plan.offered.is_empty() {
            return Err(
                "nothing is ticked, and a login for nothing in particular may give more; tick what you need".into()
            );
        }
        let net = &plan.discovery.net;
        let known = self.registered(&plan.metadata, &chosen).await?;
        let callback = callback(remote, known.as_ref()).await?;
        let client = self.client(&plan, remote, (callback.redirect_uri(), &chosen), known).await?;
        let resource = plan.discovery.resource.resource.clone();
        let login = Login::begin(net, &plan.metadata, client, callback, &resource, &chosen, system_clock());
        let login = login.map_err(|e| e.to_string())?;
        let stop = CancellationToken::new();
        if let Some(before) = self.state().under_way.replace(stop.clone()) {
            before.cancel();
        }
        self.state().fault = None;
        if let Err(why) = open(login.url()) {
            self.state().under_way = None;
            return Err(why);
        }
        (self.tell)();
        let guarded = self.clone();
        tokio::spawn(async move {
            let came = guarded.finish(login, &plan, (resource, chosen), &stop).await;
            {
                let mut state = guarded.state();
                if !stop.is_cancelled() {
                    state.under_way = None;
                }
                state.fault = came.as_ref().err().map(|why| format!("The login came to nothing: {why}."));
            }
            (guarded.tell)();
            done(came);
        });
        Ok(())
    }

    /// Ends a login that is under way.
    pub(crate) fn stop_login(&self) {
        if let Some(under_way) = self.state().under_way.take() {
            under_way.cancel();
        }
        (self.tell)();
    }

    async fn finish(
        &self,
        login: Login,
        plan: &Plan,
        (resource, ticked): (String, Scopes),
        stop: &CancellationToken,
    ) -> Result<LoggedIn, String> {
        let tokens = login.finish(PATIENCE, stop).await.map_err(|e| e.to_string())?;
        let logged_in = LoggedIn {
            issuer: plan.metadata.issuer.to_string(),
            scopes: tokens.scopes.iter().map(str::to_owned).collect(),
            fingerprint: tokens.fingerprint(),
            beyond: super::beyond(&tokens.scopes, &ticked),
        };
        let guard = Guard { metadata: plan.metadata.clone(), resource, ticked: Some(ticked) };
        // Whom the tokens belong to is kept first: without it they would never be sent anywhere.
        self.keep_guard(&guard).await?;
        self.enter(&guard).await?.adopt(tokens).await?;
        let mut state = self.state();
        (state.challenge, state.plan, state.left) = (None, None, false);
        Ok(logged_in)
    }

    /// Who we are there: what the person gave, what was registered before, or a new registration.
    async fn client(
        &self,
        plan: &Plan,
        remote: &Remote,
        (redirect, chosen): (&Url, &Scopes),
        registered: Option<Client>,
    ) -> Result<Client, String> {
        let known = registered.is_some();
        let secret = remote.client_secret.clone().map(SecretString::from);
        let given = remote.client_id.clone().map(|id| Given { id, secret });
        let ours = Identity { given, document: None, registered };
        // Registering for all that may be wanted later gives nothing; what a token can do is chosen each time.
        let listed = plan.discovery.resource.scopes_supported.clone().unwrap_or_default();
        let scopes = plan.offered.union(&listed).union(chosen);
        let client = identify(&plan.discovery.net, &self.url, &plan.metadata, &ours, redirect, &scopes).await;
        let client = client.map_err(|e| e.to_string())?;
        if !known && client.origin == Origin::Registered {
            let registered = Registered { client: client.to_secret()?.expose_secret().to_owned(), scopes };
            let kept = Zeroizing::new(serde_json::to_string(&registered).map_err(|e| e.to_string())?);
            self.seal.keep(Kind::Login, &client_key(&plan.metadata), kept).await?;
        }
        Ok(client)
    }

    /// The client that was registered there before, where it may ask for all of these.
    async fn registered(&self, metadata: &ServerMetadata, wanted: &Scopes) -> Result<Option<Client>, String> {
        let Some(kept) = custody::fetch(&self.seal, &client_key(metadata)).await? else { return Ok(None) };
        let unreadable = || "what is kept of the registration can't be read".to_owned();
        let registered: Registered = serde_json::from_slice(&kept).map_err(|_| unreadable())?;
        if !registered.scopes.holds(wanted) {
            return Ok(None);
        }
        Client::from_secret(&SecretString::from(registered.client.clone())).map(Some)
    }
}

/// Where the browser comes back to. A client that somebody else registered has a fixed path; that of ours is nobody's to
/// guess, and stays as it was registered, while the port may be another each time (RFC 8252 section 7.3).
async fn callback(remote: &Remote, known: Option<&Client>) -> Result<Callback, String> {
    let redirect = match (&remote.client_id, known.and_then(|client| client.redirect.as_ref())) {
        (Some(_), _) => Redirect::agreed(remote.callback_port, "/callback"),
        (None, Some(known)) => Redirect::agreed(None, known.path()),
        (None, None) => Redirect::fresh(),
    };
    Callback::bind(&redirect.map_err(|e| e.to_string())?).await.map_err(|e| e.to_string())
}

/// What may be asked for of what is offered, where the person or their administrator said what may be.
fn allowed(offered: Scopes, remote: &Remote) -> Result<Scopes, String> {
    if remote.scopes.is_empty() {
        return Ok(offered);
    }
    let allowed = Scopes::from(remote.scopes.clone());
    // Where it asks for nothing in particular, asking for nothing could give anything.
    if offered.is_empty() {
        return Ok(allowed);
    }
    let left: Scopes = offered.iter().filter(|scope| allowed.iter().any(|a| a == *scope)).collect();
    match left.is_empty() {
        true => Err(format!(
            "it asks for {}, and `oauth.scopes` in servers.json allows none of that",
            wire::text::escaped(&offered.to_string())
        )),
        false => Ok(left),
    }
}

/// Registrations belong to who issued them, whatever server they are used for.
fn client_key(metadata: &ServerMetadata) -> String {
    format!("client-{}", gate::call::Digest::of("consentry issuer 1", &[metadata.issuer.as_str().as_bytes()]))
}

/// The registered domain of a URL, else its host.
fn owner(url: &Url) -> Option<String> {
    gate::meaning::marks::address(url.as_str()).map(|address| address.domain)
}

/// The first of those that guard a server that can be asked.
async fn guarding(discovery: &Discovery) -> Result<ServerMetadata, String> {
    let mut why = "nobody is said to guard it".to_owned();
    for issuer in &discovery.issuers {
        match authorization_server(&discovery.net, &discovery.server, issuer).await {
            Ok(metadata) => return Ok(metadata),
            Err(fault) => why = fault.to_string(),
        }
    }
    Err(why)
}

impl Plan {
    fn view(&self, name: &str, had: &Scopes, missing: bool) -> LoginPlanView {
        let scopes = self.offered.iter().map(|scope| {
            let meaning = gate::meaning::scopes::scope(scope);
            let held = had.iter().any(|h| h == scope);
            ScopeView {
                name: scope.to_owned(),
                words: meaning.words.to_owned(),
                risky: meaning.risky,
                new: missing && !held,
                // No more than was asked for: what a server merely lists, and reaches far, is left for the person to add.
                ticked: held || missing || !meaning.risky || !self.offered_by_metadata(),
                ..ScopeView::default()
            }
        });
        let (server, issuer) = (&self.discovery.server, self.metadata.issuer.url());
        LoginPlanView {
            id: self.id.to_string(),
            server: name.to_owned(),
            url: server.to_string(),
            host: server.host_str().unwrap_or_default().to_owned(),
            issuer: self.metadata.issuer.as_str().to_owned(),
            issuer_host: issuer.host_str().unwrap_or_default().to_owned(),
            same_owner: owner(server) == owner(issuer),
            encrypted: server.scheme() == "https" && issuer.scheme() == "https",
            claimed: self.discovery.resource.resource_name.clone(),
            scopes: scopes.collect(),
            adds: missing,
        }
    }

    /// Whether the scopes are all that the server lists, rather than what a call of ours was found to need.
    fn offered_by_metadata(&self) -> bool {
        self.discovery.resource.scopes_supported.as_ref().is_some_and(|all| all.holds(&self.offered))
    }
}
