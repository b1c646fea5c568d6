//! The tools of one server as policies see them: their action ids, typed arguments, and the slice of policies that can
//! apply to each. Made when a server's definitions are pinned, so that a call finds everything ready.

use super::judge::Slice;
use super::lift::{self, Lifting};
use super::load::{self, Policy};
use super::shape::{self, LeftOut, Record};
use super::{Policies, PolicyFault, PolicyTool, kind};
use crate::tool::Effect;
use cedar_policy_core::ast::{Eid, EntityUID};
use cedar_policy_core::entities::Entities;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What became of a server's tools; shown to the person, who can mend policies or ask the server's maker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerReport {
    /// Per tool (foreign name) the arguments that policies can't see, and why.
    pub left_out: Vec<(String, LeftOut)>,
    /// Tools (foreign names) that have another action id than their name, with that id.
    pub renamed: Vec<(String, String)>,
    /// Policies that no longer fit what the server offers.
    pub faults: Vec<PolicyFault>,
    /// Tools (foreign names) whose every call is denied, and the sentence that says why.
    pub refused: Vec<(String, String)>,
}

impl ServerReport {
    /// The report in sentences; names of tools and arguments in them are foreign.
    pub fn lines(&self) -> Vec<String> {
        let left_out = self.left_out.iter().map(|(tool, out)| match out.argument.as_str() {
            "" => format!("{tool}: policies see none of its arguments: its schema {}", out.why),
            argument => format!("{tool}: policies can't see its argument {argument}: it {}", out.why),
        });
        let renamed = self.renamed.iter().map(|(tool, id)| format!("{tool}: policies write it \"{id}\""));
        let faults = self.faults.iter().map(PolicyFault::to_string);
        let refused = self.refused.iter().map(|(tool, why)| format!("{tool}: {why}"));
        left_out.chain(renamed).chain(faults).chain(refused).collect()
    }
}

/// One server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) resource: EntityUID,
    /// The action entities of its schema, without which no policy about a group of actions holds.
    pub(super) actions: Entities,
    tools: HashMap<String, Tool>,
}

/// One of its tools.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) action: EntityUID,
    pub(super) effects: Vec<Effect>,
    pub(super) input: Record,
    pub(super) slice: Slice,
    /// Why every call of it is denied.
    pub(super) refused: Option<String>,
}

/// Names that a tool's action can't have: Cedar lets no namespace shadow a global action.
const TAKEN: [&str; 3] = ["any_tool", "reach", "release"];

fn action_id(tool: &str) -> String {
    let taken = TAKEN.contains(&tool) || Effect::ALL.iter().any(|e| e.word() == tool);
    if taken { format!("tool:{tool}") } else { tool.to_owned() }
}

/// A tool on its way into the schema.
struct Candidate<'a> {
    tool: &'a PolicyTool<'a>,
    key: String,
    input: Record,
}

impl Candidate<'_> {
    fn lifting(&self) -> Lifting<'_> {
        Lifting { key: &self.key, effects: self.tool.effects, input: &self.input }
    }
}

