//! A call that a person changed before saying yes: the same call but for values that they wrote.
//!
//! The changed call is made from the raw bytes of the one that was asked, by putting new text in the place of exactly
//! the values that were changed; nothing else of it is written again. It is inspected and judged as if it had been asked
//! so, and has a digest of its own, which is what a yes to it binds.

use crate::call::{Call, Digest, Request, members};
use crate::inspect::Finding;
use crate::permit::{Case, Circumstances};
use crate::policy::{Judgement, Needed, Policies};
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use std::ops::Range;
use wire::text::escaped;

/// How many values may be changed at once.
const MOST_EDITS: usize = 64;

/// The longest the new values may be together, in bytes.
const MOST_BYTES: usize = 1024 * 1024;

/// The longest that the parameters of a changed call may be, in bytes: a message of 16 MiB holds them.
const LONGEST_CALL: usize = 15 * 1024 * 1024;

/// One value a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// JSON pointer into the arguments.
    pub pointer: String,
    /// The new value, as JSON.
    pub value: String,
}

/// One value that is another now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// JSON pointer into the arguments.
    pub pointer: String,
    /// Foreign: what was asked, as JSON.
    pub from: String,
    /// What a person wrote, as JSON.
    pub to: String,
}

/// Why a call can't be changed so. Foreign text in the sentences is escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditFault {
    /// The new value is no JSON, or none that may stand there.
    #[error("The new value for `{0}` is not a text in quotes, a number, `true` or `false`.")]
    NotPlain(String),
    /// What is to be changed is not in the call.
    #[error("The call has no value at `{0}`.")]
    NotThere(String),
    /// A list, an object or `null` is there.
    #[error("The value at `{0}` is no text, number, `true` or `false`, so it can't be changed here.")]
    NotScalar(String),
    /// Text for a number, or the like.
    #[error("The value at `{0}` is a {1}, and has to stay one.")]
    OtherKind(String, &'static str),
    /// The same value is changed twice.
    #[error("The value at `{0}` is changed twice.")]
    Twice(String),
    /// Too many or too long.
    #[error("That is too much: at most {MOST_EDITS} values can be changed, to at most 1 MB together.")]
    TooMuch,
    /// The tool's schema does not allow it.
    #[error("The tool does not take this: {0}")]
    OffSchema(String),
    /// No consent lets the changed call run.
    #[error("The changed call may not run: {0}")]
    Denied(String),
}

/// What a person changed of a call, and what was asked.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The digest of the call that was asked.
    pub asked: Digest,
    /// The arguments that were asked.
    pub arguments: Bytes,
    /// What is another now; never empty.
    pub changes: Vec<Change>,
}

/// A call that is being asked about, as it may be changed. It can be looked at, and lets nothing run.
#[derive(Clone, Debug)]
pub struct Draft {
    asked: Case,
    first: Judgement,
    case: Case,
    judgement: Judgement,
    edits: Vec<Edit>,
    changes: Vec<Change>,
}

