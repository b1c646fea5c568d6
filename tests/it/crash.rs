//! `kill -9` of the broker, at every border between two stages and at random moments: nothing runs twice, nothing runs
//! that was not announced, and what is unknown is called unknown.

use e2e::client::{refusal, went_well};
use e2e::database::Database;
use e2e::{Broker, DEADLINE, Fixture, Home, Keyring, McpClient, Person, Say};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

/// The borders, and what is left of a call when the broker dies there.
const BORDERS: [(&str, Left); 9] = [
    ("resolved", Left::Nothing),
    ("inspected", Left::Nothing),
    ("asked", Left::Nothing),
    ("permitted", Left::Nothing),
    ("recorded", Left::Unknown),
    ("forwarded", Left::Unknown),
    ("answered", Left::Unknown),
    ("released", Left::Unknown),
    ("closed", Left::Outcome),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// No intent; it did not run.
    Nothing,
    /// An intent; whether it ran nobody knows.
    Unknown,
    /// An intent and its outcome.
    Outcome,
}

/// A call that can be told from every other.
fn send(client: &mut McpClient, tool: &str, mark: &str) -> Value {
    match tool {
        "echo" => client.begin("echo", json!({"text": mark})),
        _ => client.begin("send_mail", json!({"to": "ann@example.org", "subject": mark, "body": "b"})),
    }
}

/// The mark of an executed or announced call.
fn mark(arguments: &Value) -> String {
    let mark = arguments.get("subject").or_else(|| arguments.get("text")).and_then(Value::as_str);
    mark.unwrap_or_else(|| panic!("no mark in {arguments}")).to_owned()
}

/// What the log says: the mark of each announced call, with its outcomes.
fn announced(home: &Home) -> BTreeMap<String, Vec<String>> {
    let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in home.audit().iter().filter(|entry| entry["kind"] == "outcome") {
        let call = entry["call"].as_str().expect("an outcome belongs to a call").to_owned();
        outcomes.entry(call).or_default().push(entry["result"].as_str().unwrap_or_default().to_owned());
    }
    let sql = "select e.call, cast(b.bytes as text) from entry e \
               join body b on b.sha256 = json_extract(e.record, '$.arguments.sha256') \
               where json_extract(e.record, '$.kind') = 'intent'";
    let mut marks = BTreeMap::new();
    for row in Database::open(&home.database()).query(sql) {
        let arguments = serde_json::from_str(&row[1]).expect("the arguments of an intent");
        let before = marks.insert(mark(&arguments), outcomes.remove(&row[0]).unwrap_or_default());
        assert!(before.is_none(), "{} was announced twice", mark(&arguments));
    }
    assert!(outcomes.is_empty(), "outcomes of calls nobody announced: {outcomes:?}");
    marks
}

/// Holds after every crash and restart, whatever the moment.
fn check(home: &Home, server: &Fixture) -> BTreeMap<String, Vec<String>> {
    let mut executed = BTreeSet::new();
    for call in server.executed() {
        let mark = mark(&call["arguments"]);
        assert!(executed.insert(mark.clone()), "{mark} was executed twice");
    }
    let announced = announced(home);
    for mark in &executed {
        assert!(announced.contains_key(mark), "{mark} ran and was not announced");
    }
    for (mark, outcomes) in &announced {
        assert_eq!(outcomes.len(), 1, "{mark} has the outcomes {outcomes:?}");
        assert!(["completed", "failed", "unknown", "not_sent"].contains(&&*outcomes[0]), "{mark}: {outcomes:?}");
        assert!(outcomes[0] != "completed" || executed.contains(mark), "{mark} is called completed and never ran");
        assert!(outcomes[0] != "not_sent" || !executed.contains(mark), "{mark} is called not sent and ran");
    }
    assert_eq!(home.chain_faults(), Vec::<Value>::new());
    announced
}

