//! One decision: every policy of a slice, evaluated at one level of consent.
//!
//! Cedar's own authorizer skips a policy that fails, so a `forbid` with an error would let the call run. Here each
//! policy is evaluated by Cedar and the answers are put together so that an error denies. Layers are heard apart: each
//! must allow, and no layer's permit opens what another keeps closed.

use super::load::Policy;
use super::reads::Reads;
use super::{Destination, Layer, Reason};
use crate::approval::Consent;
use crate::provenance::SoFar;
use cedar_policy_core::ast::{Context, EntityUID, EntityUIDEntry, Literal, Request, SlotEnv, Value, ValueKind};
use cedar_policy_core::entities::Entities;
use cedar_policy_core::evaluator::Evaluator;
use cedar_policy_core::extensions::Extensions;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The policies that can apply to one action.
#[derive(Debug, Default)]
pub(super) struct Slice {
    policies: Vec<Arc<Policy>>,
    pub(super) reads: Reads,
    /// Whether the managed layer keeps a list of what is permitted, so that what is not on it is denied.
    closed: bool,
}

impl Slice {
    pub(super) fn new<'a>(policies: impl Iterator<Item = &'a Arc<Policy>>, closed: bool) -> Self {
        let mut slice = Self { closed, ..Self::default() };
        for policy in policies {
            slice.reads.join(&policy.reads);
            slice.policies.push(Arc::clone(policy));
        }
        slice
    }

    /// Whether a layer denies what none of its policies permits.
    fn lists(&self, layer: Layer) -> bool {
        match layer {
            Layer::Floor => true,
            Layer::Managed => self.closed,
            Layer::Preset | Layer::User => false,
        }
    }
}

/// One question about a call: may this principal do this to that, given what is known?
pub(super) struct Question<'a> {
    pub(super) slice: &'a Slice,
    pub(super) principal: EntityUID,
    pub(super) action: EntityUID,
    pub(super) resource: EntityUID,
    pub(super) entities: Cow<'a, Entities>,
    /// The context beside `call`, or the whole of it but the consent where it is about data.
    pub(super) beside: Vec<(SmolStr, Value)>,
    pub(super) about: About<'a>,
}

/// What a question is about.
#[derive(Clone, Copy)]
pub(super) enum About<'a> {
    /// The tool as a whole.
    Tool,
    /// Where the call reaches.
    Destination(&'a Destination),
    /// A class of data that would leave.
    Data(&'a str),
}

/// What the policies of a slice say.
#[derive(Debug, Default)]
pub(super) struct Answer<'a> {
    pub(super) allowed: bool,
    pub(super) forbidden_by: Vec<&'a Policy>,
    pub(super) permitted_by: Vec<&'a Policy>,
    /// The managed layer permits other things, not this.
    pub(super) unlisted: bool,
    pub(super) faults: Vec<String>,
}

impl Answer<'_> {
    /// The reasons of a denial.
    pub(super) fn reasons(&self) -> impl Iterator<Item = Reason> + '_ {
        let unlisted = self.unlisted.then(|| Reason {
            policy: "managed".into(),
            title: "Not on your organisation's list".into(),
            why: "Your organisation permits certain calls only, and this is none of them.".into(),
            layer: Layer::Managed,
            rememberable: false,
            counts: false,
            suspension: None,
        });
        self.forbidden_by.iter().map(|policy| policy.reason()).chain(unlisted)
    }

    /// What decided, in lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let forbids =
            self.reasons().map(|r| format!("  forbidden by {} ({}): {}. {}", r.policy, r.layer.word(), r.title, r.why));
        let faults = self.faults.iter().map(|fault| format!("  {fault}"));
        let permits = self.permitted_by.iter().map(|p| format!("  permitted by {} ({})", p.id, p.layer.word()));
        let nothing = self.permitted_by.is_empty().then(|| "  no policy permits it".to_owned());
        forbids.chain(faults).chain(permits).chain(nothing)
    }
}

impl Policy {
    pub(super) fn reason(&self) -> Reason {
        Reason {
            policy: self.id.clone(),
            title: self.title.clone(),
            why: self.why.clone(),
            layer: self.layer,
            rememberable: self.rememberable,
            suspension: self.suspension,
            counts: self
                .reads
                .names("call")
                .is_some_and(|call| SoFar::default().sums().iter().any(|(span, _)| call.names(span).is_some())),
        }
    }
}

impl<'a> Question<'a> {
    /// What it is about, for people.
    pub(super) fn about(&self) -> String {
        match self.about {
            About::Tool => "the tool".to_owned(),
            About::Destination(Destination { kind, value }) => format!("the {kind} {value}"),
            About::Data(class) => format!("data of the class {class}"),
        }
    }

    /// The question as Cedar wants it.
    pub(super) fn request(&self, call: &BTreeMap<SmolStr, Value>, consent: Consent) -> Request {
        let mut context: BTreeMap<SmolStr, Value> = self.beside.iter().cloned().collect();
        let consent = ("consent".into(), consent_value(consent));
        if let About::Data(_) = self.about {
            context.extend([consent]);
        } else {
            let call = call.iter().map(|(name, value)| (name.clone(), value.clone())).chain([consent]).collect();
            context.insert("call".into(), Value::record_arc(Arc::new(call), None));
        }
        let entry = |uid: &EntityUID| EntityUIDEntry::known(uid.clone(), None);
        // Unchecked against the schema: everything in it is made here, of the types that the schema was made of.
        Request::new_unchecked(
            entry(&self.principal),
            entry(&self.action),
            entry(&self.resource),
            Some(Context::Value(Arc::new(context))),
        )
    }

    /// The answer when the person gave `consent`. `call` are the facts, without the consent.
    pub(super) fn answer(&self, call: &BTreeMap<SmolStr, Value>, consent: Consent) -> Answer<'a> {
        let evaluator = Evaluator::new(self.request(call, consent), &self.entities, Extensions::all_available());
        let mut answer = Answer::default();
        for policy in &self.slice.policies {
            match holds(&evaluator, policy) {
                Ok(false) => {}
                Ok(true) if policy.permits => answer.permitted_by.push(policy),
                Ok(true) => answer.forbidden_by.push(policy),
                Err(why) => answer.faults.push(format!(
                    "The policy {} ({}, line {}) could not be evaluated: {why}.",
                    policy.id, policy.file, policy.line
                )),
            }
        }
        let permitted = |layer| answer.permitted_by.iter().any(|policy| policy.layer == layer);
        answer.unlisted = self.slice.lists(Layer::Managed) && !permitted(Layer::Managed);
        let listed = Layer::ALL.into_iter().all(|layer| !self.slice.lists(layer) || permitted(layer));
        answer.allowed = listed && answer.forbidden_by.is_empty() && answer.faults.is_empty();
        answer
    }
}

fn holds(evaluator: &Evaluator<'_>, policy: &Policy) -> Result<bool, String> {
    match evaluator.interpret(&policy.condition, &SlotEnv::new()) {
        Ok(Value { value: ValueKind::Lit(Literal::Bool(holds)), .. }) => Ok(holds),
        Ok(_) => Err("it is neither true nor false".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

fn consent_value(consent: Consent) -> Value {
    let pairs = [
        ("approved", Value::from(consent >= Consent::Approved)),
        ("stepped_up", Value::from(consent >= Consent::SteppedUp)),
    ];
    Value::record(pairs, None)
}
