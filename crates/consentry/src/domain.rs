//! `consentry domain`: the domains that are the person's own. Cards say whether somebody is inside or outside of them.

use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer};
use clap::Subcommand;
use std::io::Write;
use std::process::ExitCode;
use wire::control::{Reply, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// Which domains are your own
    List,
    /// Name them, all at once, where the broker takes decisions on the command line; none for none
    Set {
        /// Such as example.org; what is below it is inside, too
        domains: Vec<String>,
    },
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let mut control = Control::find().await?;
    if let Words::Set { domains } = words {
        control.order(&Request::SetOwnDomains { domains }).await?;
    }
    let domains = match control.ask(&Request::OwnDomains).await? {
        Reply::Domains(domains) => domains,
        other => return Err(unexpected(&other).into()),
    };
    match (printer.is_json(), domains.as_slice()) {
        (true, _) => printer.json(&serde_json::json!({ "own": domains }))?,
        (false, []) => printer.say("No domain is your own: cards say nothing of inside and outside.")?,
        (false, some) => some.iter().try_for_each(|domain| printer.say(domain))?,
    }
    Ok(ExitCode::SUCCESS)
}
