//! `consentry approvals`: what waits for an answer, and answering where that is allowed.

mod attention;
mod card;

pub(crate) use card::{phrase, words as words_of};

use crate::control::{Control, stopped, unexpected};
use crate::print::{Ended, Printer, ahead, now, part, plain, word};
use crate::server::effects_of;
use card::sentence;
use clap::Subcommand;
use std::io::Write;
use std::process::ExitCode;
use wire::Fault;
use wire::control::{Reply, Request, Watched};
use wire::view::{Answer, ApprovalView, FieldEdit, Level, Lifetime, RememberChoice};

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// What waits now
    List,
    /// What waits now, then every question as it comes and ends
    Watch,
    /// One question, whole
    Show {
        /// Its id
        id: String,
    },
    /// What is there now that a call would change, as its server says, where the broker takes decisions on the command line
    Now {
        /// Its id
        id: String,
    },
    /// Say yes, where the broker takes decisions on the command line
    Approve {
        /// Its id
        id: String,
        /// The digest that was displayed: the yes is for exactly that
        #[arg(long, value_name = "DIGEST")]
        digest: String,
        /// Remember it: the same call then runs without asking, for so long
        #[arg(long, value_enum, value_name = "TIME")]
        remember: Option<LifetimeWord>,
        /// Remember more than this value for an argument: the number of a choice that `approvals show` lists
        #[arg(long, value_name = "POINTER=NUMBER", value_parser = widening, requires = "remember")]
        widen: Vec<(String, u32)>,
        /// Change a value of the call first: what is sent is the changed call
        #[arg(long, value_name = "POINTER=JSON", value_parser = setting, conflicts_with = "remember")]
        set: Vec<FieldEdit>,
    },
    /// Ask a trust question again with other tools or effects, where the broker takes decisions on the command line
    Choose {
        /// Its id
        id: String,
        /// A tool to leave out: it is neither listed nor callable
        #[arg(long = "except", value_name = "TOOL")]
        except: Vec<String>,
        /// What a tool can do, where you know better
        #[arg(long = "effects", value_name = "TOOL=EFFECT,…")]
        effects: Vec<String>,
    },
    /// What questions took of your attention: how many, how long you looked at them, yeses in a row
    Attention {
        /// Only since then: a day such as 2026-11-22, or a moment such as 2026-11-22T14:30:00Z; without it the last week
        #[arg(long, value_name = "D", value_parser = crate::audit::past_moment)]
        since: Option<i64>,
    },
    /// Say no
    Reject {
        /// Its id
        id: String,
        /// Words for the model
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// How long a yes is remembered.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum LifetimeWord {
    /// 15 minutes
    #[value(name = "15m")]
    Quarter,
    /// One hour
    #[value(name = "1h")]
    Hour,
    /// As long as the conversation
    Conversation,
    /// Until it is revoked, or what it rests on changes
    Always,
}

impl From<LifetimeWord> for Lifetime {
    fn from(word: LifetimeWord) -> Self {
        match word {
            LifetimeWord::Quarter => Self::Quarter,
            LifetimeWord::Hour => Self::Hour,
            LifetimeWord::Conversation => Self::Conversation,
            LifetimeWord::Always => Self::Always,
        }
    }
}

/// `/path=1`.
fn widening(words: &str) -> Result<(String, u32), String> {
    let (pointer, number) = words.rsplit_once('=').ok_or("it is POINTER=NUMBER, as in /path=1")?;
    let number = number.parse().map_err(|_| "the number of a choice is missing after `=`")?;
    Ok((pointer.to_owned(), number))
}

