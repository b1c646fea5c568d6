//! The `consentry` command line: words in, one request to the broker, its answer in words or JSON.
//!
//! Thin on purpose: one module per noun. What is decided, is decided by the broker; what is shown, is shown through
//! [`print::Printer`], which escapes whatever it prints.

mod approvals;
mod audit;
mod client;
mod connect;
mod control;
mod doctor;
mod domain;
mod grant;
mod headless;
mod inspect;
mod policy;
mod print;
mod proof;
mod proposal;
mod quiet;
mod server;
mod term;
mod token;

use clap::{Parser, Subcommand};
use print::{Ended, Printer};
use std::future::Future;
use std::process::ExitCode;
use wire::{Fault, FaultCode};

/// Stands between AI applications and MCP servers: what is risky asks you first.
#[derive(Debug, Parser)]
#[command(name = "consentry", version, arg_required_else_help = true)]
struct Words {
    /// Print JSON: one object, or one per line for lists and streams
    #[arg(long, global = true)]
    json: bool,
    /// Read your passphrase from standard input, where a decision takes it
    #[arg(long, global = true)]
    passphrase_stdin: bool,
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Debug, Subcommand)]
enum Noun {
    /// Run the broker without a window
    Broker(headless::Words),
    /// Be the MCP server NAME on stdin and stdout: what a client's configuration runs
    Connect(connect::Words),
    /// Servers: add, list, show, remove, trust
    #[command(subcommand)]
    Server(server::Words),
    /// Clients: what their configuration runs; protect and unprotect it
    #[command(subcommand)]
    Client(client::Words),
    /// Questions that wait for an answer
    #[command(subcommand)]
    Approvals(approvals::Words),
    /// What was approved for more than once: list, revoke
    #[command(subcommand)]
    Grant(grant::Words),
    /// Logins at servers elsewhere: list, login, revoke
    #[command(subcommand)]
    Token(token::Words),
    /// The passphrase that proves that it is you
    #[command(subcommand)]
    Passphrase(proof::Words),
    /// Policies: check files, run cases, explain a decision
    #[command(subcommand)]
    Policy(policy::Words),
    /// The words that you keep to yourself: no model gets to see them
    #[command(subcommand)]
    Term(term::Words),
    /// The domains that are your own: cards say who is inside and who outside
    #[command(subcommand)]
    Domain(domain::Words),
    /// The record of what happened
    #[command(subcommand)]
    Audit(audit::Words),
    /// Stop everything: cancel what runs, reject what waits; lifted only in the window
    Stop {
        /// Let calls run again, where the broker takes decisions on the command line
        #[arg(long)]
        lift: bool,
    },
    /// No prompts for so long; questions wait in the inbox
    Pause {
        /// Minutes, at most a day; 0 shows prompts again
        minutes: u32,
    },
    /// Look at texts, JSON lines on standard input: {"id","kind":"tool_description|tool_output|argument","text"}
    Inspect,
    /// What works here, what does not, and how to mend it
    Doctor,
}

fn main() -> ExitCode {
    let Words { json, passphrase_stdin, noun } = Words::parse();
    if passphrase_stdin {
        proof::read_from_stdin();
    }
    let mut printer = Printer::new(json);
    let ended = match noun {
        Noun::Connect(words) => connect::run(&words),
        Noun::Broker(words) => headless::run(&words, &printer),
        Noun::Server(words) => block_on(server::run(words, &mut printer)),
        Noun::Client(words) => block_on(client::run(words, &mut printer)),
        Noun::Approvals(words) => block_on(approvals::run(words, &mut printer)),
        Noun::Grant(words) => block_on(grant::run(words, &mut printer)),
        Noun::Token(words) => block_on(token::run(words, &mut printer)),
        Noun::Passphrase(words) => block_on(proof::run(words, &mut printer)),
        Noun::Policy(words) => block_on(policy::run(words, &mut printer)),
        Noun::Term(words) => block_on(term::run(words, &mut printer)),
        Noun::Domain(words) => block_on(domain::run(words, &mut printer)),
        Noun::Audit(words) => block_on(audit::run(words, &mut printer)),
        Noun::Stop { lift } => block_on(quiet::stop(lift, &mut printer)),
        Noun::Pause { minutes } => block_on(quiet::pause(minutes, &mut printer)),
        Noun::Inspect => inspect::run(&mut printer),
        Noun::Doctor => block_on(doctor::run(&mut printer)),
    };
    ended.unwrap_or_else(|ended| match ended {
        // Whoever read our output has seen enough.
        Ended::Closed => ExitCode::SUCCESS,
        Ended::Failed(fault) => {
            printer.fault(&fault);
            ExitCode::FAILURE
        }
    })
}

/// Runs one command on this thread alone.
fn block_on(command: impl Future<Output = Result<ExitCode, Ended>>) -> Result<ExitCode, Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Fault::new(FaultCode::Internal, format!("The command could not be started: {error}.")))?;
    runtime.block_on(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_words_are_consistent() {
        Words::command().debug_assert();
    }

    #[test]
    fn json_stands_before_another_command_line() {
        let words =
            Words::try_parse_from(["consentry", "server", "add", "x", "--json", "--", "run", "--json", "-v"]).unwrap();
        assert!(words.json);
        let Noun::Server(server::Words::Add { name, words, .. }) = words.noun else { panic!("another noun") };
        assert_eq!((name.as_str(), words), ("x", vec!["run".to_owned(), "--json".into(), "-v".into()]));
        let bare = Words::try_parse_from(["consentry", "server", "add", "x", "--", "run", "--json"]).unwrap();
        assert!(!bare.json);
    }

    #[test]
    fn wrong_words_are_refused() {
        for words in [
            &["server", "add", "x"][..],
            &["approvals", "approve", "id"],
            &["broker", "--decisions", "x"],
            &["connect"],
        ] {
            let parsed = Words::try_parse_from([&["consentry"], words].concat());
            assert_eq!(parsed.unwrap_err().exit_code(), 2, "{words:?}");
        }
    }
}
