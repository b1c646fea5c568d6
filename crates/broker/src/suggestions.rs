//! Grants that could take the place of questions a person always answers alike: found in the log, and proved on it.

use crate::clock::now_ms;
use crate::desk::by_word;
use crate::store::{Decision, PastCall};
use crate::{Broker, Decider, present, replay};
use gate::approval::By;
use gate::call::{ApprovalId, Digest, GrantId};
use gate::grant::{Answered, Basis, Suggestion, suggest};
use gate::policy::{KeptFacts, Needed, Policies};
use gate::tool::Tool;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;
use wire::view::{PastQuestion, SuggestionView};
use wire::{Fault, FaultCode};

const KIND: &str = "suggestion";
/// How far back it is looked, in milliseconds: 30 days.
const SPAN: i64 = 30 * 24 * 60 * 60 * 1000;
/// The most questions that are read.
const MOST: i64 = 2_000;
/// The most past calls that are told of one suggestion.
const TOLD: usize = 50;

/// One answered question, as the log has it.
struct Past {
    question: PastQuestion,
    approval: Option<ApprovalId>,
    client_name: String,
    facts: KeptFacts,
    answered: Answered,
    /// The server's identity and the tool's pin, as they were.
    pinned: (String, String),
}

/// A suggestion, and whom it is for.
struct Found {
    id: Digest,
    suggestion: Suggestion,
    client: Digest,
    client_name: String,
    server: (Digest, String),
    tool: Arc<Tool>,
    approval: ApprovalId,
    /// The rules that it answers, with their titles.
    lifts: BTreeMap<String, String>,
    covers: Vec<PastQuestion>,
}

impl Broker {
    /// What could be remembered in place of asking.
    ///
    /// # Errors
    /// `Storage` when the log can't be read.
    pub async fn suggestions(&self) -> Result<Vec<SuggestionView>, Fault> {
        let since = now_ms() - SPAN;
        let declined = self.inner.store.decisions(KIND).await?;
        let declined: BTreeSet<String> = declined.valid.into_iter().map(|row| row.name).collect();
        let found = self.found(since).await?;
        let view = |found: &Found| found.view(since);
        Ok(found.iter().filter(|found| !declined.contains(&found.id.to_string())).map(view).collect())
    }

    /// Does not suggest this again.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when it can't be written.
    pub async fn decline_suggestion(&self, id: &str, by: By) -> Result<(), Fault> {
        let id: Digest = id.parse().map_err(|_| unknown())?;
        let decision = Decision { name: id.to_string(), value: by_word(by).to_owned(), decided_at: now_ms() };
        self.inner.store.decide(KIND, &decision).await?;
        let _ = self.inner.events.send(wire::Event::Grants);
        Ok(())
    }

    async fn found(&self, since: i64) -> Result<Vec<Found>, Fault> {
        let asked = self.inner.store.answered_calls(since, MOST).await?;
        let corridor = &self.inner.corridor;
        let (policies, held) = (corridor.policies.current(), corridor.grants.held());
        let names = corridor.servers.names_by_alias();
        let mut groups: BTreeMap<(String, String, String), Vec<Past>> = BTreeMap::new();
        for (past, answer) in asked {
            let Some(past) = read(&past, &answer) else { continue };
            let key = (past.facts.client.clone(), past.facts.server.clone(), past.facts.tool.clone());
            groups.entry(key).or_default().push(past);
        }
        let mut found = Vec::new();
        for ((client, alias, name), mut group) in groups {
            let Some(server) = names.get(&alias) else { continue };
            let listed = corridor.servers.pinned(server).and_then(|listing| listing.tool(&name).cloned());
            let pinned = corridor.servers.pin_of(server, &name);
            let (Ok(client), Some(tool), Some((identity, pin))) = (client.parse(), listed, pinned) else { continue };
            // A yes was for the tool as it was; a no holds whatever it became.
            let now = (identity.to_string(), pin.to_string());
            group.retain(|past| !past.answered.approved || past.pinned == now);
            for one in suggestions(group, (client, identity, server), &tool, &policies) {
                let same = held.iter().any(|grant| {
                    grant.client == client
                        && grant.server == identity
                        && grant.tool == name
                        && grant.fields == one.suggestion.fields
                        && grant.policies == policies.versions()
                        && grant.is_live(now_ms())
                });
                if !same {
                    found.push(one);
                }
            }
        }
        found.sort_by_key(|one| std::cmp::Reverse(one.covers.len()));
        Ok(found)
    }
}

