//! How much of the person's attention questions take, told from the log. It is shown, and nothing is loosened by it.

use crate::Broker;
use crate::clock::now_ms;
use serde_json::Value;
use std::collections::HashSet;
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
        let mut counted = Counted::default();
        self.inner.store.back_to(since, MOST, |at, record| counted.take(at, record)).await?;
        Ok(counted.view(since))
    }
}

/// What was counted; records come newest first.
#[derive(Default)]
struct Counted {
    view: AttentionView,
    /// Hours in which a program called something.
    hours: HashSet<i64>,
    /// How long each answer took, in milliseconds.
    took: Vec<i64>,
    /// Yeses in a row, up to the one that was read last.
    row: u32,
    /// There was a no after them.
    ended: bool,
}

impl Counted {
    fn take(&mut self, at: i64, record: &Value) {
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| record.get(name).and_then(Value::as_i64);
        match text("kind") {
            "intent" | "refused" => drop(self.hours.insert(at / HOUR)),
            "asked" => self.view.questions += 1,
            "answered" => match text("answer") {
                "approved" => {
                    self.view.approved += 1;
                    self.row += 1;
                    self.answered(number("took_ms"), number("visible_after_ms"));
                }
                "rejected" => {
                    self.view.rejected += 1;
                    self.break_row();
                    self.answered(number("took_ms"), number("visible_after_ms"));
                }
                "expired" => self.view.expired += 1,
                _ => {}
            },
            _ => {}
        }
    }

    /// How long it took from when it could be seen.
    fn answered(&mut self, took: Option<i64>, visible: Option<i64>) {
        let took = took.unwrap_or_default() - visible.unwrap_or_default();
        self.took.push(took.max(0));
        self.view.hasty += u32::from(took < HASTY);
    }

    fn break_row(&mut self) {
        if !self.ended {
            self.view.in_a_row = self.row;
        }
        self.ended = true;
        self.view.longest_row = self.view.longest_row.max(self.row);
        self.row = 0;
    }

    fn view(mut self, since: i64) -> AttentionView {
        self.break_row();
        self.took.sort_unstable();
        let median_ms = self.took.get(self.took.len() / 2).copied();
        let hours = u32::try_from(self.hours.len()).unwrap_or(u32::MAX);
        AttentionView { since, hours, median_ms, ..self.view }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn attention_is_counted_as_it_was_given() {
        let answered = |answer: &str, took: i64, visible: i64| json!({"kind": "answered", "answer": answer, "took_ms": took, "visible_after_ms": visible});
        let mut counted = Counted::default();
        // Newest first.
        for record in [
            answered("approved", 900, 100),
            answered("approved", 9_000, 8_000),
            answered("expired", 120_000, 0),
            answered("rejected", 5_000, 1_000),
            answered("approved", 30_000, 0),
            answered("approved", 4_000, 0),
            answered("approved", 3_000, 0),
            json!({"kind": "asked"}),
            json!({"kind": "intent", "at": 10 * HOUR}),
            json!({"kind": "refused", "at": 10 * HOUR + 5}),
            json!({"kind": "intent", "at": 12 * HOUR}),
        ] {
            counted.take(record["at"].as_i64().unwrap_or(0), &record);
        }
        let view = counted.view(7);
        assert_eq!((view.since, view.questions, view.hours), (7, 1, 2));
        assert_eq!((view.approved, view.rejected, view.expired), (5, 1, 1));
        assert_eq!((view.in_a_row, view.longest_row), (2, 3));
        assert_eq!((view.median_ms, view.hasty), (Some(4_000), 2), "800, 1000, 3000, 4000, 4000 and 30000 ms");
    }

    #[test]
    fn nothing_asked_is_nothing_taken() {
        assert_eq!(Counted::default().view(0), AttentionView::default());
    }
}
