//! `consentry token`: logins at servers elsewhere. Shows what they are for, never a token.

use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer, moment};
use broker::Home;
use clap::Subcommand;
use serde_json::json;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use wire::control::{Reply, Request};
use wire::text::escaped;
use wire::view::{LoginPlanView, LoginState, LoginView, ServerView};
use wire::{Fault, FaultCode};

/// How long the person may take in the browser.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// All logins, and how they stand
    List,
    /// Log in at a server, where the broker takes decisions on the command line: prints where, and waits
    Login {
        /// The server
        server: String,
        /// A scope to ask for, of those that are offered; without any, those that are ticked in the window
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Only show who would be asked for what
        #[arg(long)]
        plan: bool,
    },
    /// Give the tokens for a server back and forget them
    Revoke {
        /// The server
        server: String,
    },
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let home = Home::find()?;
    let mut control = Control::open(&home).await?;
    match words {
        Words::List => list(&mut control, printer).await?,
        Words::Login { server, scopes, plan } => login(&mut control, &server, scopes, plan, printer).await?,
        Words::Revoke { server } => match control.ask(&Request::LogOut { name: server.clone() }).await? {
            Reply::Said(what) => {
                if printer.is_json() {
                    printer.json(&json!({"server": server, "revoked": true, "said": what}))?;
                } else {
                    printer.say(&format!("Logged out of {server}: {what}."))?;
                }
            }
            other => return Err(unexpected(&other).into()),
        },
    }
    Ok(ExitCode::SUCCESS)
}

async fn servers(control: &mut Control) -> Result<Vec<ServerView>, Fault> {
    match control.ask(&Request::Servers).await? {
        Reply::Servers(view) => Ok(view.servers),
        other => Err(unexpected(&other)),
    }
}

async fn list<W: Write>(control: &mut Control, printer: &mut Printer<W>) -> Result<(), Ended> {
    let servers = servers(control).await?;
    let logins: Vec<(&ServerView, &LoginView)> =
        servers.iter().filter_map(|server| Some((server, server.login.as_ref()?))).collect();
    if printer.is_json() {
        for (server, login) in logins {
            printer.json(&json!({"server": server.name, "url": server.command.first(), "login": login}))?;
        }
        return Ok(());
    }
    let row = |(server, login): &(&ServerView, &LoginView)| {
        let until = login.expires_at.map(moment).unwrap_or_default();
        let why = if login.why.is_empty() { login.fault.clone().unwrap_or_default() } else { login.why.clone() };
        let state = state_word(login.state).to_owned();
        vec![server.name.clone(), state, login.scopes.join(" "), until, login.fingerprint.clone(), why]
    };
    let rows: Vec<Vec<String>> = logins.iter().map(row).collect();
    printer.table(&["SERVER", "STATE", "SCOPES", "UNTIL", "TOKEN", ""], &rows, "No server has or wants a login.")
}

fn state_word(state: LoginState) -> &'static str {
    match state {
        LoginState::Needed => "login needed",
        LoginState::More => "more rights needed",
        LoginState::UnderWay => "login under way",
        LoginState::Ready => "logged in",
        LoginState::Waiting => "no token just now",
    }
}

