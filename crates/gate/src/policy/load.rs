//! From policy files to policies that are known to be sound: parsed, named by their `@id`, explained, allowed in their
//! layer, and strictly valid.

use super::reads::Reads;
use super::suspension::Suspension;
use super::{Layer, PolicyFault, Source, lift};
use cedar_policy::{PolicyId, PolicySet, Schema, ValidationMode, Validator};
use cedar_policy_core::ast::{
    ActionConstraint, Effect, EntityUID, Expr, Policy as Ast, PrincipalConstraint, ResourceConstraint, Template,
};
use miette::Diagnostic;
use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::Arc;

/// One policy, ready to be evaluated.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) why: String,
    /// Not `@remember("never")`.
    pub(super) rememberable: bool,
    /// What it suspends when calls run into it again and again.
    pub(super) suspension: Option<Suspension>,
    pub(super) layer: Layer,
    pub(super) permits: bool,
    /// The alias of the one server it is about, if it names one.
    pub(super) about: Option<String>,
    pub(super) action: ActionConstraint,
    /// What has to hold, as one expression: building it anew for each decision would be most of what a decision costs.
    pub(super) condition: Expr,
    pub(super) reads: Reads,
    pub(super) file: String,
    pub(super) line: usize,
    /// As written, annotations and all.
    pub(super) text: String,
    cedar: cedar_policy::Policy,
}

/// The action every tool is in.
pub(super) const ANY_TOOL: &str = "any_tool";

/// The actions that are no tools.
const QUESTIONS: [&str; 2] = ["reach", "release"];

impl Policy {
    /// The action entities its scope names; `None` where it names none and so means all.
    pub(super) fn actions(&self) -> Option<impl Iterator<Item = &EntityUID>> {
        match &self.action {
            ActionConstraint::Eq(action) => Some(std::slice::from_ref(action).iter().map(Arc::as_ref)),
            ActionConstraint::In(actions) => Some(actions.as_slice().iter().map(Arc::as_ref)),
            ActionConstraint::Any => None,
        }
    }

    /// Whether its scope can hold for a tool, and not only for `reach` or `release`.
    pub(super) fn concerns_tools(&self) -> bool {
        self.actions().is_none_or(|mut actions| {
            actions.any(|a| self.about.is_some() || !QUESTIONS.contains(&a.eid().as_ref() as &&str))
        })
    }

    /// Whether its scope can hold for the global action `name`.
    pub(super) fn concerns(&self, name: &str) -> bool {
        self.about.is_none()
            && self.actions().is_none_or(|mut actions| actions.any(|a| a.eid().as_ref() as &str == name))
    }
}

/// Loads every source or says everything that is wrong with them.
pub(super) fn load(sources: &[Source]) -> Result<Vec<Arc<Policy>>, Vec<PolicyFault>> {
    let mut faults = Vec::new();
    let mut policies: Vec<Arc<Policy>> = Vec::new();
    let mut seen: HashMap<String, (String, usize)> = HashMap::new();
    for source in sources {
        match PolicySet::from_str(&source.text) {
            Err(errors) => faults.extend(errors.iter().map(|e| source.fault(at(e, &source.text), None, &sentence(e)))),
            Ok(set) => {
                for template in set.templates() {
                    let place: &Template = template.as_ref();
                    let line = place.loc().map_or(1, |loc| line_of(&source.text, loc.start()));
                    let id = template.annotation("id").map(str::to_owned);
                    faults.push(source.fault(line, id, "slots such as `?principal` are not supported"));
                }
                for policy in set.policies() {
                    match source.admit(policy) {
                        Ok(policy) => policies.push(Arc::new(policy)),
                        Err(fault) => faults.push(fault),
                    }
                }
            }
        }
    }
    policies.sort_by(|a, b| (a.layer, &a.file, a.line).cmp(&(b.layer, &b.file, b.line)));
    for policy in &policies {
        if let Some((file, line)) = seen.insert(policy.id.clone(), (policy.file.clone(), policy.line)) {
            faults.push(policy.fault(&format!("its @id is taken by the policy in {file}, line {line}")));
        }
    }
    if faults.is_empty() {
        let general: Vec<_> = policies.iter().filter(|p| p.about.is_none()).cloned().collect();
        let schema = lift::sample().map_err(|e| vec![PolicyFault::shipped(&e)])?;
        faults.extend(invalid(schema, &general).into_iter().map(|(_, fault)| fault));
    }
    faults.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    if faults.is_empty() { Ok(policies) } else { Err(faults) }
}

/// Validates strictly; returns the policies that are not valid against `schema`, by index, with what is wrong.
pub(super) fn invalid(schema: Schema, policies: &[Arc<Policy>]) -> Vec<(usize, PolicyFault)> {
    let mut set = PolicySet::new();
    let mut faults = Vec::new();
    let mut places = HashMap::new();
    for (index, policy) in policies.iter().enumerate() {
        match set.add(policy.cedar.clone()) {
            Ok(()) => {
                places.insert(policy.cedar.id().clone(), index);
            }
            Err(e) => faults.push((index, policy.fault(&sentence(&e)))),
        }
    }
    let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
    for error in result.validation_errors() {
        // An error without a place is one of the whole set: then none of it is valid.
        match places.get(error.policy_id()) {
            Some(&index) => faults.push((index, policies[index].misfit(error))),
            None => faults.extend(policies.iter().enumerate().map(|(i, p)| (i, p.misfit(error)))),
        }
    }
    faults
}

