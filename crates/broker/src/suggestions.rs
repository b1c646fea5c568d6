//! Grants that could take the place of questions a person always answers alike: found in the log, and proved on it.

use crate::audit_log::Durability;
use crate::clock::now_ms;
use crate::corridor::Corridor;
use crate::desk::by_word;
use crate::store::{Answer, Decision, PastCall};
use crate::{Broker, Decider, present, replay};
use gate::approval::By;
use gate::audit::Record;
use gate::call::{ApprovalId, Digest, GrantId};
use gate::grant::{Answered, Basis, Suggestion, suggest};
use gate::policy::{KeptFacts, Needed, Policies, Reason};
use gate::tool::Tool;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use uuid::Uuid;
use wire::view::{PastQuestion, SuggestionView};
use wire::{Fault, FaultCode};

const KIND: &str = "suggestion";
/// How far back it is looked, in milliseconds: 30 days.
const SPAN: i64 = 30 * 24 * 60 * 60 * 1000;
/// The most approved calls that are read, and the most that were not approved: with more of those nothing is proved.
const MOST: i64 = 2_000;
const MOST_NOES: i64 = 2_000;
/// The longest card that is read, in bytes: it holds the arguments in several forms.
const LONGEST: i64 = 256 * 1024;
/// The most past calls that are told of one suggestion.
const TOLD: usize = 50;

/// A tool: its server's name, and its own.
type Which = (String, String);

/// One approved call, as the log has it.
struct Yes {
    question: PastQuestion,
    approval: ApprovalId,
    client_name: String,
    facts: KeptFacts,
    arguments: Value,
    answered: Answered,
    /// The server's identity and the tool's pin, as they were.
    pinned: (String, String),
    /// The rules that stood on its card.
    rules: BTreeSet<String>,
}

/// What was answered about one tool. A no holds for every client: one that was updated is another one.
#[derive(Default)]
struct Group {
    /// By the client's identity.
    yeses: BTreeMap<String, Vec<Yes>>,
    noes: Vec<Answered>,
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
    /// The policies that it was proved under.
    policies: Digest,
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
        let found = self.found(now_ms() - SPAN).await?;
        let found = found.into_iter().find(|found| found.id.to_string() == id).ok_or_else(unknown)?;
        let record = Record::new("declined", now_ms())
            .with("decision", KIND)
            .with("server", found.server.1.clone())
            .with("tool", found.tool.name.clone())
            .with("client", found.client_name.clone())
            .with("answered_by", by_word(by));
        let storage = |refusal: gate::permit::Refusal| Fault::new(FaultCode::Storage, refusal.message);
        self.inner.corridor.audit.append(record, Durability::Disk).await.map_err(storage)?;
        let decision = Decision { name: id.to_owned(), value: by_word(by).to_owned(), decided_at: now_ms() };
        self.inner.store.decide(KIND, &decision).await?;
        let _ = self.inner.events.send(wire::Event::Grants);
        Ok(())
    }

    async fn found(&self, since: i64) -> Result<Vec<Found>, Fault> {
        let store = &self.inner.store;
        let noes = store.answered_calls(Answer::No, since, MOST_NOES, LONGEST).await?;
        if i64::try_from(noes.len()).is_ok_and(|count| count == MOST_NOES) {
            tracing::warn!("more than {MOST_NOES} calls were rejected in 30 days: nothing is suggested");
            return Ok(Vec::new());
        }
        let yeses = store.answered_calls(Answer::Yes, since, MOST, LONGEST).await?;
        let corridor = self.inner.corridor.clone();
        let find = move || find(&corridor, &yeses, &noes);
        tokio::task::spawn_blocking(find).await.map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))
    }
}

/// What can be made of these answers, that of most use first.
fn find(corridor: &Corridor, yeses: &[(PastCall, String)], noes: &[(PastCall, String)]) -> Vec<Found> {
    let (policies, held) = (corridor.policies.current(), corridor.grants.held());
    let mut found = Vec::new();
    for ((server, name), group) in groups(yeses, noes) {
        let listed = corridor.servers.pinned(&server).and_then(|listing| listing.tool(&name).cloned());
        let pinned = corridor.servers.pin_of(&server, &name);
        let (Some(tool), Some((identity, pin))) = (listed, pinned) else { continue };
        // A yes was for the tool as it was; a no holds whatever it became.
        let now = (identity.to_string(), pin.to_string());
        for (client, mut yeses) in group.yeses {
            let Ok(client) = client.parse() else { continue };
            yeses.retain(|yes| yes.pinned == now);
            for one in suggestions((yeses, &group.noes), (client, identity, &server), &tool, &policies) {
                let same = held.iter().any(|grant| {
                    grant.client == client
                        && grant.server == identity
                        && grant.tool == name
                        && grant.fields == one.suggestion.fields
                        && grant.lifts.iter().eq(one.lifts.keys())
                        && grant.policies == policies.versions()
                        && grant.is_live(now_ms())
                });
                if !same {
                    found.push(one);
                }
            }
        }
    }
    found.sort_by(|a, b| b.covers.len().cmp(&a.covers.len()).then_with(|| a.id.0.cmp(&b.id.0)));
    found
}

