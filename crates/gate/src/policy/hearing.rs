//! One call before the policies: the questions it raises, asked at each level of consent until one is enough.

use super::judge::{About, Answer, Question};
use super::{Destination, Facts, Judgement, Needed, Policies, Shared, shape};
use crate::approval::Consent;
use crate::call::Digest;
use cedar_policy_core::ast::{Eid, EntityUID, Value};
use cedar_policy_core::entities::{Entities, NoEntitiesSchema, TCComputation};
use cedar_policy_core::extensions::Extensions;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// More destinations than this in one call are not judged one by one.
const MAX_DESTINATIONS: usize = 1000;

/// The levels of consent, the weakest first, and what is needed where one is enough.
const LEVELS: [(Consent, Needed); 3] =
    [(Consent::None, Needed::Nothing), (Consent::Approved, Needed::Approve), (Consent::SteppedUp, Needed::StepUp)];

/// A call with its questions prepared.
pub(super) struct Hearing<'a> {
    questions: Vec<Question<'a>>,
    /// `context.call` without the consent.
    pub(super) call: BTreeMap<SmolStr, Value>,
}

impl<'a> Hearing<'a> {
    /// Prepares the questions: one for the tool, one for each destination, one for each class of data. The error is a sentence that says why the
    /// call can't be judged, and so is denied.
    pub(super) fn open(policies: &'a Policies, facts: &Facts<'a>) -> Result<Self, String> {
        let server = policies
            .servers
            .get(facts.server)
            .ok_or_else(|| format!("Policies know no server {}: it is not trusted yet.", facts.server))?;
        let tool = server.tool(facts.tool).ok_or_else(|| {
            format!(
                "Policies know no tool {} of the server {}: it is not trusted, or can't be used.",
                facts.tool, facts.server
            )
        })?;
        if let Some(why) = &tool.refused {
            return Err(format!("The tool {} is refused: {why}", facts.tool));
        }
        if facts.destinations.len() > MAX_DESTINATIONS {
            return Err(format!("The call names more than {MAX_DESTINATIONS} destinations, too many to judge."));
        }
        let shared = &*policies.shared;
        let principal = EntityUID::from_components(shared.kinds.client.clone(), Eid::new(facts.client), None);
        let mut beside = Vec::new();
        let reads = &tool.slice.reads;
        if let Some(reads) = reads.names("input") {
            let typed = facts.arguments.as_object().ok_or_else(|| "the arguments are not an object".to_owned());
            let input = typed.and_then(|object| tool.input.value(object, reads));
            beside.push(("input".into(), input.map_err(|why| format!("The call can't be judged: {why}."))?));
        }
        let timed = |reads: &super::reads::Reads| reads.names("call").is_some_and(|call| call.names("time").is_some());
        let call = facts.call(timed(reads) || timed(&shared.reach.reads))?;
        let mut questions = vec![Question {
            slice: &tool.slice,
            principal: principal.clone(),
            action: tool.action.clone(),
            resource: server.resource.clone(),
            entities: Cow::Borrowed(&server.actions),
            beside,
            about: About::Tool,
        }];
        for destination in facts.destinations {
            let (resource, entities) = destination.among(shared)?;
            let effects = Value::set(tool.effects.iter().map(|e| Value::from(e.word())), None);
            questions.push(Question {
                slice: &shared.reach,
                principal: principal.clone(),
                action: shared.kinds.reach.clone(),
                resource,
                entities: Cow::Owned(entities),
                beside: vec![("server".into(), Value::from(server.resource.clone())), ("effects".into(), effects)],
                about: About::Destination(destination),
            });
        }
        for carried in facts.carried {
            questions.push(carried.question(shared, facts.server)?);
        }
        Ok(Self { questions, call })
    }

    /// Every question's answer at one level.
    pub(super) fn answers(&self, consent: Consent) -> Vec<(&Question<'a>, Answer<'a>)> {
        self.questions.iter().map(|question| (question, question.answer(&self.call, consent))).collect()
    }

    /// Asks level by level and stops at the first that is enough.
    pub(super) fn judge(&self, versions: Digest) -> Judgement {
        let mut judgement = Judgement { needed: Needed::Never, reasons: Vec::new(), faults: Vec::new(), versions };
        let mut denials = Vec::new();
        for (consent, needed) in LEVELS {
            let answers = self.answers(consent);
            if answers.iter().all(|(_, answer)| answer.allowed) {
                judgement.needed = needed;
                break;
            }
            denials.push(answers);
        }
        for answers in denials.iter().rev() {
            judgement.add(answers.iter().map(|(_, answer)| answer));
        }
        judgement
    }

