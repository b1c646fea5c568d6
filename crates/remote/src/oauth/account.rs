//! Step six: the one place that has the tokens for a server, hands the access token out, and keeps it fresh.
//!
//! # What a crash can cost
//! A refresh token that rotates can be used once: sent a second time, it tells the authorization server that it was stolen,
//! which ends everything that came of the login. So before one is sent, it is *marked as spent* where it is kept, durably;
//! and new tokens are kept before they are handed out. The process can end
//!
//! 1. before the mark is kept: nothing is lost;
//! 2. between the mark and the first byte on the wire: the person must log in again though the token was good. This is
//!    the price, and the window is as short as making a connection;
//! 3. between the first byte and the new tokens being kept: the person must log in again, for whatever the server gave is
//!    gone. No order of steps on this side can mend that;
//! 4. after that: nothing is lost.
//!
//! Where the mark stands when we start, the refresh token in it is never sent; the access token beside it serves until it
//! ends. A request that surely did not reach the server, or that it says it did not take, takes the mark back. One whose
//! answer is lost leaves the mark. The exception is a token that was used before and stayed as it was: that server does
//! not rotate, no mark is made for it, and what is lost on the way is tried again. So no refresh token is ever reused,
//! but for a server that gives up not rotating at the very moment an answer of its gets lost.

mod held;
mod refresh;

pub use held::{Known, Need, Standing};

use super::document::may_name;
use super::revocation::{Revoked, revoke};
use super::{Clock, Custody, OauthFault, Scopes, ServerMetadata, Tokens};
use crate::bearer::Bearer;
use crate::challenge::Challenge;
use crate::net::Net;
use futures_util::future::BoxFuture;
use held::{Held, Look};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedMutexGuard, watch};

/// Whose turn it is to change anything: one at a time.
type Turn = OwnedMutexGuard<()>;

/// One login at one server: hands out its access token, and keeps it fresh for any number of callers.
#[derive(Clone)]
pub struct Account(Arc<Inner>);

struct Inner {
    net: Net,
    server: ServerMetadata,
    resource: String,
    custody: Arc<dyn Custody>,
    clock: Clock,
    held: Mutex<Held>,
    turn: Arc<tokio::sync::Mutex<()>>,
    standing: watch::Sender<Standing>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("issuer", &self.0.server.issuer)
            .field("resource", &self.0.resource)
            .field("standing", &*self.0.standing.borrow())
            .finish_non_exhaustive()
    }
}

impl Account {
    /// The account for a resource at the authorization server that guards it *now*. What is kept of another one is sent
    /// nowhere: then a login is needed.
    ///
    /// # Errors
    /// [`OauthFault::Refused`] where the token endpoint may not be reached from here.
    pub async fn open(
        net: &Net,
        server: &ServerMetadata,
        resource: &str,
        custody: Arc<dyn Custody>,
        clock: Clock,
    ) -> Result<Self, OauthFault> {
        may_name(net, &server.token_endpoint, &server.token_endpoint)?;
        let inner = Arc::new(Inner {
            net: net.clone(),
            server: server.clone(),
            resource: resource.to_owned(),
            custody,
            clock,
            held: Mutex::default(),
            turn: Arc::default(),
            standing: watch::Sender::new(Standing::NeedsLogin(Need::First)),
        });
        let turn = inner.turn.clone().lock_owned().await;
        inner.read_kept().await;
        drop(turn);
        Ok(Self(inner))
    }

