//! Past calls judged again under a draft: which would ask now that did not, which would not that did, and which would not
//! run at all. What was known of each call stands in the log; the same log and the same draft give the same answer.

use crate::policies::PolicyBook;
use crate::store::{PastCall, Store};
use gate::policy::{KeptFacts, Needed, Policies};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use wire::control::Draft;
use wire::view::{Demand, ReplayChange, ReplayView};
use wire::{Fault, FaultCode};

/// How many entries are read at a time.
const PAGE: i64 = 2_000;
/// How many changes are told one by one; the rest is counted.
const TOLD: usize = 500;

/// Plays the calls that were asked for since this moment against a draft.
///
/// # Errors
/// `Invalid` where the draft is wrong, `Storage` where the log can't be read.
pub(crate) async fn replay(
    store: &Store,
    book: &PolicyBook,
    draft: &Draft,
    since: Option<i64>,
) -> Result<ReplayView, Fault> {
    let policies = Arc::new(book.draft(draft).map_err(|why| Fault::new(FaultCode::Invalid, why))?);
    let mut played = Played::default();
    let mut after = 0;
    loop {
        let page = store.past_calls(after, since.unwrap_or(0), PAGE).await?;
        let Some(last) = page.last() else { return Ok(played.view(since)) };
        after = last.seq;
        let policies = policies.clone();
        // Judging takes long beside what else waits here.
        let judge = move || {
            page.iter().for_each(|past| played.play(past, &policies));
            played
        };
        played = tokio::task::spawn_blocking(judge)
            .await
            .map_err(|e| Fault::new(FaultCode::Internal, format!("The log could not be played: {e}.")))?;
    }
}

/// What came of it so far.
#[derive(Default)]
struct Played {
    view: ReplayView,
    /// Calls that were asked about: what ran of them is the same decision.
    asked: HashSet<String>,
    skipped: BTreeMap<&'static str, u64>,
}

impl Played {
    fn play(&mut self, past: &PastCall, policies: &Policies) {
        let Ok(record) = serde_json::from_str::<Value>(&past.record) else { return };
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let call = text("call").to_owned();
        let before = match text("kind") {
            "asked" => {
                self.asked.insert(call.clone());
                if text("level") == "step_up" { Needed::StepUp } else { Needed::Approve }
            }
            "intent" if self.asked.contains(&call) => return,
            "intent" if text("consent") == "none" => Needed::Nothing,
            "intent" => Needed::Approve,
            "refused" if !self.asked.contains(&call) => Needed::Never,
            _ => return,
        };
        self.view.calls += 1;
        let Some((facts, arguments)) = known(past) else {
            return self.skip("what was known of them is no longer in the log");
        };
        let at = when(&record);
        let judgement = facts.with(&arguments, at, |facts| policies.judge(facts));
        if !judgement.faults.is_empty() && before != Needed::Never {
            return self.skip("their server or tool is no longer trusted, or has changed");
        }
        let after = judgement.needed;
        let view = &mut self.view;
        match (before, after) {
            (before, after) if before == after => return,
            (_, Needed::Never) => view.blocked += 1,
            (Needed::Never, _) => view.unblocked += 1,
            (Needed::Nothing, _) => view.added += 1,
            (_, Needed::Nothing) => view.gone += 1,
            _ => view.stricter_or_milder += 1,
        }
        if view.changes.len() == TOLD {
            view.more += 1;
            return;
        }
        view.changes.push(ReplayChange {
            seq: past.seq,
            call,
            at,
            client: text("client").to_owned(),
            server: facts.server.clone(),
            tool: facts.tool.clone(),
            before: demand(before),
            after: demand(after),
            policies: judgement.reasons.iter().map(|reason| reason.policy.clone()).collect(),
            titles: judgement.reasons.into_iter().map(|reason| reason.title).collect(),
        });
    }

    fn skip(&mut self, why: &'static str) {
        *self.skipped.entry(why).or_default() += 1;
    }

    fn view(self, since: Option<i64>) -> ReplayView {
        let skipped = self.skipped.into_iter().map(|(why, count)| (why.to_owned(), count)).collect();
        ReplayView { since, skipped, ..self.view }
    }
}

/// What these policies make of a past call at each level of consent, in lines; nothing where the log says too little.
pub(crate) fn explain(past: &PastCall, policies: &Policies) -> Vec<String> {
    let Ok(record) = serde_json::from_str::<Value>(&past.record) else { return Vec::new() };
    let Some((facts, arguments)) = known(past) else { return Vec::new() };
    facts.with(&arguments, when(&record), |facts| policies.explain(facts))
}

/// When it was.
fn when(record: &Value) -> i64 {
    record.get("at").and_then(Value::as_i64).unwrap_or_default()
}

/// What policies were told of a call, where the log still has it.
pub(crate) fn facts(past: &PastCall) -> Option<KeptFacts> {
    serde_json::from_slice(past.facts.as_deref()?).ok()
}

/// The facts and the arguments of a call, where the log still has them.
fn known(past: &PastCall) -> Option<(KeptFacts, Value)> {
    let facts = facts(past)?;
    let arguments: Value = serde_json::from_slice(past.arguments.as_deref()?).ok()?;
    // A question keeps them on its card.
    let arguments = if past.on_card { arguments.get("arguments")?.clone() } else { arguments };
    Some((facts, arguments))
}

fn demand(needed: Needed) -> Demand {
    match needed {
        Needed::Nothing => Demand::Permits,
        Needed::Approve => Demand::Approve,
        Needed::StepUp => Demand::StepUp,
        Needed::Never => Demand::Never,
    }
}
