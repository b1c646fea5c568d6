//! Sums over time, in memory: how much went through for each client, and how many calls each server had today. They
//! begin with what the log says of the last day, so that no restart makes much into little.

mod recent;
mod window;

use crate::recall::Scope;
use crate::store::Store;
use crate::vault::Seal;
use gate::call::Digest;
use gate::permit::Case;
use gate::provenance::{SoFar, Volume};
use gate::tool::Effect;
use recent::Recent;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use window::{Began, DAY, Window};
use wire::Fault;

/// A minute, in milliseconds.
const MINUTE: i64 = 60_000;
/// The most clients and conversations that are counted.
const MOST: usize = 1_000;
/// The most recipients of one call that the log tells apart; the others are counted there.
const MOST_NAMED: usize = 64;
/// The most entries of the log that are read at the start.
const MOST_ENTRIES: usize = 500_000;

/// What was counted.
#[derive(Clone)]
pub(crate) struct Traffic {
    state: Arc<Mutex<State>>,
    seal: Arc<Seal>,
}

#[derive(Debug, Default)]
struct State {
    clients: HashMap<Digest, Window>,
    conversations: HashMap<Scope, Window>,
    recent: HashMap<Digest, Recent>,
    day: i64,
    servers: BTreeMap<String, (u32, u32)>,
}

/// What one call takes along, counted from before it is judged so that many at once are not judged as few. Taken back
/// when it does not run.
#[must_use]
pub(crate) struct Counted {
    traffic: Traffic,
    scope: Scope,
    /// In the client's window and in the conversation's.
    began: [Began; 2],
    /// Whom it goes to, each by a number that says nothing without the key.
    recipients: Vec<u64>,
    keep: bool,
}

impl Counted {
    /// Whether the call goes out: it ran, or may have.
    pub(crate) fn keep(&mut self, keep: bool) {
        self.keep = keep;
    }

    /// A person changed the call: it takes along what it is now.
    pub(crate) fn change(&mut self, case: &Case) {
        let these = self.traffic.numbers(case.flow.recipients());
        let mut state = self.traffic.state();
        for (window, began) in state.windows(&self.scope).into_iter().zip(&mut self.began) {
            if let Some(window) = window {
                *began = window.change(began, case.volume(), &these);
            }
        }
        self.recipients = these.into_iter().collect();
    }

    /// Whom it goes to as the log has it: so many that can be told apart later, and how many there are beside them.
    pub(crate) fn noted(&self) -> (Vec<String>, usize) {
        let named = self.recipients.iter().take(MOST_NAMED).map(|who| format!("{who:016x}")).collect();
        (named, self.recipients.len().saturating_sub(MOST_NAMED))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut state = self.traffic.state();
        for (window, began) in state.windows(&self.scope).into_iter().zip(&self.began) {
            let Some(window) = window else { continue };
            window.close(began);
            if !self.keep {
                window.take_back(began);
            }
        }
    }
}

impl Traffic {
    fn new(seal: Arc<Seal>) -> Self {
        Self { state: Arc::default(), seal }
    }

    /// What the log says of the last day, where `scope` says which client and conversation count as one conversation. Each
    /// record of it, with when it was, is told `beside` as well: what else begins with the log need not read it again.
    pub(crate) async fn open(
        store: &Store,
        now: i64,
        scope: impl Fn(Digest, &str) -> Scope,
        mut beside: impl FnMut(i64, &Value),
    ) -> Result<Self, Fault> {
        let traffic = Self::new(store.seal());
        let mut replay = Replay::new(scope);
        let each = |at, record: &Value| {
            traffic.replay(at, record, &mut replay);
            beside(at, record);
        };
        if !store.back_to(now - DAY * MINUTE, MOST_ENTRIES, each).await? {
            tracing::warn!(
                "the log of the last day has more than {MOST_ENTRIES} entries: sums begin with the last ones"
            );
        }
        Ok(traffic)
    }

