//! Notifications of the desktop, when a question arrives that nobody is looking at. They can open the prompt and say
//! no; they can never say yes. A desktop without notifications loses nothing but them.

use crate::windows;
use broker::{AnsweredBy, Broker};
use notify_rust::{Notification, NotificationHandle, NotificationResponse, Timeout, Urgency};
use tauri::AppHandle;
use tokio::sync::oneshot;
use wire::Fault;
use wire::view::{ApprovalView, SentencePart, UnguardedView};

/// The longest value of somebody else's that a notification shows, in characters; the card shows all of it.
const LONGEST_SLOT: usize = 60;

const REVIEW: &str = "review";
const REJECT: &str = "reject";

/// A question that was announced. Dropping it takes the notification away.
pub(crate) struct Notice {
    /// The approval.
    pub(crate) id: String,
    _withdraw: oneshot::Sender<()>,
}

/// Tells the person that this question waits, `of` in all.
pub(crate) fn announce(app: &AppHandle, broker: &Broker, question: &ApprovalView, of: u32) -> Notice {
    let (withdraw, withdrawn) = oneshot::channel();
    let (app, broker, id, body) = (app.clone(), broker.clone(), question.id.clone(), body(&question.sentence, of));
    let asked = id.clone();
    tauri::async_runtime::spawn(async move {
        match answer(&body, withdrawn).await {
            Ok(Some(action)) if action == REJECT => {
                if let Err(fault) = broker.reject(&asked, None, AnsweredBy::Window).await {
                    tracing::info!(%fault, "a rejection from a notification came too late");
                }
            }
            Ok(Some(_)) => {
                windows::review(&app).await;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a question could not be announced by a notification"),
        }
    });
    Notice { id, _withdraw: withdraw }
}

/// Tells the person that clients run servers around Consentry since lately. It opens the inbox, and decides nothing.
pub(crate) fn unguarded(app: &AppHandle, fresh: &[UnguardedView]) {
    tell(app, news(fresh));
}

/// Tells the person that a server wants a login, or more than the one it has. It opens the main window, and no browser.
pub(crate) fn login(app: &AppHandle, server: &str, more: bool) {
    let name = shorten(&wire::text::escaped(server));
    let what = if more { "needs more rights than you gave it" } else { "wants you to log in" };
    tell(app, escape_markup(&format!("The server “{name}” {what}. Its page in Consentry says for what.")));
}

/// Tells the person that a rule suspended something; `what` is a sentence.
pub(crate) fn suspended(app: &AppHandle, what: &str) {
    tell(app, escape_markup(&format!("{what} The activity page in Consentry says which calls they were.")));
}

/// Something new that waits in the main window.
fn tell(app: &AppHandle, body: String) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shown = Notification::new()
            .summary("Consentry")
            .body(&body)
            .appname("Consentry")
            .icon("consentry")
            .action(REVIEW, "Look")
            .show_async()
            .await;
        match shown {
            Ok(handle) => {
                if chosen(&handle).await.is_some() {
                    windows::open_main(&app);
                }
            }
            Err(error) => tracing::warn!(%error, "something new could not be announced by a notification"),
        }
    });
}

/// What is new, in a sentence; names of somebody else's stand in quotes, escaped.
fn news(fresh: &[UnguardedView]) -> String {
    let Some(first) = fresh.first() else { return String::new() };
    let name = shorten(&wire::text::escaped(&first.entry.server));
    let what = if first.changed { "changed a server" } else { "has a new server" };
    let mut text = format!("{} {what} that Consentry doesn’t guard: “{name}”.", first.title);
    if fresh.len() > 1 {
        text.push_str(&format!(" {} more.", fresh.len() - 1));
    }
    escape_markup(&text)
}

/// Says that the app could not start, to a person who may have no terminal to read.
pub(crate) fn failure(fault: &Fault) {
    let shown = Notification::new()
        .summary("Consentry could not start")
        .body(&escape_markup(&fault.message))
        .appname("Consentry")
        .urgency(Urgency::Critical)
        .show();
    if let Err(error) = shown {
        tracing::debug!(%error, "the failure could not be announced by a notification");
    }
}

