//! A client and a broker at the two ends, on real pipes and sockets.

use super::*;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, PipeReader, PipeWriter};
use std::thread::JoinHandle;

struct Ends {
    client_in: Option<PipeWriter>,
    client_out: BufReader<PipeReader>,
    broker_out: BufReader<UnixStream>,
    broker_in: UnixStream,
    carrying: JoinHandle<Ending>,
}

impl Ends {
    fn new(drain: Duration) -> Self {
        let (from_client, client_in) = io::pipe().unwrap();
        let (client_out, to_client) = io::pipe().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let carrying = thread::spawn(move || carry(from_client, to_client, ours, drain).unwrap());
        Self {
            client_in: Some(client_in),
            client_out: BufReader::new(client_out),
            broker_out: BufReader::new(theirs.try_clone().unwrap()),
            broker_in: theirs,
            carrying,
        }
    }

    fn say(&mut self, line: &str) {
        self.client_in.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn broker_hears(&mut self) -> String {
        let mut line = String::new();
        self.broker_out.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    fn broker_says(&mut self, line: &str) {
        self.broker_in.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn client_hears(&mut self) -> String {
        let mut line = String::new();
        self.client_out.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    fn client_hears_json(&mut self) -> Value {
        serde_json::from_str(&self.client_hears()).unwrap()
    }

    fn kill_broker(&mut self) {
        self.broker_in.shutdown(Shutdown::Both).unwrap();
    }
}

fn request(id: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\"}}")
}

fn answer(id: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}")
}

#[test]
fn lines_arrive_as_they_were_said() {
    let mut ends = Ends::new(DRAIN);
    let odd = r#"{ "id" :1e0, "method":"x", "x":0.10, "z":"\u00e4" }"#;
    for line in [odd, "not json at all", "[1,2]", &request("1")] {
        ends.say(line);
        assert_eq!(ends.broker_hears(), line);
    }
    ends.broker_says(odd);
    assert_eq!(ends.client_hears(), odd);
}

#[test]
fn when_the_broker_dies_each_open_call_is_answered_once_and_it_ends() {
    let mut ends = Ends::new(DRAIN);
    for id in ["1", "2", "\"three\""] {
        ends.say(&request(id));
        ends.broker_hears();
    }
    ends.say(&request("4"));
    ends.broker_hears();
    // By the protocol a request that was taken back gets no answer.
    ends.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"x","requestId":4}}"#);
    ends.broker_hears();
    ends.broker_says(&answer("2"));
    // A request of the broker's with the id of an open call answers nothing.
    ends.broker_says(&request("1"));
    ends.client_hears();
    ends.client_hears();
    // Dies in the middle of an answer: the client must not see half a line.
    ends.broker_in.write_all(br#"{"jsonrpc":"2.0","id":1,"resu"#).unwrap();
    ends.kill_broker();
    assert_eq!(ends.carrying.join().unwrap(), Ending::BrokerGone);
    let mut rest = String::new();
    // The client's output stays open as long as the thread that waits for its next line.
    drop(ends.client_in.take());
    ends.client_out.read_to_string(&mut rest).unwrap();
    let told: Vec<Value> = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut ids: Vec<String> = told.iter().map(|reply| reply["id"].to_string()).collect();
    ids.sort();
    assert_eq!(ids, ["\"three\"", "1"]);
    for reply in told {
        let code = reply["error"]["code"].as_i64().unwrap();
        assert!(!(-32768..=-32000).contains(&code), "{code} is JSON-RPC's own");
        assert!(reply["error"]["message"].as_str().unwrap().contains("unknown"), "{reply}");
    }
}

#[test]
fn a_client_that_is_turned_away_hears_why() {
    let refusal = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"There is no server named x."}}"#;
    let mut early = Ends::new(DRAIN);
    early.say(&request("1"));
    early.broker_hears();
    early.broker_says(refusal);
    early.kill_broker();
    let mut late = Ends::new(DRAIN);
    late.broker_says(refusal);
    late.kill_broker();
    assert_eq!(late.client_hears(), refusal);
    late.say(&request("1"));
    assert_eq!(early.client_hears(), refusal);
    for mut ends in [early, late] {
        let reply = ends.client_hears_json();
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(1), &json!(-1)));
        assert_eq!(reply["error"]["message"], "There is no server named x.");
        assert_eq!(ends.carrying.join().unwrap(), Ending::BrokerGone);
    }
}

#[test]
fn a_client_that_closes_its_input_still_gets_its_answers() {
    let mut ends = Ends::new(DRAIN);
    ends.say(&request("1"));
    ends.client_in.as_mut().unwrap().write_all(request("2").as_bytes()).unwrap();
    drop(ends.client_in.take());
    assert_eq!(ends.broker_hears(), request("1"));
    assert_eq!(ends.broker_hears(), request("2"), "also the last line, which had no end");
    assert_eq!(ends.broker_hears(), "", "the broker hears that nothing more comes");
    ends.broker_says(&answer("2"));
    ends.broker_says(&answer("1"));
    assert_eq!(ends.client_hears(), answer("2"));
    assert_eq!(ends.client_hears(), answer("1"));
    assert_eq!(ends.carrying.join().unwrap(), Ending::ClientLeft);
}

#[test]
fn a_broker_that_never_answers_does_not_keep_a_client_that_left() {
    let mut ends = Ends::new(Duration::from_millis(20));
    ends.say(&request("1"));
    drop(ends.client_in.take());
    assert_eq!(ends.client_hears_json()["error"]["code"], json!(FATE_UNKNOWN));
    assert_eq!(ends.carrying.join().unwrap(), Ending::ClientLeft);
}

#[test]
fn an_overlong_line_is_answered_here_and_the_next_one_goes_through() {
    let mut ends = Ends::new(DRAIN);
    let mut client_in = ends.client_in.take().unwrap();
    let writer = thread::spawn(move || {
        client_in.write_all(&vec![b'x'; MAX_FRAME + 100]).unwrap();
        client_in.write_all(format!("\n{}\n", request("5")).as_bytes()).unwrap();
        client_in
    });
    let reply = ends.client_hears_json();
    assert_eq!((&reply["id"], &reply["error"]["code"]), (&Value::Null, &json!(-32600)));
    assert_eq!(ends.broker_hears(), request("5"));
    drop(writer.join().unwrap());
}

#[test]
fn a_client_that_does_not_listen_any_more_ends_it() {
    let mut ends = Ends::new(DRAIN);
    let (unheard, _) = io::pipe().unwrap();
    ends.client_out = BufReader::new(unheard);
    ends.broker_says(&answer("1"));
    assert_eq!(ends.carrying.join().unwrap(), Ending::ClientLeft);
}

#[test]
fn a_client_without_a_broker_hears_why() {
    let (from_client, mut client_in) = io::pipe().unwrap();
    let (client_out, to_client) = io::pipe().unwrap();
    let turning = thread::spawn(move || turn_away(from_client, to_client, "Nobody is here.").unwrap());
    client_in.write_all(format!("{}\n", request("\"a\"")).as_bytes()).unwrap();
    let mut heard = String::new();
    BufReader::new(client_out).read_line(&mut heard).unwrap();
    let reply: Value = serde_json::from_str(&heard).unwrap();
    assert_eq!((&reply["id"], &reply["error"]["message"]), (&json!("a"), &json!("Nobody is here.")));
    turning.join().unwrap();
}
