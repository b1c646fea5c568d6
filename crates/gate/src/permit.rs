//! From a judgement to what may happen: a permit, a question, or a refusal.
//!
//! A [`Permit`] is proof that this very call may go out. It is made in two places, both here: by a judgement that needs no
//! consent, or has it from a grant, and by settling a question with the [`Yes`] of a person. It can't be cloned, so it is spent once.

mod data;
mod refusal;

pub use data::{InClear, shown_arguments};
pub use refusal::{Refusal, RefusalKind};

use crate::approval::{Consent, Yes};
use crate::call::{Call, Destination, destinations};
use crate::edit::{Changed, Draft, changed};
use crate::grant::Grant;
use crate::inspect::{self, Finding};
use crate::policy::{Carried, Judgement, KeptFacts, Needed, Policies, Reason};
use crate::provenance::{Flow, Known, Memory, SoFar, Volume};
use crate::release::PutBack;
use crate::token::Token;
use bytes::Bytes;
use data::{carried, masked};
use serde_json::Value;

/// What is known about a call when it is judged; the moving part of [`crate::policy::Facts`].
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// Whether the person let this client in.
    pub client_known: bool,
    /// Whether the tool, or the server, is another than was pinned.
    pub drifted: bool,
    /// Whether the arguments name our own files, a client's configuration, autostart or the keyring.
    pub names_protected: bool,
    /// How much went through before this call.
    pub so_far: SoFar,
    /// The token that would go along.
    pub token: Option<Token>,
    /// Milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// A call with all that was found out about it: what is judged, shown and recorded.
#[derive(Clone, Debug)]
pub struct Case {
    /// The call.
    pub call: Call,
    /// What inspection saw in its arguments.
    pub findings: Vec<Finding>,
    /// What its arguments reach.
    pub destinations: Vec<Destination>,
    /// Classes of data that it carries to its server.
    pub carried: Vec<Carried>,
    /// Values of data classes that the model itself wrote.
    pub in_clear: Vec<InClear>,
    /// Originals that stand in it in place of the placeholders that the model wrote.
    pub put_back: Vec<PutBack>,
    /// Where its values come from, and where they go.
    pub flow: Flow,
    shown: Option<Shown>,
}

/// The arguments of a call as they may be shown and written down, where those that are sent may not.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    arguments: Bytes,
    parsed: Value,
}

impl Case {
    /// Looks at the arguments of a call.
    ///
    /// Nothing is known of where they come from, so everywhere the call goes is new.
    pub fn inspect(call: Call) -> Self {
        Self::look(call, None, Vec::new()).traced(&Memory::default(), &Known::NOTHING, 0)
    }

    /// The same with a flow that is known already.
    pub(crate) fn with_flow(call: Call, flow: Flow) -> Self {
        Self { flow, ..Self::look(call, None, Vec::new()).0 }
    }

    fn look(call: Call, written: Option<Shown>, put_back: Vec<PutBack>) -> Untraced {
        let looked = inspect::arguments(&call.tool, &call.request.parsed);
        let destinations = destinations(&call.request.parsed);
        let in_clear = match &written {
            // What was put back is no longer in the clear in what was written.
            Some(written) => inspect::data_in(&written.parsed),
            None => looked.data,
        };
        let carried = carried(&call.server.alias, &in_clear, &put_back);
        let plain = written.as_ref().map_or(&call.request.parsed, |written| &written.parsed);
        let (in_clear, masked) = (data::shown(plain, &in_clear), masked(plain, &in_clear));
        let shown = masked.or(written);
        let flow = Flow::default();
        Untraced(Self { call, findings: looked.findings, destinations, carried, in_clear, put_back, flow, shown })
    }

    /// The arguments as they may be shown and written down: with placeholders where originals were put back, and with
    /// only the beginning of each secret that stands in the clear.
    pub fn shown_arguments(&self) -> &Bytes {
        self.shown.as_ref().map_or(&self.call.request.arguments, |shown| &shown.arguments)
    }

    /// Whether they may be shown as they are sent.
    pub fn is_shown_whole(&self) -> bool {
        self.shown.is_none()
    }

