//! The token that would go along with a call to a server elsewhere: what is known of it, never the token itself.

use serde::{Deserialize, Serialize};

/// The token of a login, as a call would carry it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Token {
    /// Its name in the log.
    pub fingerprint: String,
    /// Who issued it.
    pub issuer: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// What it may be used for though the person did not tick it: its issuer gave more than was asked for.
    pub beyond: Vec<String>,
    /// Whom it says it is for, where that is not the server it would be sent to. Read, not verified.
    pub for_others: Vec<String>,
    /// No call of this client went out with this login before.
    pub first_use: bool,
    /// What the tool is known to need, by its server's word, that the token may not be used for.
    pub lacks: Vec<String>,
}

impl Token {
    /// What is odd about it, as classes of findings.
    pub fn findings(&self) -> Vec<&'static str> {
        let odd = [
            (!self.for_others.is_empty(), "token_for_another"),
            (!self.beyond.is_empty(), "token_over_broad"),
            (self.first_use, "token_first_use"),
            (!self.lacks.is_empty(), "token_lacks_scope"),
        ];
        odd.into_iter().filter_map(|(is, class)| is.then_some(class)).collect()
    }
}
