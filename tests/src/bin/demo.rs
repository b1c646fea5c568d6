//! Plays one real call, from a real client to a real server, through a real window, decided by real clicks; then a
//! second one that is rejected and a read that needs nobody. Keeps pictures of what a person saw.
//!
//! `cargo xtask demo` runs it on a display of its own. It exits 0 only if all of it held.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a demo that cannot go on says so and stops; what went well it prints"
)]

use e2e::process::{DEADLINE, Lines, Running, until};
use e2e::window::{App, Page};
use e2e::{Home, Keyring, package_dir, python};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::time::{Duration, Instant};

/// What the client asks to be written: more than one line, and characters that markup would swallow.
const LETTER: &str =
    "Dear Ada,\n\nthe rent for March is 1,240.00 €, due on the 3rd.\nWater & power <estimate>: 86.40 €\n";

/// How fast a card is to be on the screen, in milliseconds. The budget of 150 is for what people run; a debug build, on
/// a machine that compiles at the same time, is given more, and its figure is printed all the same.
const PROMPT_WITHIN: f64 = if cfg!(debug_assertions) { 600.0 } else { 150.0 };

fn main() {
    let began = Instant::now();
    let album = Album::open();
    let mut home = Home::new();
    let _keyring = Keyring::start(&mut home).expect("a keychain: see the line above");
    let _notifications = start_notifications(&home);
    let letters = tempfile::Builder::new().prefix("letters-").tempdir().expect("a folder for the server");
    let folder = letters.path();
    propose_server(&home, folder);

    let app = App::start(&home, &[]);
    say("the app is up, the prompt is warm");
    approve_first_use(&app, &home, &album);
    let mut client = Client::start(&home);
    approve_client(&app, &home, &mut client, &album);

    let letter = folder.join("rent.txt");
    approve_a_write(&app, &home, &mut client, &letter, &album);
    reject_a_write(&app, &home, &mut client, &folder.join("draft.txt"), &album);
    read_unasked(&app, &home, &mut client, &letter);
    client.leave();
    show_pages(&app, &album);
    verify(&home);

    let took = app.stop();
    assert!(took < Duration::from_secs(5), "the app took {took:?} to end");
    drop((_notifications, _keyring));
    nothing_runs_in(&home);
    say(&format!("ended in {} ms, nothing left running", took.as_millis()));
    album.print();
    println!("the demo held, {} s", began.elapsed().as_secs());
}

/// The server stands in `servers.json` as a person or another program would have put it: a proposal.
fn propose_server(home: &Home, folder: &Path) {
    let script = package_dir().join("node_modules/@modelcontextprotocol/server-filesystem/dist/index.js");
    assert!(script.exists(), "{} is missing: run `cargo xtask setup`", script.display());
    let servers = json!({"mcpServers": {"files": {"command": "node", "args": [script, folder]}}});
    let file = home.servers_json();
    std::fs::create_dir_all(file.parent().expect("it stands in a folder")).expect("the config folder");
    std::fs::write(&file, format!("{servers:#}\n")).expect("servers.json");
}

/// Two questions before anything of the server's is run or believed: its command, then its tools.
fn approve_first_use(app: &App, home: &Home, album: &Album) {
    for kind in ["run", "trust"] {
        let question = home.question(kind);
        let prompt = app.window("prompt");
        prompt.wait_for_card(&question);
        prompt.wait_until_armed();
        album.take(&prompt, &format!("first-use-{kind}"));
        prompt.click("button.approve");
        home.wait_until_answered(&question);
        prompt.close_card();
        say(&format!("`files` is allowed its {kind} by a click"));
    }
}

/// A program that never called before is let in once; only then does it see tools.
fn approve_client(app: &App, home: &Home, client: &mut Client, album: &Album) {
    let question = home.question("client");
    let prompt = app.window("prompt");
    prompt.wait_for_card(&question);
    prompt.wait_until_armed();
    album.take(&prompt, "client");
    prompt.click("button.approve");
    prompt.close_card();
    let tools = client.hear()["ready"].as_array().map_or(0, Vec::len);
    assert!(tools > 5, "the client sees {tools} tools");
    say(&format!("the client is let in and sees {tools} tools"));
}

