//! How requests to a server prove whom they come from.

use crate::challenge::Challenge;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

/// Whoever has the token for one server. Asked for every request: must be quick where a token is at hand.
pub trait Bearer: Send + Sync {
    /// The token to send now; none where the server is asked without one. An error is one sentence: nothing is sent.
    fn token<'a>(&'a self) -> BoxFuture<'a, Result<Option<SecretString>, String>>;

    /// The server refused this token (401, or 403 for want of scopes). `Ok(true)` says that another token is at hand
    /// now, and that it is worth trying once more.
    fn refused<'a>(
        &'a self,
        token: Option<&'a SecretString>,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<bool, String>>;
}
