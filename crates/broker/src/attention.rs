//! How much of the person's attention questions take, told from the log. It is shown, and nothing is loosened by it.

use crate::Broker;
use crate::clock::now_ms;
use crate::store::Store;
use serde_json::Value;
use std::collections::BTreeSet;
use wire::Fault;
use wire::view::AttentionView;

const HOUR: i64 = 60 * 60 * 1000;
/// How far back is looked where nobody says: a week.
const SPAN: i64 = 7 * 24 * HOUR;
/// The most entries that are read.
const MOST: usize = 500_000;
/// An answer that took less, in milliseconds, was hardly read for.
const HASTY: i64 = 2_000;

impl Broker {
    /// What questions took of the person's attention since a moment, in milliseconds since 1970-01-01 UTC; in the last
    /// week where none is given.
    ///
    /// # Errors
    /// `Storage` when the log can't be read.
    pub async fn attention(&self, since: Option<i64>) -> Result<AttentionView, Fault> {
        let since = since.unwrap_or(now_ms() - SPAN);
        let mut log = self.inner.attention.lock().await;
        log.read(&self.inner.store, since).await?;
        Ok(log.view(since))
    }
}

/// What the log says of questions and calls, as far as it was read: it is asked for again with every question.
#[derive(Default)]
pub(crate) struct QuestionLog {
    /// The last entry that was read.
    last: i64,
    /// From when on it is all here.
    since: Option<i64>,
    /// The oldest first.
    moments: Vec<(i64, Moment)>,
}

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// A program called something.
    Called,
    Asked,
    /// A yes or a no, and how long it took from when the question could be seen.
    Answered {
        approved: bool,
        took: i64,
    },
    Expired,
}

impl Moment {
    fn of(record: &Value) -> Option<Self> {
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| record.get(name).and_then(Value::as_i64).unwrap_or_default();
        let answered = |approved| {
            let took = number("took_ms").saturating_sub(number("visible_after_ms")).max(0);
            Self::Answered { approved, took }
        };
        match (text("kind"), text("answer")) {
            ("intent" | "refused", _) => Some(Self::Called),
            ("asked", _) => Some(Self::Asked),
            ("answered", "approved") => Some(answered(true)),
            ("answered", "rejected") => Some(answered(false)),
            ("answered", "expired") => Some(Self::Expired),
            _ => None,
        }
    }
}

impl QuestionLog {
    /// Reads what is new, or all since a moment where that is longer ago than what is here.
    async fn read(&mut self, store: &Store, since: i64) -> Result<(), Fault> {
        if self.since.is_none_or(|have| since < have) {
            *self = Self { since: Some(since), ..Self::default() };
        }
        let (mut fresh, mut last) = (Vec::new(), self.last);
        let each = |seq: i64, at, record: &Value| {
            last = last.max(seq);
            fresh.extend(Moment::of(record).map(|moment| (at, moment)));
        };
        store.back_to_entry(self.last, self.since.unwrap_or(since), MOST, each).await?;
        self.last = last;
        fresh.into_iter().rev().for_each(|(at, moment)| self.add(at, moment));
        Ok(())
    }

    fn add(&mut self, at: i64, moment: Moment) {
        // Of calls only their hours are told.
        let again = |(last, called): &(i64, Moment)| *called == Moment::Called && last / HOUR == at / HOUR;
        if moment == Moment::Called && self.moments.last().is_some_and(again) {
            return;
        }
        self.moments.push((at, moment));
    }

    fn view(&self, since: i64) -> AttentionView {
        let mut view = AttentionView { since, ..AttentionView::default() };
        let (mut hours, mut took) = (BTreeSet::new(), Vec::new());
        for (at, moment) in self.moments.iter().filter(|(at, _)| *at >= since) {
            match *moment {
                Moment::Called => {
                    hours.insert(at / HOUR);
                }
                Moment::Asked => view.questions += 1,
                Moment::Expired => view.expired += 1,
                Moment::Answered { approved, took: ms } => {
                    took.push(ms);
                    view.hasty += u32::from(ms < HASTY);
                    view.approved += u32::from(approved);
                    view.rejected += u32::from(!approved);
                    view.in_a_row = if approved { view.in_a_row + 1 } else { 0 };
                    view.longest_row = view.longest_row.max(view.in_a_row);
                }
            }
        }
        took.sort_unstable();
        view.median_ms = took.get(took.len() / 2).copied();
        view.hours = u32::try_from(hours.len()).unwrap_or(u32::MAX);
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit_log::{AuditLog, Durability};
    use crate::vault::Seal;
    use gate::audit::Record;
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn attention_is_counted_as_it_was_given() {
        let answered = |answer: &str, took: i64, visible: i64| json!({"kind": "answered", "answer": answer, "took_ms": took, "visible_after_ms": visible});
        let mut log = QuestionLog::default();
        for record in [
            json!({"kind": "intent", "at": 10 * HOUR}),
            json!({"kind": "refused", "at": 10 * HOUR + 5}),
            json!({"kind": "intent", "at": 12 * HOUR}),
            json!({"kind": "asked", "at": 12 * HOUR}),
            answered("approved", 3_000, 0),
            answered("approved", 4_000, 0),
            answered("approved", 30_000, 0),
            answered("rejected", 5_000, 1_000),
            answered("expired", 120_000, 0),
            answered("approved", 9_000, 8_000),
            answered("approved", 900, 100),
        ] {
            log.add(record["at"].as_i64().unwrap_or(13 * HOUR), Moment::of(&record).unwrap());
        }
        let view = log.view(7);
        assert_eq!((view.since, view.questions, view.hours), (7, 1, 2));
        assert_eq!((view.approved, view.rejected, view.expired), (5, 1, 1));
        assert_eq!((view.in_a_row, view.longest_row), (2, 3));
        assert_eq!((view.median_ms, view.hasty), (Some(4_000), 2), "800, 1000, 3000, 4000, 4000 and 30000 ms");
        assert_eq!(log.view(11 * HOUR).hours, 1, "the same log, looked at from later on");
    }

    #[test]
    fn nothing_asked_is_nothing_taken() {
        assert_eq!(QuestionLog::default().view(0), AttentionView::default());
    }

    #[tokio::test]
    async fn what_was_read_is_not_read_again_and_nothing_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("consentry.db");
        let store = Store::open(&path, Arc::new(Seal::in_memory())).await.unwrap();
        let (audit, _writer) = AuditLog::start(store.appender().await.unwrap(), tokio::sync::broadcast::channel(9).0);
        let ask = async |at: i64| audit.append(Record::new("asked", at), Durability::Process).await.unwrap();
        let mut log = QuestionLog::default();
        for at in [1_000, 50, 2_000] {
            ask(at).await;
        }
        log.read(&store, 500).await.unwrap();
        assert_eq!((log.view(500).questions, log.last), (2, 3), "one was before");
        ask(3_000).await;
        log.read(&store, 1_500).await.unwrap();
        assert_eq!((log.view(1_500).questions, log.view(500).questions, log.last), (2, 3, 4));
        log.read(&store, 0).await.unwrap();
        assert_eq!(log.view(0).questions, 4, "longer ago is read anew");
    }
}
