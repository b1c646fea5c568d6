//! Which consent a call needs: the weakest that lets every policy allow it.
//!
//! Policies are Cedar. Consent is a fact like any other (`context.call.consent`), so a policy asks by forbidding what
//! was not approved, and no second language is needed. A call is judged with no consent, then as if approved, then as
//! if stepped up; the first level that Cedar allows is what is needed. A call is several questions, one for its tool
//! and one for each destination in its arguments, and the strictest answer stands. Whatever can't be evaluated denies.

pub mod cases;
mod hearing;
mod judge;
mod kept;
mod lift;
mod load;
mod place;
mod reads;
mod release;
mod rules;
mod server;
mod shape;
mod suspension;

pub use kept::KeptFacts;
pub use place::Destination;
pub use release::Carried;
pub use rules::Rule;
pub use server::ServerReport;
pub use shape::LeftOut;
pub use suspension::{Suspends, Suspension};

use crate::approval::Consent;
use crate::call::Digest;
use crate::provenance::SoFar;
use crate::tool::Effect;
use cedar_policy_core::ast::{Eid, EntityType, EntityUID};
use cedar_policy_core::entities::Entities;
use hearing::Hearing;
use judge::Slice;
use serde::{Deserialize, Serialize};
use server::Server;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Where a policy comes from. Layers are evaluated apart and the strictest answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Shipped, always loaded; it permits what exists and forbids what is never fine unasked.
    Floor,
    /// Shipped, one of several; it may only forbid.
    Preset,
    /// The person's own; it may only forbid.
    User,
    /// The administrator's; where it permits anything, what it doesn't permit is denied.
    Managed,
}

impl Layer {
    /// All layers.
    pub const ALL: [Self; 4] = [Self::Floor, Self::Preset, Self::User, Self::Managed];

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Preset => "preset",
            Self::User => "user",
            Self::Managed => "managed",
        }
    }
}

/// One policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its layer.
    pub layer: Layer,
    /// The file, for messages.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// Something wrong with a policy, said for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The policy's `@id`, where it has one.
    pub policy: Option<String>,
    /// What is wrong, to stand after "it" or on its own; may quote the policy or a server's schema.
    pub message: String,
}

impl PolicyFault {
    /// The shipped files themselves are at fault.
    fn shipped(message: &str) -> Self {
        Self { file: "core.cedarschema".into(), line: 1, policy: None, message: message.to_owned() }
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = self.policy.as_deref().map(|id| format!("policy {id}: ")).unwrap_or_default();
        write!(f, "{}, line {}: {policy}{}", self.file, self.line, self.message)
    }
}

impl std::error::Error for PolicyFault {}

/// How much is asked, above the floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// Asks for every effect beyond looking.
    #[default]
    Cautious,
    /// Asks by flow: by where values come from, and where they go.
    Balanced,
}

impl Preset {
    /// The floor and this preset, as shipped.
    pub fn shipped(self) -> Vec<Source> {
        let preset = match self {
            Self::Cautious => include_str!("../../../policies/presets/cautious.cedar"),
            Self::Balanced => include_str!("../../../policies/presets/balanced.cedar"),
        };
        let source = |layer, name: &str, text: &str| Source { layer, name: name.into(), text: text.into() };
        vec![
            source(Layer::Floor, "baseline.cedar", include_str!("../../../policies/baseline.cedar")),
            source(Layer::Preset, &format!("{self}.cedar"), preset),
        ]
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cautious => "cautious",
            Self::Balanced => "balanced",
        })
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "cautious" => Ok(Self::Cautious),
            "balanced" => Ok(Self::Balanced),
            _ => Err("there are the presets `cautious` and `balanced`".to_owned()),
        }
    }
}

/// A tool as policies need to know it.
#[derive(Clone, Copy, Debug)]
pub struct PolicyTool<'a> {
    /// Foreign: its real name.
    pub name: &'a str,
    /// What it can do. A tool without any effect is never permitted.
    pub effects: &'a [Effect],
    /// Its `inputSchema`.
    pub input_schema: &'a serde_json::Value,
}

