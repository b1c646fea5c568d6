//! The story of one call or one question, for somebody who isn't an engineer: what happened, why, who answered, when.

use super::record;
use crate::policies::PolicyBook;
use crate::store::{Store, StoredEntry};
use gate::policy::Rule;
use serde_json::Value;
use wire::Fault;
use wire::text::escaped;
use wire::view::{ApprovalView, CameBackView, Reason, Step, StepView, StoryView};

/// Puts the story together from all entries of the call or question, in order. Entries that are about neither have none.
pub(super) async fn tell(
    store: &Store,
    entries: &[StoredEntry],
    policies: &PolicyBook,
) -> Result<Option<StoryView>, Fault> {
    let records: Vec<Value> = entries.iter().map(record).collect();
    let of = |kind: &str| records.iter().find(|record| text(record, "kind") == kind);
    let (asked, answered) = (of("asked"), of("answered"));
    let (intent, outcome, refused) = (of("intent"), of("outcome"), of("refused"));
    if asked.or(answered).or(intent).or(outcome).or(refused).is_none() {
        return Ok(None);
    }
    // The last card is the one that was answered.
    let edited = records.iter().rev().find(|record| text(record, "kind") == "edited");
    let card = card(store, edited.or(asked)).await?;
    let decisive = [refused, intent, asked].into_iter().flatten().find(|record| !ids(record).is_empty());
    let reasons = reasons(card.as_deref(), decisive, policies);
    let mut story = StoryView { reasons, card, ..StoryView::default() };
    if let Some(asked) = asked {
        story.steps.push(moment(Step::Asked, asked));
    }
    if let Some(answered) = answered {
        let asked_at = asked.and_then(|asked| asked.get("at")).and_then(Value::as_i64);
        if let Some(after) = answered.get("visible_after_ms").and_then(Value::as_i64) {
            story.steps.extend(asked_at.map(|at| StepView { step: Step::Visible, at: at.saturating_add(after) }));
        }
        story.steps.push(moment(Step::Answered, answered));
        story.answered_by = text(answered, "answered_by").to_owned();
        story.reason = text(answered, "reason").to_owned();
    }
    if let Some(intent) = intent {
        story.steps.push(moment(Step::Sent, intent));
    }
    if let Some(over) = outcome.or(refused.filter(|_| answered.is_none())) {
        story.steps.push(moment(Step::Done, over));
    }
    story.said = said(asked, answered, intent, outcome, refused);
    if let Some(outcome) = outcome {
        story.came_back = came_back(store, outcome).await?;
    }
    Ok(Some(story))
}

fn moment(step: Step, record: &Value) -> StepView {
    StepView { step, at: record.get("at").and_then(Value::as_i64).unwrap_or_default() }
}

/// What the outcome says of the result.
async fn came_back(store: &Store, outcome: &Value) -> Result<CameBackView, Fault> {
    let marks = match outcome.get("marks").and_then(|marks| marks.get("sha256")?.as_str()) {
        Some(sha256) => store.body(sha256).await?,
        None => None,
    };
    let count = |(class, count): (&String, &Value)| {
        let count = count.as_u64().and_then(|count| u32::try_from(count).ok()).unwrap_or(u32::MAX);
        (gate::inspect::data::words(class).to_owned(), count)
    };
    let withheld = outcome.get("withheld").and_then(Value::as_object);
    Ok(CameBackView {
        findings: marks.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default(),
        withheld: withheld.into_iter().flatten().map(count).collect(),
        uninspected: list(outcome, "uninspected"),
        set_apart: match text(outcome, "spotlight") {
            "delimit" => "Between two lines of ours, which say that it is not from you.".to_owned(),
            "datamark" => "With a mark between its words, so that it can’t pass for yours.".to_owned(),
            "encode" => "In a code that the model can read and that can’t pass for your words.".to_owned(),
            _ => String::new(),
        },
    })
}

