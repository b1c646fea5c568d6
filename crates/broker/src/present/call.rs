//! The card of a call.

use super::{blank, client, destination, effect, finding, marks, reason, tool};
use gate::call::scalars;
use gate::meaning::{self, Argument, Part};
use gate::permit::Case;
use gate::policy::{Judgement, Needed};
use gate::provenance::SoFar;
use gate::tool::Tool;
use serde_json::Value;
use wire::view::{ActView, ApprovalKind, ApprovalView, ArgumentView, LeavesView, Level, PinState, SentencePart};

/// How many values that would leave are told one by one.
const MOST_LEAVE: usize = 200;

/// The card of a call.
pub(crate) fn call(case: &Case, judgement: &Judgement, client_known: bool, so_far: SoFar) -> ApprovalView {
    let call = &case.call;
    let high = judgement.needed == Needed::StepUp;
    let mut view = blank(ApprovalKind::Call, &call.server.name);
    view.level = if high { Level::StepUp } else { Level::Approve };
    view.client = client(&call.client, client_known);
    view.tool.clone_from(&call.request.name);
    view.arguments = case.shown_parsed().clone();
    view.reasons = judgement.reasons.iter().map(reason).collect();
    let figures = super::so_far::figures(&so_far.with(case.volume()));
    for (reason, _) in
        view.reasons.iter_mut().zip(&judgement.reasons).filter(|(_, rule)| rule.counts && !figures.is_empty())
    {
        reason.why = format!("{} {figures}", reason.why);
    }
    // Where something is not shown, a finding may be about just that.
    let text = |pointer: &str| case.shown_parsed().pointer(pointer)?.as_str().filter(|_| case.is_shown_whole());
    view.findings = case.findings.iter().map(|found| finding(found, text(&found.pointer))).collect();
    view.leaves = leaves(case);
    view.provenance = super::origins::views(&case.flow);
    view.traced = true;
    view.effects = call.tool.effects.iter().copied().map(effect).collect();
    view.destinations = case.destinations.iter().map(destination).collect();
    let arguments = meaning::arguments(case.shown_arguments());
    let said = meaning::sentence(&call.tool, &call.server.name, &arguments, &case.destinations);
    view.sentence = said.parts.into_iter().map(part).collect();
    view.values = values(&arguments, &call.tool);
    view.arguments_text = String::from_utf8_lossy(case.shown_arguments()).into_owned();
    view.definition = Some(tool(&call.tool, PinState::Pinned, true));
    view.act = high.then(|| act(case));
    view.remember = gate::grant::offer(case, judgement).map(super::remember::offer);
    view
}

/// The data that would leave with a call.
fn leaves(case: &Case) -> Vec<LeavesView> {
    let words = |class: &str| gate::inspect::data::words(class).to_owned();
    let back = case.put_back.iter().map(|back| LeavesView {
        class: back.class.clone(),
        words: words(&back.class),
        pointer: back.pointer.clone(),
        shown: back.placeholder.clone(),
        put_back: true,
        from: back.from.clone(),
        from_there: back.from.contains(&case.call.server.alias),
    });
    let clear = case.in_clear.iter().map(|clear| LeavesView {
        class: clear.class.to_owned(),
        words: words(clear.class),
        pointer: clear.pointer.clone(),
        shown: clear.shown.clone(),
        put_back: false,
        from: Vec::new(),
        from_there: false,
    });
    back.chain(clear).take(MOST_LEAVE).collect()
}

/// The value that must be picked before a high-risk yes: who gets it, else how much, else the first short text.
fn act(case: &Case) -> ActView {
    let truth = salient(case);
    let seed = case.call.digest().0;
    let mut choices = vec![truth.clone()];
    for round in 0..2usize {
        let decoy = altered(&truth, &seed[round * 8..]);
        if !choices.contains(&decoy) {
            choices.push(decoy);
        }
    }
    let shift = usize::from(seed[31]) % choices.len();
    choices.rotate_left(shift);
    ActView { question: "Which of these is in this call?".into(), choices }
}

/// The value the act is about.
pub(crate) fn salient(case: &Case) -> String {
    const FIRST: &[&str] = &["recipient", "account", "iban", "to", "payee", "amount", "user", "email", "id", "name"];
    let texts: Vec<(String, String)> = scalars(case.shown_parsed())
        .into_iter()
        .filter_map(|(pointer, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let fits = (2..=80).contains(&text.chars().count()) && !value.is_null() && !value.is_boolean();
            fits.then(|| (pointer.rsplit('/').next().unwrap_or_default().to_lowercase(), text))
        })
        .collect();
    let named = FIRST.iter().find_map(|f| texts.iter().find(|(name, _)| name == f));
    named.or(texts.first()).map_or_else(|| case.call.request.name.clone(), |(_, text)| text.clone())
}

/// The same kind of value, but another one: two of its letters or digits changed.
fn altered(truth: &str, seed: &[u8]) -> String {
    let mut chars: Vec<char> = truth.chars().collect();
    let places: Vec<usize> =
        chars.iter().enumerate().filter(|(_, c)| c.is_ascii_alphanumeric()).map(|(i, _)| i).collect();
    if places.is_empty() {
        return format!("{truth} {}", seed.first().copied().unwrap_or(7));
    }
    for (n, byte) in seed.iter().take(2).enumerate() {
        let place = places[(usize::from(*byte) + n * 3) % places.len()];
        let c = chars[place];
        let step = 1 + byte % 8;
        chars[place] = match c {
            '0'..='9' => char::from(b'0' + (c as u8 - b'0' + step) % 10),
            'a'..='z' => char::from(b'a' + (c as u8 - b'a' + step) % 26),
            'A'..='Z' => char::from(b'A' + (c as u8 - b'A' + step) % 26),
            other => other,
        };
    }
    chars.into_iter().collect()
}

fn part(part: Part) -> SentencePart {
    match part {
        Part::Ours(text) => SentencePart::Ours(text),
        Part::Slot(text) => SentencePart::Slot(text),
        Part::Rest(text) => SentencePart::Rest(text),
    }
}

/// The arguments in the order of the bytes: texts without their quotes, anything else exactly as it was written.
fn values(arguments: &[Argument], tool: &Tool) -> Vec<ArgumentView> {
    let mut marks = marks::of(arguments);
    arguments
        .iter()
        .map(|argument| {
            let pointer = format!("/{}", gate::call::token(&argument.name));
            let inside = format!("{pointer}/");
            let (mine, others) = std::mem::take(&mut marks)
                .into_iter()
                .partition(|m: &wire::view::MarkView| m.pointer == pointer || m.pointer.starts_with(&inside));
            marks = others;
            ArgumentView {
                name: argument.name.clone(),
                text: argument.value.as_str().map_or_else(|| argument.raw.clone(), str::to_owned),
                kind: match argument.value {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                }
                .into(),
                declared: tool.declares(&argument.name),
                marks: mine,
                pointer,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoy_is_another_value_of_the_same_shape() {
        for truth in ["DE89370400440532013000", "150.00", "ann@example.org", "7"] {
            for seed in [[1u8, 2, 3], [9, 9, 9], [255, 0, 128]] {
                let decoy = altered(truth, &seed);
                assert_eq!(decoy.chars().count(), truth.chars().count(), "{truth} {decoy}");
            }
        }
        assert_ne!(altered("DE89370400440532013000", &[1, 2]), "DE89370400440532013000");
    }
}