async fn login<W: Write>(
    control: &mut Control,
    server: &str,
    scopes: Vec<String>,
    only_plan: bool,
    printer: &mut Printer<W>,
) -> Result<(), Ended> {
    let plan = match control.ask(&Request::PlanLogin { name: server.to_owned() }).await? {
        Reply::LoginPlan(plan) => *plan,
        other => return Err(unexpected(&other).into()),
    };
    if !printer.is_json() {
        show(&plan, printer)?;
    } else if only_plan {
        printer.json(&plan)?;
    }
    if only_plan {
        return Ok(());
    }
    let offered = |scope: &&String| !plan.scopes.iter().any(|s| s.name == **scope);
    if let Some(unknown) = scopes.iter().find(offered) {
        let why = format!("`{}` is none of the scopes that are offered.", escaped(unknown));
        return Err(Fault::new(FaultCode::Invalid, why).into());
    }
    let ticked = || plan.scopes.iter().filter(|s| s.ticked).map(|s| s.name.clone()).collect();
    let chosen = if scopes.is_empty() { ticked() } else { scopes };
    let request = Request::LogIn { name: server.to_owned(), plan: plan.id.clone(), scopes: chosen };
    let url = match control.ask(&request).await? {
        Reply::Said(url) => url,
        other => return Err(unexpected(&other).into()),
    };
    if printer.is_json() {
        printer.json(&json!({"server": server, "open": url}))?;
    } else {
        printer.say("Open this in your browser:")?;
        printer.say(&url)?;
    }
    let login = came(control, server).await?;
    if printer.is_json() {
        printer.json(&json!({"server": server, "login": login}))?;
    } else {
        printer.say(&format!("Logged in at {server}, token {}.", login.fingerprint))?;
    }
    Ok(())
}

/// What comes of a login that is under way.
async fn came(control: &mut Control, server: &str) -> Result<LoginView, Ended> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let found = servers(control).await?.into_iter().find(|s| s.name == server).and_then(|s| s.login);
        match found {
            Some(login) if login.state == LoginState::UnderWay => {}
            Some(LoginView { fault: Some(fault), .. }) => return Err(Fault::new(FaultCode::Server, fault).into()),
            Some(login) if login.state == LoginState::Ready => return Ok(login),
            _ => return Err(Fault::new(FaultCode::Gone, "The login was stopped.").into()),
        }
        sleep(Duration::from_millis(200)).await;
    }
    Err(Fault::new(FaultCode::Gone, "Nobody came back from the browser in time.").into())
}

fn show<W: Write>(plan: &LoginPlanView, printer: &mut Printer<W>) -> Result<(), Ended> {
    printer.say(&format!("{} at {}", plan.server, plan.url))?;
    printer.say(&format!("You log in at {}.", plan.issuer))?;
    if plan.scopes.is_empty() {
        printer.say("No scope in particular is asked for: the server decides what the token can do.")?;
    }
    for scope in &plan.scopes {
        let mark = if scope.ticked { "[x]" } else { "[ ]" };
        let reach = match (scope.new, scope.risky) {
            (true, true) => " (new, reaches far)",
            (true, false) => " (new)",
            (false, true) => " (reaches far)",
            (false, false) => "",
        };
        printer.say(&format!("  {mark} {}: {}{reach}", scope.name, scope.words))?;
        for (why, tools) in [("refused without it", &scope.refused_without), ("says it needs it", &scope.claimed_by)] {
            if !tools.is_empty() {
                printer.say(&format!("        {why}: {}", tools.join(", ")))?;
            }
        }
    }
    printer.say("The token stays in this computer's keychain, and goes to this server alone.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};
    use wire::view::ScopeView;

    #[test]
    fn a_plan_says_who_is_asked_for_what_and_hides_nothing() {
        let scope = ScopeView {
            name: "files:write\u{202e}".into(),
            words: "Create and change things there".into(),
            risky: true,
            new: true,
            ticked: true,
            claimed_by: vec!["write_note".into()],
            refused_without: vec!["a\u{202e}".into(), "b".into()],
        };
        let plan = LoginPlanView {
            server: "notes".into(),
            url: "https://mcp.example.com/".into(),
            issuer: "https://login.example.com".into(),
            scopes: vec![scope],
            ..LoginPlanView::default()
        };
        let mut out = printer(false);
        show(&plan, &mut out).unwrap();
        let out = printed(out);
        assert!(out.contains("You log in at https://login.example.com."), "{out}");
        assert!(
            out.contains("[x] files:write[U+202E RLO]: Create and change things there (new, reaches far)"),
            "{out}"
        );
    }
}