    /// The same, parsed.
    pub fn shown_parsed(&self) -> &Value {
        self.shown.as_ref().map_or(&self.call.request.parsed, |shown| &shown.parsed)
    }

    /// Judges the case as things stand.
    pub fn weigh(&self, policies: &Policies, now: &Circumstances) -> Judgement {
        self.judged(policies, &self.facts(now), now)
    }

    /// How much it takes along.
    pub fn volume(&self) -> Volume {
        self.flow.volume
    }

    fn judged(&self, policies: &Policies, facts: &KeptFacts, now: &Circumstances) -> Judgement {
        facts.with(&self.call.request.parsed, now.now_ms, |facts| policies.judge(facts))
    }

    /// What policies are told of it, but for the arguments and the time.
    fn facts(&self, now: &Circumstances) -> KeptFacts {
        let of_token = now.token.iter().flat_map(Token::findings);
        let mut findings: Vec<String> =
            self.findings.iter().map(|f| f.class).chain(of_token).map(str::to_owned).collect();
        findings.sort_unstable();
        findings.dedup();
        KeptFacts {
            client: self.call.client.identity.to_string(),
            server: self.call.server.alias.clone(),
            tool: self.call.tool.name.clone(),
            destinations: self.destinations.iter().map(|d| (d.kind.to_owned(), d.value.clone())).collect(),
            findings,
            carried: self.carried.clone(),
            client_known: now.client_known,
            drifted: now.drifted,
            names_protected: now.names_protected,
            flow: self.flow.facts(),
            so_far: now.so_far.with(self.volume()),
            token: now.token.clone(),
        }
    }
}

/// A call that was looked at, but not yet traced: it can't be judged.
#[derive(Debug)]
#[must_use]
pub struct Untraced(Case);

impl Untraced {
    /// The call.
    pub fn call(&self) -> &Call {
        &self.0.call
    }

    /// The case, with what is known of where its values come from, as things stand.
    pub fn traced(self, memory: &Memory, known: &Known<'_>, now_ms: i64) -> Case {
        let flow = Flow::of(&self.0.call, memory, known, now_ms);
        Case { flow, ..self.0 }
    }
}

/// Proof that this very call may go out.
#[derive(Debug)]
pub struct Permit {
    case: Case,
    consent: Consent,
    reasons: Vec<Reason>,
    approval: Option<crate::call::ApprovalId>,
    grant: Option<crate::call::GrantId>,
    changed: Option<Changed>,
    facts: KeptFacts,
}

impl Permit {
    /// What was known of the call when it was judged.
    pub fn facts(&self) -> &KeptFacts {
        &self.facts
    }

    /// The call it is for.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// What the person gave for it.
    pub fn consent(&self) -> Consent {
        self.consent
    }

    /// The policies that asked; empty when nothing was asked.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The approval behind it.
    pub fn approval(&self) -> Option<crate::call::ApprovalId> {
        self.approval
    }

    /// The grant that stood in for an answer.
    pub fn grant(&self) -> Option<crate::call::GrantId> {
        self.grant
    }

    /// What a person changed of the call before they said yes.
    pub fn changed(&self) -> Option<&Changed> {
        self.changed.as_ref()
    }
}

/// A call that may go out only with a person's yes.
#[derive(Debug)]
pub struct Question {
    case: Case,
    judgement: Judgement,
    changed: Option<Changed>,
    facts: KeptFacts,
}

impl Question {
    /// What was known of the call when it was judged.
    pub fn facts(&self) -> &KeptFacts {
        &self.facts
    }

    /// What it is about.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// What policy said.
    pub fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    /// The call as a person may change it, where they may see all of it.
    pub fn draft(&self) -> Option<Draft> {
        self.case.is_shown_whole().then(|| Draft::of(&self.case, &self.judgement))
    }

