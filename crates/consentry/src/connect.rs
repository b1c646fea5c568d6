//! `consentry connect`: what a client's configuration runs in place of a server. Standard output carries MCP only.

use crate::control::{is_absent, no_broker};
use crate::print::{Ended, note};
use bridge::carry::{DRAIN, Ending, carry, turn_away};
use bridge::endpoint::connect_blocking;
use bridge::{Hello, hello};
use broker::Home;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use wire::{Fault, FaultCode};

/// How long the app may take from its start to its socket.
const START: Duration = Duration::from_secs(10);

/// How often the socket is tried meanwhile.
const TRY: Duration = Duration::from_millis(20);

/// What of our environment the app is given. We were started by a client, which may have put anything in ours; the app
/// decides, so nothing that loads code into it or changes its looks comes from there.
const PASSED_ON: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_SESSION_TYPE",
    "XDG_CURRENT_DESKTOP",
    "CONSENTRY_HOME",
];

#[derive(Debug, clap::Args)]
pub(crate) struct Words {
    /// The server's name
    server: String,
    /// A label for the client, shown beside what the system says of it
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// The conversation that this connection belongs to
    #[arg(long, value_name = "ID")]
    conversation: Option<String>,
}

/// Carries MCP between standard input and output and the broker, until one of them leaves.
pub(crate) fn run(words: &Words) -> Result<ExitCode, Ended> {
    log_to_stderr();
    let (from_client, to_client) = stdio()?;
    let stream = match attach(words) {
        Ok(stream) => stream,
        Err(fault) => {
            turn_away(from_client, to_client, &format!("Consentry: {}", fault.message))?;
            return Err(fault.into());
        }
    };
    match carry(from_client, to_client, stream, DRAIN)? {
        Ending::ClientLeft => Ok(ExitCode::SUCCESS),
        Ending::BrokerGone => {
            note("consentry: the broker closed the connection; every open call was answered");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Connects to the broker, starting the app where that is possible, and says what this connection is for.
fn attach(words: &Words) -> Result<UnixStream, Fault> {
    let home = Home::find()?;
    let mut stream = match connect_blocking(&home.socket()) {
        Ok(stream) => stream,
        Err(error) if is_absent(&error) => start_app(&home)?,
        Err(error) => return Err(no_broker(&home, &error)),
    };
    let hello = Hello::Mcp {
        version: hello::VERSION,
        server: words.server.clone(),
        client: words.client.clone(),
        conversation: words.conversation.clone(),
    };
    stream.write_all(&hello.line()).map_err(|error| no_broker(&home, &error))?;
    Ok(stream)
}

/// Standard input and output as files: no buffer of the standard library between them and us.
fn stdio() -> io::Result<(File, File)> {
    let from = io::stdin().as_fd().try_clone_to_owned()?;
    let to = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((File::from(from), File::from(to)))
}

/// Starts the app hidden, where there is a display and the app stands beside us, and waits for its socket. Of several
/// that try at once, one starts it.
fn start_app(home: &Home) -> Result<UnixStream, Fault> {
    let absent = || no_broker(home, &io::ErrorKind::NotFound.into());
    let has_display =
        ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    let app =
        std::env::current_exe().map(|own| own.with_file_name("consentry-desktop")).ok().filter(|app| app.is_file());
    let (true, Some(app)) = (has_display, app) else { return Err(absent()) };
    let failed =
        |why: String| Fault::new(FaultCode::NoBroker, format!("The Consentry app could not be started: {why}."));
    let lock = start_lock(home).map_err(|error| failed(error.to_string()))?;
    let mut child = match lock.try_lock() {
        Ok(()) => Some(spawn(&app).map_err(|error| failed(error.to_string()))?),
        Err(_) => None,
    };
    let until = Instant::now() + START;
    while Instant::now() < until {
        match connect_blocking(&home.socket()) {
            Ok(stream) => return Ok(stream),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(no_broker(home, &error)),
        }
        let ended = child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        if let Some(status) = ended.filter(|status| !status.success()) {
            return Err(failed(format!("it ended at once ({status})")));
        }
        thread::sleep(TRY);
    }
    Err(failed(format!("it did not answer within {} seconds", START.as_secs())))
}

fn start_lock(home: &Home) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(&home.run)?;
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(home.run.join("start.lock"))
}

/// Starts the app so that it outlives us and the client: its own process group, no stdio of ours.
fn spawn(app: &Path) -> io::Result<Child> {
    let locale = |name: &str| name.starts_with("LC_");
    let passed_on = std::env::vars_os()
        .filter(|(name, _)| name.to_str().is_some_and(|name| PASSED_ON.contains(&name) || locale(name)));
    Command::new(app)
        .arg("--hidden")
        .env_clear()
        .envs(passed_on)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn log_to_stderr() {
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(io::stderr).with_ansi(false).init();
}
