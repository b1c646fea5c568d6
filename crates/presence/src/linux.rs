//! polkit: the program of the desktop that asks for passwords shows words of ours that stand in a file of the
//! administrator's.

use super::{Subject, patience};
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;
use zbus_polkit::policykit1::{AuthorityProxy, AuthorizationResult, CheckAuthorizationFlags};

/// How long the bus or polkit may take for anything else.
const SHORT: Duration = Duration::from_secs(5);

/// What is asked, as `app.consentry.policy` names it.
const IN_WINDOW: &str = "app.consentry.confirm";
const ON_COMMAND_LINE: &str = "app.consentry.confirm-command";

pub(super) fn own_user() -> u32 {
    rustix::process::getuid().as_raw()
}

pub(super) async fn available(subject: &Subject) -> Result<(), String> {
    soon(async { would_ask(&authority().await?, subject).await }).await
}

async fn would_ask(authority: &AuthorityProxy<'_>, subject: &Subject) -> Result<(), String> {
    match check(authority, subject, false, "").await? {
        found if found.is_authorized => Err("the system would say yes without asking".into()),
        found if found.is_challenge => Ok(()),
        _ => Err("the system’s rules forbid it".into()),
    }
}

pub(super) async fn ask(subject: &Subject) -> Result<(), String> {
    let unasked = |why| format!("The system can’t ask you: {why}.");
    let authority = soon(authority()).await.map_err(unasked)?;
    // A yes that nobody was asked for proves nothing.
    soon(would_ask(&authority, subject)).await.map_err(unasked)?;
    let mut dialog = Dialog { authority: authority.clone(), id: uuid::Uuid::now_v7().to_string(), open: true };
    let asked = check(&authority, subject, true, &dialog.id);
    let Ok(answer) = tokio::time::timeout(patience(), asked).await else {
        return Err("Nobody answered the system’s dialog in time. Nothing was approved.".into());
    };
    dialog.open = false;
    let answer = answer.map_err(|why| format!("The system could not ask you: {why}."))?;
    match answer.details.get("polkit.dismissed") {
        _ if answer.is_authorized => Ok(()),
        Some(_) => Err("The system’s dialog was closed. Nothing was approved.".into()),
        None if answer.is_challenge => {
            Err("No program of this desktop asks for passwords (there is no polkit agent). Use a passphrase.".into())
        }
        None => Err("The system was not convinced that it is you. Nothing was approved.".into()),
    }
}

/// The system's dialog, which goes with this: nobody waits for its answer any more.
struct Dialog {
    authority: AuthorityProxy<'static>,
    id: String,
    open: bool,
}

impl Drop for Dialog {
    fn drop(&mut self) {
        if self.open {
            let (authority, id) = (self.authority.clone(), std::mem::take(&mut self.id));
            // That it can't be told so changes nothing about the answer.
            drop(tokio::spawn(async move {
                soon(async { authority.cancel_check_authorization(&id).await.map_err(words) }).await
            }));
        }
    }
}

async fn soon<T>(what: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(SHORT, what).await.unwrap_or_else(|_| Err("polkit does not answer".into()))
}

async fn authority() -> Result<AuthorityProxy<'static>, String> {
    let bus = zbus::Connection::system().await.map_err(|_| "there is no system bus".to_owned())?;
    AuthorityProxy::new(&bus).await.map_err(|_| "there is no polkit".to_owned())
}

async fn check(
    authority: &AuthorityProxy<'_>,
    subject: &Subject,
    may_ask: bool,
    cancellation: &str,
) -> Result<AuthorizationResult, String> {
    let who = zbus_polkit::policykit1::Subject::new_for_owner(subject.pid, subject.start_time, Some(subject.uid));
    let who = who.map_err(|_| "this process can’t be described to polkit".to_owned())?;
    let action = if subject.is_ours() { IN_WINDOW } else { ON_COMMAND_LINE };
    let details: HashMap<&str, &str> = HashMap::new();
    let flags = if may_ask { CheckAuthorizationFlags::AllowUserInteraction.into() } else { Default::default() };
    authority.check_authorization(&who, action, &details, flags, cancellation).await.map_err(words)
}

/// What polkit said, for a person.
fn words(error: zbus::Error) -> String {
    let said = error.to_string();
    match () {
        () if said.contains("not registered") => "its file app.consentry.policy is not installed".into(),
        () if said.contains("ServiceUnknown") || said.contains("NameHasNoOwner") => "there is no polkit".into(),
        () => "polkit failed".into(),
    }
}
