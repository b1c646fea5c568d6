//! The policies page: the rules in force in plain words, and what another preset would change.

use super::Effect;
use serde::{Deserialize, Serialize};

/// The policies page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoliciesView {
    /// The rules in force, the floor first.
    pub rules: Vec<RuleView>,
    /// The presets there are.
    pub presets: Vec<PresetView>,
    /// Whether the preset was named when the broker was started: what is chosen holds from the next start.
    pub preset_fixed: bool,
    /// What is wrong with the files on disk, each with file, line and rule; the last good version is in force. May hold
    /// foreign text.
    pub faults: Vec<String>,
    /// Where the person's own rules are.
    pub folder: String,
    /// How many tools are pinned, which the presets are counted over.
    pub tools: u32,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// Its `@id`.
    pub id: String,
    /// Its `@title`.
    pub title: String,
    /// Its `@why`.
    pub why: String,
    /// `floor`, `preset`, `user` or `managed`.
    pub layer: String,
    /// What it makes of a call it is about.
    pub demand: Demand,
    /// The effects it is about; empty with `actions` empty too means every tool.
    pub effects: Vec<Effect>,
    /// Foreign: other actions it is about: tools by name, `reach`, `release`.
    pub actions: Vec<String>,
    /// The server it is about, by its alias, if it is about one.
    pub server: Option<String>,
    /// Whether it holds for some calls only, beside what their effects are.
    pub conditional: bool,
    /// Whether it sleeps, because its server is not there.
    pub dormant: bool,
    /// The file.
    pub file: String,
    /// The line it begins at.
    pub line: u32,
    /// The rule as written, in Cedar. Foreign where the person wrote it.
    pub text: String,
}

/// What a rule makes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// It lets calls be considered at all.
    Permits,
    /// It needs a yes.
    Approve,
    /// It needs a yes with a deliberate act.
    StepUp,
    /// No yes is enough.
    Never,
}

/// One preset, counted over the pinned tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetView {
    /// `cautious` or `balanced`.
    pub name: String,
    /// Whether it is in force.
    pub in_force: bool,
    /// How many pinned tools would ask.
    pub asks: u32,
    /// How many would run without asking.
    pub runs: u32,
    /// The tools for which it differs from what is in force.
    pub changes: Vec<PresetChange>,
}

/// A tool for which a preset would change something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetChange {
    /// The server.
    pub server: String,
    /// Foreign: the tool.
    pub tool: String,
    /// Whether it would ask.
    pub asks: bool,
}

/// What a draft of the rules would change of past calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayView {
    /// Since when, in milliseconds since 1970-01-01 UTC; `None` is from the beginning.
    pub since: Option<i64>,
    /// How many calls there were.
    pub calls: u64,
    /// How many would ask that did not.
    pub added: u64,
    /// How many would run unasked that asked.
    pub gone: u64,
    /// How many would not run whatever the person said.
    pub blocked: u64,
    /// How many could run that could not.
    pub unblocked: u64,
    /// How many would ask for more, or for less, than they did.
    pub stricter_or_milder: u64,
    /// Why calls could not be judged again, and how many.
    pub skipped: Vec<(String, u64)>,
    /// The calls with another outcome, the oldest first.
    pub changes: Vec<ReplayChange>,
    /// How many more there are.
    pub more: u64,
}

/// A call that a draft would decide otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayChange {
    /// Its entry.
    pub seq: i64,
    /// Its id.
    pub call: String,
    /// When it was, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Foreign: the client.
    pub client: String,
    /// The server's alias.
    pub server: String,
    /// Foreign: the tool.
    pub tool: String,
    /// What was needed then; `permits` is nothing.
    pub before: Demand,
    /// What would be needed.
    pub after: Demand,
    /// The rules that would ask or forbid.
    pub policies: Vec<String>,
    /// Their titles. Foreign where the person wrote them.
    pub titles: Vec<String>,
}
