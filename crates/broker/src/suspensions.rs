//! Rules that suspend: each call that runs into one is counted, and with the number it names, the program, the server or
//! the login is suspended, before that call is answered.

use crate::audit_log::Durability;
use crate::clock::now_ms;
use crate::corridor::{Asked, Corridor};
use gate::approval::By;
use gate::audit::Record;
use gate::call::Digest;
use gate::permit::{Refusal, RefusalKind, Verdict};
use gate::policy::{Reason, Suspends, Suspension};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use wire::text::escaped;
use wire::view::ApprovalView;
use wire::{Event, Fault};

/// The most rules and whom they are about that are counted at once; whoever was counted longest ago is forgotten.
const MOST: usize = 1_000;

/// The most suspensions that wait to be told.
const MOST_TOLD: usize = 20;

/// When calls ran into rules.
#[derive(Debug, Default)]
pub(crate) struct Suspensions {
    /// What was suspended and not told yet, a sentence each.
    untold: Mutex<Vec<String>>,
    /// By rule and by whom it would suspend: in milliseconds since 1970-01-01 UTC, the oldest first.
    hits: Mutex<HashMap<(String, String), VecDeque<i64>>>,
}

/// A rule that suspends now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tripped {
    policy: String,
    title: String,
    suspension: Suspension,
}

