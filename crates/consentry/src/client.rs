//! `consentry client`: the configuration files of clients, and Consentry in between.

mod threats;

use crate::approvals::words_of;
use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer, Style, note, part, plain};
use broker::Home;
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wire::control::{Reply, Request};
use wire::text::escaped;
use wire::view::{
    ChangeOutcome, ClientChange, ClientChangeView, ClientEntryView, ClientFileView, ClientPlaces, EntryRef, EntryState,
    KnownClientView, UnguardedView,
};
use wire::{Fault, FaultCode};

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// Which servers the clients on this machine run, and what goes around Consentry; needs no broker
    Scan {
        /// The folder of a project whose own files are looked at, too
        #[arg(long = "project", value_name = "FOLDER")]
        projects: Vec<PathBuf>,
    },
    /// Servers that clients run around Consentry and that you have not decided on since they came or changed
    New,
    /// Leave such a server as it is, where the broker takes decisions on the command line
    Leave {
        /// The client
        client: String,
        /// The server's name there
        server: String,
    },
    /// The programs that call tools
    Known,
    /// What a program could be made to do with all that it uses: what reads your data, what brings text of others, what
    /// sends out, and what would cut that
    Threats {
        /// The program, as `consentry client known` names it, or the beginning of what proves it
        program: String,
    },
    /// None of a program's calls runs any more, from now on; in-flight ones are cancelled
    Suspend {
        /// The program, as `consentry client known` names it, or the beginning of what proves it
        program: String,
    },
    /// A new chat begins: what the program was shown before counts no more. Where the broker takes decisions on the
    /// command line
    NewChat {
        /// The program, as `consentry client known` names it, or the beginning of what proves it
        program: String,
    },
    /// Put Consentry between a client and its servers, where the broker takes decisions on the command line
    Protect(Which),
    /// Put a client's configuration back as it was, where the broker takes decisions on the command line
    Unprotect(Which),
}

#[derive(Args, Debug)]
pub(crate) struct Which {
    /// The client, as `consentry client scan` names it
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// All clients
    #[arg(long)]
    all: bool,
    /// The folder of a project whose own files are meant, too
    #[arg(long = "project", value_name = "FOLDER")]
    projects: Vec<PathBuf>,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    match words {
        Words::Scan { projects } => scan(&broker::client_scan(&places(&projects)?), printer),
        Words::New => new(&unguarded(&mut Control::open(&Home::find()?).await?).await?, printer),
        Words::Known => known(printer).await,
        Words::Threats { program } => threatened(&program, printer).await,
        Words::Suspend { program } => suspend(&program, printer).await,
        Words::NewChat { program } => {
            let mut control = Control::find().await?;
            for view in meant(&mut control, &program).await? {
                control.order(&Request::NewChat { identity: view.identity }).await?;
            }
            printer.say("What it was shown before counts no more.")?;
            Ok(ExitCode::SUCCESS)
        }
        Words::Leave { client, server } => leave(&client, &server, printer).await,
        Words::Protect(which) => change(ClientChange::Protect, which, printer).await,
        Words::Unprotect(which) => change(ClientChange::Unprotect, which, printer).await,
    }
}

/// Where clients' files are, and the projects that were named.
fn places(projects: &[PathBuf]) -> Result<ClientPlaces, Fault> {
    let folder = |path: &PathBuf| {
        let found = path
            .canonicalize()
            .ok()
            .filter(|path| path.is_dir())
            .and_then(|path| path.into_os_string().into_string().ok());
        let missing = || Fault::new(FaultCode::Invalid, format!("There is no folder {}.", path.display()));
        found.ok_or_else(missing)
    };
    let projects = projects.iter().map(folder).collect::<Result<_, _>>()?;
    Ok(ClientPlaces { projects, ..broker::client_places()? })
}

async fn unguarded(control: &mut Control) -> Result<Vec<UnguardedView>, Fault> {
    match control.ask(&Request::Unguarded).await? {
        Reply::Unguarded(views) => Ok(views),
        other => Err(unexpected(&other)),
    }
}

