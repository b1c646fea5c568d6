//! A remembered yes: what it covers, and what it never lifts.
//!
//! A grant answers the reasons that stood on one card, for calls of the same tool by the same client, while nothing
//! that the yes was based on has changed: the pin, the server, the client and the policies. It says of every field of
//! the arguments what may stand there, so that a sentence can be made of it; what the sentence does not cover asks
//! again. A field that may hold more than one value is covered only where what stands there is clean: what somebody else
//! wrote is asked about, unless it is the very value that was approved before they did; and of a call that carries it no
//! yes is remembered.

mod suggest;

pub use suggest::{Answered, Basis, Suggestion, suggest};

use crate::call::{ApprovalId, Call, Digest, GrantId, host_of, scalars, token};
use crate::permit::Case;
use crate::policy::{Judgement, Needed};
use crate::tool::Effect;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A minute, in milliseconds.
const MINUTE: i64 = 60_000;

/// What may stand in one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// This value.
    Exactly(Value),
    /// A path below this folder, which ends with `/`, with nothing hidden on the way; compared as written, so a link may
    /// still lead elsewhere.
    Under(String),
    /// A URL of this scheme, host and port.
    Origin(String),
    /// A number from 0 to this one.
    AtMost(f64),
    /// Anything.
    Any,
}

impl Constraint {
    /// What could be said of a field that holds this value, from narrow to wide. The first is always the value itself.
    pub fn choices(value: &Value) -> Vec<Self> {
        let mut choices = vec![Self::Exactly(value.clone())];
        match value {
            Value::String(text) => {
                if let Some((folder, _)) = plain_path(text).and_then(|path| path.rsplit_once('/')) {
                    choices.push(Self::Under(format!("{folder}/")));
                } else if let Some(origin) = origin(text) {
                    choices.push(Self::Origin(origin));
                }
            }
            Value::Number(n) => choices.extend(n.as_f64().filter(|n| *n > 0.0).map(Self::AtMost)),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
        choices.push(Self::Any);
        choices
    }

    /// Whether a value may stand there that is `clean`: nobody else wrote it.
    fn holds(&self, value: &Value, clean: bool) -> bool {
        match self {
            // Fractions that differ only in writing may be different to the server.
            Self::Exactly(Value::Number(n)) if n.is_f64() => false,
            Self::Exactly(exact) => exact == value,
            _ if !clean => false,
            Self::Under(folder) => value
                .as_str()
                .and_then(plain_path)
                .and_then(|path| path.strip_prefix(folder.as_str()))
                // What is hidden in a folder sets programs up: it is asked about by itself.
                .is_some_and(|rest| !rest.is_empty() && !rest.split('/').any(|step| step.starts_with('.'))),
            Self::Origin(exact) => value.as_str().and_then(origin).as_ref() == Some(exact),
            Self::AtMost(most) => value.as_f64().is_some_and(|n| (0.0..=*most).contains(&n)),
            Self::Any => true,
        }
    }
}

/// A path that means what it says: absolute, with no step back, no doubled slash and nothing that can't be seen.
fn plain_path(text: &str) -> Option<&str> {
    let steps = text.strip_prefix("~/").or_else(|| text.strip_prefix('/'))?;
    let plain = steps
        .split('/')
        .all(|step| !matches!(step, "" | "." | "..") && !step.contains(['\\', '%', '~', '$', '*', '?']));
    (plain && !text.chars().any(|c| c.is_control() || wire::text::is_hidden(c))).then_some(text)
}

/// Scheme, host and port of a URL without credentials.
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "https" | "http") && url.username().is_empty() && url.password().is_none();
    let seen = !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\' || wire::text::is_hidden(c));
    (plain && seen).then(|| url.origin().ascii_serialization())
}

/// How long a grant lives, from short to long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifetime {
    /// 15 minutes.
    Quarter,
    /// One hour.
    Hour,
    /// As long as the conversation.
    Conversation,
    /// Until it is revoked, or what it rests on changes.
    Always,
}

impl Lifetime {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Quarter, Self::Hour, Self::Conversation, Self::Always];
}

/// What the person chose to remember: for some fields a wider constraint than the value itself, by its place in
/// [`Constraint::choices`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remember {
    /// How long.
    pub lifetime: Lifetime,
    /// JSON pointer to the number of the choice; fields that are not named keep their value.
    pub fields: BTreeMap<String, usize>,
}

