//! Where a call reaches, as an entity in everything that contains it: a host in its parent domains, an address in its
//! domain, a file in its folders.

use cedar_policy_core::ast::{Eid, Entity, EntityType, EntityUID, PartialValue, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// A host, address or path that a call's arguments name; or who would receive data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// `host`, `address` or `path`; for data also `server` or `model`.
    pub kind: &'static str,
    /// Foreign. A host name or IP address; an address with `@`; a path.
    pub value: String,
}

/// More levels than this are no real place.
const MAX_LEVELS: usize = 128;

impl Destination {
    /// The entity that policies see, with everything it is in. `None` where it has more than 128 levels.
    pub(super) fn entity(&self, kind: &EntityType) -> Option<Arc<Entity>> {
        let (value, containers) = match self.kind {
            "host" => {
                let host = normal_host(&self.value);
                let parents = parents(&host);
                (host, parents)
            }
            "address" => self.address(),
            "path" => folders(&self.value),
            _ => (self.value.clone(), Vec::new()),
        };
        if containers.len() > MAX_LEVELS {
            return None;
        }
        let named = |name: String| EntityUID::from_components(kind.clone(), Eid::new(name), None);
        let uid = |kind_word: &str, value: &str| named(format!("{kind_word}:{value}"));
        let containers: HashSet<_> = match self.kind {
            // All servers, all models.
            "server" | "model" => HashSet::from([named(self.kind.to_owned())]),
            "path" => containers.iter().map(|c| uid("path", c)).collect(),
            _ => containers.iter().map(|c| uid("host", c)).collect(),
        };
        let attributes = [("kind", self.kind), ("value", &value)]
            .map(|(name, text)| (name.into(), PartialValue::Value(Value::from(text))));
        let uid = uid(self.kind, &value);
        Some(Arc::new(Entity::new_with_attr_partial_value(uid, attributes, HashSet::new(), containers, [])))
    }

    fn address(&self) -> (String, Vec<String>) {
        let Some((mailbox, domain)) = self.value.rsplit_once('@') else { return (self.value.clone(), Vec::new()) };
        let host = normal_host(domain);
        let mut containers = parents(&host);
        let value = format!("{mailbox}@{host}");
        containers.push(host);
        (value, containers)
    }
}

fn normal_host(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_lowercase()
}

/// The domains a host is in, without the top-level one. An IP address is in none.
fn parents(host: &str) -> Vec<String> {
    if host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok() {
        return Vec::new();
    }
    let mut parents = Vec::new();
    let mut rest = host;
    while let Some((_, parent)) = rest.split_once('.') {
        if !parent.contains('.') {
            break;
        }
        parents.push(parent.to_owned());
        rest = parent;
    }
    parents
}

/// The path without `.`, `..` and doubled separators, and the folders it is in, `/` included. Links are not followed:
/// the gate reads no disk.
fn folders(path: &str) -> (String, Vec<String>) {
    let bytes = path.as_bytes();
    let windows = bytes.get(1) == Some(&b':') && bytes[0].is_ascii_alphabetic() || path.starts_with("\\\\");
    let path = if windows { path.replace('\\', "/") } else { path.to_owned() };
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            // Above the root is the root.
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let root = if absolute { "/" } else { "" };
    let mut folders: Vec<String> =
        (1..parts.len()).map(|n| format!("{root}{}", parts[..n].join("/"))).take(MAX_LEVELS + 1).collect();
    if absolute && !parts.is_empty() {
        folders.push("/".to_owned());
    }
    (format!("{root}{}", parts.join("/")), folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(kind: &'static str, value: &str) -> (String, Vec<String>) {
        let destination = Destination { kind, value: value.into() };
        let entity_type = EntityType::from_normalized("Destination");
        let entity = destination.entity(&entity_type).expect("few levels");
        let mut containers: Vec<String> = entity.ancestors().map(|a| a.eid().as_ref().to_owned()).collect();
        containers.sort();
        (entity.uid().eid().as_ref().to_owned(), containers)
    }

    trait Normalized {
        fn from_normalized(name: &str) -> Self;
    }
    impl Normalized for EntityType {
        fn from_normalized(name: &str) -> Self {
            name.parse().expect("a type")
        }
    }

    #[test]
    fn a_host_is_in_its_parent_domains() {
        assert_eq!(
            seen("host", "Mail.EU.acme.com."),
            ("host:mail.eu.acme.com".into(), vec!["host:acme.com".into(), "host:eu.acme.com".into()])
        );
        assert_eq!(seen("host", "localhost").1, Vec::<String>::new());
        assert_eq!(seen("host", "10.0.0.1").1, Vec::<String>::new());
    }

    #[test]
    fn an_address_is_in_its_domain() {
        let (id, containers) = seen("address", "Ann@Mail.Acme.com");
        assert_eq!(id, "address:Ann@mail.acme.com");
        assert_eq!(containers, ["host:acme.com", "host:mail.acme.com"]);
    }

    #[test]
    fn a_path_is_in_its_folders_and_dots_do_not_lead_astray() {
        let (id, containers) = seen("path", "/home/ann/docs/../.ssh//id");
        assert_eq!(id, "path:/home/ann/.ssh/id");
        assert_eq!(containers, ["path:/", "path:/home", "path:/home/ann", "path:/home/ann/.ssh"]);
        assert_eq!(seen("path", "/../../etc").0, "path:/etc");
        assert_eq!(seen("path", "../x").0, "path:../x");
        assert_eq!(seen("path", r"C:\Users\ann\x").1, ["path:C:", "path:C:/Users", "path:C:/Users/ann"]);
    }

    #[test]
    fn an_endless_path_is_no_place() {
        let destination = Destination { kind: "path", value: "/a".repeat(5_000) };
        assert!(destination.entity(&EntityType::from_normalized("Destination")).is_none());
    }
}
