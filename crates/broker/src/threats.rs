//! What each client could be made to do with all that it uses: which tools show it private data, which show it text of
//! others, by which something leaves; and what would take one of the three away.

use crate::Broker;
use crate::clock::now_ms;
use crate::servers::Listing;
use gate::provenance::{Leg, legs};
use gate::tool::Tool;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use wire::Fault;
use wire::view::{CutView, ThreatView, ToolRef, TrustState};

/// How far back it is looked what a client used, in milliseconds: 30 days.
const SPAN: i64 = 30 * 24 * 60 * 60 * 1000;
/// The most entries that are read.
const MOST: usize = 200_000;

impl Broker {
    /// What a client could be made to do.
    ///
    /// # Errors
    /// `NotFound` for one that is not known, `Storage` when the log can't be read.
    pub async fn threats(&self, identity: &str) -> Result<ThreatView, Fault> {
        let known = self.known_client(identity)?;
        let mut used = BTreeSet::new();
        let note = |_, record: &Value| {
            let text = |name: &str| record.get(name).and_then(Value::as_str);
            if text("kind") == Some("intent") && text("client_identity") == Some(identity) {
                used.extend(text("server").map(str::to_owned));
            }
        };
        self.inner.store.back_to(now_ms() - SPAN, MOST, note).await?;
        let servers = &self.inner.corridor.servers;
        let view = self.servers().await;
        let trusted = view.servers.iter().filter(|s| matches!(s.trust, TrustState::Trusted | TrustState::Drifted));
        let listings = trusted.filter_map(|s| Some((s.name.clone(), servers.pinned(&s.name)?)));
        let (uses, others): (Vec<_>, Vec<_>) = listings.partition(|(name, _)| used.contains(name));
        let remote = servers.elsewhere();
        let of = |(name, listing): &(String, Arc<Listing>)| {
            let (name, remote) = (name.clone(), remote.contains(name));
            listing.tools.iter().map(move |tool| (name.clone(), tool.clone(), remote)).collect::<Vec<_>>()
        };
        let tools: Vec<(String, Arc<Tool>, bool)> = uses.iter().flat_map(of).collect();
        let mut view = weighed(&tools);
        view.identity = identity.to_owned();
        view.client = known.script.unwrap_or(known.program);
        view.servers = uses.iter().map(|(name, _)| name.clone()).collect();
        view.others = others.into_iter().map(|(name, _)| name).collect();
        Ok(view)
    }
}

/// What these tools can do together, each with its server, and whether that is remote.
fn weighed(tools: &[(String, Arc<Tool>, bool)]) -> ThreatView {
    let with = |leg: Leg| -> Vec<ToolRef> {
        let mut with: Vec<ToolRef> = tools
            .iter()
            .filter(|(_, tool, remote)| legs(tool, *remote).contains(&leg))
            .map(|(server, tool, _)| ToolRef { server: server.clone(), tool: tool.name.clone() })
            .collect();
        with.sort();
        with
    };
    let (private, untrusted, outward) = (with(Leg::Private), with(Leg::Untrusted), with(Leg::Outward));
    let together = !private.is_empty() && !untrusted.is_empty() && !outward.is_empty();
    let mut cuts = Vec::new();
    if together {
        for (leg, tools) in Leg::ALL.into_iter().zip([&private, &untrusted, &outward]) {
            cuts.push(CutView { leg: leg.word().to_owned(), tools: tools.clone() });
        }
        cuts.sort_by_key(|cut| cut.tools.len());
    }
    ThreatView { private, untrusted, outward, together, cuts, ..ThreatView::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate::tool::Effect;

    fn tool(name: &str, effects: &[Effect]) -> Arc<Tool> {
        let raw = serde_json::json!({"name": name, "inputSchema": {"type": "object"}}).to_string();
        Arc::new(Tool::parse(raw.into()).unwrap().with_effects(effects.to_vec()))
    }

    #[test]
    fn the_three_are_found_over_several_servers_and_the_least_that_cuts_them_comes_first() {
        let (read, list) = (tool("read_mail", &[Effect::Read]), tool("search_mail", &[Effect::Read]));
        let send = tool("post_message", &[Effect::Send]);
        let at = |server: &str, tool: &Arc<Tool>| (server.to_owned(), tool.clone(), false);
        let view = weighed(&[at("mail", &read), at("mail", &list)]);
        assert!(!view.together && view.cuts.is_empty());
        let view = weighed(&[at("mail", &read), at("mail", &list), at("chat", &send)]);
        assert!(view.together);
        let least = &view.cuts[0];
        assert_eq!((least.leg.as_str(), least.tools.len()), ("outward", 1));
        assert_eq!(least.tools[0], ToolRef { server: "chat".into(), tool: "post_message".into() });
        assert_eq!(view.cuts.iter().map(|cut| cut.tools.len()).collect::<Vec<_>>(), [1, 2, 2]);
    }
}
