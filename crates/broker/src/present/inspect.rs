//! A text that the person pasted, as inspection sees it: the same that calls and results pass through.

use super::finding;
use gate::inspect::{self, Kind, unicode};
use std::collections::BTreeMap;
use wire::view::{HiddenView, InspectView, TextKind};
use wire::{Fault, FaultCode};

/// The longest text that is taken, in bytes.
const LONGEST: usize = 1024 * 1024;

/// The most findings and hidden texts that are told one by one.
const MOST: usize = 100;

/// What inspection makes of a text, under rules that withhold these classes from a model.
///
/// # Errors
/// `Invalid` for more than a megabyte.
pub(crate) fn inspect(kind: TextKind, text: &str, withholds: impl Fn(&str) -> bool) -> Result<InspectView, Fault> {
    if text.len() > LONGEST {
        return Err(Fault::new(FaultCode::Invalid, "That is more than 1 MB. Paste a part of it."));
    }
    let kind = match kind {
        TextKind::ToolOutput => Kind::ToolOutput,
        TextKind::ToolDescription => Kind::ToolDescription,
        TextKind::Argument => Kind::Argument,
    };
    let mut inspected = inspect::text(kind, text);
    let mut data: BTreeMap<&'static str, u32> = BTreeMap::new();
    for datum in &inspected.data {
        *data.entry(inspect::data::words(datum.class)).or_default() += 1;
    }
    let is_data = |class: &str| inspected.data.iter().any(|datum| datum.class == class);
    let odd = inspected.findings.iter().filter(|found| !is_data(found.class)).take(MOST);
    let findings = odd.map(|found| finding(found, Some(text))).collect();
    let reading = unicode::read(text);
    let hidden = reading.decoded.iter().take(MOST).map(|hidden| HiddenView {
        how: hidden.how.iter().map(|how| (*how).to_owned()).collect(),
        text: hidden.text.clone(),
    });
    let hidden = hidden.collect();
    let reads = (reading.plain != text).then(|| reading.plain.to_string());
    inspected.data.retain(|datum| withholds(datum.class));
    let redacted = (!inspected.data.is_empty()).then(|| inspected.redacted(text));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a hundred")]
    let injection = (inspected.injection * 100.0).round().clamp(0.0, 100.0) as u8;
    let data = data.into_iter().map(|(words, count)| (words.to_owned(), count)).collect();
    Ok(InspectView { injection, flagged: inspected.flagged, findings, reads, hidden, data, redacted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart() {
        let text = "Card 4111 1111 1111 1111, a@post.example. aGVsbG8gdGhlcmUgbXkgZnJpZW5k\u{200B}";
        let view = inspect(TextKind::ToolOutput, text, |class| class == "personal.payment_card").unwrap();
        assert!(view.redacted.as_ref().is_some_and(|t| !t.contains("4111") && t.contains("a@post.example")));
        assert_eq!(view.data.iter().map(|(_, n)| n).sum::<u32>(), 2, "{:?}", view.data);
        assert!(view.findings.iter().any(|f| f.class == "hidden_characters" && f.excerpt.is_some()), "{view:?}");
        assert!(view.reads.is_some_and(|reads| !reads.contains('\u{200B}')));
    }

    #[test]
    fn a_text_that_is_too_long_is_refused() {
        let fault = inspect(TextKind::ToolOutput, &"x".repeat(LONGEST + 1), |_| false).unwrap_err();
        assert_eq!(fault.code, FaultCode::Invalid);
    }
}
