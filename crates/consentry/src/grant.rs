//! `consentry grant`: yeses that were remembered.

use crate::approvals::{LifetimeWord, phrase};
use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer, Style, ahead, moment, now, part};
use clap::Subcommand;
use std::io::Write;
use std::process::ExitCode;
use wire::control::{Reply, Request};
use wire::view::{GrantView, PlaceApprovedView, SentencePart, SuggestionView};

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// What is remembered, newest first
    List,
    /// What could be remembered in place of asking: calls that you always answered alike, and the grant that would have
    /// spared those questions
    Suggest,
    /// Remember what was suggested, where the broker takes decisions on the command line
    Accept {
        /// Its id
        id: String,
        /// For how long
        #[arg(long = "for", value_enum, value_name = "TIME")]
        lifetime: LifetimeWord,
    },
    /// Don't suggest this again
    Decline {
        /// Its id
        id: String,
    },
    /// Where calls may go unasked, because you approved one that went there
    Places,
    /// Approve a place no longer: calls that go there ask again
    Forget {
        /// The server
        server: String,
        /// The place as `grant places` names it: `address:ann@example.org`
        place: String,
    },
    /// Take one back: what it covered asks again
    Revoke {
        /// Its id
        id: String,
    },
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let mut control = Control::find().await?;
    match words {
        Words::List => match control.ask(&Request::Grants).await? {
            Reply::Grants(grants) => list(&grants, printer)?,
            other => return Err(unexpected(&other).into()),
        },
        Words::Suggest => match control.ask(&Request::Suggestions).await? {
            Reply::Suggestions(suggestions) => suggested(&suggestions, printer)?,
            other => return Err(unexpected(&other).into()),
        },
        Words::Accept { id, lifetime } => {
            control.order(&Request::AcceptSuggestion { id: id.clone(), lifetime: lifetime.into() }).await?;
            done("accepted", &id, "Remembered. See `consentry grant list`.", printer)?;
        }
        Words::Decline { id } => {
            control.order(&Request::DeclineSuggestion { id: id.clone() }).await?;
            done("declined", &id, "It is not suggested again.", printer)?;
        }
        Words::Places => match control.ask(&Request::ApprovedPlaces).await? {
            Reply::Places(places) => approved(&places, printer)?,
            other => return Err(unexpected(&other).into()),
        },
        Words::Forget { server, place } => {
            let (kind, value) = place.split_once(':').unwrap_or_default();
            let (kind, value) = (kind.to_owned(), value.to_owned());
            control.order(&Request::ForgetPlace { server, kind, value }).await?;
            done(
                "forgotten",
                &place,
                "Calls that go there ask again; what was remembered for it is taken back.",
                printer,
            )?;
        }
        Words::Revoke { id } => {
            control.order(&Request::RevokeGrant { id: id.clone() }).await?;
            done("revoked", &id, &format!("Revoked {id}."), printer)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what was done to which.
fn done<W: Write>(what: &str, which: &str, said: &str, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() { printer.json(&serde_json::json!({ what: which })) } else { printer.say(said) }
}

fn list<W: Write>(grants: &[GrantView], printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return grants.iter().try_for_each(|grant| printer.json(grant));
    }
    let now = now();
    let row = |grant: &GrantView| {
        let ends = match (&grant.dead, grant.until) {
            (Some(why), _) => why.clone(),
            (None, Some(at)) => ahead(at, now),
            (None, None) if grant.conversation => "with its conversation".into(),
            (None, None) => "when revoked".into(),
        };
        vec![grant.id.clone(), moment(grant.made_at), covers(grant), grant.uses.to_string(), ends]
    };
    let rows: Vec<_> = grants.iter().map(row).collect();
    printer.table(&["ID", "MADE", "COVERS", "USES", "ENDS"], &rows, "Nothing is remembered.")
}

fn approved<W: Write>(places: &[PlaceApprovedView], printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return places.iter().try_for_each(|place| printer.json(place));
    }
    let row = |place: &PlaceApprovedView| {
        let server = if place.removed { format!("{} (removed)", place.server) } else { place.server.clone() };
        vec![server, moment(place.at), format!("{}:{}", place.kind, place.value)]
    };
    let rows: Vec<_> = places.iter().map(row).collect();
    printer.table(&["SERVER", "APPROVED", "PLACE"], &rows, "You have approved no call that goes anywhere yet.")
}

/// Each with what it would have spared, and what it was held against.
fn suggested<W: Write>(suggestions: &[SuggestionView], printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return suggestions.iter().try_for_each(|suggestion| printer.json(suggestion));
    }
    if suggestions.is_empty() {
        printer.say("Nothing was answered alike often enough to be remembered as narrowly as that.")?;
    }
    for one in suggestions {
        printer.line(&[part(Style::Strong, sentence((&one.client, &one.tool, &one.server), &one.fields))])?;
        let asked: Vec<String> = one.covers.iter().take(5).map(|past| moment(past.at)).collect();
        let more = if one.covers.len() > asked.len() { ", …" } else { "" };
        printer.field("Spares", &format!("{} questions you answered: {}{more}", one.count, asked.join(", ")))?;
        let held = match one.rejected {
            0 => "nothing that you rejected or changed in the last 30 days, for there is no such call of this tool"
                .to_owned(),
            1 => "not the one call of this tool that you rejected or changed in the last 30 days".to_owned(),
            n => format!("none of the {n} calls of this tool that you rejected or changed in the last 30 days"),
        };
        printer.field("Lets run", &held)?;
        printer.field("Answers", &one.rules.join("; "))?;
        printer.field("Id", &one.id)?;
        printer.say("")?;
    }
    Ok(())
}

/// The grant as a sentence; foreign words stand in quotes.
fn covers(grant: &GrantView) -> String {
    sentence((&grant.client, &grant.tool, &grant.server), &grant.fields)
}

fn sentence((client, tool, server): (&str, &str, &str), fields: &[(String, Vec<SentencePart>)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, may)| format!("{name}: {}", phrase(may))).collect();
    format!("{client} may use {tool} of {server} with {}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};
    use wire::view::SentencePart;

    #[test]
    fn a_grant_is_a_sentence_with_foreign_words_in_quotes() {
        let grant = GrantView {
            id: "g".into(),
            client: "agent".into(),
            server: "notes".into(),
            tool: "write\u{202e}".into(),
            fields: vec![(
                "path".into(),
                vec![SentencePart::Ours("anything in ".into()), SentencePart::Slot("/docs/".into())],
            )],
            policies: Vec::new(),
            made_at: 0,
            until: None,
            conversation: false,
            uses: 2,
            last_used: None,
            dead: Some("The rules have changed.".into()),
        };
        let mut out = printer(false);
        list(&[grant], &mut out).unwrap();
        let out = printed(out);
        assert!(out.contains("agent may use write[U+202E RLO] of notes with path: anything in “/docs/”"), "{out}");
        assert!(out.contains("The rules have changed."), "{out}");
    }
}
