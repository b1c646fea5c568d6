//! What policies were told of a call, in a form that can be kept and judged again later.

use super::{Carried, Destination, Facts, FlowFacts};
use crate::provenance::SoFar;
use crate::token::Token;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The facts of one judgement, but for the arguments and the time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptFacts {
    /// The proved client.
    pub client: String,
    /// The server's alias.
    pub server: String,
    /// The tool's real name.
    pub tool: String,
    /// What the arguments reach: kind and value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<(String, String)>,
    /// Classes of what inspection saw in the arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// Classes of data that the call would carry to the server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<Carried>,
    /// The person let this client in.
    pub client_known: bool,
    /// The tool or its server is another than was approved.
    pub drifted: bool,
    /// The arguments name our own files, a client's configuration, autostart or the keyring.
    pub names_protected: bool,
    /// Where its values come from, and where they go.
    pub flow: FlowFacts,
    /// How much went through before, with this call.
    pub so_far: SoFar,
    /// The token that would go along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
}

impl KeptFacts {
    /// The facts as they are judged: with the arguments and the time.
    pub fn with<T>(&self, arguments: &Value, now_ms: i64, then: impl FnOnce(&Facts<'_>) -> T) -> T {
        let kind = |word: &str| ["host", "address", "path"].into_iter().find(|kind| *kind == word);
        let place = |(word, value): &(String, String)| Some(Destination { kind: kind(word)?, value: value.clone() });
        let destinations: Vec<Destination> = self.destinations.iter().filter_map(place).collect();
        then(&Facts {
            client: &self.client,
            server: &self.server,
            tool: &self.tool,
            arguments,
            destinations: &destinations,
            findings: &self.findings,
            carried: &self.carried,
            client_known: self.client_known,
            drifted: self.drifted,
            names_protected: self.names_protected,
            flow: &self.flow,
            so_far: &self.so_far,
            token: self.token.as_ref(),
            now_ms,
        })
    }
}
