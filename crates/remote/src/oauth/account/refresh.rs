//! One turn of an account: what is kept is read, and where it must be, one refresh token becomes new tokens.
//!
//! Runs in a task of its own, with the turn in its hands, so that nothing is half done when a caller goes away.

use super::super::Tokens;
use super::super::token_endpoint::{Asking, TokenFault};
use super::held::{Look, Need};
use super::{Inner, Turn};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

impl Inner {
    /// Makes the tokens fresh, where they are not.
    pub(super) async fn renew(self: Arc<Self>, _turn: Turn) {
        self.step().await;
        self.publish();
    }

    async fn step(&self) {
        let waiting = self.held().unkept.take();
        if let Some(tokens) = waiting {
            return self.keep(tokens).await;
        }
        // Somebody else may have stored newer ones.
        self.read_kept().await;
        if matches!(self.look(), Look::Fresh(_) | Look::None(_)) {
            return;
        }
        let held = self.held().tokens.clone();
        let Some(tokens) = held.filter(Tokens::can_refresh) else { return };
        if let Some(token) = tokens.refresh.clone() {
            self.refresh(tokens, &token).await;
        }
    }

    /// Reads what is kept, and takes it where it is another than what is held.
    pub(super) async fn read_kept(&self) {
        let kept = match self.custody.load().await {
            Ok(Some(kept)) => Tokens::from_secret(&kept).map_err(Need::Unreadable),
            Ok(None) => Err(Need::First),
            Err(why) => {
                self.held().wait((self.clock)(), format!("the login can't be read: {why}"), true);
                return self.publish();
            }
        };
        let kept = kept.and_then(|tokens| self.misplaced(&tokens).map_or(Ok(tokens), Err));
        {
            let mut held = self.held();
            match kept {
                Ok(kept) => {
                    let ours =
                        held.tokens.as_ref().is_some_and(|t| same(&t.access, &kept.access) && same_refresh(t, &kept));
                    if !ours {
                        held.take(kept);
                    } else if kept.spent && !held.unspent {
                        // A mark that could not be taken back is known to be wrong as long as this process lives.
                        held.spend();
                    }
                }
                Err(need) => {
                    held.tokens = None;
                    held.give_up(need);
                }
            }
        }
        self.publish();
    }

    /// Uses a refresh token, once.
    async fn refresh(&self, mut tokens: Tokens, token: &SecretString) {
        let rotates = !tokens.lasting;
        if rotates {
            tokens.spent = true;
            if let Err(why) = self.store(&tokens).await {
                // Not marked, so not sent.
                let why = format!("the login can't be kept: {why}");
                return self.held().wait((self.clock)(), why, true);
            }
            tokens.spent = false;
        }
        self.held().unspent = false;
        let asking = Asking {
            net: &self.net,
            server: &self.server,
            client: &tokens.client,
            resource: &self.resource,
            asked: &tokens.asked,
            now_ms: (self.clock)(),
        };
        let fault = match asking.refresh(&tokens, token).await {
            Ok(new) => return self.keep(new).await,
            Err(fault) => fault,
        };
        tracing::info!("the token {} was not made fresh: {fault:?}", tokens.fingerprint());
        match fault {
            TokenFault::NotTaken(why) => {
                if rotates {
                    self.unmark(&tokens).await;
                }
                self.pause(why);
            }
            TokenFault::Unknown(why) if !rotates => self.pause(why),
            TokenFault::Unknown(_) => self.held().spend(),
            TokenFault::Void(why) => self.void(&tokens, why).await,
            TokenFault::Refused(why) => {
                self.held().spend();
                self.held().give_up(Need::Void(why));
            }
        }
    }

    fn pause(&self, why: String) {
        self.held().wait((self.clock)(), why, false);
    }

    /// Keeps new tokens, and only then takes them.
    async fn keep(&self, tokens: Tokens) {
        match self.store(&tokens).await {
            Ok(()) => self.held().take(tokens),
            Err(why) => {
                let mut held = self.held();
                held.unkept = Some(tokens);
                held.wait((self.clock)(), format!("the login can't be kept: {why}"), true);
            }
        }
    }

    /// The refresh token was not used: the mark goes.
    async fn unmark(&self, tokens: &Tokens) {
        if let Err(why) = self.store(tokens).await {
            // It stays good as long as this process lives.
            tracing::warn!("the mark of the token {} could not be taken back: {why}", tokens.fingerprint());
            self.held().unspent = true;
        }
    }

    /// The refresh token is void: unless somebody stored another one meanwhile, it is over.
    async fn void(&self, tokens: &Tokens, why: String) {
        self.held().spend();
        if let Ok(Some(kept)) = self.custody.load().await
            && let Ok(kept) = Tokens::from_secret(&kept)
            && self.misplaced(&kept).is_none()
            && !kept.spent
            && !same_refresh(&kept, tokens)
        {
            return self.held().take(kept);
        }
        self.held().give_up(Need::Void(why));
    }
}

fn same(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}

fn same_refresh(a: &Tokens, b: &Tokens) -> bool {
    match (&a.refresh, &b.refresh) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}
