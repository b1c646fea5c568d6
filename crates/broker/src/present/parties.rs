//! Whether calls went before to whom this one goes. Marks only: nothing is decided by them, and what is not known is
//! said as such.

use crate::store::{Store, Times};
use gate::meaning::parties::{Party, is_inside, is_like, parties};
use std::time::Duration;
use wire::view::{ApprovalView, FindingView, Mark, MarkView, Severity};

/// How long a card waits for what was before.
const PATIENCE: Duration = Duration::from_millis(60);

/// What is known of one party.
#[derive(Default)]
struct Known {
    times: Option<Times>,
    like: Option<String>,
}

/// Adds to each value that names a host, an address or an account whether calls went there before.
pub(crate) async fn know(card: &mut ApprovalView, arguments: &[u8], store: &Store, own: &[String]) {
    let parties = parties(&gate::meaning::arguments(arguments));
    if parties.is_empty() {
        return;
    }
    let mut known: Vec<Known> = parties.iter().map(|_| Known::default()).collect();
    // What could not be found out in time stays unknown, which is not the same as seen before.
    let looked = tokio::time::timeout(PATIENCE, async {
        for (party, known) in parties.iter().zip(&mut known) {
            known.times = store.times(party).await.ok();
            if let Some(domain) = &party.domain {
                let mine = own.iter().find(|own| is_like(domain, own)).cloned();
                known.like = match mine {
                    Some(mine) => Some(mine),
                    None => store.domain_like(domain).await.ok().flatten(),
                };
            }
        }
    });
    if looked.await.is_err() {
        tracing::warn!("whom calls went to before could not be found out in time");
    }
    for (party, known) in parties.iter().zip(known) {
        add(card, party, known, own);
    }
    card.findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
}

fn add(card: &mut ApprovalView, party: &Party, known: Known, own: &[String]) {
    let holds = |pointer: &str| party.pointer.strip_prefix(pointer).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    let Some(value) = card.values.iter_mut().find(|value| holds(&value.pointer)) else { return };
    if known.like.is_some() {
        let message = "The domain can be taken for one that you know, and is another.".to_owned();
        let (class, pointer) = ("looks_like_another".to_owned(), party.pointer.clone());
        card.findings.push(FindingView { class, severity: Severity::Danger, pointer, message, excerpt: None });
    }
    let mark = Mark::Party {
        kind: party.kind.word().to_owned(),
        value: party.value.clone(),
        times: known.times.map(|t| t.times),
        last_at: known.times.and_then(|t| t.last_at),
        inside: is_inside(party, own),
        like: known.like,
    };
    value.marks.push(MarkView { pointer: party.pointer.clone(), mark });
}
