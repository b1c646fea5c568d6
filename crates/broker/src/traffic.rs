//! Sums over time, in memory: how much went through for each client, and how many calls each server had today. They
//! begin with what the log says of the last day, so that no restart makes much into little.

use crate::store::Store;
use gate::call::Digest;
use gate::client::Client;
use gate::permit::Case;
use gate::provenance::{SoFar, Volume};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wire::Fault;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
/// The most clients and conversations that are counted, and the most recipients of one.
const MOST: usize = 1_000;
const MOST_RECIPIENTS: usize = 20_000;
/// The most entries of the log that are read at the start.
const MOST_ENTRIES: usize = 500_000;

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    clients: HashMap<Digest, Window>,
    conversations: HashMap<Arc<str>, Window>,
    day: i64,
    servers: BTreeMap<String, (u32, u32)>,
}

/// What went through within the last day, minute by minute.
#[derive(Debug, Default)]
struct Window {
    /// Calls and what they were, the oldest first.
    minutes: VecDeque<(i64, i64, Volume)>,
    day: Volume,
    /// Whom it went to: in which minute last, and by how many calls that were not taken back.
    recipients: HashMap<u64, (i64, u32)>,
    newest: i64,
}

impl Window {
    /// The minute as it is counted up, with what is a day ago forgotten.
    fn at(&mut self, minute: i64) -> &mut (i64, i64, Volume) {
        // A clock that was set back counts into the newest minute.
        self.newest = self.newest.max(minute);
        let since = self.newest - DAY;
        while let Some((_, _, volume)) = self.minutes.pop_front_if(|(at, _, _)| *at <= since) {
            self.day = self.day.minus(volume);
        }
        if self.minutes.back().is_none_or(|(at, _, _)| *at != self.newest) {
            self.minutes.push_back((self.newest, 0, Volume::default()));
            // Once a minute is enough: who is counted too long is counted too much, never too little.
            self.recipients.retain(|_, (at, _)| *at > since);
        }
        let last = self.minutes.len() - 1;
        &mut self.minutes[last]
    }

    fn add(&mut self, minute: i64, volume: Volume) {
        let at = self.at(minute);
        at.2 = at.2.plus(volume);
        self.day = self.day.plus(volume);
    }

    /// Takes back what was added in this minute.
    fn take(&mut self, minute: i64, volume: Volume) {
        if let Some(at) = self.minutes.iter_mut().rev().find(|(at, _, _)| *at == minute) {
            at.2 = at.2.minus(volume);
            self.day = self.day.minus(volume);
        }
    }

    /// Takes back that a call went to these; whom another one goes to stays.
    fn unreach(&mut self, these: &HashSet<u64>) {
        for who in these {
            if let Some((_, calls)) = self.recipients.get_mut(who) {
                *calls = calls.saturating_sub(1);
            }
        }
        self.recipients.retain(|_, (_, calls)| *calls > 0);
    }

    /// Calls and sums within the last hour.
    fn hour(&self) -> (i64, Volume) {
        let within = self.minutes.iter().rev().take_while(|(at, _, _)| *at > self.newest - HOUR);
        within.fold((0, Volume::default()), |(calls, sum), (_, more, volume)| (calls + more, sum.plus(*volume)))
    }

    /// Others than these that it went to within the last minutes.
    fn others(&self, these: &HashSet<u64>, minutes: i64) -> i64 {
        let within = |(who, (at, _)): &(&u64, &(i64, u32))| *at > self.newest - minutes && !these.contains(*who);
        i64::try_from(self.recipients.iter().filter(within).count()).unwrap_or(i64::MAX)
    }

    /// Counts these, as far as there is room; says which.
    fn reaches(&mut self, these: &HashSet<u64>) -> HashSet<u64> {
        let room = MOST_RECIPIENTS.saturating_sub(self.recipients.len());
        let counted: HashSet<u64> = these.iter().copied().take(room).collect();
        for who in &counted {
            let (at, calls) = self.recipients.entry(*who).or_default();
            (*at, *calls) = (self.newest, calls.saturating_add(1));
        }
        counted
    }
}

/// What one call takes along, counted from before it is judged so that many at once are not judged as few. Taken back
/// when it does not run.
#[derive(Debug)]
#[must_use]
pub(crate) struct Counted {
    traffic: Traffic,
    client: Digest,
    conversation: Arc<str>,
    volume: Volume,
    /// In the client's window and in the conversation's: the minute, and whom it goes to.
    within: [(i64, HashSet<u64>); 2],
    keep: bool,
}

impl Counted {
    /// The call ran, or may have.
    pub(crate) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        let mut state = self.traffic.state();
        let State { clients, conversations, .. } = &mut *state;
        let windows = [clients.get_mut(&self.client), conversations.get_mut(&self.conversation)];
        for (window, (minute, these)) in windows.into_iter().zip(&self.within) {
            let Some(window) = window else { continue };
            window.take(*minute, self.volume);
            window.unreach(these);
        }
    }
}

