//! `consentry server`: the servers of this home.

use crate::approvals::words_of;
use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer, Style, moment, note, part, plain, shortened, word};
use crate::proposal;
use broker::Home;
use clap::Subcommand;
use serde_json::json;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use wire::control::{LoginTerms, Reply, Request};
use wire::proof::Secret;
use wire::text::escaped;
use wire::view::{Effect, ServerView, ServersView, ToolView, TrustState};
use wire::{Fault, FaultCode};
use zeroize::Zeroizing;

/// How long the broker may take to see a change of `servers.json`.
const NOTICED: Duration = Duration::from_secs(5);

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// Add a server, or change its command
    Add {
        /// Its name
        name: String,
        /// A variable of your environment that the server is given; others it does not get
        #[arg(long = "env", value_name = "VARIABLE")]
        env: Vec<String>,
        /// A variable whose value is read from standard input, a line each; it is kept in the keychain
        #[arg(long = "secret", value_name = "VARIABLE")]
        secrets: Vec<String>,
        /// Where it is, for a server that is reached over HTTP
        #[arg(long, value_name = "URL", conflicts_with = "words")]
        url: Option<String>,
        /// The client id for its login, where whoever guards it registered Consentry
        #[arg(long, value_name = "ID", requires = "url")]
        client_id: Option<String>,
        /// That id has a secret, which is read from standard input; it is kept in the keychain
        #[arg(long, requires = "client_id")]
        client_secret: bool,
        /// The port on this computer that the browser comes back to, where one was registered
        #[arg(long, value_name = "PORT", requires = "client_id", value_parser = clap::value_parser!(u16).range(1024..))]
        callback_port: Option<u16>,
        /// A scope that a login may ask for; others it then may not
        #[arg(long = "scope", value_name = "SCOPE", requires = "url")]
        scopes: Vec<String>,
        /// A header of every request to that URL, whose value is read from standard input, a line each
        #[arg(long = "header", value_name = "NAME", requires = "url")]
        headers: Vec<String>,
        /// Its command, after `--`
        #[arg(last = true, required_unless_present = "url", value_name = "COMMAND")]
        words: Vec<String>,
    },
    /// All servers
    List,
    /// One server, with its tools
    Show {
        /// Its name
        name: String,
    },
    /// Take a server away and end its processes
    Remove {
        /// Its name
        name: String,
    },
    /// Suspend a server: what is on its way there is cancelled, what asks rejected, and no call goes there
    Suspend {
        /// Its name
        name: String,
    },
    /// Let a suspended server run again; a decision
    Resume {
        /// Its name
        name: String,
    },
    /// Trust the tools a server has now, where the broker takes decisions on the command line
    Trust {
        /// Its name
        name: String,
        /// A tool to leave out: it is neither listed nor callable
        #[arg(long = "except", value_name = "TOOL")]
        except: Vec<String>,
        /// What a tool can do, where you know better: read, write, delete, send, execute, pay, privilege
        #[arg(long = "effects", value_name = "TOOL=EFFECT,…")]
        effects: Vec<String>,
    },
    /// Set what a trusted tool can do; less than before only where decisions are taken on the command line
    Effects {
        /// The server
        name: String,
        /// The tool, and all that it can do
        #[arg(value_name = "TOOL=EFFECT,…")]
        effects: String,
    },
    /// Set how what a server says is set apart for the model; less than before only where decisions are taken on the
    /// command line
    Spotlight {
        /// The server
        name: String,
        /// off, delimit (between two lines of ours), datamark (a mark between words) or encode (base64)
        how: String,
    },
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let home = Home::find()?;
    let mut control = Control::open(&home).await?;
    match words {
        Words::Add { name, url: Some(url), headers, client_id, client_secret, callback_port, scopes, .. } => {
            let headers = typed(headers, std::io::stdin().lock())?;
            let secret = client_secret.then(|| "the client secret".to_owned()).into_iter().collect();
            let secret = typed(secret, std::io::stdin().lock())?.pop().map(|(_, value)| Secret::new(value));
            let login = LoginTerms { client_id, client_secret: secret, callback_port, scopes };
            return add_remote(&mut control, &home, (name, url, login), headers, printer).await;
        }
        Words::Add { name, env, secrets, words, .. } => {
            let mut env = env.into_iter().map(variable).collect::<Result<Vec<_>, _>>()?;
            env.extend(typed(secrets, std::io::stdin().lock())?);
            return add(&mut control, &home, name, env, words, printer).await;
        }
        Words::List => list(&servers(&mut control).await?, printer)?,
        Words::Show { name } => show(&one(&mut control, &name).await?, printer)?,
        Words::Remove { name } => {
            control.order(&Request::RemoveServer { name: name.clone() }).await?;
            said(&name, "removed", &format!("Removed {name}."), printer)?;
        }
        Words::Suspend { name } => {
            control.order(&Request::SuspendServer { name: name.clone() }).await?;
            said(&name, "suspended", &format!("Suspended. No call goes to {name} until you lift it."), printer)?;
        }
        Words::Resume { name } => {
            control.order(&Request::ResumeServer { name: name.clone() }).await?;
            said(&name, "resumed", &format!("Calls go to {name} again."), printer)?;
        }
        Words::Trust { name, except, effects } => {
            let effects = effects.iter().map(|words| effects_of(words)).collect::<Result<_, _>>()?;
            let request = Request::TrustServer { name: name.clone(), except: except.clone(), effects };
            match control.ask(&request).await? {
                Reply::Trusted(tools) => trusted(&name, &tools, &except, printer)?,
                other => return Err(unexpected(&other).into()),
            }
        }
        Words::Spotlight { name, how } => {
            control.order(&Request::SetSpotlight { name: name.clone(), how: how.clone() }).await?;
            said(&name, "set", &format!("What {name} says is set apart from now on: {how}."), printer)?;
        }
        Words::Effects { name, effects } => {
            let (tool, effects) = effects_of(&effects)?;
            control.order(&Request::SetEffects { name, tool: tool.clone(), effects }).await?;
            said(
                &tool,
                "set",
                &format!("{tool} has these effects from now on, until its definition changes."),
                printer,
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn servers(control: &mut Control) -> Result<ServersView, Fault> {
    match control.ask(&Request::Servers).await? {
        Reply::Servers(view) => Ok(view),
        other => Err(unexpected(&other)),
    }
}

async fn one(control: &mut Control, name: &str) -> Result<ServerView, Fault> {
    let found = servers(control).await?.servers.into_iter().find(|server| server.name == name);
    found.ok_or_else(|| {
        Fault::new(FaultCode::NotFound, format!("There is no server named {name}. See `consentry server list`."))
    })
}

/// Adds a server where decisions are taken here, else proposes it: exit code 1, for it may not run yet.
/// What was written into the file waits for the person.
async fn proposed<W: Write>(control: &mut Control, name: &str, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    noticed(control, name).await?;
    if printer.is_json() {
        printer.json(&json!({ "name": name, "state": "proposed" }))?;
    }
    note(&escaped(&format!(
        "consentry: {name} stands in servers.json as a proposal: it waits for your yes in Consentry's window"
    )));
    Ok(ExitCode::FAILURE)
}

async fn add_remote<W: Write>(
    control: &mut Control,
    home: &Home,
    (name, url, login): (String, String, LoginTerms),
    headers: Vec<(String, String)>,
    printer: &mut Printer<W>,
) -> Result<ExitCode, Ended> {
    let request =
        Request::AddRemote { name: name.clone(), url: url.clone(), headers: headers.clone(), login: login.clone() };
    match control.order(&request).await {
        Ok(()) => {
            let next = format!(
                "Added {name}. Next: `consentry token login {name}` if it wants a login, then `consentry server trust {name}`."
            );
            said(&name, "added", &next, printer)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) if fault.code == FaultCode::NotHere && headers.is_empty() && login == LoginTerms::default() => {
            // A peer that may not even look is refused here, before anything is written.
            servers(control).await?;
            proposal::write_url(&home.servers_json(), &name, &url)?;
            proposed(control, &name, printer).await
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn add<W: Write>(
    control: &mut Control,
    home: &Home,
    name: String,
    env: Vec<(String, String)>,
    words: Vec<String>,
    printer: &mut Printer<W>,
) -> Result<ExitCode, Ended> {
    let request = Request::AddServer { name: name.clone(), words: words.clone(), env: env.clone() };
    match control.order(&request).await {
        Ok(()) => {
            let next = format!("Added {name}. Next: `consentry server trust {name}`, or answer when it first asks.");
            said(&name, "added", &next, printer)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) if fault.code == FaultCode::NotHere => {
            // A peer that may not even look is refused here, before anything is written.
            servers(control).await?;
            if let Some((variable, _)) = env.iter().find(|(name, value)| broker::is_secret(name, value)) {
                let why = format!(
                    "{name} was not proposed: {variable} may be a secret, and servers.json is no place for one. Propose it \
                     without, or add it where decisions are taken on the command line."
                );
                return Err(Fault::new(FaultCode::NotHere, why).into());
            }
            proposal::write(&home.servers_json(), &name, &words, &env)?;
            proposed(control, &name, printer).await
        }
        Err(fault) => Err(fault.into()),
    }
}

/// A variable by name, with its value from our environment: a value on the command line would be there for all to see.
fn variable(name: String) -> Result<(String, String), Fault> {
    if let Some((name, _)) = name.split_once('=') {
        let why = format!("`--env` takes a name only: set {name} in your environment and write `--env {name}`.");
        return Err(Fault::new(FaultCode::Invalid, why));
    }
    match std::env::var(&name) {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(Fault::new(FaultCode::Invalid, format!("The variable {name} is not set, or is not text."))),
    }
}

/// Variables with values that were typed or piped, in the order of their names.
fn typed(names: Vec<String>, mut from: impl BufRead) -> Result<Vec<(String, String)>, Fault> {
    let one = |name: String| {
        let mut line = Zeroizing::new(String::new());
        let missing = || Fault::new(FaultCode::Invalid, format!("There is no value for {name} on standard input."));
        from.read_line(&mut line).map_err(|_| missing())?;
        let value = line.trim_end_matches(['\n', '\r']).to_owned();
        if value.is_empty() { Err(missing()) } else { Ok((name, value)) }
    };
    names.into_iter().map(one).collect()
}

/// Waits until the broker knows a server.
async fn noticed(control: &mut Control, name: &str) -> Result<(), Fault> {
    let until = Instant::now() + NOTICED;
    while Instant::now() < until {
        if servers(control).await?.servers.iter().any(|server| server.name == name) {
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
    let why = format!("servers.json was written, but the broker has not taken up {name}. See `consentry doctor`.");
    Err(Fault::new(FaultCode::Server, why))
}

/// `TOOL=read,send`, as typed.
pub(crate) fn effects_of(words: &str) -> Result<(String, Vec<Effect>), Fault> {
    let invalid = || {
        let all = Effect::ALL.map(Effect::word).join(", ");
        Fault::new(FaultCode::Invalid, format!("`{words}` is not TOOL=EFFECT,…; the effects are {all}."))
    };
    // A tool's name may hold the sign itself; no effect does.
    let (tool, effects) = words.rsplit_once('=').filter(|(tool, _)| !tool.is_empty()).ok_or_else(invalid)?;
    let effect = |word: &str| Effect::ALL.into_iter().find(|e| e.word() == word.trim()).ok_or_else(invalid);
    Ok((tool.to_owned(), effects.split(',').map(effect).collect::<Result<_, _>>()?))
}

fn said<W: Write>(name: &str, state: &str, sentence: &str, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() { printer.json(&json!({ "name": name, "state": state })) } else { printer.say(sentence) }
}

fn list<W: Write>(view: &ServersView, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        view.servers.iter().try_for_each(|server| printer.json(server))?;
    } else {
        let row = |server: &ServerView| {
            let (asking, command) = (server.tools.iter().filter(|tool| tool.asks).count(), words_of(&server.command));
            vec![
                server.name.clone(),
                word(&server.trust),
                format!("{} ({asking} ask)", server.tools.len()),
                server.running.to_string(),
                shortened(&command, 60),
            ]
        };
        let rows: Vec<_> = view.servers.iter().map(row).collect();
        printer.table(
            &["NAME", "TRUST", "TOOLS", "RUNNING", "COMMAND"],
            &rows,
            "No servers. Add one with `consentry server add`.",
        )?;
        for server in &view.servers {
            if let Some(fault) = &server.fault {
                printer.line(&[part(Style::Caution, format!("{}: ", server.name)), plain(fault)])?;
            }
        }
    }
    if let Some(fault) = &view.fault {
        note(&escaped(&format!("consentry: {fault}")));
    }
    Ok(())
}

fn show<W: Write>(server: &ServerView, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return printer.json(server);
    }
    printer.line(&[part(Style::Strong, server.name.as_str())])?;
    printer.field("Trust", &word(&server.trust))?;
    if let Some(at) = server.trusted_at {
        printer.field("Since", &format!("{} UTC", moment(at)))?;
    }
    if let Some(why) = &server.suspended {
        let why = if why.is_empty() { "Suspended" } else { &format!("Suspended: {why}") };
        printer.line(&[part(Style::Faint, format!("{:<12}", "State")), part(Style::Caution, why)])?;
    }
    if let Some(next) = next_step(server) {
        printer.field("Next", &next)?;
    }
    if let Some(fault) = &server.fault {
        printer.line(&[part(Style::Faint, format!("{:<12}", "Fault")), part(Style::Caution, fault)])?;
    }
    printer.field("Command", &words_of(&server.command))?;
    if !server.env.is_empty() {
        printer.field("Variables", &server.env.join(", "))?;
    }
    printer.field("Running", &server.running.to_string())?;
    if !server.clients.is_empty() {
        printer.field("Clients", &server.clients.join(", "))?;
    }
    let (all, asked) = server.calls_today;
    printer.field("Today", &format!("{all} calls, {asked} asked"))?;
    if !matches!(server.spotlight.as_str(), "" | "off") {
        printer.field("Set apart", &server.spotlight)?;
    }
    tools(&server.tools, printer)?;
    if !server.left_out.is_empty() {
        printer.field("Left out", &server.left_out.join(", "))?;
    }
    for (at, line) in server.stderr.iter().enumerate() {
        if at == 0 {
            printer.say("")?;
            printer.line(&[part(Style::Faint, "Its last words on standard error")])?;
        }
        printer.say(&format!("  {line}"))?;
    }
    Ok(())
}

fn next_step(server: &ServerView) -> Option<String> {
    match server.trust {
        TrustState::Proposed => Some("waits for your yes in Consentry's window".into()),
        TrustState::Untrusted => {
            Some(format!("`consentry server trust {}`, or answer in Consentry's window", server.name))
        }
        TrustState::Drifted => Some("look at what changed in Consentry's window".into()),
        TrustState::Trusted | TrustState::Broken => None,
    }
}

fn tools<W: Write>(tools: &[ToolView], printer: &mut Printer<W>) -> Result<(), Ended> {
    let row = |tool: &ToolView| {
        let effects: Vec<&str> = tool.effects.iter().map(|effect| effect.word()).collect();
        let set = if tool.derived.is_empty() { "" } else { " (set by you)" };
        let asks = if tool.asks { "asks" } else { "runs" };
        vec![
            tool.name.clone(),
            effects.join(", ") + set,
            asks.to_owned(),
            word(&tool.pin),
            shortened(&tool.description, 60),
        ]
    };
    let rows: Vec<_> = tools.iter().map(row).collect();
    printer.say("")?;
    printer.table(&["TOOL", "EFFECTS", "CALLS", "PIN", "DESCRIPTION"], &rows, "No tools.")
}

fn trusted<W: Write>(
    name: &str,
    pinned: &[ToolView],
    left_out: &[String],
    printer: &mut Printer<W>,
) -> Result<(), Ended> {
    if printer.is_json() {
        return pinned.iter().try_for_each(|tool| printer.json(tool));
    }
    let asks = pinned.iter().filter(|tool| tool.asks).count();
    printer.say(&format!("Trusted {name}. Runs without asking: {}, asks: {asks}.", pinned.len() - asks))?;
    if !left_out.is_empty() {
        printer.field("Left out", &left_out.join(", "))?;
    }
    tools(pinned, printer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::tests::scripted;
    use crate::print::tests::{printed, printer};

    fn server(name: &str) -> ServerView {
        ServerView {
            name: name.into(),
            command: vec!["node".into(), "a b.js".into(), "\u{1b}[2J".into()],
            env: vec!["KEY".into()],
            trust: TrustState::Proposed,
            running: 0,
            clients: vec![],
            tools: vec![],
            trusted_at: None,
            fault: Some("It said \u{202e}.".into()),
            stderr: vec!["no licence\u{7}".into()],
            calls_today: (3, 1),
            left_out: vec![],
            suspended: None,
            spotlight: "off".into(),
            login: None,
        }
    }

    fn view(names: &[&str]) -> ServersView {
        ServersView { servers: names.iter().map(|name| server(name)).collect(), fault: None, file: String::new() }
    }

    #[tokio::test]
    async fn where_decisions_are_taken_elsewhere_a_server_is_proposed() {
        let not_here = Reply::Fault(Fault::new(FaultCode::NotHere, "In the windows."));
        let script =
            vec![not_here, Reply::Servers(view(&[])), Reply::Servers(view(&[])), Reply::Servers(view(&["new"]))];
        let (_folder, home, serving) = scripted(script);
        std::fs::create_dir_all(&home.config).unwrap();
        let mut control = Control::open(&home).await.unwrap();
        let mut out = printer(true);
        let words = vec!["node".to_owned(), "s.js".into()];
        let ended = add(&mut control, &home, "new".into(), vec![], words.clone(), &mut out).await.unwrap();
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::FAILURE), "it may not run yet");
        assert_eq!(printed(out), "{\"name\":\"new\",\"state\":\"proposed\"}\n");
        let file = std::fs::read_to_string(home.servers_json()).unwrap();
        assert!(file.contains("\"command\": \"node\""), "{file}");
        let asked = serving.await.unwrap();
        assert_eq!(asked[0], Request::AddServer { name: "new".into(), words, env: vec![] });
    }

    #[tokio::test]
    async fn a_refused_peer_writes_nothing() {
        let refused = Reply::Fault(Fault::new(FaultCode::NotHere, "A child of a client."));
        let (_folder, home, serving) = scripted(vec![refused.clone(), refused]);
        let mut control = Control::open(&home).await.unwrap();
        let mut out = printer(false);
        assert!(add(&mut control, &home, "new".into(), vec![], vec!["x".into()], &mut out).await.is_err());
        assert!(!home.servers_json().exists());
        drop(serving);
    }

    #[test]
    fn secrets_are_taken_from_the_environment_and_not_from_the_command_line() {
        let refused = variable("TOKEN=s3cret".into()).unwrap_err();
        assert!(!refused.message.contains("s3cret"), "{refused}");
        assert!(variable("CONSENTRY_SURELY_NOT_SET".into()).is_err());
        assert_eq!(variable("PATH".into()).unwrap().1, std::env::var("PATH").unwrap());
    }

    #[test]
    fn values_that_are_typed_are_taken_line_by_line() {
        let names = || vec!["A".to_owned(), "B".to_owned()];
        let typed = |text: &'static str| typed(names(), text.as_bytes());
        assert_eq!(
            typed("one\r\ntwo words\n").unwrap(),
            [("A".into(), "one".into()), ("B".into(), "two words".into())]
        );
        let missing = typed("s3cret\n").unwrap_err();
        assert!(missing.message.contains('B') && !missing.message.contains("s3cret"), "{missing}");
    }

    #[test]
    fn effects_are_typed_as_words() {
        let (tool, effects) = effects_of("a=b=read, send").unwrap();
        assert_eq!((tool.as_str(), effects), ("a=b", vec![Effect::Read, Effect::Send]));
        for wrong in ["", "a", "=read", "a=", "a=teleport", "a=read,"] {
            assert!(effects_of(wrong).unwrap_err().message.contains("privilege"), "{wrong}");
        }
    }

    #[test]
    fn what_a_server_says_is_escaped() {
        let mut out = printer(false);
        show(&server("files"), &mut out).unwrap();
        list(&view(&["files"]), &mut out).unwrap();
        let out = printed(out);
        assert!(!out.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{out:?}");
        assert!(out.contains("node 'a b.js'") && out.contains("no licence[U+0007 BEL]"), "{out}");
    }
}
