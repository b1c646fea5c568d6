//! `cardbench`: how long from a request until its card is painted, and what the app costs while nothing happens. The app
//! is answered by real keys, since a release build lets no driver near its windows; when a card was on the screen stands
//! in its own log.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on says so and stops; what it found it prints"
)]

use e2e::process::{Running, until};
use e2e::stage::PROMPT;
use e2e::{Display, Fixture, Home, Key, Keyring, McpClient};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Cards that are measured, after a first one that is not.
const CARDS: usize = 20;

/// How long the app is watched while nothing happens.
const IDLE: Duration = Duration::from_secs(30);

/// How long it is left alone before that: what the last card set in motion comes to rest, and the web views take back
/// their memory, which they do half a minute after anything happened.
const REST: Duration = Duration::from_secs(60);

/// From request to card, in milliseconds.
const BUDGET: i64 = 150;

fn main() {
    let mut home = Home::new();
    let _keyring = Keyring::start(&mut home).expect("a keychain: see the line above");
    let display = Display::start(&mut home).expect("a display: see the line above");
    let server = Fixture::new(&home, "notes");
    server.propose(&home);
    let app = Running::spawn("consentry-desktop", &mut home.command(e2e::binary("consentry-desktop")));
    until("the app", || home.socket().exists().then_some(()));
    for kind in ["run", "trust"] {
        approve(&home, &display, &home.question(kind));
    }
    let mut client = McpClient::let_in(&home, "notes", |question| approve(&home, &display, question));
    for number in 0..=CARDS {
        card(&home, &display, &mut client, number);
    }
    let mut times = painted(&home);
    times.drain(..times.len().saturating_sub(CARDS));
    times.sort_unstable();
    assert_eq!(times.len(), CARDS, "not every card was on the screen");
    let (median, last) = (times[CARDS / 2], times[CARDS - 1]);
    println!("from request to painted card: median {median} ms, slowest of {CARDS} {last} ms (budget {BUDGET} ms)");
    until("the prompt to go", || (!display.shows(PROMPT)).then_some(()));
    let [own, views] = idle(&home);
    println!(
        "while nothing happens, main window open, of one core over {} s: the app {own:.2} %, its web views {views:.2} % \
         (WebKitGTK measures their memory every ten seconds, whatever is in them)",
        IDLE.as_secs()
    );
    drop((client, app));
    assert!(median <= BUDGET, "cards are too slow");
}

/// Presses Control and Enter until the question is answered: when a card has opened is the app's affair.
fn approve(home: &Home, display: &Display, question: &Value) {
    let window = display.window(PROMPT);
    until("a yes to count", || {
        display.focus(window);
        display.key(Key::ControlEnter);
        std::thread::sleep(Duration::from_millis(200));
        (!home.waits(question)).then_some(())
    });
}

/// One call that is asked about, shown, and rejected.
fn card(home: &Home, display: &Display, client: &mut McpClient, number: usize) {
    // The prompt is warm and hidden, as it is when nobody has been asked for a while.
    until("the prompt to go", || (!display.shows(PROMPT)).then_some(()));
    let arguments = json!({"to": "ann@example.org", "subject": format!("number {number}"), "body": "See below."});
    let asked = client.begin("send_mail", arguments);
    let question = home.question("call");
    display.window(PROMPT);
    // Long enough for the page to have painted it; the log says when it had.
    std::thread::sleep(Duration::from_millis(700));
    home.run(&["approvals", "reject", question["id"].as_str().expect("an id")]).succeeded();
    client.reply(&asked);
}

/// When each card of a call was on the screen, in milliseconds after it was asked for.
fn painted(home: &Home) -> Vec<i64> {
    let entries = home.audit();
    let answered = entries.iter().filter(|entry| entry["kind"] == "answered" && entry["tool"] == "send_mail");
    let record = |entry: &Value| {
        let shown = home.json(&["audit", "show", &entry["seq"].to_string()]).succeeded().value();
        serde_json::from_str::<Value>(shown["record"].as_str()?).ok()
    };
    answered.filter_map(record).filter_map(|record| record["visible_after_ms"].as_i64()).collect()
}

/// What the app used of one core, in percent, and what its web views did.
fn idle(home: &Home) -> [f64; 2] {
    std::thread::sleep(REST);
    let (before, began) = (used(home), Instant::now());
    std::thread::sleep(IDLE);
    let (after, took) = (used(home), began.elapsed().as_secs_f64());
    [0, 1].map(|nth| 100.0 * (after[nth] - before[nth]) / took)
}

/// Processor time of the app, and of its web views, so far, in seconds: of every thread that lives (the first number of
/// `schedstat`, in nanoseconds).
fn used(home: &Home) -> [f64; 2] {
    let mark = format!("CONSENTRY_HOME={}", home.path().display());
    let mut sums = [0.0; 2];
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let path = process.path();
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        let program = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
        let is_view = program.starts_with("WebKit");
        let is_ours = environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes());
        if !is_ours || !is_view && !program.starts_with("consentry-deskt") {
            continue;
        }
        for thread in std::fs::read_dir(path.join("task")).into_iter().flatten().flatten() {
            let stat = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            let nanoseconds: f64 = stat.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or_default();
            sums[usize::from(is_view)] += nanoseconds / 1e9;
        }
    }
    sums
}