/// What is known about a call when it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The proved client.
    pub client: &'a str,
    /// The server's alias.
    pub server: &'a str,
    /// The tool's real name.
    pub tool: &'a str,
    /// The arguments as they will be sent.
    pub arguments: &'a serde_json::Value,
    /// What the arguments reach.
    pub destinations: &'a [Destination],
    /// Classes of what inspection saw in the arguments.
    pub findings: &'a [String],
    /// Classes of data that the call would carry to the server.
    pub carried: &'a [Carried],
    /// The person let this client in.
    pub client_known: bool,
    /// The tool or its server is another than was approved.
    pub drifted: bool,
    /// The arguments name our own files, a client's configuration, autostart or the keyring.
    pub names_protected: bool,
    /// Where its values come from, and where they go.
    pub flow: &'a FlowFacts,
    /// How much went through before, with this call.
    pub so_far: &'a SoFar,
    /// The token that would go along, where the server is reached with one.
    pub token: Option<&'a crate::token::Token>,
    /// Milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// What is known of where a call's values come from and where they go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowFacts {
    /// At least one destination was never approved nor configured.
    pub new_destination: bool,
    /// A value that decides where or what comes from untrusted text, or may.
    pub tainted_sensitive: bool,
    /// JSON pointers of values that come from untrusted text, or may.
    pub tainted: Vec<String>,
    /// The conversation was shown text that anybody may have written.
    pub saw_untrusted: bool,
    /// It was shown data that is not public.
    pub saw_private: bool,
    /// It was shown something that reads like orders to an assistant.
    pub saw_flagged: bool,
    /// Something would leave for others, or something would be run.
    pub outward: bool,
}

impl FlowFacts {
    /// The worst that can be known of a call.
    pub fn worst() -> Self {
        Self {
            new_destination: true,
            tainted_sensitive: true,
            tainted: Vec::new(),
            saw_untrusted: true,
            saw_private: true,
            saw_flagged: true,
            outward: true,
        }
    }
}

/// The weakest consent that lets a call run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needed {
    /// It runs unasked.
    Nothing,
    /// A plain yes.
    Approve,
    /// A yes with a deliberate act.
    StepUp,
    /// No consent is enough.
    Never,
}

/// A policy that made a weaker consent insufficient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its `@id`.
    pub policy: String,
    /// Its `@title`, without a full stop.
    pub title: String,
    /// Its `@why`, a sentence.
    pub why: String,
    /// Where it comes from.
    pub layer: Layer,
    /// Whether a remembered yes may lift it: not with `@remember("never")`.
    pub rememberable: bool,
    /// Whether it looks at how much went through within a time.
    pub counts: bool,
    /// What it suspends when calls run into it again and again.
    pub suspension: Option<Suspension>,
}

/// What policy makes of a call.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What is needed.
    pub needed: Needed,
    /// Why nothing weaker is enough, the strictest first, each policy once.
    pub reasons: Vec<Reason>,
    /// What could not be evaluated, in sentences that may hold foreign text. Each denied the level it came up at.
    pub faults: Vec<String>,
    /// Digest of the policies that were asked.
    pub versions: Digest,
}

/// A set of policies with the servers they are applied to. Immutable; cloning is cheap.
#[derive(Clone, Debug)]
pub struct Policies {
    policies: Arc<[Arc<load::Policy>]>,
    versions: Digest,
    /// The action entities and policies of questions that are not about a tool.
    shared: Arc<Shared>,
    servers: BTreeMap<String, Arc<Server>>,
}

/// What is the same for every server.
#[derive(Debug)]
struct Shared {
    kinds: Kinds,
    /// The action entities of the shared schema.
    actions: Entities,
    /// The policies about destinations.
    reach: Slice,
    /// The policies about data that leaves.
    release: Slice,
    /// Whether the managed layer permits any tool, and so denies all others.
    closed: bool,
}

/// The types of entities, parsed once.
#[derive(Debug)]
struct Kinds {
    client: EntityType,
    server: EntityType,
    destination: EntityType,
    data_class: EntityType,
    reach: EntityUID,
    release: EntityUID,
}

impl Kinds {
    fn new() -> Result<Self, String> {
        Ok(Self {
            client: kind("Client")?,
            server: kind("Server")?,
            destination: kind("Destination")?,
            data_class: kind("DataClass")?,
            reach: EntityUID::from_components(kind("Action")?, Eid::new("reach"), None),
            release: EntityUID::from_components(kind("Action")?, Eid::new("release"), None),
        })
    }
}