/// The answers by server and tool. Of a tool with a no that can't be read nothing can be proved.
fn groups(yeses: &[(PastCall, String)], noes: &[(PastCall, String)]) -> BTreeMap<Which, Group> {
    let mut groups: BTreeMap<Which, Group> = BTreeMap::new();
    for (past, answer) in yeses {
        if let Some((which, client, yes)) = yes(past, answer) {
            groups.entry(which).or_default().yeses.entry(client).or_default().push(yes);
        }
    }
    let mut unproved = HashSet::new();
    for (past, _) in noes {
        let Ok(record) = serde_json::from_str(&past.record) else { continue };
        let which = which(&record);
        match no(past) {
            Some(no) => groups.entry(which).or_default().noes.push(no),
            None => {
                unproved.insert(which);
            }
        }
    }
    groups.retain(|which, _| !unproved.contains(which));
    groups
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
        let Found { suggestion, client, client_name, server, tool, approval, policies, lifts, .. } = found;
        let basis = Basis {
            id: GrantId(Uuid::now_v7()),
            approval,
            client: (client, client_name),
            server,
            tool: &tool,
            policies,
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

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn which(record: &Value) -> Which {
    (text(record, "server").to_owned(), text(record, "tool").to_owned())
}

/// The card of a question.
fn card(past: &PastCall) -> Option<Value> {
    serde_json::from_slice(past.arguments.as_deref()?).ok()
}

/// An approved call, where the log says enough of it and its card let the yes be remembered.
fn yes(past: &PastCall, answer: &str) -> Option<(Which, String, Yes)> {
    let record: Value = serde_json::from_str(&past.record).ok()?;
    let answer: Value = serde_json::from_str(answer).ok()?;
    let mut card = card(past)?;
    card.get("remember").filter(|offered| !offered.is_null())?;
    let (facts, arguments) = (replay::facts(past)?, card.get_mut("arguments")?.take());
    let at = |record: &Value| record.get("at").and_then(Value::as_i64);
    // Yeses to a list are given with one gesture: within the same minutes they are one.
    let occasion = if answer.get("listed").is_some() { -(at(&answer)? / 600_000) } else { past.seq };
    let rules = record.get("policies").and_then(Value::as_array).into_iter().flatten();
    let yes = Yes {
        question: PastQuestion { seq: past.seq, at: at(&record)? },
        approval: text(&record, "approval").parse().ok()?,
        client_name: text(&record, "client").to_owned(),
        answered: Answered::yes(&arguments, facts.flow.tainted.iter().cloned().collect(), occasion),
        pinned: (text(&record, "server_identity").to_owned(), text(&record, "pin").to_owned()),
        rules: rules.filter_map(|rule| rule.as_str().map(str::to_owned)).collect(),
        facts,
        arguments,
    };
    Some((which(&record), text(&record, "client_identity").to_owned(), yes))
}

/// A call that was not approved as it was asked, where the log says enough of it.
fn no(past: &PastCall) -> Option<Answered> {
    let card = card(past)?;
    // What would have left is shown by its beginning.
    let masked = card.get("leaves").and_then(Value::as_array).is_some_and(|leaves| !leaves.is_empty());
    replay::facts(past)?;
    Some(Answered::no(card.get("arguments")?, masked))
}

/// What could be remembered of one tool's calls by one client: only what rules that stood on the cards would ask a plain
/// yes for now, and let that yes be remembered; calls that different rules ask about are not thrown together.
fn suggestions(
    (yeses, noes): (Vec<Yes>, &[Answered]),
    (client, server, name): (Digest, Digest, &str),
    tool: &Arc<Tool>,
    policies: &Policies,
) -> Vec<Found> {
    let mut by_rules: BTreeMap<BTreeMap<String, String>, Vec<Yes>> = BTreeMap::new();
    for yes in yeses {
        let judgement = yes.facts.with(&yes.arguments, yes.question.at, |facts| policies.judge(facts));
        let known = |reason: &Reason| reason.rememberable && yes.rules.contains(&reason.policy);
        let remembered = judgement.reasons.iter().all(known) && judgement.faults.is_empty();
        if judgement.needed == Needed::Approve && remembered {
            let lifts = judgement.reasons.into_iter().map(|reason| (reason.policy, reason.title)).collect();
            by_rules.entry(lifts).or_default().push(yes);
        }
    }
    let mut out = Vec::new();
    for (lifts, yeses) in by_rules {
        let answered: Vec<Answered> =
            yeses.iter().map(|yes| yes.answered.clone()).chain(noes.iter().cloned()).collect();
        for suggestion in suggest(&answered, &tool.effects) {
            let covered: Vec<&Yes> = suggestion.covers.iter().filter_map(|at| yeses.get(*at)).collect();
            let Some(first) = covered.first() else { continue };
            let (fields, rules) = (serde_json::to_vec(&suggestion.fields), serde_json::to_vec(&lifts));
            let (fields, rules) = (fields.unwrap_or_default(), rules.unwrap_or_default());
            let parts: [&[u8]; 6] = [&client.0, &server.0, &tool.digest.0, &policies.versions().0, &fields, &rules];
            out.push(Found {
                id: Digest::of("consentry suggestion 2", &parts),
                client,
                client_name: first.client_name.clone(),
                server: (server, name.to_owned()),
                tool: tool.clone(),
                approval: first.approval,
                policies: policies.versions(),
                lifts: lifts.clone(),
                covers: covered.iter().map(|yes| yes.question).collect(),
                suggestion,
            });
        }
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
