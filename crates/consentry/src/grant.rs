//! `consentry grant`: yeses that were remembered.

use crate::approvals::phrase;
use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer, ahead, moment, now};
use clap::Subcommand;
use std::io::Write;
use std::process::ExitCode;
use wire::control::{Reply, Request};
use wire::view::GrantView;

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// What is remembered, newest first
    List,
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
        Words::Revoke { id } => {
            control.order(&Request::RevokeGrant { id: id.clone() }).await?;
            match printer.is_json() {
                true => printer.json(&serde_json::json!({ "revoked": id }))?,
                false => printer.say(&format!("Revoked {id}."))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
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

/// The grant as a sentence; foreign words stand in quotes.
fn covers(grant: &GrantView) -> String {
    let fields: Vec<String> = grant.fields.iter().map(|(name, may)| format!("{name}: {}", phrase(may))).collect();
    format!("{} may use {} of {} with {}", grant.client, grant.tool, grant.server, fields.join(", "))
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
                vec![SentencePart::Ours("anything in ".into()), SentencePart::Slot("/work/".into())],
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
        assert!(out.contains("agent may use write[U+202E RLO] of notes with path: anything in “/work/”"), "{out}");
        assert!(out.contains("The rules have changed."), "{out}");
    }
}
