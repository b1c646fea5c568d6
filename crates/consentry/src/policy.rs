//! `consentry policy`: check policy files, run their cases, explain a decision.

mod replay;

use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer, Style, part, plain, word};
use broker::Home;
use clap::Subcommand;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wire::control::{Reply, Request};
use wire::view::{PoliciesView, PresetView, RuleView};

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// Check policy files; without a path, those of this home. Needs no broker
    Check {
        /// A file, or a folder of them
        paths: Vec<PathBuf>,
    },
    /// The rules in force
    List,
    /// Which preset is in force; with a name, puts that one in force. A looser one is decided in the window
    Preset {
        /// `cautious` or `balanced`
        name: Option<String>,
    },
    /// Why a call was decided as it was
    Explain {
        /// The call's id
        #[arg(value_name = "CALL-ID")]
        call: String,
    },
    /// Play past calls against a draft: which would ask that did not, which would not, which would not run
    Replay {
        /// A policy file, beside your own or in place of the one of that name
        #[arg(long, value_name = "FILE", required_unless_present = "preset", conflicts_with = "preset")]
        policy: Option<PathBuf>,
        /// Another preset: `cautious` or `balanced`
        #[arg(long, value_name = "NAME")]
        preset: Option<String>,
        /// Only calls since then: a day such as 2026-11-22, or a moment such as 2026-11-22T14:30:00Z
        #[arg(long, value_name = "DAY", value_parser = crate::audit::past_moment)]
        since: Option<i64>,
    },
    /// Run cases (a request, its expected verdict and reasons) against the shipped policies. Needs no broker
    Test {
        /// The folder with the cases
        folder: PathBuf,
    },
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    match words {
        Words::Check { paths } => {
            // A home without a folder of policies has none, which is no mistake; a path that was named must be there.
            let own =
                || Home::find().map(|home| vec![home.policies()].into_iter().filter(|path| path.is_dir()).collect());
            let paths = if paths.is_empty() { own()? } else { paths };
            report(&broker::policy_check(&paths)?, "The policies are valid.", printer)
        }
        Words::Test { folder } => report(&broker::policy_test(&folder)?, "Every case came out as expected.", printer),
        Words::List => list(&policies().await?, printer),
        Words::Preset { name: None } => presets(&policies().await?, printer),
        Words::Preset { name: Some(preset) } => {
            Control::find().await?.order(&Request::ChoosePreset { preset: preset.clone() }).await?;
            if !printer.is_json() {
                printer.say(&format!("The preset {preset} is in force."))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Words::Replay { policy, preset, since } => {
            let draft = replay::draft(policy.as_deref(), preset)?;
            match Control::find().await?.ask(&Request::Replay { draft, since }).await? {
                Reply::Replayed(view) => replay::print(&view, printer),
                other => Err(unexpected(&other).into()),
            }
        }
        Words::Explain { call } => match Control::find().await?.ask(&Request::Explain { call }).await? {
            Reply::Explained(lines) => {
                if printer.is_json() {
                    printer.json(&serde_json::json!({ "lines": lines }))?;
                } else {
                    lines.iter().try_for_each(|line| printer.say(line))?;
                }
                Ok(ExitCode::SUCCESS)
            }
            other => Err(unexpected(&other).into()),
        },
    }
}

async fn policies() -> Result<PoliciesView, Ended> {
    match Control::find().await?.ask(&Request::Policies).await? {
        Reply::Policies(view) => Ok(*view),
        other => Err(unexpected(&other).into()),
    }
}

fn list<W: Write>(view: &PoliciesView, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    if printer.is_json() {
        view.rules.iter().try_for_each(|rule| printer.json(rule))?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |rule: &RuleView| {
        let place = format!("{}:{}", rule.file, rule.line);
        vec![rule.id.clone(), rule.layer.clone(), word(&rule.demand), rule.title.clone(), place]
    };
    let rows: Vec<_> = view.rules.iter().map(row).collect();
    printer.table(&["RULE", "LAYER", "DEMANDS", "TITLE", "FILE"], &rows, "No rules.")?;
    report(&view.faults, "", printer)
}

fn presets<W: Write>(view: &PoliciesView, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    if printer.is_json() {
        view.presets.iter().try_for_each(|preset| printer.json(preset))?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |preset: &PresetView| {
        let state = if preset.in_force { "in force" } else { "" };
        let counts = [preset.asks, preset.runs, u32::try_from(preset.changes.len()).unwrap_or(u32::MAX)];
        let mut cells = vec![preset.name.clone(), state.to_owned()];
        cells.extend(counts.map(|count| count.to_string()));
        cells
    };
    let rows: Vec<_> = view.presets.iter().map(row).collect();
    printer.table(&["PRESET", "STATE", "TOOLS THAT ASK", "RUN UNASKED", "WOULD CHANGE"], &rows, "No presets.")?;
    Ok(ExitCode::SUCCESS)
}

/// One line per fault, and exit code 1 when there is one.
fn report<W: Write>(faults: &[String], fine: &str, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    if printer.is_json() {
        printer.json(&serde_json::json!({ "ok": faults.is_empty(), "faults": faults }))?;
    } else if faults.is_empty() {
        if !fine.is_empty() {
            printer.say(fine)?;
        }
    } else {
        faults.iter().try_for_each(|fault| printer.line(&[part(Style::Danger, "✗ "), plain(fault)]))?;
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
