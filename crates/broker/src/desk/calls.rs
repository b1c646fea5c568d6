//! Questions about calls: they outlive the client that asked, and a flood of them is one card.
//!
//! A client may give up long before a person answers. Its question stays, and the identical call joins it: a call that
//! has the same digest. The answer is given once, to whoever waits then; a yes that nobody waits for is parked and runs
//! nothing by itself.

use super::{Asked, Behind, Desk, State};
use crate::audit_log::Durability;
use crate::clock::now_ms;
use gate::approval::{By, Ending, Event, NO_LASTS, Terms, Yes};
use gate::call::{CallId, Digest};
use gate::permit::{Refusal, RefusalKind};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wire::view::{ApprovalKind, ApprovalView, FloodView};

/// More waiting questions than this are a flood.
const FLOOD: usize = 20;

/// More unanswered questions than this from one server within [`BURST_MS`] are a flood.
const BURST: usize = 6;
const BURST_MS: i64 = 60_000;

/// How often a client that waits is told that it still does.
const NUDGE_EVERY: Duration = Duration::from_secs(10);

/// Tells a client that it still waits.
pub(crate) type Nudge = dyn Fn(u32) + Send + Sync;

/// How long whoever asked waits for the answer, and how it is kept waiting.
pub(crate) struct Patience<'a> {
    /// Then it is told to come back. Clients themselves give up after a minute or so.
    pub(crate) longest: Duration,
    /// The client gave up by itself.
    pub(crate) cancel: &'a CancellationToken,
    /// Tells the client that it still waits, for the nth time, where it wants to know.
    pub(crate) nudge: Option<&'a Nudge>,
}

impl Desk {
    /// Says no to every call that waits and is one of these.
    pub(crate) async fn reject_calls(
        self: &Arc<Self>,
        which: impl Fn(&ApprovalView) -> bool,
        reason: impl Into<String>,
        by: By,
    ) {
        let reason = Some(reason.into());
        for view in self.waiting().into_iter().filter(|view| view.kind == ApprovalKind::Call && which(view)) {
            let Ok(id) = view.id.parse() else { continue };
            // One that has ended meanwhile needs no answer.
            let _ = self.step(id, Event::Reject { reason: reason.clone(), by }).await;
        }
    }

    /// The answer to the question whether a call may run: a yes, or why it does not run now.
    ///
    /// # Errors
    /// A refusal: the person said no, nobody answered, the client gave up or has to come back for the answer, too many
    /// questions wait, or the log can't be written.
    pub(crate) async fn settle(
        self: &Arc<Self>,
        terms: Terms,
        (card, behind): (ApprovalView, Behind),
        call: CallId,
        patience: Patience<'_>,
    ) -> Result<Yes, Refusal> {
        let Patience { longest, cancel, nudge } = patience;
        let mut asked = self.put(terms, (card, behind), call, longest).await?;
        crate::corridor::border("asked");
        let late = tokio::time::sleep(longest);
        tokio::pin!(late);
        let mut nudges = tokio::time::interval_at(tokio::time::Instant::now() + NUDGE_EVERY, NUDGE_EVERY);
        let mut nudged = 0;
        let gave_up = loop {
            tokio::select! {
                biased;
                ending = &mut asked.ending => return verdict(ending.ok()),
                () = cancel.cancelled() => break true,
                () = &mut late => break false,
                _ = nudges.tick() => {
                    nudged += 1;
                    if let Some(nudge) = nudge {
                        nudge(nudged);
                    }
                }
            }
        };
        let left = self.step(asked.id, Event::Leave).await;
        match (left, gave_up) {
            // The answer came that very moment, and may still be on its way into the log.
            (Err(_), false) => verdict(asked.ending.await.ok()),
            (Ok(()), false) => Err(Refusal::new(RefusalKind::Waiting, STILL_ASKED)),
            (_, true) => Err(Refusal::new(RefusalKind::Withdrawn, GAVE_UP)),
        }
    }

    /// Puts a question about a call on the desk, or joins the one that is there already.
    async fn put(
        self: &Arc<Self>,
        terms: Terms,
        (mut card, behind): (ApprovalView, Behind),
        call: CallId,
        longest: Duration,
    ) -> Result<Asked, Refusal> {
        card.client_waits.until = now_ms().checked_add(i64::try_from(longest.as_millis()).unwrap_or(i64::MAX));
        let digest = terms.digest;
        if self.state().is_rejected(&digest) {
            return Err(Refusal::new(RefusalKind::Rejected, rejected(None)));
        }
        if let Some(joined) = self.join(digest, &card, call).await {
            return joined;
        }
        self.ask_about(terms, card, Some(call), Some(behind)).await
    }

