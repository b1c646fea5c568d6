//! Which scopes the tools of a server need: as their definitions say, and as the server said when it refused a call. Both
//! are the server's word: they explain a scope to a person, and let nothing run.

use crate::clock::now_ms;
use crate::store::Store;
use gate::call::Digest;
use gate::tool::Tool;
use remote::oauth::Scopes;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use wire::Fault;

/// The most needs that are kept of one server.
const MOST: usize = 2_000;

/// Tools, each with the scopes that a call of it was refused for want of.
type Seen = BTreeMap<String, BTreeSet<String>>;

/// What was seen, by server.
pub(crate) struct ScopeNeeds {
    store: Store,
    seen: Mutex<HashMap<Digest, Seen>>,
}

impl ScopeNeeds {
    pub(crate) async fn open(store: Store) -> Result<Self, Fault> {
        let mut seen: HashMap<Digest, Seen> = HashMap::new();
        for (server, tool, scope) in store.scope_needs().await? {
            seen.entry(server).or_default().entry(tool).or_default().insert(scope);
        }
        Ok(Self { store, seen: Mutex::new(seen) })
    }

    /// A call of this tool was refused for want of these.
    pub(crate) fn saw(&self, server: Digest, tool: &str, scopes: &Scopes) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let of_server = seen.entry(server).or_default();
        for scope in scopes.iter() {
            let full = of_server.values().map(BTreeSet::len).sum::<usize>() >= MOST;
            if full || !of_server.entry(tool.to_owned()).or_default().insert(scope.to_owned()) {
                continue;
            }
            let (store, tool, scope) = (self.store.clone(), tool.to_owned(), scope.to_owned());
            // Where it can't be kept, the next refusal says it again.
            drop(tokio::spawn(async move { store.note_scope_need(server, &tool, &scope, now_ms()).await }));
        }
    }

    /// What this tool is known to need that is not among the scopes which were given.
    pub(crate) fn lacking(&self, server: Digest, tool: &Tool, given: &[String]) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.get(&server).and_then(|of_server| of_server.get(&tool.name));
        let needed: BTreeSet<&String> = tool.scopes.iter().chain(seen.into_iter().flatten()).collect();
        needed.into_iter().filter(|scope| !given.contains(scope)).cloned().collect()
    }

    /// The tools that were refused for want of this scope.
    pub(crate) fn refused_without(&self, server: Digest, scope: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let tools = seen.get(&server).into_iter().flatten();
        tools.filter(|(_, scopes)| scopes.contains(scope)).map(|(tool, _)| tool.clone()).collect()
    }
}
