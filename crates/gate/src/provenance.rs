//! Where the values of a call came from.
//!
//! Everything a conversation is shown goes into its [`Memory`]: results, descriptions, instructions, before anything in
//! them is withheld or set apart. Each value of a later call is looked up there: as it is, in another spelling, in a code,
//! in part, or put together from pieces. That only ever adds suspicion: a value that is nowhere is no better for it, since
//! a model can say the same in other words.

mod common;
mod flow;
mod fold;
mod forms;
mod index;
mod legs;
mod places;
mod role;
mod source;
mod trace;
mod volume;

#[cfg(test)]
mod tests;

pub use flow::{Flow, Known};
pub use legs::{Leg, legs};
pub use places::{MORE, Place, places};
pub use role::Role;
pub use source::{Match, Source, Standing, Traced};
pub use volume::{SoFar, Volume};

use crate::call::{Call, CallId, can_be_pointed_into, scalars};
use crate::tool::{Effect, Tool};
use index::Index;
use serde_json::Value;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::Arc;
use trace::Tracer;

/// How far what a server shows can be trusted to be its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// Anybody may have written it.
    Untrusted,
    /// Names that the server itself owns: its users, channels, folders.
    Names,
}

/// Something that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The call that brought it; none for descriptions and for what came unasked.
    pub call: Option<CallId>,
    /// A person approved this very text: a description, or instructions, as pinned.
    pub pinned: bool,
    /// The server's name.
    pub server: Arc<str>,
    /// The tool that returned it.
    pub tool: Option<Arc<str>>,
    /// How far it is trusted.
    pub trust: Trust,
    /// It comes from the open net.
    pub open: bool,
    /// When it was shown, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// What inspection and policy know of something that is shown, beside its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Inspection flagged it as orders to an assistant.
    pub flagged: bool,
    /// It holds secrets or personal data.
    pub data: bool,
    /// Some of it could not be read.
    pub unread: bool,
}

/// When a conversation was last exposed to something, in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Text that anybody may have written.
    pub untrusted: Option<i64>,
    /// Data that is not public.
    pub private: Option<i64>,
    /// Something that inspection flagged.
    pub flagged: Option<i64>,
}

/// How long what was shown counts, in milliseconds: a day.
pub const LIFE_MS: i64 = 24 * 60 * 60 * 1000;

/// How much of what was shown is kept for one conversation, in bytes of memory; little where it is tried whether it holds.
const MOST: usize = if cfg!(test) { 8 } else { 48 } * 1024 * 1024;

/// The longest message that is taken in, in bytes, and the most values of one.
const LONGEST: usize = 8 * 1024 * 1024;
const MOST_VALUES: usize = 50_000;
/// The most values that are kept as a client's own, and how long they are, in bytes.
const MOST_OWN: usize = 20_000;
const OWN: RangeInclusive<usize> = 8..=4_096;

/// What one conversation was shown.
#[derive(Debug, Default)]
pub struct Memory {
    index: Index,
    exposure: Exposure,
    /// When something was shown last that is not in the index, or no more.
    blind: Option<i64>,
    /// Values that the client said before anything that was shown held them, by number.
    own: HashSet<u64>,
}

impl Memory {
    /// A memory of which something may be missing from before this moment.
    pub fn blind_before(at_ms: i64, exposure: Exposure) -> Self {
        Self { blind: Some(at_ms), exposure, ..Self::default() }
    }

    /// A new one of a client that was exposed to something before.
    pub fn exposed(exposure: Exposure) -> Self {
        Self { exposure, ..Self::default() }
    }

    /// Takes what was shown: `shown` is the JSON of it.
    pub fn remember(&mut self, origin: Origin, shown: &[u8], seen: Seen) {
        self.index.drop_before(origin.at_ms - LIFE_MS);
        let at = Some(origin.at_ms);
        let read = if shown.len() <= LONGEST { serde_json::from_slice::<Value>(shown).ok() } else { None };
        let read = read.filter(can_be_pointed_into);
        let Some(value) = read else { return self.missed(origin.at_ms) };
        let pinned = origin.pinned;
        let mut free = false;
        let origin = Arc::new(origin);
        let scalars = scalars(&value);
        if scalars.len() > MOST_VALUES {
            self.missed(origin.at_ms);
        }
        for (pointer, value) in scalars.into_iter().take(MOST_VALUES) {
            let pointer: Arc<str> = pointer.into();
            match value {
                Value::String(text) if is_media(&pointer, text) => self.blind = at,
                Value::String(text) => {
                    free |= is_free(text);
                    self.index.add(&origin, &pointer, text);
                }
                Value::Number(number) => self.index.add(&origin, &pointer, &number.to_string()),
                Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => {}
            }
        }
        // What a person approved by pinning it brings no influence of others.
        if free && origin.trust == Trust::Untrusted && !pinned {
            self.exposure.untrusted = at;
        }
        if !pinned && (free && !origin.open || seen.data) {
            self.exposure.private = at;
        }
        if seen.flagged && !pinned {
            self.exposure.flagged = at;
        }
        if seen.unread {
            self.blind = at;
        }
        while self.index.footprint() > MOST && self.index.drop_oldest() {
            self.blind = at;
        }
    }

