//! Where values came from, on the card and in the log.

use gate::audit::Record;
use gate::provenance::{Flow, Source, Standing, Traced};
use serde_json::{Value, json};
use wire::view::{ExcerptView, ProvenanceView, SourceView};

/// How many values a card and an entry tell the origin of.
const MOST: usize = 64;

/// For the card: every value that was traced, those that count first where there are many.
pub(crate) fn views(flow: &Flow) -> Vec<ProvenanceView> {
    let mut traced: Vec<&Traced> =
        flow.traced.iter().filter(|t| !t.sources.is_empty() || t.standing.is_suspect()).collect();
    traced.sort_by_key(|t| std::cmp::Reverse(t.standing.is_suspect() || t.carries));
    let view = |t: &Traced| ProvenanceView {
        pointer: t.pointer.clone(),
        standing: t.standing.word().to_owned(),
        decides: t.role.is_some() || t.carries,
        sources: t.sources.iter().map(source).collect(),
    };
    traced.into_iter().take(MOST).map(view).collect()
}

fn source(source: &Source) -> SourceView {
    let origin = &source.origin;
    let excerpt = source.excerpt().map(|e| ExcerptView { before: e.before, text: e.text, after: e.after });
    let excerpt = excerpt.unwrap_or_default();
    SourceView {
        call: origin.call.map(|call| call.to_string()).unwrap_or_default(),
        server: origin.server.to_string(),
        tool: origin.tool.as_deref().unwrap_or_default().to_owned(),
        matched: source.how.word().to_owned(),
        trust: trust(source).to_owned(),
        at: origin.at_ms,
        excerpt: [&*excerpt.before, &excerpt.text, &excerpt.after].concat(),
        parts: excerpt,
    }
}

fn trust(source: &Source) -> &'static str {
    match (source.origin.trust, source.origin.pinned, source.origin.open) {
        (gate::provenance::Trust::Names, ..) => "names",
        (_, true, _) => "description",
        (_, _, true) => "web",
        _ => "untrusted",
    }
}

/// What the log keeps of it: where each value stands that has a source or counts, without the text there.
pub(crate) fn noted(record: Record, flow: &Flow) -> Record {
    let told = |t: &&Traced| !t.sources.is_empty() || t.standing == Standing::Unknown;
    let values: Vec<Value> = flow.traced.iter().filter(told).take(MOST).map(value).collect();
    let exposed = [
        ("untrusted", flow.exposure.untrusted),
        ("private", flow.exposure.private),
        ("flagged", flow.exposure.flagged),
    ];
    let exposed: Vec<&str> = exposed.into_iter().filter_map(|(word, at)| at.map(|_| word)).collect();
    let new: Vec<String> = flow.new.iter().map(|place| format!("{}:{}", place.kind, place.value)).collect();
    record
        .with("provenance", values)
        .with("exposed", exposed)
        .with("new_destinations", new)
        .with("outward", flow.outward.then_some(true))
        .with("tainted_sensitive", flow.tainted_sensitive.then_some(true))
}

fn value(t: &Traced) -> Value {
    let sources = t.sources.iter().map(|source| {
        json!({
            "call": source.origin.call.map(|call| call.to_string()),
            "server": &*source.origin.server,
            "tool": source.origin.tool.as_deref(),
            "pointer": &*source.pointer,
            "offset": source.offset,
            "match": source.how.word(),
            "trust": trust(source),
        })
    });
    json!({"pointer": t.pointer, "standing": t.standing.word(), "sources": sources.collect::<Vec<_>>()})
}