impl Server {
    pub(super) fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    /// Lifts `tools` into a schema of their own and slices `policies` for each. It never fails as a whole: what can't
    /// be used is refused tool by tool, and stands in the report.
    pub(super) fn new(alias: &str, tools: &[PolicyTool<'_>], policies: &Policies) -> (Self, ServerReport) {
        let mut report = ServerReport::default();
        let mut server = Self {
            resource: EntityUID::from_components(policies.shared.kinds.server.clone(), Eid::new(alias), None),
            actions: Entities::new(),
            tools: HashMap::new(),
        };
        let mut candidates = choose(tools, &mut report);
        let lifted = lift_what_lifts(alias, &mut candidates, &mut report).and_then(|schema| {
            let entities = schema.action_entities().map_err(|e| e.to_string())?;
            Ok((schema, entities, kind(&format!("{alias}::Action"))?))
        });
        let (schema, entities, action_kind) = match lifted {
            Ok(lifted) => lifted,
            Err(why) => {
                let why = format!("policies can't be written for this server: {why}");
                report.refused.extend(candidates.iter().map(|c| (c.tool.name.to_owned(), why.clone())));
                return (server, report);
            }
        };
        server.actions = AsRef::<Entities>::as_ref(&entities).clone();

        let about_it = |p: &&Arc<Policy>| p.about.as_deref().is_none_or(|about| about == alias);
        let mine: Vec<Arc<Policy>> = policies.policies.iter().filter(about_it).cloned().collect();
        let misfits: BTreeMap<usize, PolicyFault> = load::invalid(schema, &mine).into_iter().collect();
        for Candidate { tool, key, input } in candidates {
            let action = EntityUID::from_components(action_kind.clone(), Eid::new(key.as_str()), None);
            let stopped = misfits.iter().find(|(index, _)| stops(&mine[**index], &action, tool.effects));
            let refused = stopped.map(|(_, fault)| format!("a policy no longer fits what this server offers: {fault}"));
            if key != tool.name {
                report.renamed.push((tool.name.to_owned(), key));
            }
            report.refused.extend(refused.iter().map(|why| (tool.name.to_owned(), why.clone())));
            let sound = mine.iter().enumerate().filter(|(index, _)| !misfits.contains_key(index)).map(|(_, p)| p);
            let slice = Slice::new(sound.filter(|p| can_apply(p, &action, tool.effects)), policies.shared.closed);
            let effects = tool.effects.to_vec();
            server.tools.insert(tool.name.to_owned(), Tool { action, effects, input, slice, refused });
        }
        report.faults = misfits.into_values().collect();
        (server, report)
    }
}

/// The tools that can be told apart, with what of their arguments can be typed.
fn choose<'a>(tools: &'a [PolicyTool<'a>], report: &mut ServerReport) -> Vec<Candidate<'a>> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for tool in tools {
        *counts.entry(action_id(tool.name)).or_default() += 1;
    }
    let mut candidates = Vec::new();
    for tool in tools {
        let key = action_id(tool.name);
        match counts.get(&key) {
            Some(1) => {
                let (input, left_out) = shape::read_schema(tool.input_schema);
                report.left_out.extend(left_out.into_iter().map(|out| (tool.name.to_owned(), out)));
                candidates.push(Candidate { tool, key, input });
            }
            _ => {
                let why = "the server lists another tool that policies can't tell from it";
                report.refused.push((tool.name.to_owned(), why.to_owned()));
            }
        }
    }
    candidates
}

/// The schema of all candidates. Where it can't be made with every tool's arguments, the tools that stand in its way
/// lose theirs.
fn lift_what_lifts(
    alias: &str,
    candidates: &mut [Candidate<'_>],
    report: &mut ServerReport,
) -> Result<cedar_policy::Schema, String> {
    fn lift(alias: &str, candidates: &[Candidate<'_>]) -> Result<cedar_policy::Schema, String> {
        lift::lift(alias, &candidates.iter().map(Candidate::lifting).collect::<Vec<_>>())
    }
    let whole = lift(alias, candidates);
    if whole.is_ok() {
        return whole;
    }
    for candidate in candidates.iter_mut() {
        if lift(alias, std::slice::from_ref(candidate)).is_err() {
            candidate.input = Record::default();
            let why = "could not be turned into Cedar types";
            report.left_out.push((candidate.tool.name.to_owned(), LeftOut { argument: String::new(), why }));
        }
    }
    lift(alias, candidates)
}

/// Whether a policy's scope can hold for this tool; the rest of it is evaluated per call.
fn can_apply(policy: &Policy, action: &EntityUID, effects: &[Effect]) -> bool {
    let in_group = |named: &EntityUID| {
        let id: &str = named.eid().as_ref();
        policy.about.is_none() && (id == "any_tool" || effects.iter().any(|e| e.word() == id))
    };
    policy.actions().is_none_or(|mut named| named.any(|n| n == action || in_group(n)))
}

/// Whether a policy that no longer fits its server stops this tool: what it was about may now happen anywhere on the
/// server, so everything that does more than look; a general policy only where it could apply.
fn stops(policy: &Policy, action: &EntityUID, effects: &[Effect]) -> bool {
    let effectful = effects.iter().any(|e| *e != Effect::Read);
    can_apply(policy, action, effects) || (policy.about.is_some() && effectful)
}
