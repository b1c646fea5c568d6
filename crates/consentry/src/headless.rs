//! `consentry broker`: the broker without a window.

use crate::print::{Ended, Printer, note};
use broker::{Decisions, Home, Options, Preset};
use clap::ValueEnum;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use wire::text::escaped;
use wire::{Fault, FaultCode};

/// How long what still runs may take after the broker has stopped.
const LEFTOVERS: Duration = Duration::from_millis(300);

#[derive(Debug, clap::Args)]
pub(crate) struct Words {
    /// How much is asked
    #[arg(long, value_enum)]
    preset: Option<PresetWord>,
    /// Take decisions on the command line too: for headless machines and tests. Any program of yours can then approve
    #[arg(long, value_enum)]
    decisions: Option<DecisionsWord>,
    /// Believe `connect --conversation` and start each conversation clean: for tests
    #[arg(long)]
    believe_conversations: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PresetWord {
    /// Ask for every effect beyond reading
    Cautious,
    /// Ask by where data comes from and goes to
    Balanced,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DecisionsWord {
    /// On the command line
    Cli,
}

/// Runs the broker until it is told to stop, or hands over to the app.
pub(crate) fn run(words: &Words, printer: &Printer) -> Result<ExitCode, Ended> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    let options = Options {
        home: Home::find()?,
        preset: words.preset.map(|preset| match preset {
            PresetWord::Cautious => Preset::Cautious,
            PresetWord::Balanced => Preset::Balanced,
        }),
        decisions: match words.decisions {
            Some(DecisionsWord::Cli) => Decisions::CommandLine,
            None => Decisions::Windows,
        },
        believe_conversations: words.believe_conversations,
        take_over: false,
    };
    let runtime = broker::runtime().map_err(failed)?;
    let ended = runtime.block_on(serve(options, printer.is_json()));
    runtime.shutdown_timeout(LEFTOVERS);
    ended
}

async fn serve(options: Options, json: bool) -> Result<ExitCode, Ended> {
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    let socket = options.home.socket();
    let (broker, decider) = broker::start(options).await?;
    // Who decides here does so through the control socket, which holds its own.
    drop(decider);
    let socket = socket.to_string_lossy();
    if json {
        note(&serde_json::json!({ "ready": socket }).to_string());
    } else {
        note(&format!("consentry: the broker is ready at {}", escaped(&socket)));
    }
    tokio::select! {
        () = broker.stopped() => {}
        _ = terminate.recv() => broker.stop().await,
        _ = interrupt.recv() => broker.stop().await,
        // The terminal it was started in was closed.
        _ = hang_up.recv() => broker.stop().await,
    }
    Ok(ExitCode::SUCCESS)
}

fn failed(error: std::io::Error) -> Fault {
    Fault::new(FaultCode::Internal, format!("The broker could not be started: {error}."))
}