impl Traffic {
    /// What the log says of the last day. Each record of it, with when it was, is told `beside` as well: what else begins
    /// with the log need not read it again.
    pub(crate) async fn open(store: &Store, now: i64, mut beside: impl FnMut(i64, &Value)) -> Result<Self, Fault> {
        let traffic = Self::default();
        let mut outcomes = HashMap::new();
        let each = |at, record: &Value| {
            traffic.replay(at, record, &mut outcomes);
            beside(at, record);
        };
        store.back_to(now - DAY * MINUTE, MOST_ENTRIES, each).await?;
        Ok(traffic)
    }

    /// One entry of the log; they come newest first, so an outcome before its intent.
    fn replay(&self, at: i64, record: &Value, outcomes: &mut HashMap<String, Volume>) {
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let volume = record.get("volume").and_then(|volume| serde_json::from_value(volume.clone()).ok());
        let volume: Volume = volume.unwrap_or_default();
        match text("kind") {
            "outcome" => {
                let bytes_seen = record.get("bytes").and_then(Value::as_i64).unwrap_or(0);
                outcomes.insert(text("call").to_owned(), Volume { bytes_seen, ..volume });
            }
            "intent" => {
                let volume = volume.plus(outcomes.remove(text("call")).unwrap_or_default());
                let Ok(client) = text("client_identity").parse::<Digest>() else { return };
                let mut state = self.state();
                let window = state.clients.entry(client).or_default();
                window.newest = window.newest.max(at / MINUTE);
                window.minutes.push_front((at / MINUTE, 1, volume));
                window.day = window.day.plus(volume);
            }
            _ => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What went through before this call, and what it takes along, which counts from now on.
    pub(crate) fn begin(&self, case: &Case, scope: Arc<str>, now: i64) -> (SoFar, Counted) {
        self.counted(case.call.client.identity, scope, case.volume(), case.flow.recipients(), now)
    }

    fn counted(
        &self,
        client: Digest,
        conversation: Arc<str>,
        volume: Volume,
        these: &HashSet<u64>,
        now: i64,
    ) -> (SoFar, Counted) {
        let minute = now / MINUTE;
        // Whom it goes to counts once, however often: that is no sum of calls.
        let volume = Volume { recipients: 0, ..volume };
        let mut state = self.state();
        State::bound(&mut state.clients, minute);
        State::bound(&mut state.conversations, minute);
        let State { clients, conversations, .. } = &mut *state;
        let window = clients.entry(client).or_default();
        window.at(minute).1 += 1;
        let talk = conversations.entry(conversation.clone()).or_default();
        talk.at(minute);
        let reached = |window: &Window, sum: Volume, minutes| {
            sum.plus(Volume { recipients: window.others(these, minutes), ..Volume::default() })
        };
        let (calls_last_hour, hour) = window.hour();
        let so_far = SoFar {
            calls_last_hour,
            conversation: reached(talk, talk.day, DAY),
            hour: reached(window, hour, HOUR),
            day: reached(window, window.day, DAY),
        };
        let within = [window, talk].map(|window| {
            window.add(minute, volume);
            (window.newest, window.reaches(these))
        });
        (so_far, Counted { traffic: self.clone(), client, conversation, volume, within, keep: false })
    }

    /// A client gets this result.
    pub(crate) fn showed(&self, client: &Client, scope: Arc<str>, volume: Volume, now: i64) {
        let mut state = self.state();
        state.clients.entry(client.identity).or_default().add(now / MINUTE, volume);
        state.conversations.entry(scope).or_default().add(now / MINUTE, volume);
    }

    /// A new conversation begins in the place of this one.
    pub(crate) fn forget(&self, scope: &str) {
        self.state().conversations.remove(scope);
    }

    /// A call of this server goes out.
    pub(crate) fn ran(&self, server: &str) {
        self.add(server, 1, 0);
    }

    /// A call of this server asks.
    pub(crate) fn asked(&self, server: &str) {
        self.add(server, 0, 1);
    }

    fn add(&self, server: &str, ran: u32, asked: u32) {
        let mut state = self.state();
        let day = crate::clock::now_ms() / (DAY * MINUTE);
        if state.day != day {
            state.day = day;
            state.servers.clear();
        }
        match state.servers.get_mut(server) {
            Some(count) => *count = (count.0 + ran, count.1 + asked),
            None => {
                state.servers.insert(server.to_owned(), (ran, asked));
            }
        }
    }

    /// Calls of each server since midnight UTC or the broker's start: all, and those that asked.
    pub(crate) fn by_server(&self) -> BTreeMap<String, (u32, u32)> {
        self.state().servers.clone()
    }
}

impl State {
    /// Forgets who was silent for a day, where there are many.
    fn bound<K: Eq + Hash>(windows: &mut HashMap<K, Window>, minute: i64) {
        if windows.len() > MOST {
            windows.retain(|_, window| minute - window.newest < DAY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Seal;
    use serde_json::json;

    const WHO: Digest = Digest([1; 32]);

    impl Traffic {
        fn one(&self, recipients: &[u64], bytes_sent: i64, minute: i64) -> (SoFar, Counted) {
            let volume =
                Volume { bytes_sent, recipients: i64::try_from(recipients.len()).unwrap(), ..Volume::default() };
            self.counted(WHO, "talk".into(), volume, &recipients.iter().copied().collect(), minute * MINUTE)
        }
    }

    #[test]
    fn an_hour_slides() {
        let traffic = Traffic::default();
        for i in 1..=5 {
            assert_eq!(traffic.one(&[], 0, i).0.calls_last_hour, i);
        }
        assert_eq!(traffic.one(&[], 0, 61).0.calls_last_hour, 5, "the first minute is an hour ago");
        assert_eq!(traffic.one(&[], 0, 500).0.calls_last_hour, 1);
    }

    #[test]
    fn what_ran_counts_by_hour_day_and_conversation_and_what_did_not_is_taken_back() {
        let traffic = Traffic::default();
        traffic.one(&[1, 2], 100, 1).1.keep();
        let (so_far, dropped) = traffic.one(&[2, 3], 50, 2);
        assert_eq!((so_far.hour.bytes_sent, so_far.hour.recipients), (100, 1), "who gets this one too is not another");
        drop(dropped);
        let (so_far, kept) = traffic.one(&[4], 1, 3);
        assert_eq!((so_far.hour.bytes_sent, so_far.hour.recipients), (100, 2));
        kept.keep();
        let later = traffic.one(&[9], 1, 120).0;
        assert_eq!((later.hour, later.day.bytes_sent, later.day.recipients), (Volume::default(), 101, 3));
        traffic.forget("talk");
        let fresh = traffic.one(&[9], 1, 121).0;
        assert_eq!((fresh.conversation, fresh.day.recipients), (Volume::default(), 3), "a new chat ends no day");
        let tomorrow = traffic.one(&[9], 1, 3 + DAY).0;
        assert_eq!((tomorrow.day.bytes_sent, tomorrow.day.recipients), (0, 0));
    }

    #[test]
    fn calls_that_come_at_once_are_not_judged_as_few() {
        let traffic = Traffic::default();
        let open: Vec<_> = (0..40).map(|who| traffic.one(&[who], 10, 1)).collect();
        assert_eq!((open[39].0.hour.recipients, open[39].0.hour.bytes_sent), (39, 390));
        drop(open);
        assert_eq!(traffic.one(&[], 0, 1).0.hour, Volume::default());
    }

    #[test]
    fn what_one_call_takes_back_another_one_still_went_to() {
        let traffic = Traffic::default();
        let (_, rejected) = traffic.one(&[1, 2], 10, 1);
        traffic.one(&[1], 10, 2).1.keep();
        drop(rejected);
        let so_far = traffic.one(&[9], 1, 3).0;
        assert_eq!((so_far.hour.recipients, so_far.hour.bytes_sent), (1, 10));
        // After a day there is nothing left to take back, and nothing else is.
        let (_, old) = traffic.one(&[3], 1_000, 4);
        traffic.one(&[4], 500, 5 + DAY).1.keep();
        drop(old);
        assert_eq!(traffic.one(&[9], 1, 6 + DAY).0.day.bytes_sent, 500);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_less() {
        let traffic = Traffic::default();
        traffic.one(&[1], 100, 5_000).1.keep();
        let before = traffic.one(&[2], 1, 10).0;
        assert_eq!((before.hour.bytes_sent, before.hour.recipients), (100, 1));
    }

    #[tokio::test]
    async fn the_log_of_the_last_day_is_where_it_begins() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("consentry.db"), Arc::new(Seal::in_memory())).await.unwrap();
        assert!(Traffic::open(&store, 0, |_, _| ()).await.unwrap().state().clients.is_empty());
        let traffic = Traffic::default();
        let mut outcomes = HashMap::new();
        let intent = |call: &str| {
            json!({"kind": "intent", "call": call, "client_identity": WHO.to_string(),
                "volume": {"recipients": 7, "bytes_sent": 5}})
        };
        let outcome = json!({"kind": "outcome", "call": "b", "bytes": 30, "volume": {"rows_seen": 4}});
        traffic.replay(100 * MINUTE, &outcome, &mut outcomes);
        traffic.replay(100 * MINUTE, &intent("b"), &mut outcomes);
        traffic.replay(10 * MINUTE, &intent("a"), &mut outcomes);
        let so_far = traffic.one(&[], 0, 101).0;
        assert_eq!((so_far.hour.recipients, so_far.hour.rows_seen, so_far.hour.bytes_seen), (7, 4, 30));
        assert_eq!((so_far.day.recipients, so_far.day.bytes_sent), (14, 10));
    }
}