impl Decider {
    /// Remembers what was suggested, for so long.
    ///
    /// # Errors
    /// `NotFound` where it is no longer what would be suggested, `Invalid` for too long a life, `Storage` when it can't
    /// be written.
    pub async fn accept_suggestion(&self, id: &str, lifetime: wire::view::Lifetime) -> Result<(), Fault> {
        let broker = self.broker();
        let found = broker.found(now_ms() - SPAN).await?;
        let found = found.into_iter().find(|found| found.id.to_string() == id).ok_or_else(unknown)?;
        let corridor = &broker.inner.corridor;
        let Found { suggestion, client, client_name, server, tool, approval, lifts, .. } = found;
        let basis = Basis {
            id: GrantId(Uuid::now_v7()),
            approval,
            client: (client, client_name),
            server,
            tool: &tool,
            policies: corridor.policies.current().versions(),
            lifts: lifts.into_keys().collect(),
            made_at: now_ms(),
        };
        let invalid = |why: String| Fault::new(FaultCode::Invalid, why);
        let grant = suggestion.grant(present::lifetime_of(lifetime), basis).map_err(invalid)?;
        corridor.grants.keep(grant, self.by()).await
    }
}

fn unknown() -> Fault {
    Fault::new(FaultCode::NotFound, "This is not suggested any more. Look at the list again.")
}

/// What the log says of a question, where it says enough.
fn read(past: &PastCall, answer: &str) -> Option<Past> {
    let record: Value = serde_json::from_str(&past.record).ok()?;
    let answer: Value = serde_json::from_str(answer).ok()?;
    let text = |record: &Value, name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    // Who changes a call before a yes refuses it as it was asked.
    let edited = answer.get("edited").and_then(Value::as_array).is_some_and(|edited| !edited.is_empty());
    let approved = match text(&answer, "answer").as_str() {
        "approved" => !edited,
        "rejected" => false,
        _ => return None,
    };
    let (facts, arguments) = replay::known(past)?;
    let question = PastQuestion { seq: past.seq, at: record.get("at").and_then(Value::as_i64)? };
    let answered = Answered { arguments, unclean: facts.flow.tainted.iter().cloned().collect(), approved };
    let approval = text(&record, "approval").parse().ok();
    let client_name = text(&record, "client");
    let pinned = (text(&record, "server_identity"), text(&record, "pin"));
    Some(Past { question, approval, client_name, facts, answered, pinned })
}

/// What could be remembered of one tool's calls by one client: only what the rules of now would ask a plain yes for, and
/// let that yes be remembered.
fn suggestions(
    group: Vec<Past>,
    (client, server, name): (Digest, Digest, &str),
    tool: &Arc<Tool>,
    policies: &Policies,
) -> Vec<Found> {
    let answered: Vec<Answered> = group.iter().map(|past| past.answered.clone()).collect();
    let mut out = Vec::new();
    for suggestion in suggest(&answered, &tool.effects) {
        let mut lifts = BTreeMap::new();
        let spared = suggestion.covers.iter().filter_map(|at| group.get(*at)).all(|past| {
            let judgement = past.facts.with(&past.answered.arguments, past.question.at, |facts| policies.judge(facts));
            lifts.extend(judgement.reasons.iter().map(|reason| (reason.policy.clone(), reason.title.clone())));
            let remembered = judgement.reasons.iter().all(|reason| reason.rememberable) && judgement.faults.is_empty();
            matches!(judgement.needed, Needed::Approve) && remembered
        });
        let first = suggestion.covers.first().and_then(|at| group.get(*at));
        let (Some(first), true) = (first, spared) else { continue };
        let Some(approval) = first.approval else { continue };
        let fields = serde_json::to_vec(&suggestion.fields).unwrap_or_default();
        let parts: [&[u8]; 4] = [&client.0, &server.0, &tool.digest.0, &fields];
        out.push(Found {
            id: Digest::of("consentry suggestion 1", &parts),
            covers: suggestion.covers.iter().filter_map(|at| Some(group.get(*at)?.question)).collect(),
            suggestion,
            client,
            client_name: first.client_name.clone(),
            server: (server, name.to_owned()),
            tool: tool.clone(),
            approval,
            lifts,
        });
    }
    out
}

impl Found {
    fn view(&self, since: i64) -> SuggestionView {
        let mut covers = self.covers.clone();
        covers.truncate(TOLD);
        SuggestionView {
            id: self.id.to_string(),
            client: self.client_name.clone(),
            server: self.server.1.clone(),
            tool: self.tool.name.clone(),
            fields: present::grant_fields(&self.suggestion.fields),
            rules: self.lifts.values().cloned().collect(),
            count: u32::try_from(self.covers.len()).unwrap_or(u32::MAX),
            covers,
            rejected: u32::try_from(self.suggestion.rejected).unwrap_or(u32::MAX),
            since,
            lifetimes: self.suggestion.lifetimes(&self.tool.effects).into_iter().map(present::lifetime).collect(),
        }
    }
}
