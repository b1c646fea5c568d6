//! Operating systems on which callers can't be proved yet: nobody is let in.

use crate::peer::{Peer, PeerFault, Process};
use std::fs::File;
use std::path::PathBuf;
use tokio::net::UnixStream;

pub(crate) fn prove(_socket: &UnixStream) -> Result<Peer, PeerFault> {
    Err(PeerFault::Unsupported)
}

pub(crate) fn open_program(_process: &Process) -> Result<(PathBuf, File), PeerFault> {
    Err(PeerFault::Unsupported)
}

pub(crate) fn own_session() -> Result<u32, PeerFault> {
    Err(PeerFault::Unsupported)
}

pub(crate) fn folder_of(_process: &Process) -> Option<PathBuf> {
    None
}