impl Policies {
    /// Loads and strictly validates `sources`, or says everything that is wrong with them.
    pub fn load(sources: &[Source]) -> Result<Self, Vec<PolicyFault>> {
        let policies = load::load(sources)?;
        let shipped = |e: String| vec![PolicyFault::shipped(&e)];
        let actions = lift::shared().and_then(|s| s.action_entities().map_err(|e| e.to_string())).map_err(shipped)?;
        let managed_permits = |holds: &dyn Fn(&load::Policy) -> bool| {
            policies.iter().any(|p| p.layer == Layer::Managed && p.permits && holds(p))
        };
        let slice = |action: &str| {
            Slice::new(policies.iter().filter(|p| p.concerns(action)), managed_permits(&|p| p.concerns(action)))
        };
        let shared = Shared {
            kinds: Kinds::new().map_err(shipped)?,
            actions: AsRef::<Entities>::as_ref(&actions).clone(),
            reach: slice("reach"),
            release: slice("release"),
            closed: managed_permits(&|p| p.concerns_tools()),
        };
        let mut ordered: Vec<&Source> = sources.iter().collect();
        ordered.sort_by_key(|s| (s.layer, &s.name));
        let mut parts: Vec<&[u8]> = vec![lift::CORE.as_bytes()];
        parts.extend(ordered.iter().flat_map(|s| [s.layer.word().as_bytes(), s.text.as_bytes()]));
        let versions = Digest::of("consentry policies 1", &parts);
        Ok(Self { policies: policies.into(), versions, shared: Arc::new(shared), servers: BTreeMap::new() })
    }

    /// With the tools of the server `alias`, in place of those it may have had.
    pub fn with_server(&self, alias: &str, tools: &[PolicyTool<'_>]) -> (Self, ServerReport) {
        let (server, report) = Server::new(alias, tools, self);
        let mut with = self.clone();
        with.servers.insert(alias.to_owned(), Arc::new(server));
        (with, report)
    }

    /// Without the server `alias`: policies about it sleep.
    pub fn without_server(&self, alias: &str) -> Self {
        let mut without = self.clone();
        without.servers.remove(alias);
        without
    }

    /// The `@id`s of policies that sleep because they are about a server that is not there.
    pub fn dormant(&self) -> impl Iterator<Item = &str> {
        let absent = |p: &&Arc<load::Policy>| p.about.as_ref().is_some_and(|about| !self.servers.contains_key(about));
        self.policies.iter().filter(absent).map(|p| p.id.as_str())
    }

    /// Digest over the text of all policies.
    pub fn versions(&self) -> Digest {
        self.versions
    }

    /// The weakest consent that lets this call run.
    pub fn judge(&self, facts: &Facts<'_>) -> Judgement {
        match Hearing::open(self, facts) {
            Ok(hearing) => hearing.judge(self.versions),
            Err(fault) => self.refuse(fault),
        }
    }

    /// Judges again with exactly what was given. The reasons are those of the whole judgement: one that was not on the
    /// card voids the yes, which its caller sees to.
    pub fn satisfies(&self, facts: &Facts<'_>, given: Consent) -> Result<Judgement, Judgement> {
        match Hearing::open(self, facts) {
            Ok(hearing) => hearing.satisfies(self.versions, given),
            Err(fault) => Err(self.refuse(fault)),
        }
    }

    /// Every policy that mattered at each level of consent, in lines that may hold foreign text.
    pub fn explain(&self, facts: &Facts<'_>) -> Vec<String> {
        match Hearing::open(self, facts) {
            Ok(hearing) => hearing.explain(),
            Err(fault) => vec![fault],
        }
    }

    fn refuse(&self, fault: String) -> Judgement {
        Judgement { needed: Needed::Never, reasons: Vec::new(), faults: vec![fault], versions: self.versions }
    }
}

/// The alias that a server named `name` has in policies: an ASCII identifier of Cedar. Two names can have one alias;
/// keeping servers apart is their caller's business.
pub fn alias(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let alias: String = name.chars().take(64).map(letter).collect();
    // Words that mean something to Cedar get a prefix, and so do names that start with a digit.
    let plain = alias.starts_with(|c: char| c.is_ascii_alphabetic()) && kind(&format!("{alias}::Action")).is_ok();
    if plain { alias } else { format!("s_{}", alias.trim_start_matches('_')) }
}

fn kind(name: &str) -> Result<EntityType, String> {
    name.parse::<EntityType>().map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