/// What could be remembered of a call.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Every field, with what may be said of it.
    pub fields: Vec<(String, Vec<Constraint>)>,
    /// The lifetimes that are open whatever is chosen for the fields.
    pub lifetimes: Vec<Lifetime>,
}

/// A remembered yes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The approval that made it.
    pub approval: ApprovalId,
    /// The proved client's identity.
    pub client: Digest,
    /// Its name, for people.
    pub client_name: String,
    /// The server's identity.
    pub server: Digest,
    /// Its name in `servers.json`, for people.
    pub server_name: String,
    /// The tool.
    pub tool: String,
    /// The tool's pin.
    pub pin: Digest,
    /// The policies in force when it was made.
    pub policies: Digest,
    /// The policies it answers.
    pub lifts: BTreeSet<String>,
    /// The conversation it ends with, if it does.
    pub conversation: Option<String>,
    /// When it ends, in milliseconds since 1970-01-01 UTC.
    pub until: Option<i64>,
    /// When it was made.
    pub made_at: i64,
    /// What may stand in each field, by JSON pointer.
    pub fields: BTreeMap<String, Constraint>,
    /// Where every field keeps its value: SHA-256 of the argument bytes, which must be the same.
    pub exact: Option<Digest>,
    /// SHA-256 of what `_meta` held beside what tells calls and conversations apart.
    pub meta: Digest,
}

/// What can be remembered of this call, if anything: never where the person had to step up, where a policy says so, or
/// for payments and changes of rights.
pub fn offer(case: &Case, judgement: &Judgement) -> Option<Offer> {
    let effects = &case.call.tool.effects;
    let never = effects.iter().any(|e| matches!(e, Effect::Pay | Effect::Privilege));
    let rememberable = judgement.needed == Needed::Approve && judgement.reasons.iter().all(|r| r.rememberable);
    // A sentence about values that nobody may see would say nothing.
    if never || !rememberable || !judgement.faults.is_empty() || !case.is_shown_whole() {
        return None;
    }
    // What somebody else wrote is approved once.
    if !case.flow.suspects().is_empty() {
        return None;
    }
    let fields = leaves(&case.call.request.parsed)
        .into_iter()
        .map(|(pointer, value)| (pointer, Constraint::choices(&value)))
        .collect();
    Some(Offer { fields, lifetimes: Lifetime::ALL.into_iter().filter(|l| *l <= longest(effects, true)).collect() })
}

/// The longest life of a grant for a tool with these effects.
fn longest(effects: &[Effect], constrained: bool) -> Lifetime {
    let risky = effects.iter().any(|e| matches!(e, Effect::Delete | Effect::Send | Effect::Execute));
    if risky && !constrained { Lifetime::Quarter } else { Lifetime::Always }
}

impl Grant {
    /// Remembers a yes for the call that was asked about.
    ///
    /// # Errors
    /// A sentence that says why this can't be remembered.
    pub fn remember(
        case: &Case,
        judgement: &Judgement,
        choice: &Remember,
        made: (GrantId, ApprovalId, i64),
    ) -> Result<Self, String> {
        let Some(offer) = offer(case, judgement) else { return Err("This can't be remembered.".into()) };
        let (id, approval, made_at) = made;
        let call = &case.call;
        if choice.fields.keys().any(|named| !offer.fields.iter().any(|(pointer, _)| pointer == named)) {
            return Err("This call has no such argument.".into());
        }
        let mut fields = BTreeMap::new();
        for (pointer, choices) in offer.fields {
            let chosen = choice.fields.get(&pointer).copied().unwrap_or(0);
            let constraint = choices.into_iter().nth(chosen).ok_or("There is no such choice for an argument.")?;
            fields.insert(pointer, constraint);
        }
        let constrained = !fields.values().any(|c| *c == Constraint::Any);
        if choice.lifetime > longest(&call.tool.effects, constrained) {
            return Err("With an open field this can be remembered for 15 minutes at most.".into());
        }
        let exact = fields.values().all(|c| matches!(c, Constraint::Exactly(_)));
        Ok(Self {
            id,
            approval,
            client: call.client.identity,
            client_name: call.client.name().to_owned(),
            server: call.server.identity,
            server_name: call.server.name.clone(),
            tool: call.tool.name.clone(),
            pin: call.tool.digest,
            policies: judgement.versions,
            lifts: judgement.reasons.iter().map(|r| r.policy.clone()).collect(),
            conversation: (choice.lifetime == Lifetime::Conversation).then(|| call.conversation.to_string()),
            until: until(choice.lifetime, made_at),
            made_at,
            fields,
            exact: exact.then(|| arguments(call)),
            meta: meta(call),
        })
    }

