//! Logins at the servers that want one: which there are, and how they stand. Tokens are in the keychain and in memory,
//! and go to the server that they were issued for and to nobody else.

mod custody;
mod login;
mod needs;
mod uses;

pub(crate) use login::LoggedIn;
use login::Plan;
pub(crate) use needs::ScopeNeeds;
pub(crate) use uses::LoginUses;

use crate::upstream::Remote;
use crate::vault::{Kind, Seal};
use custody::Kept;
use gate::call::Digest;
use gate::token::Token;
use remote::bearer::Bearer;
use remote::challenge::Challenge;
use remote::net::{Net, Reach};
use remote::oauth::{Account, Revoked, Scopes, ServerMetadata, Standing, system_clock};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use url::Url;
use wire::view::{LoginState, LoginView};
use zeroize::Zeroizing;

type Future_<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Told when how an account stands may have changed.
pub(crate) type Tell = Arc<dyn Fn() + Send + Sync>;

/// All accounts of one home.
pub(crate) struct Accounts {
    seal: Arc<Seal>,
    tell: Tell,
    held: Mutex<HashMap<Digest, Arc<Guarded>>>,
}

/// Who guards a server, as it was found out when somebody logged in there.
#[derive(Serialize, Deserialize)]
struct Guard {
    metadata: ServerMetadata,
    resource: String,
    /// What the person ticked; of logins that were kept before that was, nothing is known.
    #[serde(default)]
    ticked: Option<Scopes>,
}

/// One server that may want a login.
pub(crate) struct Guarded {
    url: Url,
    key: String,
    seal: Arc<Seal>,
    tell: Tell,
    /// The keychain was looked into; only one looks.
    opened: tokio::sync::Mutex<bool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    account: Option<Account>,
    /// Who gave its tokens, and what the person ticked.
    issuer: String,
    ticked: Option<Scopes>,
    challenge: Option<Challenge>,
    plan: Option<Arc<Plan>>,
    under_way: Option<CancellationToken>,
    /// Why the last login came to nothing.
    fault: Option<String>,
    /// The person logged out, and nothing was asked since.
    left: bool,
}

impl State {
    /// What was given beyond the ticks; nothing where those are not known.
    fn beyond(&self, given: &Scopes) -> Vec<String> {
        self.ticked.as_ref().map(|ticked| beyond(given, ticked)).unwrap_or_default()
    }
}

impl Accounts {
    pub(crate) fn new(seal: Arc<Seal>, tell: Tell) -> Self {
        Self { seal, tell, held: Mutex::default() }
    }

    /// Whoever has the token for this server; nobody where the person gave it a credential of their own.
    pub(crate) fn of(&self, remote: &Remote, identity: Digest) -> Option<Arc<Guarded>> {
        if remote.headers.keys().any(|name| name.eq_ignore_ascii_case("authorization")) {
            return None;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let guarded = held.entry(identity).or_insert_with(|| {
            Arc::new(Guarded {
                url: remote.url.clone(),
                key: identity.to_string(),
                seal: self.seal.clone(),
                tell: self.tell.clone(),
                opened: tokio::sync::Mutex::new(false),
                state: Mutex::default(),
            })
        });
        Some(guarded.clone())
    }

    /// The login at a server that is no longer used: its tokens are given back, in the background.
    pub(crate) fn leave(&self, remote: &Remote, identity: Digest) {
        let Some(guarded) = self.of(remote, identity) else { return };
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&identity);
        tokio::spawn(async move {
            if let Err(why) = guarded.log_out().await {
                tracing::warn!("the login at a server that is no longer used could not be forgotten: {why}");
            }
        });
    }

    /// How the account at this server stands, where anything is known of it.
    pub(crate) fn standing(&self, identity: Digest) -> Option<LoginView> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&identity)?.view()
    }

    /// What is known of the token that goes to this server now.
    pub(crate) fn token(&self, identity: Digest) -> Option<Token> {
        let guarded = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(&identity)?.clone();
        let state = guarded.state();
        let known = state.account.as_ref()?.known()?;
        Some(Token {
            issuer: state.issuer.clone(),
            beyond: state.beyond(&known.scopes),
            scopes: known.scopes.iter().map(str::to_owned).collect(),
            fingerprint: known.fingerprint,
            for_others: known.for_others,
            first_use: false,
            lacks: Vec::new(),
        })
    }
}

impl Guarded {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account, once the keychain was looked into.
    ///
    /// # Errors
    /// One sentence where what is kept can't be read: then nothing is sent.
    async fn account(&self) -> Result<Option<Account>, String> {
        let mut opened = self.opened.lock().await;
        if !*opened {
            if let Some(guard) = self.guard().await? {
                self.enter(&guard).await?;
            }
            *opened = true;
        }
        Ok(self.state().account.clone())
    }

    async fn guard(&self) -> Result<Option<Guard>, String> {
        let Some(kept) = custody::fetch(&self.seal, &format!("{}-guard", self.key)).await? else { return Ok(None) };
        serde_json::from_slice(&kept).map(Some).map_err(|_| "what is kept of the login can't be read".to_owned())
    }

    async fn keep_guard(&self, guard: &Guard) -> Result<(), String> {
        let text = serde_json::to_string(guard).map_err(|e| e.to_string())?;
        self.seal.keep(Kind::Login, &format!("{}-guard", self.key), Zeroizing::new(text)).await
    }

