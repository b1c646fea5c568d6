//! Whose turn it is on the prompt. A card stays until its question has ended or was put away, whatever else comes in:
//! a card that gives way to another under the person's hand would take a click that was meant for the first.

use broker::Broker;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use wire::command::CurrentQuestionReply;
use wire::view::ApprovalView;

/// How long the prompt's page may take to load before it is shown as it is.
const LOADING: Duration = Duration::from_secs(8);

/// The approval that is on the prompt, if any.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    held: Mutex<Option<String>>,
    page: Notify,
}

impl Turn {
    /// The question for the prompt: the one it has while that is open, else the broker's next.
    pub(crate) async fn current(&self, broker: &Broker) -> CurrentQuestionReply {
        let next = broker.current_question().await;
        let mut waiting = broker.inbox().await.waiting;
        // A yes that waits for its client asks nothing any more.
        waiting.retain(|question| question.client_waits.parked_until.is_none());
        let mut reply = self.keep(next, waiting);
        reply.batch = reply.question.as_ref().and_then(|question| broker.batch_of(&question.id));
        reply
    }

    /// The page asks for its question, so it is loaded.
    pub(crate) fn loaded(&self) {
        self.page.notify_one();
    }

    /// Waits until the page has asked for its question once: a window without a page shows nothing to anybody.
    pub(crate) async fn until_loaded(&self) {
        if tokio::time::timeout(LOADING, self.page.notified()).await.is_err() {
            tracing::warn!("the page of the prompt takes long to load");
        }
    }

    /// The person put this question away.
    pub(crate) fn pass(&self, id: &str) {
        self.lock().take_if(|held| held == id);
    }

    fn keep(&self, next: CurrentQuestionReply, waiting: Vec<ApprovalView>) -> CurrentQuestionReply {
        let mut held = self.lock();
        let of = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        let kept = (1..).zip(waiting).find(|(_, question)| held.as_ref() == Some(&question.id));
        let reply = match kept {
            Some((place, question)) => CurrentQuestionReply {
                act: question.act.clone(),
                question: Some(question),
                place,
                of,
                flood: None,
                batch: None,
            },
            None => next,
        };
        *held = reply.question.as_ref().map(|question| question.id.clone());
        reply
    }

    /// An id holds no invariant that a panic elsewhere could have broken.
    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn question(id: &str) -> ApprovalView {
        let view = json!({
            "kind": "call", "id": id, "digest": "", "level": "approve", "server": "", "tool": "", "arguments": {},
            "client": {"name": "", "claimed": null, "program": "", "script": null, "sha256": "", "pid": 1,
                       "parents": [], "known": true},
            "reasons": [], "findings": [], "provenance": [], "effects": [], "destinations": [], "expires_at": null,
            "asked_at": 0, "sentence": [], "values": [], "arguments_text": "", "definition": null, "run": null,
            "trust": null, "difference": [], "act": null, "arms_after_ms": 600, "closed": null, "ended": null,
        });
        serde_json::from_value(view).unwrap()
    }

    /// What the prompt gets when these wait and the broker would show the first.
    fn look(turn: &Turn, waiting: &[&str]) -> (Option<String>, u32, u32) {
        let waiting: Vec<ApprovalView> = waiting.iter().map(|id| question(id)).collect();
        let of = u32::try_from(waiting.len()).unwrap();
        let next = CurrentQuestionReply {
            question: waiting.first().cloned(),
            place: 1,
            of,
            act: None,
            flood: None,
            batch: None,
        };
        let reply = turn.keep(next, waiting);
        (reply.question.map(|question| question.id), reply.place, reply.of)
    }

    #[test]
    fn a_card_stays_when_a_more_urgent_question_comes_in() {
        let turn = Turn::default();
        assert_eq!(look(&turn, &["a"]), (Some("a".into()), 1, 1));
        assert_eq!(look(&turn, &["b", "a"]), (Some("a".into()), 2, 2));
    }

    #[test]
    fn the_next_card_comes_when_the_question_has_ended_or_was_put_away() {
        let turn = Turn::default();
        look(&turn, &["a", "b"]);
        assert_eq!(look(&turn, &["b"]).0, Some("b".into()));
        turn.pass("b");
        assert_eq!(look(&turn, &["c", "b"]).0, Some("c".into()));
        assert_eq!(look(&turn, &[]).0, None);
    }

    #[test]
    fn putting_another_question_away_changes_nothing() {
        let turn = Turn::default();
        look(&turn, &["a"]);
        turn.pass("x");
        assert_eq!(look(&turn, &["b", "a"]).0, Some("a".into()));
    }
}
