//! The contract between the broker, its windows and its command line.
//!
//! serde types only; builds for wasm. Whatever is here may be seen by a web view, so nothing here can hold a token or
//! a withheld value. Text that somebody else wrote travels raw, in fields documented as *foreign*; it becomes visible
//! only through [`text::pieces`] (windows) or [`text::escaped`] (terminals).

pub mod command;
pub mod control;
pub mod number;
pub mod proof;
pub mod text;
pub mod view;

use serde::{Deserialize, Serialize};

/// Something failed, said for the person who meets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What a program may branch on.
    pub code: FaultCode,
    /// What failed, on which server or file and line, and what to do.
    pub message: String,
}

impl Fault {
    /// A fault with its code and its sentence.
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// The codes a window or a script branches on. A code exists only if somebody uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The approval has ended, or there never was one with this id.
    Gone,
    /// The digest is not that of the question: something changed, or the answer is for another call.
    DigestMismatch,
    /// Approve came before the card had been fully visible for long enough.
    TooEarly,
    /// The deliberate act of a high-risk card is missing or wrong.
    ActMissing,
    /// The proof that the person is there is missing or wrong.
    ProofMissing,
    /// Decisions are not taken here: only in Consentry's windows.
    NotHere,
    /// No such server, entry, or other named thing.
    NotFound,
    /// The words or the value are not acceptable.
    Invalid,
    /// No broker is running for this home.
    NoBroker,
    /// The disk, the keychain or the database failed.
    Storage,
    /// A server could not be started or did not behave.
    Server,
    /// Anything else.
    Internal,
}

/// What changed in the broker; windows fetch again what they show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An approval appeared, changed its time or ended.
    Inbox,
    /// The audit log grew.
    Activity,
    /// A server, its state, or its trust changed.
    Servers,
    /// The broker's state changed: stopped, paused; or a rule suspended something.
    Status,
    /// A grant was made or taken back.
    Grants,
    /// The window was shown, moved, resized or activated: a card on it arms again from the start.
    Rearm,
    /// The rules in force, or what is wrong with the files on disk, changed.
    Policies,
    /// The files of clients changed, or what is said of them.
    Clients,
}

impl Event {
    /// The name of the Tauri event that carries it.
    pub const NAME: &'static str = "consentry";
}
