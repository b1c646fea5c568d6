//! Tokens under attack: a broker that is killed while they rotate, a client that wants its own passed on, a login that is
//! another server's, and stopping everything.

use crate::logins::{Elsewhere, guarded, log_in, login_of};
use e2e::client::{refusal, went_well};
use e2e::process::until;
use e2e::{Broker, Home, Keyring, McpClient};
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often the broker is killed; the long run is `CONSENTRY_KILLS=50`.
fn kills() -> u32 {
    std::env::var("CONSENTRY_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6)
}

/// Numbers that repeat for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

fn well(said: &[Value]) -> bool {
    said.last().is_some_and(|last| last["well"] == true)
}

#[test]
fn a_broker_killed_while_tokens_rotate_uses_none_twice() {
    let mut home = Home::new();
    let _keyring = Keyring::start(&mut home).expect("a keychain: see the line above");
    let mut broker = Broker::start(&home);
    // Tokens live two seconds, and each rotation takes a third of one: many kills fall into it.
    let elsewhere = Elsewhere::start_with(&home, "", &[("LIFE", "2"), ("SLOW", "350")], &[]);
    home.run(&["server", "add", "far", "--url", &elsewhere.url]).succeeded();
    home.run(&["server", "trust", "far"]).refused();
    assert!(well(&log_in(&home, "far", &[], true)));
    home.run(&["server", "trust", "far"]).succeeded();
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs()) | 1;
    let (mut random, mut lost) = (Random(seed), 0);
    for kill in 0..kills() {
        let mut client = McpClient::open(&home, "far");
        client.shake_hands("2025-06-18");
        let until_then = Instant::now() + Duration::from_millis(300 + random.below(2_200));
        while Instant::now() < until_then {
            let said = client.call("echo", json!({"message": "round"}));
            assert!(went_well(&said), "kill {kill}, seed {seed}: {said}, {}", login_of(&home, "far"));
        }
        broker.kill();
        broker = Broker::start(&home);
        // The first request looks into the keychain.
        home.run(&["server", "trust", "far"]);
        let login = login_of(&home, "far");
        if login["state"] == "needed" {
            // The one that no order of steps can mend: the answer was on its way when the broker died.
            let why = login["why"].as_str().unwrap_or_default();
            assert!(
                why.contains("an answer of the authorization server was lost"),
                "kill {kill}, seed {seed}: {login}"
            );
            lost += 1;
            assert!(well(&log_in(&home, "far", &[], true)), "seed {seed}");
        }
    }
    let counts = elsewhere.counts();
    println!("{} kills, seed {seed}: {counts}, {lost} logins made again", kills());
    assert_eq!(counts["reuses"], 0, "seed {seed}: {counts}");
    assert_eq!(counts["codes"], 1 + lost, "seed {seed}: {counts}");
    assert!(counts["refreshes"].as_u64() >= Some(1), "nothing rotated: {counts}");
}

#[test]
fn a_client_can_not_have_a_token_of_its_own_passed_on() {
    let (home, _keyring, _broker, elsewhere) = guarded();
    home.run(&["server", "trust", "far"]).refused();
    let own = "Bearer a-token-of-the-clients-own";
    // Before there is a login: what the client gives is no login.
    let mut client = McpClient::open(&home, "far");
    let meta =
        json!({"authorization": own, "Authorization": own, "headers": {"Authorization": own}, "access_token": own});
    client.request(
        "initialize",
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}, "_meta": meta}),
    );
    assert!(well(&log_in(&home, "far", &[], true)));
    home.run(&["server", "trust", "far"]).succeeded();
    let mut client = McpClient::connect(&home, "far");
    client.ask("tools/call", json!({"name": "echo", "arguments": {"message": "x"}, "_meta": meta, "headers": meta}));
    client.ask("tools/call", json!({"name": "echo", "arguments": {"message": "x"}}));
    let (tokens, issued) = (elsewhere.seen()["tokens"].clone(), elsewhere.issued());
    let tokens: Vec<&str> = tokens.as_array().expect("tokens").iter().filter_map(Value::as_str).collect();
    assert!(!tokens.is_empty());
    assert!(tokens.iter().all(|token| issued.iter().any(|given| given == token)), "only what we were given");
}