/// `/path="/tmp/x"`: the value is JSON.
fn setting(words: &str) -> Result<FieldEdit, String> {
    let (pointer, value) = words.split_once('=').ok_or("it is POINTER=JSON, as in /count=3 or /path='\"/tmp/x\"'")?;
    let json = serde_json::from_str::<serde_json::Value>(value);
    json.map_err(|_| "what follows `=` is no JSON; a text needs its quotes, as in /path='\"/tmp/x\"'")?;
    Ok(FieldEdit { pointer: pointer.to_owned(), value: value.to_owned() })
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let mut control = Control::find().await?;
    match words {
        Words::List => list(&waiting(&mut control).await?, printer)?,
        Words::Watch => return watch(&mut control, printer).await,
        Words::Show { id } => show(&one(&mut control, id).await?, printer)?,
        Words::Now { id } => match control.ask(&Request::LookNow { id }).await? {
            Reply::Now(now) if printer.is_json() => printer.json(&now)?,
            Reply::Now(now) => card::now::print(&now, printer)?,
            other => return Err(unexpected(&other).into()),
        },
        Words::Approve { id, digest, remember, widen, set } => {
            let remember = remember.map(|lifetime| RememberChoice { lifetime: lifetime.into(), fields: widen });
            control.order(&Request::Approve { id: id.clone(), digest, remember, set }).await?;
            answered(&id, Answer::Approved, printer)?;
        }
        Words::Choose { id, except, effects } => {
            let effects = effects.iter().map(|words| effects_of(words)).collect::<Result<_, _>>()?;
            control.order(&Request::ChooseTools { id, except, effects }).await?;
            if !printer.is_json() {
                printer.say("Asked again: see `consentry approvals list` for the new question and its digest.")?;
            }
        }
        Words::Attention { since } => match control.ask(&Request::Attention { since }).await? {
            Reply::Attention(view) => attention::print(&view, printer)?,
            other => return Err(unexpected(&other).into()),
        },
        Words::Reject { id, reason } => {
            control.order(&Request::Reject { id: id.clone(), reason }).await?;
            answered(&id, Answer::Rejected, printer)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn waiting(control: &mut Control) -> Result<Vec<ApprovalView>, Fault> {
    match control.ask(&Request::Approvals).await? {
        Reply::Approvals(waiting) => Ok(waiting),
        other => Err(unexpected(&other)),
    }
}

async fn one(control: &mut Control, id: String) -> Result<ApprovalView, Fault> {
    match control.ask(&Request::Approval { id }).await? {
        Reply::Approval(view) => Ok(*view),
        other => Err(unexpected(&other)),
    }
}

fn list<W: Write>(waiting: &[ApprovalView], printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return waiting.iter().try_for_each(|view| printer.json(view));
    }
    let now = now();
    let row = |view: &ApprovalView| {
        let about = sentence(view);
        let expires = view.expires_at.map_or_else(String::new, |at| ahead(at, now));
        vec![view.id.clone(), word(&view.kind), view.client.name.clone(), expires, about]
    };
    let rows: Vec<_> = waiting.iter().map(row).collect();
    printer.table(&["ID", "KIND", "CLIENT", "EXPIRES", "QUESTION"], &rows, "Nothing waits for an answer.")
}

fn show<W: Write>(view: &ApprovalView, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() { printer.json(view) } else { card::print(view, now(), printer) }
}

/// Prints every event until the broker stops or nobody reads any more.
async fn watch<W: Write>(control: &mut Control, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    control.send(&Request::Watch).await?;
    loop {
        match control.next().await? {
            Some(Reply::Watched(watched)) if printer.is_json() => printer.json(&watched)?,
            Some(Reply::Watched(watched)) => tell(&watched, printer)?,
            Some(Reply::End) | None => return Err(stopped().into()),
            Some(other) => return Err(unexpected(&other).into()),
        }
    }
}

fn tell<W: Write>(watched: &Watched, printer: &mut Printer<W>) -> Result<(), Ended> {
    use crate::print::Style::{Caution, Faint, Strong};
    match watched {
        Watched::Pending(view) => {
            let style = if view.level == Level::StepUp { Caution } else { Strong };
            printer.line(&[part(style, format!("{:<10}", "waits")), plain(sentence(view))])?;
            printer.line(&[part(Faint, format!("{:<10}id {}  digest {}", "", view.id, view.digest))])
        }
        Watched::Ended { id, answer } => {
            printer.line(&[part(Strong, format!("{:<10}", word(answer))), plain(format!("id {id}"))])
        }
    }
}

fn answered<W: Write>(id: &str, answer: Answer, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return printer.json(&Watched::Ended { id: id.to_owned(), answer });
    }
    let said = if answer == Answer::Approved { "Approved" } else { "Rejected" };
    printer.say(&format!("{said} {id}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::tests::scripted;
    use crate::print::tests::{printed, printer};
    use serde_json::{Value, json};

    #[tokio::test]
    async fn a_watch_prints_the_contracts_lines_and_fails_when_the_broker_stops() {
        let view = card::tests::question();
        let pending = Watched::Pending(Box::new(view.clone()));
        let (_folder, home, serving) = scripted(vec![Reply::Watched(pending.clone())]);
        let mut control = Control::open(&home).await.unwrap();
        let mut out = printer(true);
        let ended = watch(&mut control, &mut out).await.unwrap_err();
        assert!(matches!(ended, Ended::Failed(fault) if fault.code == wire::FaultCode::NoBroker));
        let out = printed(out);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 1);
        let line: Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!((&line["event"], &line["id"], &line["kind"]), (&json!("pending"), &json!(view.id), &json!("call")));
        assert_eq!(serde_json::from_str::<Watched>(lines[0]).unwrap(), pending);
        assert_eq!(serving.await.unwrap(), [Request::Watch]);
    }

    #[test]
    fn lists_are_one_object_a_line_or_aligned_words() {
        let view = card::tests::question();
        let mut lines = printer(true);
        list(&[view.clone(), view.clone()], &mut lines).unwrap();
        assert_eq!(printed(lines).lines().count(), 2);
        let mut words = printer(false);
        list(&[view], &mut words).unwrap();
        list(&[], &mut words).unwrap();
        let words = printed(words);
        assert!(words.starts_with("ID") && words.ends_with("Nothing waits for an answer.\n"), "{words}");
    }
}