    /// Judges, and asks once more with exactly what was given.
    pub(super) fn satisfies(&self, versions: Digest, given: Consent) -> Result<Judgement, Judgement> {
        let mut judgement = self.judge(versions);
        let answers = self.answers(given);
        if answers.iter().all(|(_, answer)| answer.allowed) {
            return Ok(judgement);
        }
        if LEVELS.iter().any(|(level, needed)| *level == given && judgement.needed <= *needed) {
            // A policy forbids because of the consent itself: nothing that could be asked for helps.
            judgement.needed = Needed::Never;
        }
        judgement.add(answers.iter().map(|(_, answer)| answer));
        Err(judgement)
    }

    /// Every answer at every level, in sentences.
    pub(super) fn explain(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (consent, words) in [
            (Consent::None, "Unasked"),
            (Consent::Approved, "With a yes"),
            (Consent::SteppedUp, "With a deliberate yes"),
        ] {
            for (question, answer) in self.answers(consent) {
                let outcome = if answer.allowed { "allowed" } else { "denied" };
                lines.push(format!("{words}, {}: {outcome}.", question.about()));
                lines.extend(answer.lines());
            }
        }
        lines
    }
}

impl Judgement {
    /// Adds what denied, each policy and each fault once.
    fn add<'a>(&mut self, answers: impl Iterator<Item = &'a Answer<'a>>) {
        for answer in answers.filter(|answer| !answer.allowed) {
            for reason in answer.reasons() {
                if !self.reasons.iter().any(|r| r.policy == reason.policy) {
                    self.reasons.push(reason);
                }
            }
            for fault in &answer.faults {
                if !self.faults.contains(fault) {
                    self.faults.push(fault.clone());
                }
            }
        }
    }
}

impl Facts<'_> {
    /// `context.call` but for the consent; the time only where a policy reads it, because it costs as much as the rest.
    fn call(&self, timed: bool) -> Result<BTreeMap<SmolStr, Value>, String> {
        let texts = |texts: &[String]| Value::set(texts.iter().map(|text| Value::from(text.as_str())), None);
        let mut call = BTreeMap::from([
            ("client_known".into(), Value::from(self.client_known)),
            ("drifted".into(), Value::from(self.drifted)),
            ("names_protected".into(), Value::from(self.names_protected)),
            ("findings".into(), texts(self.findings)),
            ("new_destination".into(), Value::from(self.flow.new_destination)),
            ("tainted_sensitive".into(), Value::from(self.flow.tainted_sensitive)),
            ("tainted".into(), texts(&self.flow.tainted)),
            ("saw_untrusted".into(), Value::from(self.flow.saw_untrusted)),
            ("saw_private".into(), Value::from(self.flow.saw_private)),
            ("saw_flagged".into(), Value::from(self.flow.saw_flagged)),
            ("outward".into(), Value::from(self.flow.outward)),
            ("calls_last_hour".into(), Value::from(self.so_far.calls_last_hour)),
            ("calls_last_minute".into(), Value::from(self.so_far.calls_last_minute)),
            ("repeated".into(), Value::from(self.so_far.repeated)),
        ]);
        for (span, volume) in self.so_far.sums() {
            let parts = volume.parts().map(|(part, number)| (SmolStr::new_static(part), Value::from(number)));
            call.insert(SmolStr::new_static(span), Value::record(parts, None));
        }
        if let Some(token) = self.token {
            let text = |text: &str| Value::from(text);
            let record: [(SmolStr, Value); 6] = [
                ("issuer".into(), text(&token.issuer)),
                ("scopes".into(), texts(&token.scopes)),
                ("over_broad".into(), Value::from(!token.beyond.is_empty())),
                ("for_another".into(), Value::from(!token.for_others.is_empty())),
                ("first_use".into(), Value::from(token.first_use)),
                ("lacks".into(), texts(&token.lacks)),
            ];
            call.insert("token".into(), Value::record(record, None));
        }
        if timed {
            let time = shape::instant(self.now_ms).ok_or("The call can't be judged: the clock is off.")?;
            call.insert("time".into(), time);
        }
        Ok(call)
    }
}

impl Destination {
    /// Its entity's id, and the entities it stands among.
    fn among(&self, shared: &Shared) -> Result<(EntityUID, Entities), String> {
        let entity = self
            .entity(&shared.kinds.destination)
            .ok_or_else(|| format!("The call can't be judged: {} is no place.", self.value))?;
        let resource = entity.uid().clone();
        let entities = shared.actions.clone().add_entities(
            [entity],
            None::<&NoEntitiesSchema>,
            TCComputation::AssumeAlreadyComputed,
            Extensions::all_available(),
        );
        Ok((resource, entities.map_err(|e| format!("The call can't be judged: {e}."))?))
    }
}
