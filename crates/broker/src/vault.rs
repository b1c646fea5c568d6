//! What is kept in the operating system's keychain. The only file that names it.
//!
//! For now one key per home: the one that authenticates stored decisions.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long the keychain may take; one that waits for a password prompt nobody answers must not hold up the start.
const PATIENCE: Duration = Duration::from_secs(5);

/// The key that authenticates decisions.
pub(crate) struct Seal {
    key: Zeroizing<[u8; 32]>,
    fault: Option<String>,
}

impl Seal {
    /// The key of this home: from the keychain, made there on first use. Without a keychain the key lives in memory,
    /// so that what was decided ends with this run.
    pub(crate) async fn open(data: &Path) -> Self {
        let account = data.to_string_lossy().into_owned();
        let load = tokio::task::spawn_blocking(move || load(&account));
        let fault = match tokio::time::timeout(PATIENCE, load).await {
            Ok(Ok(Ok(key))) => return Self { key, fault: None },
            Ok(Ok(Err(why))) => why,
            Ok(Err(_)) => "the keychain could not be asked".into(),
            Err(_) => "the keychain did not answer in 5 seconds; it may be locked".into(),
        };
        Self { key: fresh(), fault: Some(fault) }
    }

    /// Why the key is not in the keychain, if it is not.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
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

fn load(account: &str) -> Result<Zeroizing<[u8; 32]>, String> {
    let entry = keyring::Entry::new("consentry decisions", account).map_err(words)?;
    match entry.get_secret() {
        Ok(secret) => {
            let secret = Zeroizing::new(secret);
            let key: [u8; 32] =
                secret.as_slice().try_into().map_err(|_| "the key in the keychain has another length".to_owned())?;
            Ok(Zeroizing::new(key))
        }
        Err(keyring::Error::NoEntry) => {
            let key = fresh();
            entry.set_secret(key.as_slice()).map_err(words)?;
            Ok(key)
        }
        Err(e) => Err(words(e)),
    }
}

fn words(e: keyring::Error) -> String {
    match e {
        keyring::Error::NoStorageAccess(_) => "the keychain can't be reached or is locked".into(),
        keyring::Error::PlatformFailure(_) | keyring::Error::NoDefaultStore => "there is no keychain service".into(),
        other => format!("the keychain failed: {other}"),
    }
}
