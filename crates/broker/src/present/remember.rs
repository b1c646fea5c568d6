//! What a yes could be remembered as, and what was remembered, as sentences.

use super::{ours, slot};
use gate::grant::{Constraint, Grant, Lifetime, Offer, Remember};
use std::collections::BTreeMap;
use wire::view::{GrantView, RememberChoice, RememberField, RememberView, SentencePart};

/// What is offered. A field that may hold anything is not: that is suggested after like approvals, where it is proved.
pub(super) fn offer(offer: Offer) -> RememberView {
    let fields = offer.fields.into_iter().map(|(pointer, choices)| RememberField {
        name: name(&pointer),
        pointer,
        choices: choices.iter().filter(|c| **c != Constraint::Any).map(constraint).collect(),
    });
    RememberView { fields: fields.collect(), lifetimes: offer.lifetimes.into_iter().map(lifetime).collect() }
}

/// A choice, as the gate has it.
pub(crate) fn choice(choice: RememberChoice) -> Remember {
    let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    Remember {
        lifetime: lifetime_of(choice.lifetime),
        fields: choice.fields.into_iter().map(|(pointer, n)| (pointer, number(n))).collect(),
    }
}

/// A grant.
pub(crate) fn grant(grant: &Grant, dead: Option<String>) -> GrantView {
    GrantView {
        id: grant.id.to_string(),
        client: grant.client_name.clone(),
        server: grant.server_name.clone(),
        tool: grant.tool.clone(),
        fields: fields(&grant.fields),
        policies: grant.lifts.iter().cloned().collect(),
        made_at: grant.made_at,
        until: grant.until,
        conversation: grant.conversation.is_some(),
        uses: 0,
        last_used: None,
        dead,
    }
}

/// What may stand in each field, by name.
pub(crate) fn fields(fields: &BTreeMap<String, Constraint>) -> Vec<(String, Vec<SentencePart>)> {
    fields.iter().map(|(pointer, c)| (name(pointer), constraint(c))).collect()
}

/// A lifetime, as the gate has it.
pub(crate) fn lifetime_of(lifetime: wire::view::Lifetime) -> Lifetime {
    use wire::view::Lifetime as View;
    match lifetime {
        View::Quarter => Lifetime::Quarter,
        View::Hour => Lifetime::Hour,
        View::Conversation => Lifetime::Conversation,
        View::Always => Lifetime::Always,
    }
}

/// A lifetime, as it is shown.
pub(crate) fn lifetime(lifetime: Lifetime) -> wire::view::Lifetime {
    use wire::view::Lifetime as View;
    match lifetime {
        Lifetime::Quarter => View::Quarter,
        Lifetime::Hour => View::Hour,
        Lifetime::Conversation => View::Conversation,
        Lifetime::Always => View::Always,
    }
}

fn constraint(constraint: &Constraint) -> Vec<SentencePart> {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match constraint {
        Constraint::Exactly(value) => vec![ours("exactly "), slot(text(value))],
        Constraint::Under(folder) => vec![ours("anything in "), slot(folder.clone())],
        Constraint::Origin(origin) => vec![ours("any address at "), slot(origin.clone())],
        Constraint::AtMost(most) => vec![ours("at most "), slot(most.to_string())],
        Constraint::Any => vec![ours("anything not copied from others")],
    }
}

fn name(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace("~1", "/").replace("~0", "~")
}