#[test]
fn the_login_of_one_server_is_not_shown_to_another() {
    let (home, _keyring, _broker, elsewhere) = guarded();
    home.run(&["server", "trust", "far"]).refused();
    assert!(well(&log_in(&home, "far", &[], true)));
    // Another server that the same issuer guards, and one that asks with the words of the first.
    let other = elsewhere.beside(&home);
    home.run(&["server", "add", "other", "--url", &other.url]).succeeded();
    let said = home.run(&["server", "trust", "other"]).refused();
    assert!(said.stderr.contains("log in"), "{}", said.stderr);
    assert_eq!(other.seen()["tokens"], json!([]), "no token was sent there");
    assert_eq!(login_of(&home, "other")["state"], "needed");
    assert_eq!(login_of(&home, "far")["state"], "ready");
}

#[test]
fn a_token_that_is_for_somebody_else_is_asked_about_and_more_than_was_ticked_is_said() {
    let mut home = Home::new();
    let _keyring = Keyring::start(&mut home).expect("a keychain: see the line above");
    let _broker = Broker::start(&home);
    // As Keycloak does without a mapper: the audience is its own, and it gives more than it is asked for.
    let fixed = [("AUDIENCE", "https://fixed.example/mcp")];
    let elsewhere = Elsewhere::start_with(&home, "", &[("SHAPE", "keycloak")], &fixed);
    home.run(&["server", "add", "far", "--url", &elsewhere.url, "--client-id", "known"]).succeeded();
    home.run(&["server", "trust", "far"]).refused();
    let said = log_in(&home, "far", &[], true);
    assert!(well(&said), "{said:?}");
    let login = login_of(&home, "far");
    assert_eq!(login["beyond"], json!(["email", "profile"]), "{login}");
    assert_eq!(login["for_others"], json!(["https://fixed.example/mcp"]), "{login}");
    home.run(&["server", "trust", "far"]).succeeded();
    let mut client = McpClient::connect(&home, "far");
    let asked = client.begin("echo", json!({"message": "only reads"}));
    let question = home.question("call");
    let rules = question["reasons"].as_array().expect("reasons");
    assert!(rules.iter().any(|rule| rule["policy"] == "token-for-another-needs-person"), "{question}");
    let (id, digest) = (question["id"].as_str().expect("an id"), question["digest"].as_str().expect("a digest"));
    home.run(&["approvals", "approve", id, "--digest", digest]).succeeded();
    assert!(went_well(&client.reply(&asked).value));
    let intent = home.audit().into_iter().find(|e| e["kind"] == "intent").expect("an intent");
    let shown = home.json(&["audit", "show", &intent["seq"].to_string()]).value()["record"].to_string();
    for part in ["token_for_another", "token_over_broad", "token_first_use", "https://fixed.example/mcp", "profile"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

#[test]
fn stopping_everything_gives_every_login_back() {
    let (home, _keyring, _broker, elsewhere) = guarded();
    home.run(&["server", "trust", "far"]).refused();
    assert!(well(&log_in(&home, "far", &[], true)));
    home.run(&["server", "trust", "far"]).succeeded();
    let mut client = McpClient::connect(&home, "far");
    assert!(went_well(&client.call("echo", json!({"message": "before"}))));
    home.run(&["stop"]).succeeded();
    until("the login to be given back", || (elsewhere.counts()["revocations"].as_u64() >= Some(1)).then_some(()));
    until("the login to be gone", || (login_of(&home, "far")["state"] == "needed").then_some(()));
    refusal(&client.call("echo", json!({"message": "stopped"})));
    home.run(&["stop", "--lift"]).succeeded();
    let good = elsewhere.seen()["good"].clone();
    assert!(!went_well(&client.call("echo", json!({"message": "lifted, and logged out"}))));
    assert_eq!(elsewhere.seen()["good"], good);
}
