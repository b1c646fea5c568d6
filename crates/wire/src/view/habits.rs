//! What the log tells of the person's own answers, and what could be made of it; and what a client could do with all that
//! it may use.

use super::{Lifetime, SentencePart};
use serde::{Deserialize, Serialize};

/// How much of the person's attention questions took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttentionView {
    /// Since when, in milliseconds since 1970-01-01 UTC.
    pub since: i64,
    /// Questions that were asked.
    pub questions: u32,
    /// Hours in which a program called something.
    pub hours: u32,
    /// Answered with yes.
    pub approved: u32,
    /// Answered with no.
    pub rejected: u32,
    /// Not answered in time.
    pub expired: u32,
    /// Half of the answers took longer than this, in milliseconds, from when the question could be seen.
    pub median_ms: Option<i64>,
    /// Answers that took less than two seconds.
    pub hasty: u32,
    /// Yeses in a row up to now.
    pub in_a_row: u32,
    /// The most yeses in a row.
    pub longest_row: u32,
}

impl AttentionView {
    /// Answers that a person gave.
    pub fn answers(&self) -> u32 {
        self.approved + self.rejected
    }

    /// Each figure with its name, but for how long answers took.
    pub fn figures(&self) -> Vec<(&'static str, String)> {
        let answers = self.answers();
        let an_hour = f64::from(self.questions) / f64::from(self.hours.max(1));
        let mut out = vec![
            ("Questions", format!("{}, {an_hour:.1} in an hour of use", self.questions)),
            ("Answers", format!("{} yes, {} no, {} not in time", self.approved, self.rejected, self.expired)),
        ];
        if answers > 0 {
            let share = u64::from(self.hasty) * 100 / u64::from(answers);
            out.push(("In under two seconds", format!("{} of {answers} ({share} %)", self.hasty)));
            out.push(("Yes in a row", format!("{} now, {} at most", self.in_a_row, self.longest_row)));
        }
        out
    }
}

/// A grant that could take the place of questions that were always answered alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuggestionView {
    /// Stands for exactly this.
    pub id: String,
    /// The client's name.
    pub client: String,
    /// The server's name.
    pub server: String,
    /// Foreign: the tool.
    pub tool: String,
    /// Each field by name, and what could stand in it.
    pub fields: Vec<(String, Vec<SentencePart>)>,
    /// The titles of the rules that it would answer.
    pub rules: Vec<String>,
    /// How many approved calls it would have let run unasked.
    pub count: u32,
    /// Those calls, newest first, at most 50.
    pub covers: Vec<PastQuestion>,
    /// How many rejected calls of the tool it was held against: it would have let none of them run.
    pub rejected: u32,
    /// Since when the log was read.
    pub since: i64,
    /// How long it may be remembered.
    pub lifetimes: Vec<Lifetime>,
}

/// A question about a call, in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastQuestion {
    /// Its entry.
    pub seq: i64,
    /// When it was asked, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
}

/// A place that a person approved calls of a server to go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceApprovedView {
    /// The server's name; its identity where it is no longer there.
    pub server: String,
    /// It is no longer there.
    pub removed: bool,
    /// `host`, `url`, `address`, `account` or `name`.
    pub kind: String,
    /// Foreign: which.
    pub value: String,
    /// When it was approved, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
}

/// What a client could do with all that it uses: the three that are dangerous together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreatView {
    /// The client's identity, hex.
    pub identity: String,
    /// Foreign: the client's name.
    pub client: String,
    /// The servers that it used in the last 30 days or is connected to.
    pub servers: Vec<String>,
    /// Other trusted servers, which it may use as well.
    pub others: Vec<String>,
    /// Tools that show it data that is not public.
    pub private: Vec<ToolRef>,
    /// Tools that show it text that anybody may have written.
    pub untrusted: Vec<ToolRef>,
    /// Tools by which something leaves, or is run.
    pub outward: Vec<ToolRef>,
    /// All three are there.
    pub together: bool,
    /// What would take one of the three away, the least first. Empty where they are not together.
    pub cuts: Vec<CutView>,
}

/// A tool of a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToolRef {
    /// The server's name.
    pub server: String,
    /// Foreign: the tool.
    pub tool: String,
}

/// Tools without which one of the three is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutView {
    /// `private`, `untrusted` or `outward`.
    pub leg: String,
    /// The tools to leave out, by server.
    pub tools: Vec<ToolRef>,
}
