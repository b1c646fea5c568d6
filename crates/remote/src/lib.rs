//! The road: servers that are reached over HTTP, and the authorization servers that guard them.
//!
//! Knows no policy, no store and no window. [`net`] is the one way out; [`streamable`] carries frames to a server, as
//! bytes; [`oauth`] finds out who guards it, logs a person in, and keeps the tokens fresh through a [`oauth::Custody`]
//! that somebody else provides.

pub mod bearer;
pub mod challenge;
pub mod net;
pub mod oauth;
pub mod streamable;
#[cfg(test)]
mod testing;
