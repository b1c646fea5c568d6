//! What comes back from a server: inspected, released on the terms of policy, and put into the words of the log.

use crate::clock::now_ms;
use crate::corridor::Corridor;
use crate::noted::classes;
use crate::present;
use crate::servers::Trusted;
use bytes::Bytes;
use gate::audit::Record;
use gate::call::CallId;
use gate::client::Client;
use gate::permit::{Refusal, RefusalKind};
use gate::provenance::Volume;
use gate::release::{Kind, Released, Spotlight, Terms, release};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use wire::view::FindingView;

/// How many bytes are inspected where they stand; more are taken aside, since other calls wait meanwhile.
const AT_ONCE: usize = 32 * 1024;

/// What was seen in a result, as it is kept and shown, and how much it shows.
#[derive(Default)]
pub(crate) struct Marks {
    findings: Vec<FindingView>,
    pub(crate) volume: Volume,
}

impl Corridor {
    /// Inspects what a server sent, and releases what the model may have of it.
    pub(crate) async fn release(
        &self,
        raw: Bytes,
        kind: Kind,
        from: &Trusted,
        asked: Option<(CallId, &str)>,
        to: (&Client, &Arc<str>),
    ) -> Result<(Released, Marks), Refusal> {
        let (client, conversation) = to;
        let held = self.withheld.of(conversation)?;
        let (policies, client, server) = (self.policies.current(), client.identity.to_string(), from.server.clone());
        let listing = asked.and_then(|_| self.servers.pinned(&server.name));
        let tool = listing.zip(asked).and_then(|(listing, (_, tool))| listing.tool(tool).cloned());
        let spotlight = self.spotlights.of(&server.name);
        let schema = tool.as_ref().and_then(|tool| tool.output_schema.clone());
        let (released, marks, raw) = aside(raw.len(), move || {
            let withhold = |class: &str| policies.withholds(&client, class);
            let terms = Terms {
                server: &server.alias,
                kind,
                trusted: false,
                spotlight,
                output_schema: schema.as_ref(),
                withhold: &withhold,
            };
            let released = release(raw.clone(), &terms, &mut held.lock());
            let findings = present::marks_of(&raw, released.findings());
            // How many records it shows is told before anything is set apart.
            let bytes_seen = i64::try_from(released.bytes().len()).unwrap_or(i64::MAX);
            let marks = Marks { findings, volume: Volume { bytes_seen, ..Volume::seen(&raw) } };
            (released, marks, raw)
        })
        .await?;
        self.remember(to, &raw, &released, (&from.server.name, tool.as_deref()), asked.map(|(call, _)| call)).await;
        Ok((released, marks))
    }
}

impl Corridor {
    /// A client gets what a server says on the way.
    pub(crate) fn told(&self, (client, conversation): (&Client, &Arc<str>), marks: &Marks) {
        self.traffic.showed(&self.recall.scope(client.identity, conversation.clone()), marks.volume, now_ms());
    }
}

/// What the outcome says of the bytes that go back: what was seen in them, and what was withheld.
pub(crate) fn came_back(record: Record, released: Option<&Released>, marks: &Marks) -> Record {
    let Some(released) = released else { return record.with("bytes", 0) };
    let mut withheld = serde_json::Map::new();
    for held in released.withheld() {
        let count = withheld.entry(held.class.clone()).or_insert(0.into());
        *count = (count.as_u64().unwrap_or(0) + 1).into();
    }
    let record = record
        .with("findings", classes(released.findings()))
        .with("bytes", released.bytes().len())
        // SHA-256 of the very bytes: what a client says it got can be held against it.
        .with("released", hex::encode(Sha256::digest(released.bytes())))
        .with("withheld", withheld)
        .with("uninspected", released.uninspected().to_vec())
        // The bytes stand in a field of their own.
        .with("volume", serde_json::json!(Volume { bytes_seen: 0, ..marks.volume }));
    let record = match released.spotlight() {
        Spotlight::Off => record,
        apart => record.with("spotlight", apart.word()),
    };
    match serde_json::to_vec(&marks.findings) {
        Ok(bytes) if !marks.findings.is_empty() => record.with_body("marks", bytes.into()),
        _ => record,
    }
}

/// Looks at so many bytes: many of them on a thread where nothing else waits.
pub(crate) async fn aside<T: Send + 'static>(
    bytes: usize,
    look: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    if bytes <= AT_ONCE {
        return Ok(look());
    }
    tokio::task::spawn_blocking(look).await.map_err(|e| {
        let why = format!("Inspection failed, so nothing of it is let through: {e}.");
        Refusal::new(RefusalKind::Unknown, why)
    })
}
