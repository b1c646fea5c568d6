//! What a person chose of a server: tools left out, and effects they know better.
//!
//! An override counts for one definition: it holds the digest of the tool it was set for, so a tool that drifts has the
//! effects that are derived again.

use super::{Listing, Servers};
use crate::present::effects_of;
use crate::store::{Decision, Store};
use gate::call::Digest;
use gate::tool::{Effect, Tool};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wire::text::escaped;
use wire::{Fault, FaultCode};

/// The kind of the rows that hold overrides, one row a server.
pub(super) const EFFECTS: &str = "effects";

/// What was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Tools that are neither listed nor callable.
    pub(crate) left_out: BTreeSet<String>,
    /// What tools can do, by their names.
    pub(crate) effects: BTreeMap<String, Override>,
}

/// What one definition can do, because a person said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Override {
    /// The digest of the definition.
    pin: String,
    /// The words of the effects.
    effects: Vec<String>,
}

impl Override {
    fn new(tool: &Tool, effects: &[Effect]) -> Self {
        let words = effects.iter().map(|e| e.word().to_owned()).collect();
        Self { pin: tool.digest.to_string(), effects: words }
    }

    /// The effects, if the tool is still the one they were set for. A word nobody knows voids them.
    fn of(&self, tool: &Tool) -> Option<Vec<Effect>> {
        let effect = |word: &String| Effect::ALL.into_iter().find(|e| e.word() == word);
        let effects: Option<Vec<Effect>> = self.effects.iter().map(effect).collect();
        effects.filter(|e| !e.is_empty() && self.pin == tool.digest.to_string())
    }
}

impl Choice {
    /// What a person asks for, held against what the server lists. What was set before stays where nothing is said.
    pub(crate) fn read(
        listed: &Listing,
        except: Vec<String>,
        effects: Vec<(String, Vec<wire::view::Effect>)>,
        before: &Self,
    ) -> Result<Self, Fault> {
        let find = |name: &str| {
            let missing = || {
                let why = format!("The server lists no tool named `{}`.", escaped(name));
                Fault::new(FaultCode::Invalid, why)
            };
            listed.tool(name).ok_or_else(missing)
        };
        let mut choice = Self { effects: before.effects.clone(), ..Self::default() };
        for name in except {
            find(&name)?;
            choice.left_out.insert(name);
        }
        for (name, effects) in effects {
            let (tool, effects) = (find(&name)?, effects_of(&effects));
            if effects.is_empty() {
                let why = format!("Every tool can do something: name at least one effect of `{}`.", escaped(&name));
                return Err(Fault::new(FaultCode::Invalid, why));
            }
            choice.set(tool, &effects);
        }
        Ok(choice)
    }

    /// Sets what a tool can do; what would be derived anyway is not kept.
    pub(super) fn set(&mut self, tool: &Tool, effects: &[Effect]) {
        if tool.derived == effects {
            self.effects.remove(&tool.name);
        } else {
            self.effects.insert(tool.name.clone(), Override::new(tool, effects));
        }
    }

    /// All tools, with the effects that hold.
    pub(super) fn with_effects(&self, listed: &Listing) -> Listing {
        let tools = listed.tools.iter().map(|tool| {
            let set = self.effects.get(&tool.name).and_then(|o| o.of(tool)).unwrap_or_else(|| tool.derived.clone());
            if set == tool.effects { tool.clone() } else { Arc::new(tool.with_effects(set)) }
        });
        Listing { tools: tools.collect(), instructions: listed.instructions.clone() }
    }

    /// The chosen tools, with the effects that hold: what is pinned.
    pub(super) fn of(&self, listed: &Listing) -> Listing {
        let mut chosen = self.with_effects(listed);
        chosen.tools.retain(|tool| !self.left_out.contains(&tool.name));
        chosen
    }

    /// Without what does not hold for these tools: a drifted tool has lost its override.
    pub(super) fn pruned(&self, listed: &Listing) -> Self {
        let holds = |(name, o): &(&String, &Override)| listed.tool(name).is_some_and(|tool| o.of(tool).is_some());
        let effects = self.effects.iter().filter(holds).map(|(n, o)| (n.clone(), o.clone())).collect();
        let left_out = self.left_out.iter().filter(|n| listed.tool(n).is_some()).cloned().collect();
        Self { left_out, effects }
    }

