//! What the log says of a call: that it goes out, and that it did not.

use crate::corridor::Asked;
use crate::traffic::Counted;
use crate::{clock::now_ms, edits, present};
use gate::audit::Record;
use gate::call::CallId;
use gate::inspect;
use gate::permit::{Case, Permit, Refusal, shown_arguments};

/// A call that goes out.
pub(crate) fn intent(permit: &Permit, counted: &Counted) -> Record {
    let (case, (recipients, more)) = (permit.case(), counted.noted());
    let record = about(Record::new("intent", now_ms()), case)
        .with("consent", present::consent_word(permit.consent()))
        .with("approval", permit.approval().map(|a| a.to_string()).unwrap_or_default())
        .with("grant", permit.grant().map(|g| g.to_string()).unwrap_or_default())
        .with("policies", permit.reasons().iter().map(|r| r.policy.clone()).collect::<Vec<_>>())
        .with("volume", serde_json::json!(case.volume()))
        .with("call_numbers", String::from_utf8_lossy(&case.call.request.numbers).into_owned())
        .with("recipients", recipients)
        .with("more_recipients", (more > 0).then_some(more))
        .with_body("facts", edits::kept(permit.facts()));
    present::origins::noted(edits::noted(record, permit.changed()), &case.flow)
}

/// A call that did not go out.
pub(crate) fn refused(call: Option<CallId>, asked: &Asked, refusal: &Refusal) -> Record {
    let request = &asked.request;
    let mut record = Record::new("refused", now_ms())
        .with("result", refusal.kind.word())
        .with("message", refusal.message.clone())
        .with("policies", refusal.reasons.iter().map(|r| r.policy.clone()).collect::<Vec<_>>())
        .with("server", asked.trusted.server.name.clone())
        .with("tool", request.name.clone())
        .with("client", asked.client.name())
        .with("conversation", asked.conversation.as_ref())
        .with_body("arguments", shown_arguments(&request.parsed).unwrap_or(request.arguments.clone()));
    if let Some(facts) = &refusal.facts {
        record = record.with_body("facts", edits::kept(facts));
    }
    record.call = call;
    record
}

/// The call that a record is about.
pub(crate) fn about(record: Record, case: &Case) -> Record {
    let call = &case.call;
    record
        .call(call.id)
        .with("client", call.client.name())
        .with("client_identity", call.client.identity.to_string())
        .with("client_pid", call.client.pid)
        .with("claimed", call.client.claimed.clone().unwrap_or_default())
        .with("conversation", call.conversation.as_ref())
        .with("server", call.server.name.clone())
        .with("server_identity", call.server.identity.to_string())
        .with("tool", call.request.name.clone())
        .with("pin", call.tool.digest.to_string())
        .with("effects", call.tool.effects.iter().map(|e| e.word()).collect::<Vec<_>>())
        .with("findings", classes(&case.findings))
        .with("digest", call.digest().to_string())
        .with("carried", case.carried.iter().map(|data| data.class.clone()).collect::<Vec<_>>())
        .with("put_back", case.put_back.iter().map(|back| back.placeholder.clone()).collect::<Vec<_>>())
        .with_body("arguments", case.shown_arguments().clone())
}

pub(crate) fn classes(findings: &[inspect::Finding]) -> Vec<&'static str> {
    let mut classes: Vec<_> = findings.iter().map(|f| f.class).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}