    /// Opens the account at the authorization server that guards this server.
    async fn enter(&self, guard: &Guard) -> Result<Account, String> {
        let reach = Reach::of(&self.url).await.map_err(|e| e.to_string())?;
        let net = Net::new(reach).map_err(|e| e.to_string())?;
        let custody = Arc::new(Kept { seal: self.seal.clone(), key: self.key.clone() });
        let account = Account::open(&net, &guard.metadata, &guard.resource, custody, system_clock()).await;
        let account = account.map_err(|e| e.to_string())?;
        {
            let mut state = self.state();
            state.account = Some(account.clone());
            (state.issuer, state.ticked) = (guard.metadata.issuer.to_string(), guard.ticked.clone());
        }
        let (mut standing, tell) = (account.standing(), self.tell.clone());
        tokio::spawn(async move {
            while standing.changed().await.is_ok() {
                tell();
            }
        });
        Ok(account)
    }

    /// Gives the tokens back and forgets them.
    ///
    /// # Errors
    /// One sentence where they can't be forgotten.
    pub(crate) async fn log_out(&self) -> Result<String, String> {
        if let Some(under_way) = self.state().under_way.take() {
            under_way.cancel();
        }
        let Some(account) = self.account().await? else { return Ok("there was no login".into()) };
        let issuer = self.guard().await?.map(|g| g.metadata.issuer.to_string()).unwrap_or_default();
        let revoked = account.log_out().await?;
        self.seal.forget(Kind::Login, &format!("{}-guard", self.key)).await?;
        {
            let mut state = self.state();
            (state.account, state.challenge, state.left) = (None, None, true);
        }
        (self.tell)();
        Ok(match revoked {
            Some(revoked) if revoked.is_complete() => format!("{issuer} was told that the tokens are void"),
            // Access tokens that carry everything in themselves can't be taken back; they are short-lived.
            Some(Revoked { refresh: Some(Ok(())), .. }) => {
                format!("{issuer} was told that the login is void; a last short-lived token there ends by itself")
            }
            Some(_) => format!("{issuer} could not be told, so end the login there too"),
            None => "there was no token".into(),
        })
    }

    fn view(&self) -> Option<LoginView> {
        let state = self.state();
        let blank = LoginView { fault: state.fault.clone(), ..LoginView::default() };
        let view = match (&state.account, &state.challenge) {
            (None, None) if state.left => {
                LoginView { state: LoginState::Needed, why: "You are logged out there.".into(), ..blank }
            }
            (None, None) => {
                return state.under_way.as_ref().map(|_| LoginView { state: LoginState::UnderWay, ..blank });
            }
            (None, Some(_)) => {
                LoginView { state: LoginState::Needed, why: "This server wants a login.".into(), ..blank }
            }
            (Some(account), _) => {
                let view = of_standing(&account.standing().borrow(), blank);
                let ready = view.state == LoginState::Ready;
                match account.known().filter(|_| ready) {
                    Some(known) => {
                        LoginView { beyond: state.beyond(&known.scopes), for_others: known.for_others, ..view }
                    }
                    None => view,
                }
            }
        };
        let under_way = state.under_way.is_some();
        Some(if under_way { LoginView { state: LoginState::UnderWay, ..view } } else { view })
    }
}

fn of_standing(standing: &Standing, blank: LoginView) -> LoginView {
    let names = |scopes: &remote::oauth::Scopes| scopes.iter().map(str::to_owned).collect::<Vec<_>>();
    match standing {
        Standing::Ready { expires_at_ms, scopes, fingerprint } => LoginView {
            state: LoginState::Ready,
            scopes: names(scopes),
            expires_at: *expires_at_ms,
            fingerprint: fingerprint.clone(),
            ..blank
        },
        Standing::Waiting { why, .. } => {
            LoginView { state: LoginState::Waiting, why: format!("No token just now: {why}."), ..blank }
        }
        Standing::Unkept(why) => LoginView {
            state: LoginState::Waiting,
            why: format!("A new token could not be kept, so none is used: {why}."),
            ..blank
        },
        Standing::NeedsLogin(need) => {
            LoginView { state: LoginState::Needed, why: sentence(&need.to_string()), ..blank }
        }
        Standing::NeedsScopes { scopes, tried } => LoginView {
            state: LoginState::More,
            why: match tried {
                false => "A call needs more rights than you gave.".into(),
                true => "A call needs more rights, and the last login asked for them already.".into(),
            },
            scopes: names(scopes),
            ..blank
        },
    }
}

/// What an issuer gave though nobody asked for it.
fn beyond(given: &Scopes, ticked: &Scopes) -> Vec<String> {
    given.iter().filter(|scope| !ticked.iter().any(|t| t == *scope)).map(str::to_owned).collect()
}

fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

impl Bearer for Guarded {
    fn token<'a>(&'a self) -> Future_<'a, Result<Option<SecretString>, String>> {
        Box::pin(async move {
            // Many servers want no login, and must not depend on a keychain. One that does refuses, and then it is said.
            match self.account().await {
                Ok(Some(account)) => account.token().await,
                Ok(None) | Err(_) => Ok(None),
            }
        })
    }

    fn refused<'a>(
        &'a self,
        token: Option<&'a SecretString>,
        challenge: &'a Challenge,
    ) -> Future_<'a, Result<bool, String>> {
        Box::pin(async move {
            let before = self.view();
            self.state().challenge = Some(challenge.clone());
            let account = self.account().await.map_err(|why| format!("its login can't be used: {why}"))?;
            let again = match &account {
                Some(account) => account.refused(token, challenge).await,
                None => Ok(false),
            };
            // Whoever waits for a change tries again when told: told of nothing new, it would try without end.
            if self.view() != before {
                (self.tell)();
            }
            again
        })
    }
}