    /// Something was shown that could not be taken.
    pub fn missed(&mut self, at_ms: i64) {
        (self.blind, self.exposure.untrusted, self.exposure.private) = (Some(at_ms), Some(at_ms), Some(at_ms));
    }

    /// What is known of each value of a call.
    pub fn trace(&self, call: &Call, now_ms: i64) -> Vec<Traced> {
        let blind = self.blind.is_some_and(|at| now_ms - at < LIFE_MS);
        let arguments = &call.request.parsed;
        let mut traced = Tracer::new(&self.index, &call.tool, &call.server.name, blind, arguments).trace(arguments);
        for one in traced.iter_mut().filter(|one| one.standing == Standing::Tainted && !self.own.is_empty()) {
            let text = arguments.pointer(&one.pointer).and_then(Value::as_str);
            if text.and_then(own).is_some_and(|number| self.own.contains(&number)) {
                (one.standing, one.carries) = (Standing::Unseen, false);
                one.sources.clear();
            }
        }
        traced
    }

    /// A call went out. What it said and nothing had shown is the client's own: when a result says it back ("Sent to
    /// ann@…") it is no other's for that. Only the very same text is; what is short may mean another thing elsewhere.
    pub fn said(&mut self, traced: &[Traced], arguments: &Value) {
        let unseen = traced.iter().filter(|one| one.standing == Standing::Unseen && !one.carries);
        let texts = unseen.filter_map(|one| arguments.pointer(&one.pointer)?.as_str());
        for number in texts.filter_map(own) {
            if self.own.len() < MOST_OWN {
                self.own.insert(number);
            }
        }
    }

    /// What the conversation was exposed to within the last day.
    pub fn exposure(&self, now_ms: i64) -> Exposure {
        let fresh = |at: Option<i64>| at.filter(|at| now_ms - at < LIFE_MS);
        let Exposure { untrusted, private, flagged } = self.exposure;
        Exposure { untrusted: fresh(untrusted), private: fresh(private), flagged: fresh(flagged) }
    }

    /// How much memory it takes, in bytes, about.
    pub fn footprint(&self) -> usize {
        self.index.footprint()
    }
}

/// A value that may be a client's own, as a number.
fn own(text: &str) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    OWN.contains(&text.len()).then(|| hasher.finish())
}

/// Verbs and things of tools that list what a server itself has.
const LISTS: &str = "get list show search find read lookup fetch";
const OWNED: &str = "user users member members channel channels folder folders account accounts label labels contact contacts \
    project projects repository repositories repo repos calendar calendars team teams group groups organization \
    organizations workspace workspaces database databases table tables directory directories branch branches tag tags iban \
    mailbox mailboxes profile me";

/// How far what a tool returns can be trusted: names where it lists what its server has, and returned nothing else.
pub fn trust(tool: &Tool, result: &[u8]) -> Trust {
    let names = lists_names(tool) && only_names(result);
    if names { Trust::Names } else { Trust::Untrusted }
}

/// Whether a tool lists what its server has, by its name.
fn lists_names(tool: &Tool) -> bool {
    let words = crate::tool::words(&tool.name);
    let lists = words.first().is_some_and(|verb| LISTS.split_whitespace().any(|known| known == verb));
    let thing = words.iter().skip(1).take_while(|word| !matches!(word.as_str(), "by" | "for" | "of" | "in" | "from"));
    let owned = thing.last().is_some_and(|thing| OWNED.split_whitespace().any(|known| known == thing));
    lists && owned && tool.effects.iter().all(|effect| *effect == Effect::Read)
}

/// Whether a result holds nothing but short names.
fn only_names(result: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(result) else { return false };
    can_be_pointed_into(&value)
        && scalars(&value).into_iter().filter_map(|(_, value)| value.as_str()).all(|text| text.lines().all(is_name))
}

/// A line with a name, as lists and fields have them.
fn is_name(line: &str) -> bool {
    let line = line.trim().trim_start_matches("- ");
    line.len() <= 64 && line.split_whitespace().count() <= 5 && !line.contains("://")
}

/// Whether a tool brings what anybody may have put on the net.
pub fn is_open(tool: &Tool) -> bool {
    tool.fetches && tool.effects.contains(&Effect::Read)
}

/// Whether a text may say anything: more than a few words, or an address of the net.
fn is_free(text: &str) -> bool {
    text.len() > 120 || text.contains("://") || text.contains("www.") || text.split_whitespace().nth(7).is_some()
}

/// Whether a text is a picture or a sound, which is not read.
fn is_media(pointer: &str, text: &str) -> bool {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    matches!(name, "data" | "blob") && text.len() > 64 && !text.contains(char::is_whitespace) && text.is_ascii()
}