    /// The question about the call as a person changed it, with what they were shown of it. The bytes are made again
    /// from this very call, so that a draft of another one gives none.
    ///
    /// # Errors
    /// A refusal, where the changes do not fit this call.
    pub fn edited(self, draft: &Draft) -> Result<Self, Refusal> {
        let stale = |why: String| Refusal::new(RefusalKind::Stale, why);
        let (case, changes) = changed(&self.case, draft.edits()).map_err(|fault| stale(fault.to_string()))?;
        if case.call.digest() != draft.case().call.digest() {
            return Err(stale("What was changed belongs to another call.".to_owned()));
        }
        let (asked, arguments) = (self.case.call.digest(), self.case.shown_arguments().clone());
        let changed = (!changes.is_empty()).then_some(Changed { asked, arguments, changes });
        Ok(Self { case, judgement: draft.judgement().clone(), changed, facts: self.facts })
    }

    /// The grant that a yes asked for beside this call, if it did.
    ///
    /// # Errors
    /// A sentence that says why it can't be remembered; the yes itself is good all the same.
    pub fn remembered(&self, yes: &Yes, id: crate::call::GrantId, now_ms: i64) -> Result<Option<Grant>, String> {
        let Some(choice) = yes.remember() else { return Ok(None) };
        if self.changed.is_some() {
            return Err("A call that was changed is never remembered.".to_owned());
        }
        let made = (id, yes.approval(), now_ms);
        Grant::remember(&self.case, &self.judgement, choice, made).map(Some)
    }

    /// Settles it with a yes: judged again, as things stand now and with what was given. A yes for another call, or a
    /// reason that was not on the card, voids it.
    pub fn settle(self, yes: Yes, policies: &Policies, now: &Circumstances) -> Result<Permit, Refusal> {
        if yes.digest() != self.case.call.digest() {
            return Err(Refusal::new(RefusalKind::Stale, "The yes was for another call.").with(&self.judgement));
        }
        let facts = self.case.facts(now);
        let fresh = self.case.judged(policies, &facts, now);
        let enough = match fresh.needed {
            Needed::Nothing => true,
            Needed::Approve => yes.consent() >= Consent::Approved,
            Needed::StepUp => yes.consent() >= Consent::SteppedUp,
            Needed::Never => return Err(Refusal::denied(&fresh)),
        };
        let unseen =
            fresh.reasons.iter().find(|r| !self.judgement.reasons.iter().any(|shown| shown.policy == r.policy));
        if let Some(reason) = unseen {
            let what = format!("While the question was open another rule began to apply: {}", reason.title);
            return Err(Refusal::new(RefusalKind::Stale, what).with(&fresh));
        }
        if !enough {
            return Err(Refusal::new(RefusalKind::Stale, "More consent is needed than was given.").with(&fresh));
        }
        Ok(Permit {
            case: self.case,
            consent: yes.consent(),
            reasons: self.judgement.reasons,
            approval: Some(yes.approval()),
            grant: None,
            changed: self.changed,
            facts,
        })
    }
}

/// What policy makes of a call.
#[derive(Debug)]
#[must_use]
pub enum Verdict {
    /// It may go out.
    Allow(Permit),
    /// It may go out with a person's yes.
    Ask(Question),
    /// It may not.
    Deny(Refusal),
}

/// Judges a call with no consent but what was remembered.
pub fn judge(case: Case, policies: &Policies, now: &Circumstances, grants: &[Grant]) -> Verdict {
    let facts = case.facts(now);
    let judgement = case.judged(policies, &facts, now);
    let unclean = if grants.is_empty() { Default::default() } else { case.flow.suspects() };
    let covers = |grant: &&Grant| grant.covers(&case, &judgement, &unclean, now.now_ms);
    if let Some(grant) = grants.iter().find(covers) {
        let (consent, grant) = (Consent::Approved, Some(grant.id));
        let reasons = judgement.reasons;
        return Verdict::Allow(Permit { case, consent, reasons, approval: None, grant, changed: None, facts });
    }
    match judgement.needed {
        Needed::Nothing => {
            let (consent, reasons) = (Consent::None, Vec::new());
            Verdict::Allow(Permit { case, consent, reasons, approval: None, grant: None, changed: None, facts })
        }
        Needed::Approve | Needed::StepUp => Verdict::Ask(Question { case, judgement, changed: None, facts }),
        Needed::Never => Verdict::Deny(Refusal::denied(&judgement).knowing(facts)),
    }
}
