//! The door: the local endpoint through which clients and the command line reach the broker, both ends of it.
//!
//! - [`frame`] cuts a byte stream into lines and lines into JSON-RPC frames, without changing a byte.
//! - [`hello`] is the first line a peer says.
//! - [`endpoint`] is the socket: same user only, by its permissions.
//! - [`peer`] is what the operating system says of who is calling, step by step.
//! - [`carry`] is the other end: a client's stdio, carried to the broker.
//!
//! This crate knows neither policies nor servers, and opens no network connection.

pub mod carry;
pub mod endpoint;
pub mod frame;
pub mod hello;
pub mod peer;

#[cfg_attr(target_os = "linux", path = "platform/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "platform/other.rs")]
mod platform;

pub use endpoint::{Listener, Stream, connect};
pub use frame::{Frame, FrameFault, Kind, Line, Lines, MAX_FRAME, write_line};
pub use hello::Hello;
pub use peer::{Peer, PeerFault, Process, ProvedClient};
