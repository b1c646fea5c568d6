//! Who guards a server, how a person logs in there, and the tokens that come of it: the OAuth client for MCP servers.
//!
//! Nothing here decides, asks a person or stores: whoever drives it does. In order: [`discover`] finds out which
//! authorization servers guard a server; [`authorization_server`] reads what one of them can do; [`identify`] settles who
//! we are there; a [`Callback`] waits on this machine and a [`Login`] leads through the browser to [`Tokens`]; an
//! [`Account`] keeps them fresh, through a [`Custody`] that somebody else provides; [`revoke`] ends them.
//!
//! All that comes from the other side is foreign. It chooses no address that the person's own choice of server doesn't
//! cover (`net`), and no text of it is shown unescaped.

mod account;
mod callback;
mod custody;
mod document;
mod facts;
mod identity;
#[cfg(test)]
mod liar;
mod login;
mod resource;
mod revocation;
mod scopes;
mod server;
mod token_endpoint;
mod tokens;

pub use account::{Account, Known, Need, Standing};
pub use callback::{Callback, Redirect};
pub use custody::{Clock, Custody, system_clock};
pub use facts::TokenFacts;
pub use identity::{Client, Given, Identity, Origin, Proof, identify};
pub use login::{Login, LoginFault};
pub use resource::{Discovery, ResourceMetadata, discover};
pub use revocation::{Revoked, revoke};
pub use scopes::Scopes;
pub use server::{Issuer, ServerMetadata, authorization_server};
pub use tokens::Tokens;

/// Why a step before the login could not be taken. Each is a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OauthFault {
    /// What the other side says must not be relied on.
    #[error("{0}")]
    Refused(String),
    /// What is needed is not offered.
    #[error("{0}")]
    Missing(String),
    /// It could not be reached; later it may be.
    #[error("{0}")]
    Unreachable(String),
}