fn approve_a_write(app: &App, home: &Home, client: &mut Client, file: &Path, album: &Album) {
    let prompt = app.window("prompt");
    prompt.wait_until_gone();
    watch_for_card(&prompt);
    client.ask("write_file", json!({"path": file, "content": LETTER}));
    let sent_at = client.hear()["sent_at"].as_f64().expect("when it was sent");
    prompt.wait_for_card(&home.question("call"));
    let shown_at = card_shown_at(&prompt);
    let took = shown_at - sent_at;
    say(&format!("from request to card: {took:.0} ms (at most {PROMPT_WITHIN:.0})"));
    let shown = prompt.shown_value("content");
    prompt.wait_until_armed();
    album.take_both(&prompt, "card");
    assert!(!file.exists(), "the file was there before the yes");
    prompt.click("button.approve");
    let result = client.hear();
    assert_eq!(result["is_error"], false, "the approved write failed: {result}");
    let written = std::fs::read_to_string(file).expect("the file that was approved");
    assert_eq!(written, shown, "the file does not hold what the card showed");
    assert_eq!(written, LETTER);
    album.take(&prompt, "card-approved");
    prompt.close_card();
    say("approved by a click: the file holds exactly what the card showed");
    assert!(took <= PROMPT_WITHIN, "the card took {took:.0} ms");
}

fn reject_a_write(app: &App, home: &Home, client: &mut Client, file: &Path, album: &Album) {
    let prompt = app.window("prompt");
    prompt.wait_until_gone();
    client.ask("write_file", json!({"path": file, "content": "never to be written"}));
    client.hear();
    app.window("prompt").wait_for_card(&home.question("call"));
    let main = app.window("main");
    open_page(&main, "Inbox");
    album.take_both(&main, "inbox");
    let prompt = app.window("prompt");
    prompt.click("button.reject");
    prompt.close_card();
    let result = client.hear();
    assert_eq!(result["is_error"], true, "the rejected write went through: {result}");
    assert!(!file.exists(), "the rejected write left a file");
    let text = result["text"].as_str().unwrap_or_default();
    say(&format!("rejected by a click: no file, and the client was told: {text}"));
}

fn read_unasked(app: &App, home: &Home, client: &mut Client, file: &Path) {
    app.window("prompt").wait_until_gone();
    client.ask("read_text_file", json!({"path": file}));
    client.hear();
    let result = client.hear();
    assert_eq!(result["is_error"], false, "the read failed: {result}");
    assert_eq!(result["text"], LETTER);
    assert!(!app.window("prompt").is_visible(), "a read on a trusted server opened the prompt");
    assert!(home.waiting().is_empty(), "a read on a trusted server asked");
    say("a read on the trusted server ran with no prompt");
}

fn show_pages(app: &App, album: &Album) {
    let main = app.window("main");
    for page in ["Activity", "Servers"] {
        open_page(&main, page);
        album.take_both(&main, &page.to_lowercase());
    }
}

fn verify(home: &Home) {
    let faults = home.chain_faults();
    assert!(faults.is_empty(), "the chain does not verify: {faults:?}");
    say(&format!("`audit verify` is clean over {} entries", home.audit().len()));
}

/// Opens a page of the main window by its entry in the side bar.
fn open_page(main: &Page<'_>, name: &str) {
    main.click(&format!("nav [title='{name}']"));
    let script = format!("return document.querySelector('main h1')?.textContent.includes('{name}') ?? false");
    main.wait_until(name, &script);
}