/// The card as it was shown, if retention kept it and it is of a kind we still know.
async fn card(store: &Store, asked: Option<&Value>) -> Result<Option<Box<ApprovalView>>, Fault> {
    let Some(sha256) = asked.and_then(|asked| asked.get("card")?.get("sha256")?.as_str()) else { return Ok(None) };
    let bytes = store.body(sha256).await?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).map(Box::new))
}

/// The words of the card, where there was one: rules may have changed since.
fn reasons(card: Option<&ApprovalView>, decisive: Option<&Value>, policies: &PolicyBook) -> Vec<Reason> {
    if let Some(card) = card.filter(|card| !card.reasons.is_empty()) {
        return card.reasons.clone();
    }
    let ids = decisive.map(ids).unwrap_or_default();
    if ids.is_empty() {
        return Vec::new();
    }
    let rules = policies.current().rules();
    let reason = |id: String| match rules.iter().find(|rule| rule.id == id) {
        Some(Rule { title, why, .. }) => Reason { title: title.clone(), why: why.clone(), policy: id },
        None => Reason { title: id.clone(), why: "This rule is no longer in force.".into(), policy: id },
    };
    ids.into_iter().map(reason).collect()
}

fn said(
    asked: Option<&Value>,
    answered: Option<&Value>,
    intent: Option<&Value>,
    outcome: Option<&Value>,
    refused: Option<&Value>,
) -> Vec<String> {
    let mut said = Vec::new();
    if asked.is_some() {
        said.push(answer(asked, answered));
    }
    match (intent, refused) {
        (Some(intent), _) if text(intent, "initiator") == "consentry" => {
            let why =
                "Consentry itself read this, to show on a card what is there now. No rule asks about such a read.";
            said.push(why.into());
        }
        (Some(intent), _) if text(intent, "consent") == "none" => {
            said.push("No rule asked, so it ran without a question.".into());
        }
        (Some(intent), _) if asked.is_none() && !text(intent, "grant").is_empty() => {
            said.push("It ran on a yes that is remembered. See Grants.".into());
        }
        (Some(intent), _) if !list(intent, "edited").is_empty() => {
            let changed: Vec<String> = list(intent, "edited").iter().map(|pointer| escaped(pointer)).collect();
            let changed = changed.join(", ");
            said.push(format!(
                "The person changed it first: {changed}. The changed call was sent, as the card showed it."
            ));
            said.push("The entry of what was sent holds both, what was asked and what was sent.".into());
        }
        (Some(_), _) => said.push("It was sent to the server, exactly as the card showed it.".into()),
        (None, Some(refused)) => {
            let unasked = if asked.is_none() { "Nobody was asked. " } else { "" };
            said.push(format!("{unasked}Nothing was sent. The client was told: “{}”", shown(refused, "message")));
        }
        (None, None) => {}
    }
    match outcome.map(|outcome| (outcome, text(outcome, "result"))) {
        Some((outcome, "completed")) if text(outcome, "initiator") == "consentry" => {
            said.push("The server answered.".into());
        }
        Some((_, "completed")) => said.push("The server answered, and the client got the answer.".into()),
        Some((_, "failed")) => said.push("The server answered with an error.".into()),
        Some((outcome, "not_sent")) => said.push(format!("It could not be sent: {}", shown(outcome, "message"))),
        Some((outcome, _)) => said.push(format!("What became of it is unknown. {}", shown(outcome, "message"))),
        None if intent.is_some() => said.push("No answer has come back yet.".into()),
        None => {}
    }
    said
}

