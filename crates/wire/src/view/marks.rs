//! What can be said about one value of a call, beyond its text.

use serde::{Deserialize, Serialize};

/// Something that is said about a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkView {
    /// JSON pointer of the value, from the arguments' root.
    pub pointer: String,
    /// What is said.
    #[serde(flatten)]
    pub mark: Mark,
}

/// What is said about a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub enum Mark {
    /// It is a path on this computer.
    Path {
        /// Foreign: where it really leads, where that is another place.
        leads_to: Option<String>,
        /// Whether a link stands on the way.
        linked: bool,
        /// What was found there.
        found: Found,
        /// How it stands to the folders that the server was started with.
        place: PathPlace,
        /// Foreign: the folder it is in, or else the first of them.
        root: Option<String>,
    },
    /// It is a URL: its parts, in order, make it up as programs read it.
    Url {
        /// With its colon and slashes.
        scheme: String,
        /// Foreign: a name before the host, which is how a host is disguised.
        user: Option<String>,
        /// Foreign: what stands before the registrable domain.
        before: String,
        /// Foreign: the registrable domain.
        domain: String,
        /// Foreign: port, path, query, fragment.
        after: String,
        /// Foreign: the host in letters, where those are not plain ASCII.
        letters: Option<String>,
        /// Whether what travels can be read on the way.
        open: bool,
    },
    /// It is a command line.
    Command {
        /// Its pieces, in order.
        pieces: Vec<PieceView>,
    },
    /// It is text in base64.
    Base64 {
        /// Foreign: the text, or its beginning.
        text: String,
        /// How many bytes it has in all.
        bytes: u64,
    },
    /// It is an amount.
    Amount {
        /// Foreign: the currency, as another argument names it.
        currency: Option<String>,
        /// Our words: in what it is counted, where the argument's name says so.
        unit: Option<String>,
        /// A whole number beside a currency: some services count in hundredths.
        maybe_hundredths: bool,
    },
    /// It is a list.
    Items {
        /// How many it holds.
        count: u64,
    },
    /// It names somebody that the call reaches.
    Party {
        /// `host`, `address` or `account`.
        kind: String,
        /// Foreign: who, normalised.
        value: String,
        /// How often a call went there before; `None` where that is not known.
        times: Option<u64>,
        /// When the last one did, in milliseconds since 1970-01-01 UTC.
        last_at: Option<i64>,
        /// Whether it is in a domain that the person named as their own; `None` where they named none.
        inside: Option<bool>,
        /// Foreign: a domain that calls went to before, or the person's own, that this one can be taken for but is not.
        like: Option<String>,
    },
}

/// What a look at a path found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Something else: a device, a socket.
    Other,
    /// Nothing: it would be new.
    Nothing,
    /// Nobody looked: it leads to a place that may not answer, it took too long, or it depends on where the server is.
    NotLooked,
}

/// How a path stands to the folders that the server was started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathPlace {
    /// In one of them.
    Inside,
    /// In none.
    Outside,
    /// There are none, or nobody looked.
    Unknown,
}

/// A piece of a command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceView {
    /// Foreign: as written.
    pub text: String,
    /// What it is.
    pub kind: PieceKind,
}

/// What a piece of a command line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PieceKind {
    /// The word that names a program.
    Program,
    /// Any other word.
    Word,
    /// Another program follows.
    Joint,
    /// Something is read or written instead.
    Redirection,
    /// The shell puts something else there first.
    Substitution,
}