impl Suspensions {
    /// What was suspended since this was asked last, a sentence each; names in it are escaped.
    pub(crate) fn news(&self) -> Vec<String> {
        std::mem::take(&mut *self.untold.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, what: String) {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        if untold.len() < MOST_TOLD {
            untold.push(what);
        }
    }

    /// A call of this client to this server ran into these rules. Those that suspend now, which count anew from here.
    fn hit(&self, reasons: &[Reason], client: Digest, server: &str, now: i64) -> Vec<Tripped> {
        let mut tripped = Vec::new();
        for reason in reasons {
            let Some(suspension) = reason.suspension else { continue };
            let whom = match suspension.suspends {
                Suspends::Client => client.to_string(),
                Suspends::Server | Suspends::Token => server.to_owned(),
            };
            let mut hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (reason.policy.clone(), whom);
            if hits.len() >= MOST && !hits.contains_key(&key) {
                let oldest = hits.iter().min_by_key(|(_, at)| at.back().copied()).map(|(key, _)| key.clone());
                oldest.map(|oldest| hits.remove(&oldest));
            }
            let at = hits.entry(key.clone()).or_default();
            // A clock that was set back forgets nothing.
            while at.pop_front_if(|at| *at <= now - suspension.within_ms).is_some() {}
            at.push_back(now);
            if at.len() >= usize::try_from(suspension.times).unwrap_or(usize::MAX) {
                hits.remove(&key);
                tripped.push(Tripped { policy: reason.policy.clone(), title: reason.title.clone(), suspension });
            }
        }
        tripped
    }
}

impl Tripped {
    /// What happened, for the log and for whoever is suspended.
    fn why(&self) -> String {
        let times = match self.suspension.times {
            1 => "a call".to_owned(),
            times => format!("{times} calls within {}", span(self.suspension.within_ms)),
        };
        format!("{times} ran into the rule “{}”", self.title)
    }
}

/// What the model is told of a question that ended with this.
fn reason(by: By, whom: &str) -> String {
    match by {
        By::Rule => format!("A rule suspended {whom}."),
        By::Window | By::Cli | By::Proved | By::Tightening => format!("I suspended {whom}."),
    }
}

/// A time in words.
fn span(ms: i64) -> String {
    let (number, unit) = match ms / 1_000 {
        seconds if seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
        seconds if seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

impl Corridor {
    /// What was decided about a call, unless a rule that it ran into suspends now: then whoever that rule names is
    /// suspended, and the call is refused.
    pub(crate) async fn suspending(&self, verdict: Verdict, asked: &Asked, now: i64) -> Verdict {
        let reasons = match &verdict {
            Verdict::Allow(_) => return verdict,
            Verdict::Ask(question) => &question.judgement().reasons,
            Verdict::Deny(refusal) => &refusal.reasons,
        };
        let server = asked.trusted.server.name.as_str();
        let tripped = self.suspensions.hit(reasons, asked.client.identity, server, now);
        let Some(first) = tripped.first() else { return verdict };
        let why = format!(
            "A rule suspended the {} in Consentry, so the call did not run: {}. Tell the user.",
            first.suspension.suspends.word(),
            first.why()
        );
        let mut refusal = match verdict {
            Verdict::Deny(refusal) => refusal,
            Verdict::Ask(question) => Refusal {
                reasons: question.judgement().reasons.clone(),
                facts: Some(Box::new(question.facts().clone())),
                ..Refusal::new(RefusalKind::Stopped, "")
            },
            Verdict::Allow(_) => Refusal::new(RefusalKind::Stopped, ""),
        };
        (refusal.kind, refusal.message) = (RefusalKind::Stopped, why);
        for one in &tripped {
            self.suspend(one, asked).await;
        }
        Verdict::Deny(refusal)
    }

    async fn suspend(&self, tripped: &Tripped, asked: &Asked) {
        let (client, server) = (&asked.client, asked.trusted.server.name.as_str());
        let (what, why) = (tripped.suspension.suspends, tripped.why());
        let record = Record::new("suspended", now_ms())
            .with("what", what.word())
            .with("policy", tripped.policy.clone())
            .with("message", why.clone())
            .with("client", client.name())
            .with("client_identity", client.identity.to_string())
            .with("server", server);
        // Taking rights away waits for nothing; a log that can't be written says so itself.
        let _ = self.audit.append(record, Durability::Disk).await;
        let whom = match what {
            Suspends::Client => format!("The program “{}”", escaped(client.name())),
            Suspends::Server => format!("The server “{}”", escaped(server)),
            Suspends::Token => format!("The login at “{}”", escaped(server)),
        };
        let done = match what {
            Suspends::Client => {
                let of = (client.program.as_str(), client.script.as_deref());
                self.suspend_client(client.identity, of, By::Rule).await
            }
            Suspends::Server => self.suspend_server(server, &why, By::Rule).await,
            Suspends::Token => self.log_out(server).await.map(drop),
        };
        if let Err(fault) = done {
            tracing::error!("{whom} was suspended, but not all of that could be done: {fault}");
        }
        self.suspensions.tell(format!("{whom} was suspended: {why}."));
        let _ = self.events.send(Event::Status);
    }

    /// Suspends a program: what it has on its way is cancelled, its questions are rejected, and none of its calls runs
    /// until it is asked about anew, after the next start.
    ///
    /// # Errors
    /// `Storage` when it can't be written: it holds until the broker ends.
    pub(crate) async fn suspend_client(
        &self,
        identity: Digest,
        (program, script): (&str, Option<&str>),
        by: By,
    ) -> Result<(), Fault> {
        let suspended = self.clients.put_out(identity, by).await;
        let of_it = |view: &ApprovalView| view.client.program == program && view.client.script.as_deref() == script;
        self.desk.reject_calls(of_it, reason(by, "this program"), by).await;
        // After the questions: whoever waits for one is told why it ended.
        self.stop.cancel(identity);
        let _ = self.events.send(Event::Clients);
        suspended
    }

    /// Suspends a server: what is on its way there is cancelled, questions about it are rejected, and no call goes there
    /// until that is lifted.
    ///
    /// # Errors
    /// `Storage` when it can't be written: it holds until the broker ends.
    pub(crate) async fn suspend_server(&self, server: &str, why: &str, by: By) -> Result<(), Fault> {
        // First, so that no call comes meanwhile and is left waiting.
        self.stop.suspend(server, why);
        self.desk.reject_calls(|view| view.server == server, reason(by, "this server"), by).await;
        // After the questions: whoever waits for one is told why it ended.
        self.stop.cancel_at(server);
        let _ = self.events.send(Event::Servers);
        self.stop.keep_suspended(server, why, by).await
    }
}
