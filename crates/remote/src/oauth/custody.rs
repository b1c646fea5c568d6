//! What an account needs from whoever owns it: somewhere to keep a secret, and the time.

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Keeps one secret. What it said is stored must still be there after a crash.
///
/// One process at a time uses it: two that did could send the same refresh token at the same moment, which nothing here
/// can see. An account reads it again before it refreshes and when a refresh token is refused, so that what another one
/// stored in between is found.
pub trait Custody: Send + Sync {
    /// What is kept, if anything is.
    fn load(&self) -> BoxFuture<'_, Result<Option<SecretString>, String>>;
    /// Keeps this in place of what was kept. Done means durable. An error is a sentence.
    fn store(&self, secret: SecretString) -> BoxFuture<'_, Result<(), String>>;
    /// Keeps nothing any more.
    fn forget(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// The time in milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// This machine's clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