fn stops_at(border: &str, left: Left, tool: &str) {
    let mut home = Home::new().with_env("CONSENTRY_STOP_AT", border);
    let mut broker = Broker::start(&home);
    let server = Fixture::new(&home, "notes");
    server.add(&home);
    server.trust(&home);
    let person = Person::start(&home, |_| Say::Yes);
    let mut client = McpClient::connect(&home, "notes");
    let id = send(&mut client, tool, "the call");
    let status = broker.process.wait(DEADLINE);
    assert_eq!(status.signal(), Some(9), "{border}: the broker did not stop there");
    refusal(&client.reply(&id).value);
    client.process.wait(DEADLINE);
    drop(person);
    assert_eq!(server.leftovers(Duration::from_secs(10)), Vec::<u32>::new(), "{border}");
    let ran = server.executed().len();

    home.unset_env("CONSENTRY_STOP_AT");
    let _broker = Broker::start(&home);
    server.add(&home);
    server.trust(&home);
    let announced = check(&home, &server);
    let outcomes = announced.get("the call").map(|outcomes| outcomes[0].as_str());
    match left {
        Left::Nothing => assert_eq!((outcomes, ran), (None, 0), "{border}"),
        Left::Unknown => assert_eq!(outcomes, Some("unknown"), "{border}"),
        Left::Outcome => assert_eq!((outcomes, ran), (Some("completed"), 1), "{border}"),
    }
    // Nothing is played again, and the next call is one like any other.
    let _person = Person::start(&home, |_| Say::Yes);
    let mut client = McpClient::connect(&home, "notes");
    let id = send(&mut client, tool, "the next call");
    assert!(went_well(&client.reply(&id).value), "{border}");
    assert_eq!(server.executed().len(), ran + 1, "{border}");
    assert!(home.waiting().is_empty(), "{border}: a question came back");
    check(&home, &server);
}

macro_rules! borders {
    ($($name:ident = $place:literal),*) => { $(
        #[test]
        fn $name() {
            let (border, left) = BORDERS[$place];
            stops_at(border, left, "send_mail");
            if border != "asked" {
                stops_at(border, left, "echo");
            }
        }
    )* };
}

borders! {
    killed_after_the_tool_was_resolved = 0,
    killed_after_the_arguments_were_inspected = 1,
    killed_while_the_question_waits = 2,
    killed_after_the_permit = 3,
    killed_after_the_intent_was_recorded = 4,
    killed_after_the_call_went_out = 5,
    killed_after_the_answer_came = 6,
    killed_after_the_release = 7,
    killed_after_the_outcome_was_recorded = 8
}

/// SplitMix64: enough to pick moments, and the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Calls without a pause until the broker is gone.
fn load(mut client: McpClient, round: u64, who: usize) {
    for n in 0.. {
        let tool = if n % 3 == 2 { "send_mail" } else { "echo" };
        let ids: Vec<Value> =
            (0..4).map(|k| send(&mut client, tool, &format!("round {round} client {who} call {n}.{k}"))).collect();
        for id in ids {
            if client.try_reply(&id).is_none() {
                return;
            }
        }
    }
}

#[test]
fn killed_at_random_moments_under_load() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.as_nanos() as u64);
    let seed = number("CONSENTRY_SEED").unwrap_or(now);
    let rounds = number("CONSENTRY_CRASHES").unwrap_or(20);
    eprintln!("killed_at_random_moments_under_load: CONSENTRY_SEED={seed} CONSENTRY_CRASHES={rounds}");
    let mut chance = Chance(seed);
    let mut home = Home::new();
    let keyring = Keyring::start(&mut home);
    let mut broker = Broker::start(&home);
    let server = Fixture::new(&home, "notes");
    server.add(&home);
    server.trust(&home);
    let mut totals: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..rounds {
        let person = Person::start(&home, |_| Say::Yes);
        let clients = [McpClient::connect(&home, "notes"), McpClient::connect(&home, "notes")];
        let threads: Vec<_> = clients
            .into_iter()
            .enumerate()
            .map(|(who, client)| std::thread::spawn(move || load(client, round, who)))
            .collect();
        std::thread::sleep(Duration::from_micros(chance.below(400_000)));
        broker.kill();
        for thread in threads {
            assert!(thread.join().is_ok(), "a client of round {round} failed");
        }
        drop(person);
        assert_eq!(server.leftovers(Duration::from_secs(10)), Vec::<u32>::new(), "round {round}");
        broker = Broker::start(&home);
        if keyring.is_none() {
            server.add(&home);
            server.trust(&home);
        }
        let announced = check(&home, &server);
        totals.clear();
        announced.values().flatten().for_each(|outcome| *totals.entry(outcome.clone()).or_default() += 1);
    }
    eprintln!("killed_at_random_moments_under_load: {} executed, {totals:?}", server.executed().len());
}