fn new<W: Write>(views: &[UnguardedView], printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    if printer.is_json() {
        views.iter().try_for_each(|view| printer.json(view))?;
        return Ok(ExitCode::SUCCESS);
    }
    if views.is_empty() {
        printer.say("Nothing is new.")?;
    }
    for view in views {
        let what = if view.changed { "changed" } else { "new" };
        let title = format!(" ({}, {what})  ", view.client);
        printer.line(&[
            part(Style::Strong, view.title.as_str()),
            plain(title),
            part(Style::Faint, view.file.as_str()),
        ])?;
        shown(&view.entry, printer)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn programs(control: &mut Control) -> Result<Vec<KnownClientView>, Fault> {
    match control.ask(&Request::KnownClients).await? {
        Reply::KnownClients(views) => Ok(views),
        other => Err(unexpected(&other)),
    }
}

async fn known<W: Write>(printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let views = programs(&mut Control::find().await?).await?;
    if printer.is_json() {
        views.iter().try_for_each(|view| printer.json(view))?;
        return Ok(ExitCode::SUCCESS);
    }
    if views.is_empty() {
        printer.say("No program was let in, and none is connected.")?;
    }
    for view in views {
        let state = match (view.suspended, view.connected) {
            (true, _) => "suspended",
            (false, true) => "connected",
            (false, false) => "not connected",
        };
        let script = view.script.map(|script| format!(" {script}")).unwrap_or_default();
        let id: String = view.identity.chars().take(12).collect();
        let title = format!("{}{script}", view.program);
        printer.line(&[part(Style::Strong, title), plain(format!("  {state}  ")), part(Style::Faint, id)])?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The programs that this names.
async fn meant(control: &mut Control, program: &str) -> Result<Vec<KnownClientView>, Ended> {
    let is_it = |view: &KnownClientView| {
        let named = [Some(view.program.as_str()), view.script.as_deref()].contains(&Some(program));
        named || (program.len() >= 8 && view.identity.starts_with(program))
    };
    let meant: Vec<_> = programs(control).await?.into_iter().filter(is_it).collect();
    if meant.is_empty() {
        let why = format!("No program is known as {program}. See `consentry client known`.");
        return Err(Fault::new(FaultCode::NotFound, why).into());
    }
    Ok(meant)
}

async fn threatened<W: Write>(program: &str, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let mut control = Control::find().await?;
    for KnownClientView { identity, .. } in meant(&mut control, program).await? {
        match control.ask(&Request::Threats { identity }).await? {
            Reply::Threats(view) => threats::print(&view, printer)?,
            other => return Err(unexpected(&other).into()),
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn suspend<W: Write>(program: &str, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let mut control = Control::find().await?;
    for view in meant(&mut control, program).await? {
        control.order(&Request::SuspendClient { identity: view.identity }).await?;
    }
    printer
        .say("Suspended. None of its calls runs; after the next start of Consentry you are asked about it again.")?;
    Ok(ExitCode::SUCCESS)
}

async fn leave<W: Write>(client: &str, server: &str, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let mut control = Control::open(&Home::find()?).await?;
    let views = unguarded(&mut control).await?;
    let meant: Vec<_> = views.into_iter().filter(|v| v.client == client && v.entry.server == server).collect();
    if meant.is_empty() {
        let why = format!("{client} has no new server named {server}. See `consentry client new`.");
        return Err(Fault::new(FaultCode::NotFound, why).into());
    }
    for view in meant {
        let UnguardedView { client, file, entry, digest, .. } = view;
        let entry = EntryRef { client, file, place: entry.place, server: entry.server, digest: Some(digest) };
        control.order(&Request::LeaveEntry { entry }).await?;
    }
    printer.say(&format!("{server} of {client} is left as it is. You are told again when it changes."))?;
    Ok(ExitCode::SUCCESS)
}

fn scan<W: Write>(files: &[ClientFileView], printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    if printer.is_json() {
        files.iter().try_for_each(|file| printer.json(file))?;
        return Ok(ExitCode::SUCCESS);
    }
    if files.is_empty() {
        printer.say("No client's configuration was found.")?;
    }
    for (at, file) in files.iter().enumerate() {
        if at > 0 {
            printer.say("")?;
        }
        let name = format!(" ({})  ", file.client);
        printer.line(&[
            part(Style::Strong, file.title.as_str()),
            plain(name),
            part(Style::Faint, file.file.as_str()),
        ])?;
        if file.project.is_some() {
            printer.say("  Belongs to a project: whoever shares the folder gets its changes, too.")?;
        }
        if let Some(fault) = &file.fault {
            printer.line(&[plain("  "), part(Style::Caution, fault)])?;
        } else if file.entries.is_empty() {
            printer.say("  No servers.")?;
        }
        file.entries.iter().try_for_each(|entry| shown(entry, printer))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn shown<W: Write>(entry: &ClientEntryView, printer: &mut Printer<W>) -> Result<(), Ended> {
    let state = match entry.state {
        EntryState::Protected => part(Style::Plain, "through Consentry"),
        EntryState::Open => part(Style::Caution, "around Consentry"),
        EntryState::NotYet => part(Style::Faint, "not yet"),
    };
    let runs = entry.url.clone().unwrap_or_else(|| words_of(&entry.runs));
    printer.line(&[plain(format!("  {}  ", entry.server)), state, plain(format!("  {runs}"))])?;
    if !entry.env.is_empty() {
        printer.line(&[part(Style::Faint, format!("    variables: {}", entry.env.join(", ")))])?;
    }
    if let Some(why) = &entry.why {
        printer.line(&[part(Style::Faint, format!("    {why}"))])?;
    }
    for risk in &entry.risks {
        printer.line(&[plain("    "), part(Style::Caution, risk.message.as_str())])?;
    }
    Ok(())
}

/// Shows what would change, then changes it, then says what became of it.
async fn change<W: Write>(change: ClientChange, which: Which, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let mut control = Control::open(&Home::find()?).await?;
    let places = places(&which.projects)?;
    let clients = if which.all { Vec::new() } else { which.names };
    let plan = Request::PlanClients { change, clients: clients.clone(), entries: Vec::new(), places: places.clone() };
    if which.dry_run {
        return told(change, &views(&mut control, &plan).await?, printer);
    }
    if decides(&mut control).await? && !printer.is_json() {
        for view in views(&mut control, &plan).await?.iter().filter(|view| view.outcome == ChangeOutcome::Planned) {
            difference(view, printer)?;
        }
    }
    let done = views(&mut control, &Request::ChangeClients { change, clients, entries: Vec::new(), places }).await?;
    told(change, &done, printer)
}

/// Where decisions are taken elsewhere, nothing is shown that will not be done.
async fn decides(control: &mut Control) -> Result<bool, Fault> {
    match control.ask(&Request::Status).await? {
        Reply::Status(status) => Ok(status.decisions == "cli"),
        other => Err(unexpected(&other)),
    }
}

async fn views(control: &mut Control, request: &Request) -> Result<Vec<ClientChangeView>, Fault> {
    match control.ask(request).await? {
        Reply::ClientChanges(views) => Ok(views),
        other => Err(unexpected(&other)),
    }
}

/// One line per entry, and what could not be done on standard error: exit code 1 if there is any.
fn told<W: Write>(
    change: ClientChange,
    views: &[ClientChangeView],
    printer: &mut Printer<W>,
) -> Result<ExitCode, Ended> {
    let failed: Vec<_> = views.iter().filter(|view| view.outcome == ChangeOutcome::Failed).collect();
    if printer.is_json() {
        views.iter().try_for_each(|view| printer.json(view))?;
    } else {
        if views.is_empty() {
            printer.say("There is nothing to change.")?;
        }
        for view in views {
            if view.outcome == ChangeOutcome::Planned {
                difference(view, printer)?;
            } else if view.outcome != ChangeOutcome::Failed {
                printer.say(&sentence(change, view))?;
            }
        }
        if change == ClientChange::Protect && views.iter().any(|view| view.outcome == ChangeOutcome::Done) {
            printer.say("Restart the clients whose files changed, so that they read them again.")?;
        }
    }
    for view in &failed {
        note(&format!("consentry: {}", escaped(view.why.as_deref().unwrap_or_default())));
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sentence(change: ClientChange, view: &ClientChangeView) -> String {
    let what = format!("{} of {}", view.server, view.client);
    let why = view.why.as_deref().unwrap_or_default();
    match (view.outcome, change, &view.through) {
        (ChangeOutcome::Done, ClientChange::Protect, Some(through)) if *through != view.server => {
            format!("{what} goes through Consentry now, as {through}.")
        }
        (ChangeOutcome::Done, ClientChange::Protect, _) => format!("{what} goes through Consentry now."),
        (ChangeOutcome::Done, ClientChange::Unprotect, _) => format!("{what} is as it was."),
        (ChangeOutcome::Already, ClientChange::Protect, _) => format!("{what} goes through Consentry already."),
        (ChangeOutcome::Already, ClientChange::Unprotect, _) => format!("{what} goes around Consentry already."),
        (ChangeOutcome::NotYet, _, _) => format!("{what} was left alone. {why}"),
        (ChangeOutcome::Planned | ChangeOutcome::Failed, _, _) => format!("{what}: {why}"),
    }
}

fn difference<W: Write>(view: &ClientChangeView, printer: &mut Printer<W>) -> Result<(), Ended> {
    let through = view.through.as_deref().unwrap_or_default();
    let title = format!("{}: {} (in Consentry: {through})", view.file, view.server);
    printer.line(&[part(Style::Strong, title)])?;
    if view.shared {
        printer.say("The file belongs to a project: whoever shares the folder gets the change, too.")?;
    }
    for line in &view.difference {
        let style = match line.chars().next() {
            Some('+' | '-') => Style::Plain,
            _ => Style::Faint,
        };
        printer.line(&[part(style, line.as_str())])?;
    }
    printer.say("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};

    fn view(outcome: ChangeOutcome) -> ClientChangeView {
        ClientChangeView {
            client: "cursor".into(),
            file: "/h/.cursor/mcp.json".into(),
            place: "/mcpServers".into(),
            server: "fi\u{202e}les".into(),
            through: Some("files-cursor".into()),
            outcome,
            why: Some("It was so.".into()),
            difference: vec!["-a\u{1b}[2J".into(), "+b".into()],
            shared: false,
            digest: None,
        }
    }

    #[test]
    fn what_became_of_entries_is_told_and_a_failure_is_one() {
        let mut out = printer(false);
        let all = [ChangeOutcome::Planned, ChangeOutcome::Done, ChangeOutcome::NotYet].map(view);
        let ended = told(ClientChange::Protect, &all, &mut out).unwrap();
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::SUCCESS));
        let said = printed(out);
        assert!(said.contains("goes through Consentry now, as files-cursor") && said.contains("left alone"), "{said}");
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
        let ended = told(ClientChange::Protect, &[view(ChangeOutcome::Failed)], &mut printer(false)).unwrap();
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::FAILURE));
    }

    #[test]
    fn entries_of_a_file_are_shown_with_what_is_risky_in_them() {
        let entry = ClientEntryView {
            server: "files\u{7}".into(),
            place: "/mcpServers".into(),
            state: EntryState::Open,
            through: None,
            runs: vec!["npx".into(), "•••".into()],
            url: None,
            env: vec!["TOKEN".into()],
            risks: vec![wire::view::RiskView { class: "secret".into(), message: "The variable TOKEN …".into() }],
            why: None,
        };
        let file = ClientFileView {
            client: "cursor".into(),
            title: "Cursor".into(),
            file: "/h/.cursor/mcp.json".into(),
            project: None,
            entries: vec![entry],
            fault: None,
        };
        let mut out = printer(false);
        scan(&[file], &mut out).unwrap();
        let said = printed(out);
        assert!(
            said.contains("around Consentry") && said.contains("variables: TOKEN") && !said.contains('\u{7}'),
            "{said}"
        );
    }
}