/// Shows the notification until it is answered, closed or withdrawn. Returns the action that was chosen.
async fn answer(body: &str, withdrawn: oneshot::Receiver<()>) -> notify_rust::error::Result<Option<String>> {
    let handle = Notification::new()
        .summary("Consentry")
        .body(body)
        .appname("Consentry")
        .icon("consentry")
        .action(REVIEW, "Review")
        .action(REJECT, "Reject")
        .timeout(Timeout::Never)
        .show_async()
        .await?;
    let action = tokio::select! {
        action = chosen(&handle) => action,
        _ = withdrawn => None,
    };
    // Answered, closed or no longer asked: it must not stay on the screen.
    handle.close_async().await;
    Ok(action)
}

async fn chosen(handle: &NotificationHandle) -> Option<String> {
    let mut action = None;
    handle
        .wait_for_action_async(|response: &NotificationResponse| {
            action = match response {
                NotificationResponse::Default => Some(REVIEW.to_owned()),
                NotificationResponse::Action(name) => Some(name.clone()),
                _ => None,
            };
        })
        .await;
    action
}

/// The sentence of the card in plain text, and how many more wait. Values of somebody else's stand in quotes, escaped.
fn body(sentence: &[SentencePart], of: u32) -> String {
    let mut text = String::new();
    for part in sentence {
        match part {
            SentencePart::Ours(words) | SentencePart::Rest(words) => text.push_str(words),
            SentencePart::Slot(value) => text.push_str(&format!("“{}”", shorten(&wire::text::escaped(value)))),
        }
    }
    if of > 1 {
        text.push_str(&format!(" {} more wait.", of - 1));
    }
    escape_markup(&text)
}

/// A long value is cut, and how much of it is not shown is said.
fn shorten(value: &str) -> String {
    match value.char_indices().nth(LONGEST_SLOT) {
        None => value.to_owned(),
        Some((end, _)) => format!("{} (+{} characters)", &value[..end], value[end..].chars().count()),
    }
}

/// The body of a notification is markup.
fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(value: &str) -> Vec<SentencePart> {
        vec![
            SentencePart::Ours("Write ".into()),
            SentencePart::Slot(value.into()),
            SentencePart::Rest(". It can be undone.".into()),
        ]
    }

    #[test]
    fn the_body_is_the_sentence_of_the_card() {
        assert_eq!(body(&sentence("notes.txt"), 1), "Write “notes.txt”. It can be undone.");
        assert_eq!(body(&sentence("a"), 3), "Write “a”. It can be undone. 2 more wait.");
    }

    #[test]
    fn a_new_server_is_told_by_its_name_and_by_nothing_it_says() {
        let entry = wire::view::ClientEntryView {
            server: "<b>x</b>\u{202e}".into(),
            place: "/mcpServers".into(),
            state: wire::view::EntryState::Open,
            through: None,
            runs: vec!["rm".into()],
            url: None,
            env: vec![],
            risks: vec![],
            why: None,
        };
        let view = UnguardedView {
            client: "cursor".into(),
            title: "Cursor".into(),
            file: "/h/.cursor/mcp.json".into(),
            entry,
            changed: false,
            digest: "d".into(),
        };
        assert_eq!(
            news(&[view.clone(), view]),
            "Cursor has a new server that Consentry doesn’t guard: “&lt;b&gt;x&lt;/b&gt;[U+202E RLO]”. 1 more."
        );
    }

    #[test]
    fn a_foreign_value_is_neither_markup_nor_hidden() {
        assert_eq!(
            body(&sentence("<b>Approved</b>&\u{202e}\n"), 1),
            "Write “&lt;b&gt;Approved&lt;/b&gt;&amp;[U+202E RLO]\\n”. It can be undone."
        );
    }

    #[test]
    fn a_long_value_says_how_much_is_not_shown() {
        let shown = body(&sentence(&"é".repeat(100)), 1);
        assert!(shown.contains(&format!("“{} (+40 characters)”", "é".repeat(60))), "{shown}");
    }
}