    /// How it stands, and every change of that.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.0.standing.subscribe()
    }

    /// What is known of its access token, where it has one.
    #[must_use]
    pub fn known(&self) -> Option<Known> {
        self.0.held().known()
    }

    /// Takes what came of a login in place of what there was. It is kept first.
    ///
    /// # Errors
    /// A sentence where it is for another server, or can't be kept. Then nothing has changed.
    pub async fn adopt(&self, tokens: Tokens) -> Result<(), String> {
        let inner = self.0.clone();
        if let Some(need) = inner.misplaced(&tokens) {
            return Err(need.to_string());
        }
        // In a task of its own: whoever asked may give up, but half of it is not done.
        let adopting = tokio::spawn(async move {
            let _turn = inner.turn.clone().lock_owned().await;
            inner.store(&tokens).await?;
            inner.held().logged_in(tokens);
            inner.publish();
            Ok(())
        });
        adopting.await.unwrap_or_else(|_| Err("the login could not be kept".into()))
    }

    /// Forgets the tokens and gives them back, each whatever becomes of the other.
    ///
    /// # Errors
    /// A sentence where they can't be forgotten.
    pub async fn log_out(&self) -> Result<Option<Revoked>, String> {
        let inner = self.0.clone();
        let leaving = tokio::spawn(async move {
            let _turn = inner.turn.clone().lock_owned().await;
            let tokens = inner.held().leave();
            inner.publish();
            // First, so that a crash leaves nothing that would be used again.
            let forgotten = inner.custody.forget().await;
            let revoked = match tokens {
                Some(tokens) => Some(revoke(&inner.net, &inner.server, &tokens).await),
                None => None,
            };
            forgotten.map(|()| revoked)
        });
        leaving.await.unwrap_or_else(|_| Err("the login could not be forgotten".into()))
    }
}

impl Bearer for Account {
    fn token<'a>(&'a self) -> BoxFuture<'a, Result<Option<SecretString>, String>> {
        Box::pin(self.0.token())
    }

    fn refused<'a>(
        &'a self,
        token: Option<&'a SecretString>,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<bool, String>> {
        Box::pin(self.0.refused(token, challenge))
    }
}

impl Inner {
    async fn token(self: &Arc<Self>) -> Result<Option<SecretString>, String> {
        match self.look() {
            Look::Fresh(token) => return Ok(Some(token)),
            Look::Early(token) => {
                // It still serves, so nobody waits for the next one.
                if let Ok(turn) = self.turn.clone().try_lock_owned() {
                    drop(tokio::spawn(self.clone().renew(turn)));
                }
                return Ok(Some(token));
            }
            Look::None(why) => return Err(why),
            Look::Stale => {}
        }
        let turn = self.turn.clone().lock_owned().await;
        // Whoever had the turn before may have done it.
        if matches!(self.look(), Look::Stale) {
            self.in_own_task(turn).await;
        }
        match self.look() {
            Look::Fresh(token) | Look::Early(token) => Ok(Some(token)),
            Look::None(why) => Err(why),
            Look::Stale => Err(format!("{} gave no token that lasts", self.server.issuer)),
        }
    }

    async fn refused(self: &Arc<Self>, token: Option<&SecretString>, challenge: &Challenge) -> Result<bool, String> {
        let Some(token) = token else { return Ok(matches!(self.look(), Look::Fresh(_) | Look::Early(_))) };
        if challenge.status != 401 {
            if challenge.wants_scopes() {
                self.held().want(&challenge.scope.as_deref().map(Scopes::parse).unwrap_or_default());
                self.publish();
            }
            return Ok(false);
        }
        self.held().refuse(token, (self.clock)());
        self.publish();
        // Where it was the one that is held, this makes another; where it was an older one, another is there.
        Ok(match self.token().await {
            Ok(Some(other)) => other.expose_secret() != token.expose_secret(),
            Ok(None) | Err(_) => false,
        })
    }

    /// Renews the tokens, whoever asked for it going away or not: a new refresh token must not be lost with them.
    async fn in_own_task(self: &Arc<Self>, turn: Turn) {
        if tokio::spawn(self.clone().renew(turn)).await.is_err() {
            tracing::error!("refreshing the token for {} broke off", self.server.issuer);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) -> Look {
        let look = self.held().look((self.clock)());
        if matches!(look, Look::None(_)) {
            // Time alone can end what a token without a successor is good for.
            self.publish();
        }
        look
    }

    /// Says how it stands now, where that has changed.
    fn publish(&self) {
        let standing = self.held().standing((self.clock)());
        self.standing.send_if_modified(|before| {
            let changed = *before != standing;
            *before = standing;
            changed
        });
    }

    /// Why tokens are not for here, if they are not.
    fn misplaced(&self, tokens: &Tokens) -> Option<Need> {
        let here = *tokens.issuer() == self.server.issuer && tokens.resource == self.resource;
        (!here).then(|| Need::Moved(self.server.issuer.to_string()))
    }

    async fn store(&self, tokens: &Tokens) -> Result<(), String> {
        self.custody.store(tokens.to_secret()?).await
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use tests::tokens as sample;