    /// SHA-256 over the choice, for the approval that makes it.
    pub(super) fn digest(&self) -> Digest {
        let mut parts: Vec<&[u8]> = vec![b"left out"];
        parts.extend(self.left_out.iter().map(String::as_bytes));
        for (name, set) in &self.effects {
            parts.extend([&b"effects"[..], name.as_bytes(), set.pin.as_bytes()]);
            parts.extend(set.effects.iter().map(String::as_bytes));
        }
        Digest::of("consentry choice 1", &parts)
    }

    /// For the log: `tool=read,send`.
    pub(super) fn words(&self) -> Vec<String> {
        self.effects.iter().map(|(name, set)| format!("{name}={}", set.effects.join(","))).collect()
    }
}

/// The overrides of a server as stored, or none.
pub(super) fn unpack(value: &str) -> BTreeMap<String, Override> {
    serde_json::from_str(value).unwrap_or_default()
}

/// Writes the overrides of a server, sealed; none takes the row away.
pub(super) async fn write(store: &Store, name: &str, choice: &Choice, now: i64) -> Result<(), Fault> {
    if choice.effects.is_empty() {
        return store.undecide(EFFECTS, name).await;
    }
    let value = serde_json::to_string(&choice.effects).map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))?;
    store.decide(EFFECTS, &Decision { name: name.to_owned(), value, decided_at: now }).await
}

impl Servers {
    /// What was chosen of a server until now.
    pub(super) fn chosen(&self, name: &str) -> Choice {
        self.entries().get(name).map(|e| e.choice.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn listing(definitions: &[&str]) -> Listing {
        let raw = definitions.iter().map(|d| Bytes::from((*d).to_owned())).collect();
        let tools = gate::tool::parse_listing(raw).unwrap();
        Listing { tools: tools.into_iter().map(Arc::new).collect(), instructions: None }
    }

    const READ: &str = r#"{"name":"get_x","annotations":{"readOnlyHint":true}}"#;
    const READ_LATER: &str = r#"{"name":"get_x","description":"other","annotations":{"readOnlyHint":true}}"#;

    #[test]
    fn an_override_holds_for_one_definition() {
        let listed = listing(&[READ]);
        let effects = vec![("get_x".to_owned(), vec![wire::view::Effect::Send, wire::view::Effect::Read])];
        let choice = Choice::read(&listed, vec![], effects, &Choice::default()).unwrap();
        assert_eq!(choice.of(&listed).tools[0].effects, [Effect::Read, Effect::Send]);
        assert_eq!(choice.of(&listed).tools[0].derived, [Effect::Read]);
        let drifted = listing(&[READ_LATER]);
        assert_eq!(choice.of(&drifted).tools[0].effects, [Effect::Read]);
        assert!(choice.pruned(&drifted).effects.is_empty());
        assert_eq!(choice.of(&listed).pin(), listed.pin(), "the pin is about the definition alone");
    }

    #[test]
    fn what_is_left_out_is_not_in_the_listing_and_in_the_digest() {
        let listed = listing(&[READ, r#"{"name":"b"}"#]);
        let choice = Choice::read(&listed, vec!["b".into()], vec![], &Choice::default()).unwrap();
        assert_eq!(choice.of(&listed).tools.len(), 1);
        assert_ne!(choice.digest(), Choice::default().digest());
        assert!(Choice::read(&listed, vec!["c".into()], vec![], &Choice::default()).is_err());
        assert!(Choice::read(&listed, vec![], vec![("b".into(), vec![])], &Choice::default()).is_err());
    }

    #[test]
    fn a_word_nobody_knows_voids_an_override() {
        let listed = listing(&[READ]);
        let mut choice = Choice::default();
        let effects = vec!["read".to_owned(), "teleport".into()];
        choice.effects.insert("get_x".into(), Override { pin: listed.tools[0].digest.to_string(), effects });
        assert_eq!(choice.of(&listed).tools[0].effects, [Effect::Read]);
    }
}