    /// One entry of the log; they come newest first, so an outcome before its intent.
    fn replay(&self, at: i64, record: &Value, replay: &mut Replay<impl Fn(Digest, &str) -> Scope>) {
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let volume = record.get("volume").and_then(|volume| serde_json::from_value(volume.clone()).ok());
        let volume: Volume = volume.unwrap_or_default();
        if text("initiator") == "consentry" {
            // A look of ours, which no client sees.
            return;
        }
        match text("kind") {
            "outcome" if text("result") == "not_sent" => {
                replay.unsent.insert(text("call").to_owned());
            }
            "outcome" => {
                let bytes_seen = record.get("bytes").and_then(Value::as_i64).unwrap_or(0);
                replay.outcomes.insert(text("call").to_owned(), Volume { bytes_seen, ..volume });
            }
            "decided" if text("decision") == "new_chat" => {
                replay.ended.extend(text("client_identity").parse::<Digest>());
            }
            "intent" if replay.unsent.remove(text("call")) => {}
            "intent" => {
                let Ok(client) = text("client_identity").parse::<Digest>() else { return };
                let named = record.get("recipients").and_then(Value::as_array).into_iter().flatten();
                let number = |who: &Value| u64::from_str_radix(who.as_str()?, 16).ok();
                let these: HashSet<u64> = named.filter_map(number).collect();
                let others = record.get("more_recipients").and_then(Value::as_i64).unwrap_or(0);
                let volume = Volume { recipients: others, ..volume };
                let volume = volume.plus(replay.outcomes.remove(text("call")).unwrap_or_default());
                let mut state = self.state();
                state.clients.entry(client).or_default().replay(at / MINUTE, volume, &these);
                if !replay.ended.contains(&client) {
                    let scope = (replay.scope)(client, text("conversation"));
                    state.conversations.entry(scope).or_default().replay(at / MINUTE, volume, &these);
                }
            }
            _ => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Recipients as they are kept: numbers that can't be guessed back from the log.
    fn numbers(&self, recipients: &HashSet<u64>) -> HashSet<u64> {
        let number = |who: &u64| {
            let mac = self.seal.mac(&[b"recipient", &who.to_be_bytes()]);
            mac.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
        };
        recipients.iter().map(number).collect()
    }

    /// What went through before this call, and what it takes along, which counts from now on.
    pub(crate) fn begin(&self, case: &Case, scope: Scope, now: i64) -> (SoFar, Counted) {
        let these = self.numbers(case.flow.recipients());
        let reads = case.call.tool.effects.contains(&Effect::Read);
        let client = scope.client;
        let (so_far, counted) = self.counted(scope, (case.volume(), these, reads), now);
        let (calls_last_minute, repeated) = self.state().lately(client, now, same(case));
        (SoFar { calls_last_minute, repeated, ..so_far }, counted)
    }

    fn counted(
        &self,
        scope: Scope,
        (volume, these, reads): (Volume, HashSet<u64>, bool),
        now: i64,
    ) -> (SoFar, Counted) {
        let minute = now / MINUTE;
        let mut state = self.state();
        bound(&mut state.clients, minute);
        bound(&mut state.conversations, minute);
        let (before, in_window) = state.clients.entry(scope.client).or_default().begin(minute, volume, &these, reads);
        let talk = state.conversations.entry(scope.clone()).or_default();
        let (in_talk, in_conversation) = talk.begin(minute, volume, &these, reads);
        let so_far = SoFar {
            calls_last_hour: before.calls,
            conversation: in_talk.day,
            hour: before.hour,
            day: before.day,
            ..SoFar::default()
        };
        drop(state);
        let began = [in_window, in_conversation];
        let recipients = these.into_iter().collect();
        (so_far, Counted { traffic: self.clone(), scope, began, recipients, keep: false })
    }

    /// A client gets this.
    pub(crate) fn showed(&self, scope: &Scope, volume: Volume, now: i64) {
        let mut state = self.state();
        let windows = state.windows(scope);
        windows.into_iter().flatten().for_each(|window| window.showed(now / MINUTE, volume));
    }

    /// A new conversation of this client begins in the place of all it had.
    pub(crate) fn forget(&self, client: Digest) {
        self.state().conversations.retain(|scope, _| scope.client != client);
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
    /// A call of this client begins: how many there were in the last minute, and how often this very one in the last ten.
    fn lately(&mut self, client: Digest, now: i64, what: u64) -> (i64, i64) {
        if self.recent.len() >= MOST && !self.recent.contains_key(&client) {
            let oldest = self.recent.iter().min_by_key(|(_, recent)| recent.last()).map(|(client, _)| *client);
            oldest.map(|oldest| self.recent.remove(&oldest));
        }
        self.recent.entry(client).or_default().begin(now, what)
    }
}

/// A number that is the same for the same call, whatever conversation it is made in.
fn same(case: &Case) -> u64 {
    let (call, mut hasher) = (&case.call, DefaultHasher::new());
    (call.server.identity, &call.request.name, &call.request.arguments).hash(&mut hasher);
    hasher.finish()
}

/// What is known while the log is read from its end.
struct Replay<S> {
    scope: S,
    /// What calls showed whose intents are still to come.
    outcomes: HashMap<String, Volume>,
    /// Clients that began a new chat: what is older is of another one.
    ended: HashSet<Digest>,
    /// Calls that went nowhere after all.
    unsent: HashSet<String>,
}

impl<S> Replay<S> {
    fn new(scope: S) -> Self {
        Self { scope, outcomes: HashMap::new(), ended: HashSet::new(), unsent: HashSet::new() }
    }
}

impl State {
    /// The windows in which a call counts.
    fn windows(&mut self, scope: &Scope) -> [Option<&mut Window>; 2] {
        [self.clients.get_mut(&scope.client), self.conversations.get_mut(scope)]
    }
}

/// Forgets windows where there are many: those of yesterday, then those without anything in them, then the oldest.
fn bound<K: Eq + Hash + Clone>(windows: &mut HashMap<K, Window>, minute: i64) {
    if windows.len() <= MOST {
        return;
    }
    windows.retain(|_, window| minute - window.newest < DAY);
    let over = windows.len().saturating_sub(MOST * 9 / 10);
    let mut all: Vec<(bool, i64, K)> =
        windows.iter().map(|(name, window)| (!window.is_empty(), window.newest, name.clone())).collect();
    all.sort_by_key(|(holds, newest, _)| (*holds, *newest));
    for (_, _, name) in all.into_iter().take(over) {
        windows.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::window::HOUR;
    use super::*;
    use serde_json::json;

    const WHO: Digest = Digest([1; 32]);

    fn talk(name: &str) -> Scope {
        Scope { client: WHO, conversation: Some(name.into()) }
    }

    impl Default for Traffic {
        fn default() -> Self {
            Self::new(Arc::new(Seal::in_memory()))
        }
    }

    impl Traffic {
        fn one(&self, recipients: &[u64], bytes_sent: i64, minute: i64) -> (SoFar, Counted) {
            let volume =
                Volume { bytes_sent, recipients: i64::try_from(recipients.len()).unwrap(), ..Volume::default() };
            let these = self.numbers(&recipients.iter().copied().collect());
            self.counted(talk("talk"), (volume, these, false), minute * MINUTE)
        }

        fn sent(&self, recipients: &[u64], bytes_sent: i64, minute: i64) -> SoFar {
            let (so_far, mut counted) = self.one(recipients, bytes_sent, minute);
            counted.keep(true);
            so_far
        }

        fn read(&self, minute: i64) -> (SoFar, Counted) {
            self.counted(talk("talk"), (Volume::default(), HashSet::new(), true), minute * MINUTE)
        }

        fn show(&self, rows_seen: i64, minute: i64) {
            let volume = Volume { rows_seen, ..Volume::default() };
            let mut state = self.state();
            state.windows(&talk("talk")).into_iter().flatten().for_each(|window| window.showed(minute, volume));
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
        traffic.sent(&[1, 2], 100, 1);
        let (so_far, dropped) = traffic.one(&[2, 3], 50, 2);
        assert_eq!((so_far.hour.bytes_sent, so_far.hour.recipients), (100, 1), "who gets this one too is not another");
        drop(dropped);
        let so_far = traffic.sent(&[4], 1, 3);
        assert_eq!((so_far.hour.bytes_sent, so_far.hour.recipients), (100, 2));
        let later = traffic.one(&[9], 1, 120).0;
        assert_eq!((later.hour, later.day.bytes_sent, later.day.recipients), (Volume::default(), 101, 3));
        traffic.forget(WHO);
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
    fn reads_that_are_open_count_as_what_they_may_show() {
        let traffic = Traffic::default();
        let mut open: Vec<_> = (0..11).map(|_| traffic.read(1)).collect();
        assert_eq!((open[0].0.hour.rows_seen, open[10].0.hour.rows_seen), (0, 200));
        let many: Vec<_> = (0..5_000).map(|_| traffic.read(1)).collect();
        assert_eq!(many[4_999].0.hour.rows_seen, 5_000, "nobody knows how much it is");
        drop(many);
        traffic.show(300, 1);
        open.push(traffic.read(1));
        assert_eq!(open[11].0.hour.rows_seen, 300 + 11 * 300, "each may be as large");
        traffic.show(2_700, 1);
        assert_eq!(traffic.read(1).0.hour.rows_seen, 3_000 + 12 * 1_500, "on the average");
        open.drain(..).for_each(|(_, mut counted)| counted.keep(true));
        assert_eq!(traffic.read(1).0.hour.rows_seen, 3_000, "what was shown stays, what might have been does not");
        assert_eq!(traffic.read(1 + HOUR).0.day.rows_seen, 3_000);
    }

    #[test]
    fn what_one_call_takes_back_another_one_still_went_to() {
        let traffic = Traffic::default();
        let (_, rejected) = traffic.one(&[1, 2], 10, 1);
        traffic.sent(&[1], 10, 2);
        drop(rejected);
        let so_far = traffic.one(&[9], 1, 3).0;
        assert_eq!((so_far.hour.recipients, so_far.hour.bytes_sent), (1, 10));
        // After a day there is nothing left to take back, and nothing else is.
        let (_, old) = traffic.one(&[3], 1_000, 4);
        traffic.sent(&[4], 500, 5 + DAY);
        drop(old);
        assert_eq!(traffic.one(&[9], 1, 6 + DAY).0.day.bytes_sent, 500);
    }

    #[test]
    fn an_hour_of_recipients_is_what_it_is_by_counting() {
        let traffic = Traffic::default();
        for minute in 0..200 {
            drop(traffic.one(&[1_000], 1, minute));
            let who = u64::try_from(minute % 90).unwrap();
            let others = (0..minute).filter(|m| *m > minute - HOUR && m % 90 != minute % 90).map(|m| m % 90);
            let others: HashSet<i64> = others.collect();
            let counted = traffic.sent(&[who], 1, minute).hour.recipients;
            assert_eq!(counted, i64::try_from(others.len()).unwrap(), "minute {minute}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_less() {
        let traffic = Traffic::default();
        traffic.sent(&[1], 100, 5_000);
        let before = traffic.one(&[2], 1, 10).0;
        assert_eq!((before.hour.bytes_sent, before.hour.recipients), (100, 1));
    }

    #[test]
    fn what_a_forgotten_window_held_takes_nothing_from_the_next() {
        let traffic = Traffic::default();
        let (_, pending) = traffic.one(&[1], 100, 1);
        traffic.forget(WHO);
        traffic.sent(&[1], 100, 1);
        drop(pending);
        let so_far = traffic.one(&[2], 0, 1).0;
        assert_eq!((so_far.conversation.recipients, so_far.conversation.bytes_sent), (1, 100));
    }

    #[test]
    fn a_log_with_a_wrong_clock_in_it_makes_nothing_less() {
        let mut window = Window::default();
        let sent = Volume { bytes_sent: 5, ..Volume::default() };
        window.replay(10, sent, &HashSet::new());
        window.replay(5_000, sent, &HashSet::new());
        assert_eq!(window.begin(11, Volume::default(), &HashSet::new(), false).0.hour.bytes_sent, 10);
    }

    #[test]
    fn made_up_conversations_take_no_room_from_what_was_counted() {
        let traffic = Traffic::default();
        traffic.sent(&[1], 100, 1);
        for n in 0..3_000 {
            let scope = talk(&format!("made up {n}"));
            drop(traffic.counted(scope, (Volume::default(), HashSet::new(), true), 2 * MINUTE));
        }
        assert!(traffic.state().conversations.len() <= MOST + 1);
        assert_eq!(traffic.one(&[], 0, 3).0.conversation.bytes_sent, 100);
    }

    #[tokio::test]
    async fn the_log_of_the_last_day_is_where_it_begins() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("consentry.db"), Arc::new(Seal::in_memory())).await.unwrap();
        let scope = |_, conversation: &str| talk(conversation);
        assert!(Traffic::open(&store, 0, scope, |_, _| ()).await.unwrap().state().clients.is_empty());
        let traffic = Traffic::default();
        let before = Traffic { state: Arc::default(), seal: traffic.seal.clone() };
        let (named, more) = before.one(&[1, 2], 5, 1).1.noted();
        assert_eq!((named.len(), more), (2, 0));
        let many: Vec<u64> = (0..100).collect();
        assert_eq!(before.one(&many, 5, 1).1.noted().1, 36);
        let mut replay = Replay::new(scope);
        let intent = |call: &str, conversation: &str| {
            json!({"kind": "intent", "call": call, "client_identity": WHO.to_string(), "conversation": conversation,
                "recipients": named, "volume": {"recipients": 2, "bytes_sent": 5}})
        };
        let outcome = json!({"kind": "outcome", "call": "b", "bytes": 30, "volume": {"rows_seen": 4}});
        let unsent = json!({"kind": "outcome", "call": "d", "result": "not_sent"});
        let mut look = intent("e", "talk");
        look["initiator"] = json!("consentry");
        let new_chat = json!({"kind": "decided", "decision": "new_chat", "client_identity": WHO.to_string()});
        let mut more = intent("c", "talk");
        more["more_recipients"] = json!(7);
        for (minute, record) in [
            (100, unsent),
            (100, outcome),
            (100, intent("d", "talk")),
            (100, look),
            (100, intent("b", "talk")),
            (90, new_chat),
            (10, intent("a", "talk")),
            (5, more),
        ] {
            traffic.replay(minute * MINUTE, &record, &mut replay);
        }
        let so_far = traffic.one(&[2], 0, 101).0;
        assert_eq!((so_far.hour.recipients, so_far.hour.rows_seen, so_far.hour.bytes_seen), (1, 4, 30));
        assert_eq!((so_far.day.recipients, so_far.day.bytes_sent), (1 + 7, 15), "each once, but who was only counted");
        assert_eq!((so_far.conversation.recipients, so_far.conversation.bytes_sent), (1, 5), "since the new chat");
    }
}
