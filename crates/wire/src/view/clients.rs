//! The configuration files of clients: what they run, what of it goes through Consentry, what a change would do.

use serde::{Deserialize, Serialize};

/// Where the person's folders are: those of whoever asks, for a broker may have been started with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientPlaces {
    /// `HOME`.
    pub home: String,
    /// `XDG_CONFIG_HOME`, or what stands for it.
    pub config: String,
    /// `CODEX_HOME`, if set.
    pub codex: Option<String>,
    /// `CLAUDE_CONFIG_DIR`, if set.
    pub claude: Option<String>,
    /// Folders of projects to look into, beside those that clients' own settings name.
    #[serde(default)]
    pub projects: Vec<String>,
}

/// A program that calls tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownClientView {
    /// What proves it, hex.
    pub identity: String,
    /// Foreign: the program.
    pub program: String,
    /// Foreign: the script, where it is an interpreter.
    pub script: Option<String>,
    /// When the person let it in; absent where nobody was asked.
    pub let_in_at: Option<i64>,
    /// Whether it is connected now.
    pub connected: bool,
    /// Whether none of its calls runs.
    pub suspended: bool,
}

/// One configuration file of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientFileView {
    /// The client's name on the command line.
    pub client: String,
    /// The client's name as people know it.
    pub title: String,
    /// The file.
    pub file: String,
    /// The folder of the project it belongs to, if it does: whoever shares the folder shares the file.
    #[serde(default)]
    pub project: Option<String>,
    /// The servers in it. Empty when it can't be read.
    pub entries: Vec<ClientEntryView>,
    /// Why it can't be read, if so.
    pub fault: Option<String>,
}

/// A server in a client's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientEntryView {
    /// Foreign: its name there.
    pub server: String,
    /// Foreign: JSON pointer of the map or list it stands in.
    pub place: String,
    /// Whether it goes through Consentry.
    pub state: EntryState,
    /// Its name in Consentry, when it does.
    pub through: Option<String>,
    /// Foreign: the words of its command, secrets masked.
    pub runs: Vec<String>,
    /// Foreign: scheme and host of its URL. The rest of a URL may hold a key.
    pub url: Option<String>,
    /// Foreign: names of the variables it is given.
    pub env: Vec<String>,
    /// What is risky in it.
    pub risks: Vec<RiskView>,
    /// Why it can't go through Consentry, when it can't: one sentence.
    pub why: Option<String>,
}

/// How an entry stands to Consentry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// It runs `consentry connect`.
    Protected,
    /// It goes around Consentry, and could go through it.
    Open,
    /// It goes around Consentry, which can't stand in its way yet.
    NotYet,
}

/// Something risky in an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskView {
    /// `approves_itself`, `secret`, or `steers`.
    pub class: String,
    /// One sentence of ours; foreign text inside it is already escaped, and no secret stands in it.
    pub message: String,
}

/// What is to become of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientChange {
    /// They go through Consentry from now on.
    Protect,
    /// They are put back as they were.
    Unprotect,
}

/// An entry of a client's file, by where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRef {
    /// The client.
    pub client: String,
    /// The file.
    pub file: String,
    /// JSON pointer of the map or list it stands in.
    pub place: String,
    /// Its name there.
    pub server: String,
    /// What was shown of it: another one by now is left alone. None where nothing was shown.
    pub digest: Option<String>,
}

/// An entry that goes around Consentry, and that nobody has said anything about since it came or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnguardedView {
    /// The client's name on the command line.
    pub client: String,
    /// The client's name as people know it.
    pub title: String,
    /// The file.
    pub file: String,
    /// The entry.
    pub entry: ClientEntryView,
    /// Whether it was there before, and is another now.
    pub changed: bool,
    /// Stands for exactly what it is now.
    pub digest: String,
}

/// What became of one entry, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientChangeView {
    /// The client.
    pub client: String,
    /// The file.
    pub file: String,
    /// Foreign: JSON pointer of the map or list it stands in.
    #[serde(default)]
    pub place: String,
    /// Foreign: the entry's name.
    pub server: String,
    /// Its name in Consentry, if it has one.
    pub through: Option<String>,
    /// How it ended.
    pub outcome: ChangeOutcome,
    /// Why, where that isn't plain: one sentence, escaped.
    pub why: Option<String>,
    /// Foreign: the difference in the file, as a unified diff without its heading, secrets masked.
    pub difference: Vec<String>,
    /// Whether the file belongs to a project: whoever shares the folder gets the change, too.
    #[serde(default)]
    pub shared: bool,
    /// Stands for exactly this change, where it would be made.
    #[serde(default)]
    pub digest: Option<String>,
}

/// How the change of an entry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOutcome {
    /// It would be changed: nothing was written.
    Planned,
    /// It was changed.
    Done,
    /// It stood that way before.
    Already,
    /// Consentry can't stand in its way yet; it was left alone.
    NotYet,
    /// It could not be changed, and was left as it is.
    Failed,
}
