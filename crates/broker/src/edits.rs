//! A call that the person changes before a yes, from what they wrote to the new card; and telling the model.

use crate::corridor::{Corridor, Reply};
use crate::desk::Behind;
use bytes::Bytes;
use gate::approval::By;
use gate::audit::Record;
use gate::call::{ApprovalId, Call, Digest};
use gate::edit::{Change, Changed, Edit};
use gate::permit::Question;
use gate::policy::KeptFacts;
use gate::provenance::SoFar;
use wire::text::escaped;
use wire::view::{ApprovalView, EditView, FieldEdit};
use wire::{Fault, FaultCode};

/// How many changed values the model is told by name.
const NAMED: usize = 12;

impl Corridor {
    /// Changes the call that is asked about and has the digest `shown`, and gives the new card. These are all changes to
    /// what was asked: what is not among them is as it was.
    ///
    /// # Errors
    /// `Gone`, `DigestMismatch`, `Invalid` where the call can't be changed so, `Storage` when it can't be written.
    pub(crate) async fn edit(
        &self,
        id: ApprovalId,
        shown: Digest,
        edits: Vec<FieldEdit>,
        by: By,
    ) -> Result<ApprovalView, Fault> {
        let (draft, behind) = self.desk.behind(id, shown)?;
        let edits = edits.into_iter().map(|edit| Edit { pointer: edit.pointer, value: edit.value }).collect();
        let now = |call: &Call| self.circumstances(call, behind.so_far);
        let invalid = |why: String| Fault::new(FaultCode::Invalid, format!("{why} Nothing was changed."));
        let draft = draft.edit(edits, &self.policies.current(), now).map_err(|fault| invalid(fault.to_string()))?;
        let mut card = self.card(draft.case(), draft.judgement(), &behind.words, behind.so_far).await;
        card.edits = draft.changes().iter().map(view).collect();
        if !card.edits.is_empty() {
            card.remember = None;
        }
        self.desk.revise(id, shown, draft, card, by).await
    }
}

/// What the desk keeps of a question about a call.
pub(crate) fn behind(question: &Question, words: &[String], so_far: SoFar) -> Behind {
    Behind {
        group: group(&question.case().call),
        draft: question.draft().map(Box::new),
        words: words.to_vec(),
        so_far,
        client: question.case().call.client.identity,
        pinned: (question.case().call.server.identity, question.case().call.tool.digest),
        facts: kept(question.facts()),
    }
}

/// What policies were told of a call, as the log keeps it.
pub(crate) fn kept(facts: &KeptFacts) -> Bytes {
    serde_json::to_vec(facts).unwrap_or_default().into()
}

/// Calls that are shown together: of one client, conversation, server and tool.
fn group(call: &Call) -> Digest {
    let parts: [&[u8]; 4] =
        [&call.client.identity.0, call.conversation.as_bytes(), &call.server.identity.0, call.tool.name.as_bytes()];
    Digest::of("consentry batch 1", &parts)
}

fn view(change: &Change) -> EditView {
    let from = serde_json::from_str::<String>(&change.from).unwrap_or_else(|_| change.from.clone());
    EditView { pointer: change.pointer.clone(), from, value: change.to.clone() }
}

/// What the intent says of a changed call: what was asked, beside what is sent.
pub(crate) fn noted(record: Record, changed: Option<&Changed>) -> Record {
    let Some(changed) = changed else { return record };
    record
        .with("edited", changed.changes.iter().map(|change| change.pointer.clone()).collect::<Vec<_>>())
        .with("asked_digest", changed.asked.to_string())
        .with_body("arguments_asked", changed.arguments.clone())
}

/// What the model is told of a changed call. The names are the model's own, the values stay with the server.
pub(crate) fn note(changed: &Changed) -> String {
    let named: Vec<String> = changed.changes.iter().take(NAMED).map(|c| format!("`{}`", name(&c.pointer))).collect();
    let more = changed.changes.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = named.join(", ");
    format!(
        "[Note from Consentry, not from the server] The user changed this call before approving it: {named}{more}. It ran \
         with the user’s values, not with yours. Don’t undo that; ask the user if it matters."
    )
}

/// A pointer, short and escaped.
fn name(pointer: &str) -> String {
    let name = pointer.strip_prefix('/').unwrap_or(pointer);
    let short: String = name.chars().take(80).collect();
    let cut = if short.len() < name.len() { "…" } else { "" };
    format!("{}{cut}", escaped(&short))
}

/// The reply, with a word about what was changed where it can hold one.
pub(crate) fn told(reply: Reply, note: Option<String>) -> Reply {
    match (reply, note) {
        (Reply::Result(released), Some(note)) => Reply::Result(released.with_note(&note)),
        (Reply::Refused(mut refusal), Some(note)) => {
            refusal.message = format!("{} {note}", refusal.message);
            Reply::Refused(refusal)
        }
        (reply, _) => reply,
    }
}