impl Policy {
    fn fault(&self, message: &str) -> PolicyFault {
        PolicyFault {
            file: self.file.clone(),
            line: self.line,
            policy: Some(self.id.clone()),
            message: message.to_owned(),
        }
    }

    fn misfit(&self, error: &cedar_policy::ValidationError) -> PolicyFault {
        let ast: &Ast = self.cedar.as_ref();
        let line = ast.loc().map_or(self.line, |loc| at(error, &loc.src));
        let said = sentence(error);
        let said = said.strip_prefix(&format!("for policy `{}`, ", self.id)).unwrap_or(&said).to_owned();
        PolicyFault { line: line.max(self.line), ..self.fault(&said) }
    }
}

impl Source {
    fn fault(&self, line: usize, policy: Option<String>, message: &str) -> PolicyFault {
        PolicyFault { file: self.name.clone(), line, policy, message: message.to_owned() }
    }

    /// One policy of this file, if it keeps the rules of its layer.
    fn admit(&self, policy: &cedar_policy::Policy) -> Result<Policy, PolicyFault> {
        let ast: &Ast = policy.as_ref();
        let line = ast.loc().map_or(1, |loc| line_of(&self.text, loc.start()));
        let note = |key: &str| policy.annotation(key).map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
        let fault = |message: &str| self.fault(line, note("id"), message);
        let id = note("id").ok_or_else(|| fault("it has no @id(\"…\"), which names it on cards and in the log"))?;
        if id.len() > 80 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) {
            return Err(fault("its @id may have at most 80 letters, digits, dots, hyphens and underscores"));
        }
        let permits = ast.effect() == Effect::Permit;
        if permits && matches!(self.layer, Layer::User | Layer::Preset) {
            return Err(fault("it permits, but this layer may only forbid; what runs more often is granted on a card"));
        }
        if permits && matches!(ast.action_constraint(), ActionConstraint::Any) {
            return Err(fault("it permits every action; write `action in Action::\"any_tool\"` or narrower"));
        }
        if !permits && (note("title").is_none() || note("why").is_none()) {
            return Err(fault("a forbid needs @title(\"…\") and @why(\"…\"): they are what the person reads"));
        }
        let remember = note("remember");
        if remember.as_deref().is_some_and(|r| r != "never") {
            return Err(fault("@remember knows only \"never\""));
        }
        let suspension = Suspension::parse(note("suspends").as_deref(), note("after").as_deref()).map_err(fault)?;
        if permits && suspension.is_some() {
            return Err(fault("it permits, so no call runs into it; @suspends belongs to a forbid"));
        }
        let mut servers: BTreeSet<String> = policy.entity_literals().iter().filter_map(namespace).collect();
        let about = servers.pop_first();
        if !servers.is_empty() {
            return Err(fault("it names tools of two servers; write one policy for each"));
        }
        Ok(Policy {
            title: note("title").unwrap_or_else(|| id.clone()),
            why: note("why").unwrap_or_default(),
            rememberable: remember.is_none(),
            suspension,
            layer: self.layer,
            permits,
            about,
            action: ast.action_constraint().clone(),
            reads: Reads::of_context(&ast.condition()),
            condition: condition(ast),
            file: self.name.clone(),
            line,
            text: ast.loc().and_then(|loc| self.text.get(loc.start()..loc.end())).unwrap_or_default().trim().to_owned(),
            // Cedar's own name for it would be its place in the file, which `@id` does not change.
            cedar: policy.new_id(PolicyId::new(&id)),
            id,
        })
    }
}

/// What has to hold for a policy to apply. For a forbid the action is left to slicing, which knows the tool's effects as
/// well as Cedar does: without that part it could only deny more. A permit keeps it, so that a tool whose action is not
/// known to be in a group is not permitted.
fn condition(ast: &Ast) -> Expr {
    let unscoped = ast.principal_constraint() == PrincipalConstraint::any()
        && ast.resource_constraint() == ResourceConstraint::any();
    match ast.non_scope_constraints() {
        Some(condition) if unscoped && ast.effect() == Effect::Forbid => condition.clone(),
        _ => ast.condition(),
    }
}

/// The server whose namespace an entity literal names.
fn namespace(literal: &cedar_policy::EntityUid) -> Option<String> {
    let namespace = literal.type_name().namespace();
    namespace.split("::").next().filter(|first| !first.is_empty()).map(str::to_owned)
}

/// The line, from 1, that a diagnostic points to.
fn at(error: &dyn Diagnostic, text: &str) -> usize {
    let offset = error.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
    offset.map_or(1, |offset| line_of(text, offset))
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}

/// What a diagnostic says, with its advice.
fn sentence(error: &(impl Diagnostic + std::fmt::Display)) -> String {
    match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}
