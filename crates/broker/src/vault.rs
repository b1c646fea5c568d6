//! What is kept in the operating system's keychain. The only file that names it.
//!
//! Per home one key, which authenticates stored decisions; what stood in clients' files before, where it is secret; and
//! the values of servers' variables that are; and the tokens for servers elsewhere.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long the keychain may take; one that waits for a password prompt nobody answers must not hold up the start.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the keychain holds: the key, then the number of the state sealed last, big endian.
const LENGTH: usize = 40;

/// What a secret of ours is, as the keychain names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What stood in a client's file.
    Original,
    /// The value of a server's variable.
    Variable,
    /// A login: tokens, and who we are where they come from.
    Login,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Original => "consentry originals",
            Self::Variable => "consentry variables",
            Self::Login => "consentry logins",
        }
    }
}

/// The key that authenticates decisions, and the number of the state it sealed last.
pub(crate) struct Seal {
    key: Zeroizing<[u8; 32]>,
    number: AtomicU64,
    account: String,
    fault: Option<String>,
}

impl Seal {
    /// The key of this home: from the keychain, made there on first use. Without a keychain the key lives in memory,
    /// so that what was decided ends with this run.
    pub(crate) async fn open(data: &Path) -> Self {
        let account = data.to_string_lossy().into_owned();
        let whose = account.clone();
        let load = tokio::task::spawn_blocking(move || load(&whose));
        let fault = match tokio::time::timeout(PATIENCE, load).await {
            Ok(Ok(Ok((key, number)))) => return Self { key, number: AtomicU64::new(number), account, fault: None },
            Ok(Ok(Err(why))) => why,
            Ok(Err(_)) => "the keychain could not be asked".into(),
            Err(_) => "the keychain did not answer in 5 seconds; it may be locked".into(),
        };
        Self { key: fresh(), number: AtomicU64::new(0), account, fault: Some(fault) }
    }

    /// A key of its own, that ends with the test.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        Self { key: fresh(), number: AtomicU64::new(0), account: String::new(), fault: Some("a test".into()) }
    }

    /// The number of the state sealed last.
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// Keeps the number of the state that is sealed now. Without a keychain it ends with this run, as the key does. A
    /// keychain that went away keeps the number it had: the decision holds, but for now an older one could come back.
    pub(crate) async fn set_number(&self, number: u64) {
        self.number.store(number, Ordering::Release);
        if self.fault.is_some() {
            return;
        }
        let (account, secret) = (self.account.clone(), secret(&self.key, number));
        let store = tokio::task::spawn_blocking(move || entry(&account)?.set_secret(secret.as_slice()).map_err(words));
        let why = match tokio::time::timeout(PATIENCE, store).await {
            Ok(Ok(Ok(()))) => return,
            Ok(Ok(Err(why))) => why,
            Ok(Err(_)) | Err(_) => "the keychain did not answer".into(),
        };
        tracing::warn!("the number of the last decision could not be kept: {why}");
    }

    /// Why the key is not in the keychain, if it is not.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Puts a secret into the keychain under a name of ours.
    pub(crate) async fn keep(&self, kind: Kind, name: &str, secret: Zeroizing<String>) -> Result<(), String> {
        self.in_keychain(kind, name, move |entry| entry.set_secret(secret.as_bytes())).await
    }

    /// A secret by its name.
    pub(crate) async fn kept(&self, kind: Kind, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        self.in_keychain(kind, name, |entry| entry.get_secret().map(Zeroizing::new)).await
    }

    /// A secret by its name, if there is one.
    pub(crate) async fn find(&self, kind: Kind, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        self.in_keychain(kind, name, |entry| match entry.get_secret() {
            Ok(held) => Ok(Some(Zeroizing::new(held))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(e) => Err(e),
        })
        .await
    }

    /// Takes a secret out of the keychain; one that is not there is gone already.
    pub(crate) async fn forget(&self, kind: Kind, name: &str) -> Result<(), String> {
        self.in_keychain(kind, name, |entry| match entry.delete_credential() {
            Err(keyring::Error::NoEntry) => Ok(()),
            other => other,
        })
        .await
    }

    async fn in_keychain<T: Send + 'static>(
        &self,
        kind: Kind,
        name: &str,
        act: impl FnOnce(keyring::Entry) -> Result<T, keyring::Error> + Send + 'static,
    ) -> Result<T, String> {
        let account = format!("{}#{name}", self.account);
        let asked = tokio::task::spawn_blocking(move || {
            act(keyring::Entry::new(kind.word(), &account).map_err(words)?).map_err(words)
        });
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) | Err(_) => Err("the keychain did not answer".into()),
        }
    }

    /// The MAC over labelled, length-prefixed parts.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes keys of any length, so this can't fail; a MAC that nothing matches is the safe answer if it did.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_slice()) else { return [0; 32] };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").field("fault", &self.fault).finish_non_exhaustive()
    }
}

fn fresh() -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // Without randomness no key is safe to use: an all-zero key is never stored, and rows under it die with the run.
    if getrandom::fill(key.as_mut_slice()).is_err() {
        tracing::error!("the operating system gives no randomness");
    }
    key
}

fn entry(account: &str) -> Result<keyring::Entry, String> {
    keyring::Entry::new("consentry decisions", account).map_err(words)
}

fn secret(key: &[u8; 32], number: u64) -> Zeroizing<Vec<u8>> {
    let mut secret = Zeroizing::new(Vec::with_capacity(LENGTH));
    secret.extend_from_slice(key);
    secret.extend_from_slice(&number.to_be_bytes());
    secret
}

fn load(account: &str) -> Result<(Zeroizing<[u8; 32]>, u64), String> {
    let entry = entry(account)?;
    match entry.get_secret() {
        Ok(held) => {
            let held = Zeroizing::new(held);
            let length = || "the key in the keychain has another length".to_owned();
            let (key, number) = held.split_at_checked(32).ok_or_else(length)?;
            let key: [u8; 32] = key.try_into().map_err(|_| length())?;
            let number: [u8; 8] = number.try_into().map_err(|_| length())?;
            Ok((Zeroizing::new(key), u64::from_be_bytes(number)))
        }
        Err(keyring::Error::NoEntry) => {
            let key = fresh();
            entry.set_secret(secret(&key, 0).as_slice()).map_err(words)?;
            Ok((key, 0))
        }
        Err(e) => Err(words(e)),
    }
}

fn words(e: keyring::Error) -> String {
    match e {
        keyring::Error::NoStorageAccess(_) => "the keychain can't be reached or is locked".into(),
        keyring::Error::PlatformFailure(_) | keyring::Error::NoDefaultStore => "there is no keychain service".into(),
        keyring::Error::NoEntry => "it is not in the keychain".into(),
        other => format!("the keychain failed: {other}"),
    }
}
