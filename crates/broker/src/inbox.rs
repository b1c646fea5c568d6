//! The questions that wait, as a person meets them: one after the other, together, later, or not now.

use crate::{AnsweredBy, Broker, approval_id, clock};
use gate::approval::Event;
use std::collections::HashSet;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::sync::broadcast;
use wire::Fault;
use wire::command::CurrentQuestionReply;
use wire::control::Watched;
use wire::view::{ApprovalKind, ApprovalView, BatchView, InboxView};

impl Broker {
    /// The inbox page.
    #[expect(clippy::unused_async, reason = "callers see one kind of interface, whatever is behind it")]
    pub async fn inbox(&self) -> InboxView {
        let desk = &self.inner.corridor.desk;
        InboxView { waiting: desk.waiting(), ended: desk.ended(), floods: desk.floods() }
    }

    /// The question to show now: the soonest to expire that was not put away and is in no flood; else a flood.
    #[expect(clippy::unused_async, reason = "callers see one kind of interface, whatever is behind it")]
    pub async fn current_question(&self) -> CurrentQuestionReply {
        let desk = &self.inner.corridor.desk;
        let mut waiting = desk.waiting();
        // A yes that waits for its client asks nothing any more.
        waiting.retain(|v| v.client_waits.parked_until.is_none() && !desk.is_folded(v));
        let of = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        let away = self.inner.put_away.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.iter().position(|v| !away.contains(&v.id));
        let place = at.and_then(|i| u32::try_from(i + 1).ok()).unwrap_or(0);
        let question = at.and_then(|i| waiting.into_iter().nth(i));
        let flood = question.is_none().then(|| desk.floods().into_iter().next()).flatten();
        CurrentQuestionReply {
            act: question.as_ref().and_then(|q| q.act.clone()),
            question,
            place,
            of,
            flood,
            batch: None,
        }
    }

    /// The calls that wait together with this question; none where it waits alone.
    pub fn batch_of(&self, id: &str) -> Option<BatchView> {
        self.inner.corridor.desk.batch_of(id)
    }

    /// Says no to everything a server asks now.
    pub async fn reject_all(&self, server: &str, by: AnsweredBy) {
        let desk = &self.inner.corridor.desk;
        for id in desk.about_server(&[ApprovalKind::Call], server) {
            // One that ended meanwhile needs no answer.
            let _ = desk.step(id, Event::Reject { reason: None, by }).await;
        }
    }

    /// The person wants to see a flood's questions one by one.
    pub fn open_one_by_one(&self, server: &str) {
        self.inner.corridor.desk.open_one_by_one(server);
    }

    /// No prompt and no notification for so many minutes, at most a day; 0 ends it. Questions wait in the inbox.
    pub fn pause(&self, minutes: u32) {
        let until = clock::now_ms() + i64::from(minutes.min(24 * 60)) * 60_000;
        *self.inner.quiet_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        let tell = |events: &broadcast::Sender<wire::Event>| {
            let _ = events.send(wire::Event::Status);
            let _ = events.send(wire::Event::Inbox);
        };
        tell(&self.inner.events);
        let (events, stop) = (self.inner.events.clone(), self.inner.stop.clone());
        tokio::spawn(async move {
            let over = Duration::from_secs(u64::from(minutes.min(24 * 60)) * 60);
            tokio::select! {
                () = tokio::time::sleep(over) => tell(&events),
                () = stop.cancelled() => {}
            }
        });
    }

    /// Until when no prompt shows, if that is so now.
    pub fn quiet_until(&self) -> Option<i64> {
        self.inner.quiet_until()
    }

    /// How many questions wait for an answer.
    pub fn waiting(&self) -> usize {
        self.inner.corridor.desk.unanswered()
    }

    /// Puts a card away; the question stays in the inbox.
    #[expect(clippy::unused_async, reason = "callers see one kind of interface, whatever is behind it")]
    pub async fn later(&self, id: &str) {
        let open: HashSet<String> = self.inner.corridor.desk.waiting().into_iter().map(|v| v.id).collect();
        let mut away = self.inner.put_away.lock().unwrap_or_else(PoisonError::into_inner);
        away.retain(|id| open.contains(id));
        away.insert(id.to_owned());
    }

    /// One approval, waiting or ended lately.
    pub fn approval(&self, id: &str) -> Option<ApprovalView> {
        self.inner.corridor.desk.find(id)
    }

    /// What waits, and everything from now on.
    pub fn watch(&self) -> (Vec<ApprovalView>, broadcast::Receiver<Watched>) {
        self.inner.corridor.desk.watch()
    }

    /// Says no.
    ///
    /// # Errors
    /// `Gone` when the question has ended.
    pub async fn reject(&self, id: &str, reason: Option<String>, by: AnsweredBy) -> Result<(), Fault> {
        let reason = reason.map(|r| r.chars().take(500).collect());
        self.inner.corridor.desk.step(approval_id(id)?, Event::Reject { reason, by }).await
    }
}