impl Draft {
    /// A call as it was asked, and what policy said of it.
    pub(crate) fn of(case: &Case, judgement: &Judgement) -> Self {
        Self {
            asked: case.clone(),
            first: judgement.clone(),
            case: case.clone(),
            judgement: judgement.clone(),
            edits: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// The call as it stands, with these changes to what was *asked* in place of all earlier ones: checked and judged
    /// again. It never needs less than what was asked needs.
    ///
    /// # Errors
    /// Why it can't be changed so.
    pub fn edit(
        &self,
        edits: Vec<Edit>,
        policies: &Policies,
        now: impl FnOnce(&Call) -> Circumstances,
    ) -> Result<Self, EditFault> {
        let (case, changes) = changed(&self.asked, &edits)?;
        let judgement = case.weigh(policies, &now(&case.call));
        if judgement.needed == Needed::Never {
            let why = judgement.faults.first().map(|fault| escaped(fault));
            let rule = judgement.reasons.first().map(|rule| format!("{}. {}", rule.title, rule.why));
            return Err(EditFault::Denied(why.or(rule).unwrap_or_else(|| "No policy permits it.".to_owned())));
        }
        let judgement = at_least(judgement, &self.first);
        Ok(Self { asked: self.asked.clone(), first: self.first.clone(), case, judgement, edits, changes })
    }

    /// The call as it stands.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// What policy says of it.
    pub fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    /// What is another than was asked.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What the person wrote, all of it.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The digest of the call as it was asked.
    pub fn asked(&self) -> Digest {
        self.asked.call.digest()
    }
}

/// The stricter of what the changed call needs and what the first one needed, with the reasons for it.
fn at_least(mut judgement: Judgement, first: &Judgement) -> Judgement {
    if judgement.needed < first.needed {
        judgement.needed = first.needed;
        let missing = first.reasons.iter().filter(|r| !judgement.reasons.iter().any(|has| has.policy == r.policy));
        let missing: Vec<_> = missing.cloned().collect();
        judgement.reasons.splice(0..0, missing);
    }
    judgement
}

/// The case that these edits make of another, and what is different.
pub(crate) fn changed(asked: &Case, edits: &[Edit]) -> Result<(Case, Vec<Change>), EditFault> {
    let request = &asked.call.request;
    let (arguments, changes) = splice(&request.arguments, edits)?;
    if changes.is_empty() {
        return Ok((asked.clone(), changes));
    }
    let call = Call { request: with_arguments(request, &arguments)?, ..asked.call.clone() };
    let typed: Vec<String> = changes.iter().map(|change| change.pointer.clone()).collect();
    let flow = asked.flow.edited(&call, &typed);
    let case = Case::with_flow(call, flow);
    let new = |f: &&Finding| f.class == "arguments_off_schema" && !asked.findings.contains(f);
    match case.findings.iter().find(new) {
        Some(finding) => Err(EditFault::OffSchema(finding.message.clone())),
        None => Ok((case, changes)),
    }
}

/// The same request with other arguments; every other byte of it is the same.
pub(crate) fn with_arguments(request: &Request, arguments: &[u8]) -> Result<Request, EditFault> {
    let member = members(&request.params).ok().and_then(|all| all.into_iter().find(|(name, _)| name == "arguments"));
    let place = member.and_then(|(_, value)| place(&request.params, value));
    let place = place.ok_or_else(|| EditFault::NotThere(String::new()))?;
    let params = replaced(&request.params, &[(place, arguments)]);
    if params.len() > LONGEST_CALL {
        return Err(EditFault::TooMuch);
    }
    Request::parse(params.into()).map_err(|_| EditFault::TooMuch)
}

/// Puts new values into raw JSON, each at exactly its place. Every other byte stays. What would stay the same is no
/// change.
///
/// # Errors
/// Why it can't be done.
pub fn splice(raw: &[u8], edits: &[Edit]) -> Result<(Vec<u8>, Vec<Change>), EditFault> {
    let bytes: usize = edits.iter().map(|edit| edit.value.len()).sum();
    if edits.len() > MOST_EDITS || bytes > MOST_BYTES {
        return Err(EditFault::TooMuch);
    }
    let (mut places, mut changes) = (Vec::new(), Vec::new());
    for (nth, edit) in edits.iter().enumerate() {
        let shown = || escaped(&edit.pointer);
        if edits.iter().take(nth).any(|earlier| earlier.pointer == edit.pointer) {
            return Err(EditFault::Twice(shown()));
        }
        let to = edit.value.trim();
        let new: Value = serde_json::from_str(to).map_err(|_| EditFault::NotPlain(shown()))?;
        let place = find(raw, &edit.pointer).ok_or_else(|| EditFault::NotThere(shown()))?;
        let from = raw.get(place.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let old: Value = serde_json::from_str(from).map_err(|_| EditFault::NotThere(shown()))?;
        let kind = kind(&old).ok_or_else(|| EditFault::NotScalar(shown()))?;
        match self::kind(&new) {
            None => return Err(EditFault::NotPlain(shown())),
            Some(other) if other != kind => return Err(EditFault::OtherKind(shown(), kind)),
            // A number is how it is written: two that read the same may not be the same to a server.
            Some("number") if from == to => continue,
            Some("text" | "truth value") if old == new => continue,
            Some(_) => {}
        }
        changes.push(Change { pointer: edit.pointer.clone(), from: from.to_owned(), to: to.to_owned() });
        places.push((place, to.as_bytes()));
    }
    places.sort_by_key(|(place, _)| place.start);
    Ok((replaced(raw, &places), changes))
}

/// What may be changed, and only into its own kind.
fn kind(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(_) => Some("text"),
        Value::Number(_) => Some("number"),
        Value::Bool(_) => Some("truth value"),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The bytes with other ones at these places, which are in order and apart.
fn replaced(raw: &[u8], places: &[(Range<usize>, &[u8])]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut done = 0;
    for (place, new) in places {
        out.extend_from_slice(raw.get(done..place.start).unwrap_or_default());
        out.extend_from_slice(new);
        done = place.end;
    }
    out.extend_from_slice(raw.get(done..).unwrap_or_default());
    out
}

/// Where the value stands that a JSON pointer names.
fn find(raw: &[u8], pointer: &str) -> Option<Range<usize>> {
    let mut here = 0..raw.len();
    for token in pointer.strip_prefix('/')?.split('/') {
        let text = raw.get(here)?;
        let inside = match text.trim_ascii_start().first()? {
            b'{' => {
                let named = |(name, _): &(String, &RawValue)| crate::call::token(name) == token;
                // Two members of one name were refused when the message came in; which one is meant can't be told.
                let mut found = members(text).ok()?.into_iter().filter(named);
                let one = found.next()?.1;
                found.next().is_none().then_some(one)?
            }
            b'[' => {
                let nth: usize = token.parse().ok().filter(|nth: &usize| nth.to_string() == token)?;
                serde_json::from_slice::<Vec<&RawValue>>(text).ok()?.into_iter().nth(nth)?
            }
            _ => return None,
        };
        here = place(raw, inside)?;
    }
    Some(here)
}

/// Where in `raw` a value lies that was read from it.
pub(crate) fn place(raw: &[u8], value: &RawValue) -> Option<Range<usize>> {
    let start = value.get().as_ptr().addr().checked_sub(raw.as_ptr().addr())?;
    let end = start.checked_add(value.get().len())?;
    (raw.get(start..end)? == value.get().as_bytes()).then_some(start..end)
}

#[cfg(test)]
mod tests;
