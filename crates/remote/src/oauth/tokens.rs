//! Step five: what came of a login.

use super::identity::Kept as KeptClient;
use super::{Client, Issuer, Scopes, TokenFacts};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The form in which tokens are kept; one that is not known is not read.
const FORM: u32 = 1;

/// The longest token that is taken, in bytes.
const LONGEST: usize = 64 * 1024;

/// What came of a login: for one resource, from one authorization server, to one client.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// What proves who asks, at the resource and nowhere else.
    pub access: SecretString,
    /// What gets the next ones, at the issuer and nowhere else.
    pub refresh: Option<SecretString>,
    /// When they were asked for, by our clock.
    pub received_at_ms: i64,
    /// When the access token ends, by our clock, where that was said.
    pub expires_at_ms: Option<i64>,
    /// What it may be used for, as granted.
    pub scopes: Scopes,
    /// What was asked for.
    pub asked: Scopes,
    /// The resource they were asked for.
    pub resource: String,
    /// Who we are at the issuer.
    pub client: Client,
    /// The refresh token may have been sent already: it is never sent again.
    pub(super) spent: bool,
    /// The refresh token was used before and stayed the same: this issuer doesn't rotate them.
    pub(super) lasting: bool,
}

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    form: u32,
    access: Cow<'a, str>,
    refresh: Option<Cow<'a, str>>,
    received_at_ms: i64,
    expires_at_ms: Option<i64>,
    scopes: Scopes,
    asked: Scopes,
    resource: Cow<'a, str>,
    client: KeptClient<'a>,
    spent: bool,
    lasting: bool,
}

impl Tokens {
    /// Whose they are.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.client.issuer
    }

    /// Whether they can be made fresh without the person.
    #[must_use]
    pub fn can_refresh(&self) -> bool {
        self.refresh.is_some() && !self.spent
    }

    /// A name for the access token in logs, which says nothing of it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.access)
    }

    /// What the access token says of itself, where it can be read. Not verified: for findings alone.
    #[must_use]
    pub fn facts(&self) -> Option<TokenFacts> {
        TokenFacts::of(&self.access)
    }

    /// All of it as one secret.
    ///
    /// # Errors
    /// Never in practice: a sentence where it can't be written.
    pub fn to_secret(&self) -> Result<SecretString, String> {
        let kept = Kept {
            form: FORM,
            access: Cow::Borrowed(self.access.expose_secret()),
            refresh: self.refresh.as_ref().map(|r| Cow::Borrowed(r.expose_secret())),
            received_at_ms: self.received_at_ms,
            expires_at_ms: self.expires_at_ms,
            scopes: self.scopes.clone(),
            asked: self.asked.clone(),
            resource: Cow::Borrowed(&self.resource),
            client: self.client.keep(),
            spent: self.spent,
            lasting: self.lasting,
        };
        serde_json::to_string(&kept).map(SecretString::from).map_err(|_| "the tokens can't be written".into())
    }

    /// Back from what [`Self::to_secret`] made.
    ///
    /// # Errors
    /// A sentence where it was something else; it quotes nothing.
    pub fn from_secret(secret: &SecretString) -> Result<Self, String> {
        let unread = || "what is kept of the login can't be read".to_owned();
        let kept: Kept<'_> = serde_json::from_str(secret.expose_secret()).map_err(|_| unread())?;
        let fits = kept.form == FORM && is_token(&kept.access) && kept.refresh.as_deref().is_none_or(is_token);
        if !fits {
            return Err(unread());
        }
        Ok(Self {
            access: kept.access.into_owned().into(),
            refresh: kept.refresh.map(|r| r.into_owned().into()),
            received_at_ms: kept.received_at_ms,
            expires_at_ms: kept.expires_at_ms,
            scopes: kept.scopes,
            asked: kept.asked,
            resource: kept.resource.into_owned(),
            client: Client::kept(kept.client),
            spent: kept.spent,
            lasting: kept.lasting,
        })
    }
}

/// A name for a token in logs: part of a hash under a label of its own, so that it is of no use anywhere else.
pub(super) fn fingerprint(token: &SecretString) -> String {
    let mut hash = Sha256::new();
    hash.update(b"consentry access token, for logs\0");
    hash.update(token.expose_secret().as_bytes());
    let mut name = hex::encode(hash.finalize());
    name.truncate(16);
    name
}

/// Whether a text can be a token: what goes into a header must not be able to end it.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::super::account::sample;
    use super::*;

    #[test]
    fn tokens_come_back_as_they_were_kept_and_are_never_shown() {
        let mut tokens = sample("the-access-token", Some("the-refresh-token"), 5);
        tokens.spent = true;
        let kept = tokens.to_secret().unwrap();
        let back = Tokens::from_secret(&kept).unwrap();
        assert_eq!(back.access.expose_secret(), "the-access-token");
        assert_eq!(back.refresh.as_ref().unwrap().expose_secret(), "the-refresh-token");
        assert_eq!(
            (back.expires_at_ms, &back.scopes, back.issuer()),
            (tokens.expires_at_ms, &tokens.scopes, tokens.issuer())
        );
        assert!(back.spent && !back.can_refresh());
        let shown = format!("{tokens:?} {kept:?} {}", tokens.fingerprint());
        assert!(!shown.contains("the-access") && !shown.contains("the-refresh"), "{shown}");
        assert_eq!(tokens.fingerprint().len(), 16);
    }

    #[test]
    fn what_is_not_ours_is_not_read_and_not_quoted() {
        let good = sample("a", None, 0).to_secret().unwrap();
        for bad in [
            "",
            "{}",
            "null",
            "hunter2",
            &good.expose_secret().replace("\"form\":1", "\"form\":2"),
            &good.expose_secret().replace("\"access\":\"a\"", "\"access\":\"a\\r\\nx: y\""),
        ] {
            let why = Tokens::from_secret(&SecretString::from(bad)).unwrap_err();
            assert_eq!(why, "what is kept of the login can't be read", "{bad}");
        }
    }
}