    /// Whether it answers what policy asks about this call, now, where the values at the `unclean` pointers come from
    /// somebody else, or may.
    pub fn covers(&self, case: &Case, judgement: &Judgement, unclean: &BTreeSet<String>, now_ms: i64) -> bool {
        let call = &case.call;
        judgement.needed == Needed::Approve
            && judgement.faults.is_empty()
            && judgement.versions == self.policies
            && judgement.reasons.iter().all(|r| r.rememberable && self.lifts.contains(&r.policy))
            && self.client == call.client.identity
            && self.server == call.server.identity
            && self.tool == call.tool.name
            && self.pin == call.tool.digest
            && self.is_live(now_ms)
            && self.conversation.as_deref().is_none_or(|c| c == &*call.conversation)
            && self.meta == meta(call)
            && self.admits(call, unclean)
    }

    /// Whether its time has not run out.
    pub fn is_live(&self, now_ms: i64) -> bool {
        now_ms >= self.made_at && self.until.is_none_or(|until| now_ms < until)
    }

    /// Whether it lets calls go to this place, of a kind as in [`crate::provenance::Place`], because it names it.
    pub fn names(&self, kind: &str, place: &str) -> bool {
        let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let letters: String = plain(place);
        self.fields.values().any(|constraint| {
            let text = match constraint {
                Constraint::Exactly(Value::String(text)) | Constraint::Origin(text) => text.clone(),
                Constraint::Exactly(Value::Number(number)) => number.to_string(),
                _ => return false,
            };
            let said: String = plain(&text);
            // A host is known as it is asked for, however it was written.
            let goes_to = host_of(text.trim()).is_some_and(|host| host == place);
            // A name is short, and may stand in any word.
            goes_to || if kind == "name" { said == letters } else { said.contains(&letters) }
        })
    }

    fn admits(&self, call: &Call, unclean: &BTreeSet<String>) -> bool {
        if let Some(exact) = self.exact {
            return exact == arguments(call);
        }
        admits(&self.fields, &leaves(&call.request.parsed), unclean)
    }
}

/// Whether these values, each with its pointer, are what may stand in these fields, and nothing else.
fn admits(fields: &BTreeMap<String, Constraint>, leaves: &[(String, Value)], unclean: &BTreeSet<String>) -> bool {
    let may = |(pointer, value): &(String, Value)| {
        fields.get(pointer).is_some_and(|constraint| constraint.holds(value, !unclean.contains(pointer)))
    };
    leaves.len() == fields.len() && leaves.iter().all(may)
}

/// When a grant that is made now ends.
fn until(lifetime: Lifetime, made_at: i64) -> Option<i64> {
    match lifetime {
        Lifetime::Quarter => Some(made_at.saturating_add(15 * MINUTE)),
        Lifetime::Hour => Some(made_at.saturating_add(60 * MINUTE)),
        Lifetime::Conversation | Lifetime::Always => None,
    }
}

fn arguments(call: &Call) -> Digest {
    Digest::of("consentry grant arguments 1", &[&call.request.arguments])
}

fn meta(call: &Call) -> Digest {
    meta_of(&call.request.meta)
}

fn meta_of(meta: &[u8]) -> Digest {
    Digest::of("consentry grant meta 1", &[meta])
}

/// Every scalar with its pointer, and every empty list and object: together they are the whole of the arguments.
fn leaves(arguments: &Value) -> Vec<(String, Value)> {
    let mut leaves: Vec<(String, Value)> = scalars(arguments).into_iter().map(|(p, v)| (p, v.clone())).collect();
    empties(arguments, String::new(), &mut leaves);
    leaves
}

fn empties(value: &Value, pointer: String, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) if map.is_empty() => out.push((pointer, value.clone())),
        Value::Array(items) if items.is_empty() => out.push((pointer, value.clone())),
        Value::Object(map) => {
            map.iter().for_each(|(k, v)| empties(v, format!("{pointer}/{}", token(k)), out));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| empties(v, format!("{pointer}/{i}"), out));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests;