fn answer(asked: Option<&Value>, answered: Option<&Value>) -> String {
    let Some(answered) = answered else { return "A person was asked, and has not answered yet.".into() };
    let took = answered.get("took_ms").and_then(Value::as_i64);
    let at = |record: &Value| record.get("at").and_then(Value::as_i64);
    let took = took.or_else(|| Some(at(answered)? - at(asked?)?)).map(duration).unwrap_or_default();
    let proved = text(answered, "proved");
    let by = match text(answered, "answered_by") {
        "window" if proved == "system" => "in Consentry’s window, and proved it to the system",
        "window" if !proved.is_empty() => "in Consentry’s window, and proved it by the passphrase",
        "window" => "in Consentry’s window",
        "cli" if proved == "system" => "on the command line, and proved it to the system",
        "cli" if !proved.is_empty() => "on the command line, and proved it by the passphrase",
        "cli" => "on the command line, where any program of this user can answer",
        "tightening" => "on the command line",
        "rule" => "by a rule",
        _ => "",
    };
    match text(answered, "answer") {
        "approved" => format!("A person was asked and said yes {by}, after {took}."),
        "rejected" => format!("A person was asked and said no {by}, after {took}."),
        "unused" => format!("A person said yes {by}, after {took}, but the client did not come back for it."),
        "expired" => format!("A person was asked. Nobody answered within {took}, which counts as no."),
        _ => {
            format!("A person was asked. The question was withdrawn after {took}: the client left, or Consentry ended.")
        }
    }
}

/// `0.4 s`, `9 s`, `2 min 5 s`, `1 h 3 min`.
fn duration(ms: i64) -> String {
    let ms = ms.max(0);
    match (ms / 1000, ms % 1000) {
        (seconds, rest) if seconds < 10 => format!("{seconds}.{} s", rest / 100),
        (seconds, _) if seconds < 60 => format!("{seconds} s"),
        (seconds, _) if seconds < 3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        (seconds, _) => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn ids(record: &Value) -> Vec<String> {
    list(record, "policies")
}

fn list(record: &Value, name: &str) -> Vec<String> {
    let items = record.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn shown(record: &Value, name: &str) -> String {
    escaped(text(record, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_yes_says_who_where_and_how_long() {
        let asked = json!({"kind": "asked", "at": 1_000});
        let answered = json!({"answer": "approved", "answered_by": "window", "took_ms": 9_400});
        let told = said(Some(&asked), Some(&answered), Some(&json!({"consent": "approved"})), None, None);
        assert_eq!(told[0], "A person was asked and said yes in Consentry’s window, after 9.4 s.");
        assert_eq!(told.last().map(String::as_str), Some("No answer has come back yet."));
    }

    #[test]
    fn a_proof_is_told_with_the_yes() {
        let told = |by, proved| {
            let answered = json!({"answer": "approved", "answered_by": by, "proved": proved, "took_ms": 9_400});
            answer(Some(&json!({"at": 1_000})), Some(&answered))
        };
        let window =
            "A person was asked and said yes in Consentry’s window, and proved it by the passphrase, after 9.4 s.";
        assert_eq!(told("window", "passphrase"), window);
        assert!(!told("cli", "system").contains("any program"), "{}", told("cli", "system"));
    }

    #[test]
    fn a_refusal_says_that_nothing_was_sent_and_shows_hostile_words_escaped() {
        let refused = json!({"message": "no \u{202e}\u{1b}[2J"});
        let told = said(None, None, None, None, Some(&refused));
        assert_eq!(told, ["Nobody was asked. Nothing was sent. The client was told: “no [U+202E RLO][U+001B ESC][2J”"]);
    }

    #[test]
    fn an_unknown_end_is_said_as_such() {
        let outcome = json!({"result": "unknown", "message": "Check the server."});
        let told = said(None, None, Some(&json!({"consent": "none"})), Some(&outcome), None);
        assert_eq!(told[1], "What became of it is unknown. Check the server.");
    }

    #[test]
    fn durations_are_for_people() {
        let all = [-5, 0, 450, 9_990, 59_000, 125_000, 3_800_000].map(duration);
        assert_eq!(all.join(", "), "0.0 s, 0.0 s, 0.4 s, 9.9 s, 59 s, 2 min 5 s, 1 h 3 min");
    }
}
