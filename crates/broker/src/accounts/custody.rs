//! Where tokens are kept: one entry of the keychain each.

use crate::vault::{Kind, Seal};
use futures_util::future::BoxFuture;
use remote::oauth::Custody;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The entry of one server's tokens.
pub(super) struct Kept {
    pub(super) seal: Arc<Seal>,
    pub(super) key: String,
}

impl Custody for Kept {
    fn load(&self) -> BoxFuture<'_, Result<Option<SecretString>, String>> {
        Box::pin(async move {
            let Some(kept) = fetch(&self.seal, &self.key).await? else { return Ok(None) };
            let text = std::str::from_utf8(&kept).map_err(|_| "what the keychain holds is no text".to_owned())?;
            Ok(Some(SecretString::from(text.to_owned())))
        })
    }

    fn store(&self, secret: SecretString) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            if let Some(why) = self.seal.fault() {
                return Err(why.to_owned());
            }
            self.seal.keep(Kind::Login, &self.key, Zeroizing::new(secret.expose_secret().to_owned())).await
        })
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move { self.seal.forget(Kind::Login, &self.key).await })
    }
}

/// What the keychain holds under a name of ours, if anything. A keychain that can't be asked is an error: nothing may be
/// taken for absent that only can't be seen.
pub(super) async fn fetch(seal: &Seal, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    if let Some(why) = seal.fault() {
        return Err(why.to_owned());
    }
    seal.find(Kind::Login, name).await
}
