//! What the person gives to prove to be there, on its way from where it is typed to the broker.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// Something typed that nobody else may read: not shown by `Debug`, wiped when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// As it was typed.
    pub fn new(typed: String) -> Self {
        Self(Zeroizing::new(typed))
    }

    /// What was typed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// How the person proves to be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "means", rename_all = "snake_case")]
pub enum Given {
    /// By the passphrase chosen for Consentry.
    Passphrase {
        /// It.
        passphrase: Secret,
    },
    /// To the operating system, which is to ask now.
    System,
}

/// How the person could prove to be there now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofView {
    /// Whether the operating system can ask.
    pub system: bool,
    /// Why it can't, where it can't.
    #[serde(default)]
    pub no_system: String,
    /// Whether a passphrase was chosen.
    pub passphrase: bool,
    /// Until when no passphrase is tried, after several wrong ones.
    #[serde(default)]
    pub wait_until: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_travels_and_is_never_shown() {
        let given = Given::Passphrase { passphrase: Secret::new("correct horse".into()) };
        assert!(!format!("{given:?}").contains("horse"));
        let sent = serde_json::to_string(&given).unwrap();
        assert_eq!(serde_json::from_str::<Given>(&sent).unwrap(), given);
    }
}