/// Has the page note when the next card has been painted.
fn watch_for_card(prompt: &Page<'_>) {
    prompt.run(
        "window.shownAt = null; \
         const look = () => { \
           if (window.shownAt || document.hidden || !document.querySelector('[data-approval]')) return; \
           requestAnimationFrame(() => setTimeout(() => { \
             window.shownAt ??= performance.timeOrigin + performance.now(); \
           })); \
         }; \
         document.addEventListener('visibilitychange', look); \
         new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true});",
    );
}

/// When the card had been painted, in milliseconds since 1970-01-01 UTC.
fn card_shown_at(prompt: &Page<'_>) -> f64 {
    prompt.wait_until("the card to be painted", "return window.shownAt !== null");
    prompt.run("return window.shownAt").as_f64().expect("a time")
}

/// A notification daemon, so that notifications have somewhere to go.
fn start_notifications(home: &Home) -> Running {
    let mut command = home.command("dunst");
    for name in ["DISPLAY", "XAUTHORITY"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    Running::spawn("dunst", &mut command)
}

/// No process is left that was started for this home.
fn nothing_runs_in(home: &Home) {
    let mark = format!("CONSENTRY_HOME={}", home.path().display());
    let is_ours = |environment: &[u8]| environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes());
    until("everything to end", || {
        let mut processes = std::fs::read_dir("/proc").ok()?.flatten();
        let one_runs = processes.any(|process| {
            std::fs::read(process.path().join("environ")).is_ok_and(|environment| is_ours(&environment))
        });
        (!one_runs).then_some(())
    });
}

fn say(text: &str) {
    println!("  {text}");
}

/// The official Python client, told what to call.
struct Client {
    process: Running,
    input: ChildStdin,
    lines: Lines,
}

impl Client {
    fn start(home: &Home) -> Self {
        let python = python().expect("Python with the MCP client: run `cargo xtask setup`");
        let mut command = home.command(python);
        command.arg(package_dir().join("clients/session.py")).arg(e2e::binary("consentry")).args(["connect", "files"]);
        let mut process = Running::spawn("the client", &mut command);
        let (input, lines) = (process.stdin(), Lines::read("the client", process.stdout()));
        Self { process, input, lines }
    }

    fn ask(&mut self, tool: &str, arguments: Value) {
        let line = json!({"tool": tool, "arguments": arguments});
        writeln!(self.input, "{line}").expect("the client listens");
    }

    fn hear(&mut self) -> Value {
        let line = self.lines.next(Instant::now() + DEADLINE);
        let line = line.unwrap_or_else(|| panic!("the client ended: {}", self.process.stderr.text()));
        serde_json::from_slice(&line).expect("the client writes JSON lines")
    }

    fn leave(mut self) {
        drop(self.input);
        assert!(self.process.wait(DEADLINE).success(), "the client failed: {}", self.process.stderr.text());
    }
}

/// The pictures of this run.
struct Album {
    folder: PathBuf,
    taken: std::cell::RefCell<Vec<PathBuf>>,
}

impl Album {
    /// `demo/` beside the folder of the binaries, emptied.
    fn open() -> Self {
        let binaries = e2e::binary("consentry-desktop");
        let folder = binaries.ancestors().nth(2).expect("target/PROFILE/consentry-desktop").join("demo");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("the pictures of the last run");
        }
        std::fs::create_dir_all(&folder).expect("a folder for the pictures");
        Self { folder, taken: std::cell::RefCell::default() }
    }

    fn take(&self, page: &Page<'_>, name: &str) {
        let file = self.folder.join(format!("{name}.png"));
        page.screenshot(&file);
        self.taken.borrow_mut().push(file);
    }

    /// One in the theme of the system, one in dark.
    fn take_both(&self, page: &Page<'_>, name: &str) {
        self.take(page, name);
        page.run("document.documentElement.dataset.theme = 'dark'");
        self.take(page, &format!("{name}-dark"));
        page.run("delete document.documentElement.dataset.theme");
    }

    fn print(&self) {
        for file in self.taken.borrow().iter() {
            println!("{}", file.display());
        }
    }
}