    /// Joins the question that asks the same and that nobody waits for.
    async fn join(
        self: &Arc<Self>,
        digest: Digest,
        card: &ApprovalView,
        call: CallId,
    ) -> Option<Result<Asked, Refusal>> {
        let (id, outcome, ending) = {
            let mut state = self.state();
            let same =
                |o: &super::Open| o.view.kind == ApprovalKind::Call && o.asked() == digest && !o.approval.is_attended();
            let (id, open) = state.open.iter_mut().find(|(_, o)| same(o)).map(|(id, o)| (*id, o))?;
            // What was not on the card was not answered.
            // A changed call is held against the card that it was shown on when it is judged again.
            let fits = open.is_edited() || fits(&open.view, card);
            let (settle, ending) = oneshot::channel();
            if fits {
                open.settle = Some(settle);
                open.call = Some(call);
                open.view.client_waits.retries += 1;
            }
            let event = if fits { Event::Return } else { Event::Withdraw };
            let outcome = state.step(id, event, now_ms())?;
            if let Some(open) = state.open.get_mut(&id) {
                open.view.client_waits.until = card.client_waits.until;
            }
            (id, outcome, fits.then_some(ending))
        };
        let mut record = super::about("joined", now_ms(), card).with("approval", id.to_string());
        record.call = Some(call);
        let recorded = self.audit.append(record, Durability::Process).await;
        let _ = self.carry_out(id, outcome).await;
        let ending = ending?;
        Some(recorded.map(|()| Asked { id, ending }))
    }

    /// Floods, each one card.
    pub(crate) fn floods(&self) -> Vec<FloodView> {
        let state = self.state();
        let mut floods: BTreeMap<&str, u32> = BTreeMap::new();
        for open in state.open.values().filter(|o| state.is_folded(&o.view)) {
            *floods.entry(&open.view.server).or_default() += 1;
        }
        floods.into_iter().map(|(server, waiting)| FloodView { server: server.to_owned(), waiting }).collect()
    }

    /// Whether a question is in a flood, and so shows no card of its own.
    pub(crate) fn is_folded(&self, view: &ApprovalView) -> bool {
        self.state().is_folded(view)
    }

    /// The person wants to see a flood one by one.
    pub(crate) fn open_one_by_one(&self, server: &str) {
        self.state().opened.insert(server.to_owned());
        let _ = self.events.send(wire::Event::Inbox);
    }
}

impl State {
    /// A no that answers the same call for a while.
    pub(super) fn reject(&mut self, digest: Digest) {
        let now = now_ms();
        self.rejected.retain(|_, until| *until > now);
        self.rejected.insert(digest, now.saturating_add(NO_LASTS));
    }

    fn is_rejected(&self, digest: &Digest) -> bool {
        self.rejected.get(digest).is_some_and(|until| *until > now_ms())
    }

    /// Finds out which servers flood. A flood is over when at most one of its questions is left.
    pub(super) fn fold(&mut self) {
        let (now, mut waiting, mut recent) =
            (now_ms(), BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
        let calls = || self.open.values().filter(|o| o.view.kind == ApprovalKind::Call && !o.parked);
        for open in calls() {
            *waiting.entry(open.view.server.clone()).or_default() += 1;
            if now - open.view.asked_at < BURST_MS {
                *recent.entry(open.view.server.clone()).or_default() += 1;
            }
        }
        let all = calls().count();
        self.folded.retain(|server| waiting.get(server).is_some_and(|n| *n > 1));
        self.opened.retain(|server| waiting.contains_key(server));
        let flooding = waiting
            .iter()
            .filter(|(server, n)| recent.get(*server).is_some_and(|r| *r > BURST) || (all > FLOOD && **n > 1));
        self.folded.extend(flooding.map(|(server, _)| server.clone()));
    }

    pub(super) fn is_folded(&self, view: &ApprovalView) -> bool {
        view.kind == ApprovalKind::Call && self.folded.contains(&view.server) && !self.opened.contains(&view.server)
    }
}

/// Whether an answer to the card `shown` answers `again` too.
fn fits(shown: &ApprovalView, again: &ApprovalView) -> bool {
    again.level <= shown.level && again.reasons.iter().all(|r| shown.reasons.iter().any(|s| s.policy == r.policy))
}

/// What an ending means for the call that waited for it.
fn verdict(ending: Option<Ending>) -> Result<Yes, Refusal> {
    match ending {
        Some(Ending::Approved(yes)) => Ok(yes),
        Some(Ending::Rejected { reason, .. }) => Err(Refusal::new(RefusalKind::Rejected, rejected(reason.as_deref()))),
        Some(Ending::Expired | Ending::Unused) => Err(Refusal::new(
            RefusalKind::Expired,
            "Nobody answered Consentry's question in time, so the call did not run. Ask the user before trying again.",
        )),
        Some(Ending::Withdrawn) | None => {
            Err(Refusal::new(RefusalKind::Withdrawn, "The question was withdrawn and the call did not run."))
        }
    }
}

const GAVE_UP: &str = "The client gave up waiting, so the call did not run. A question that was not answered yet stays in \
     Consentry's inbox.";

const STILL_ASKED: &str = "Waiting for approval: Consentry has asked the user, who has not answered yet. The call did not \
     run. Tell the user; then make exactly the same call again to get the answer. It runs at most once.";

fn rejected(reason: Option<&str>) -> String {
    // Somebody else of the same user may have said no: what they wrote is no more than words.
    let why = reason.map(|r| format!(" They say: {}", wire::text::escaped(r))).unwrap_or_default();
    format!("Denied by the user; do not retry.{why}")
}
