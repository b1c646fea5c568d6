//! Tools as their server defines them, what they can do, and the pin of what was approved.

pub mod difference;
mod effects;

pub(crate) use effects::words;

use crate::audit::canonical;
use crate::call::{Digest, can_be_pointed_into};
use crate::inspect::{self, Finding};
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a tool can do. Every tool has at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Looks, changes nothing.
    Read,
    /// Changes or creates something.
    Write,
    /// Removes something.
    Delete,
    /// Data leaves to others.
    Send,
    /// Runs a program or code.
    Execute,
    /// Moves money or buys.
    Pay,
    /// Changes who may do what.
    Privilege,
}

impl Effect {
    /// All effects, the mildest first.
    pub const ALL: [Self; 7] =
        [Self::Read, Self::Write, Self::Delete, Self::Send, Self::Execute, Self::Pay, Self::Privilege];

    /// The word used in policies.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Send => "send",
            Self::Execute => "execute",
            Self::Pay => "pay",
            Self::Privilege => "privilege",
        }
    }
}

/// A tool's definition (`Tool` of MCP 2024-11-05 to 2025-11-25), compiled once, when it is pinned or listed.
#[derive(Debug)]
pub struct Tool {
    /// Foreign: its name.
    pub name: String,
    /// Foreign: `title`, or `annotations.title`.
    pub title: Option<String>,
    /// Foreign.
    pub description: String,
    /// The definition as the server sent it.
    pub raw: Bytes,
    /// `inputSchema`.
    pub schema: Value,
    /// `outputSchema`, which structured results fit.
    pub output_schema: Option<Value>,
    /// SHA-256 over the definition in canonical form.
    pub digest: Digest,
    /// What it can do, the mildest first.
    pub effects: Vec<Effect>,
    /// What its definition says it can do: the same, unless a person set something else.
    pub derived: Vec<Effect>,
    /// Whether its definition is that of one that fetches what anybody may have put on the net.
    pub fetches: bool,
    /// Whether its definition says that it reaches beyond its server (`openWorldHint`, a claim that only raises the risk).
    pub open_world: bool,
    /// Foreign: the scopes that its definition says it needs (`securitySchemes`), a claim.
    pub scopes: Vec<String>,
    /// What inspection saw in the definition.
    pub findings: Vec<Finding>,
    validator: Option<Arc<jsonschema::Validator>>,
}

/// Why a definition can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// Not JSON, or not an object.
    #[error("a tool definition is not an object")]
    NotAnObject,
    /// No name, or an empty one, or one of more than 256 bytes.
    #[error("a tool definition has no usable name")]
    NoName,
    /// Two tools with one name.
    #[error("two tools are both named `{}`", wire::text::escaped(.0))]
    Twice(String),
    /// Larger than anybody could read.
    #[error("the definition of the tool `{}` has {bytes} bytes, or names that are too long for its values; the limit is {limit}", wire::text::escaped(.name), limit = Tool::MAX_BYTES)]
    TooLarge {
        /// Foreign.
        name: String,
        /// How many.
        bytes: usize,
    },
}

/// The most scopes that a definition may name, and the longest of them, in bytes.
const MOST_SCOPES: usize = 64;
const LONGEST_SCOPE: usize = 256;

/// The scopes that a definition names: `securitySchemes` with `oauth2` among them, there or in `_meta`, as the Apps SDK
/// has it and SEP-1488 proposes it.
fn declared_scopes(definition: &serde_json::Map<String, Value>) -> Vec<String> {
    let named =
        |object: &serde_json::Map<String, Value>| object.get("securitySchemes").and_then(Value::as_array).cloned();
    let meta = definition.get("_meta").and_then(Value::as_object);
    let schemes = named(definition).or_else(|| meta.and_then(named)).unwrap_or_default();
    let oauth = schemes.iter().filter(|scheme| scheme.get("type").and_then(Value::as_str) == Some("oauth2"));
    let scopes = oauth.filter_map(|scheme| scheme.get("scopes")?.as_array()).flatten().filter_map(Value::as_str);
    // RFC 6749 section 3.3: printable ASCII but for blanks, quotes and backslashes.
    let fine = |scope: &&str| {
        let allowed = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        !scope.is_empty() && scope.len() <= LONGEST_SCOPE && scope.bytes().all(allowed)
    };
    let mut scopes: Vec<String> = scopes.filter(fine).take(MOST_SCOPES).map(str::to_owned).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

impl Tool {
    /// The largest definition that is taken, in bytes.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Reads one definition. Network and file references in its schema are never followed.
    pub fn parse(raw: Bytes) -> Result<Self, ToolFault> {
        let value: Value = serde_json::from_slice(&raw).map_err(|_| ToolFault::NotAnObject)?;
        let object = value.as_object().ok_or(ToolFault::NotAnObject)?;
        let text = |v: Option<&Value>| v.and_then(Value::as_str).map(str::to_owned);
        let name = text(object.get("name")).filter(|n| !n.is_empty() && n.len() <= 256).ok_or(ToolFault::NoName)?;
        // A long name above many values stands in the place of each of them.
        if raw.len() > Self::MAX_BYTES || !can_be_pointed_into(&value) {
            return Err(ToolFault::TooLarge { name, bytes: raw.len() });
        }
        let annotations = object.get("annotations");
        let open_world = annotations.and_then(|a| a.get("openWorldHint")).and_then(Value::as_bool) == Some(true);
        let schema = object.get("inputSchema").cloned().unwrap_or_else(|| Value::Object(Default::default()));
        let mut findings = inspect::definition(&value);
        let validator = match jsonschema::options().build(&schema) {
            Ok(validator) => Some(Arc::new(validator)),
            Err(_) => {
                findings.push(Finding::schema_unusable());
                None
            }
        };
        let description = text(object.get("description")).unwrap_or_default();
        let effects = effects::derive(&name, &description, &schema, effects::Hints::read(annotations));
        let mut tool = Self {
            title: text(object.get("title")).or_else(|| text(annotations.and_then(|a| a.get("title")))),
            digest: Digest::of("consentry tool 1", &[canonical(&value).as_bytes()]),
            fetches: effects::fetches(&name, &schema, annotations),
            open_world,
            scopes: declared_scopes(object),
            name,
            description,
            raw,
            schema,
            output_schema: object.get("outputSchema").cloned(),
            derived: effects.clone(),
            effects,
            findings,
            validator,
        };
        let collects = inspect::description::parameters(&tool);
        tool.findings.extend(collects);
        Ok(tool)
    }

    /// The same definition, with the effects that a person set.
    #[must_use]
    pub fn with_effects(&self, effects: Vec<Effect>) -> Self {
        Self {
            name: self.name.clone(),
            title: self.title.clone(),
            description: self.description.clone(),
            raw: self.raw.clone(),
            schema: self.schema.clone(),
            output_schema: self.output_schema.clone(),
            digest: self.digest,
            effects,
            derived: self.derived.clone(),
            fetches: self.fetches,
            open_world: self.open_world,
            scopes: self.scopes.clone(),
            findings: self.findings.clone(),
            validator: self.validator.clone(),
        }
    }

    /// What the schema finds wrong with `arguments`, at most `limit` sentences with their JSON pointers; `None` when
    /// the schema itself can't be used.
    pub fn off_schema(&self, arguments: &Value, limit: usize) -> Option<Vec<(String, String)>> {
        let validator = self.validator.as_ref()?;
        if validator.is_valid(arguments) {
            return Some(Vec::new());
        }
        Some(
            validator
                .iter_errors(arguments)
                .take(limit)
                .map(|e| (e.instance_path().to_string(), e.masked().to_string()))
                .collect(),
        )
    }

    /// Whether the schema declares the top-level argument `name`.
    pub fn declares(&self, name: &str) -> bool {
        let open = |key: &str| self.schema.get(key).is_some_and(Value::is_object);
        self.schema.get("properties").and_then(|p| p.get(name)).is_some()
            || open("patternProperties")
            || open("additionalProperties")
            || ["allOf", "anyOf", "oneOf", "$ref"].iter().any(|k| self.schema.get(k).is_some())
    }

    /// Whether nothing but reading was found.
    pub fn only_reads(&self) -> bool {
        self.effects == [Effect::Read]
    }
}

/// Reads a whole listing; names must be unique.
pub fn parse_listing(definitions: Vec<Bytes>) -> Result<Vec<Tool>, ToolFault> {
    let mut names = std::collections::HashSet::new();
    definitions
        .into_iter()
        .map(|raw| {
            let tool = Tool::parse(raw)?;
            if names.insert(tool.name.clone()) { Ok(tool) } else { Err(ToolFault::Twice(tool.name)) }
        })
        .collect()
}

/// What was approved of a server: each tool's digest, and its instructions for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Tool name to digest.
    pub tools: BTreeMap<String, Digest>,
    /// SHA-256 of the instructions, if it gave any.
    pub instructions: Option<Digest>,
}

impl Pin {
    /// The pin of a listing.
    pub fn of<'a>(tools: impl IntoIterator<Item = &'a Tool>, instructions: Option<&str>) -> Self {
        Self {
            tools: tools.into_iter().map(|t| (t.name.clone(), t.digest)).collect(),
            instructions: instructions.map(|i| Digest::of("consentry instructions 1", &[i.as_bytes()])),
        }
    }

    /// How a listing differs from what was approved.
    pub fn compare(&self, listed: &Self) -> Drift {
        let changed = |(name, digest): (&String, &Digest)| match self.tools.get(name) {
            None => Some((name.clone(), Change::New)),
            Some(pinned) if pinned != digest => Some((name.clone(), Change::Changed)),
            Some(_) => None,
        };
        let gone = self.tools.keys().filter(|n| !listed.tools.contains_key(*n)).map(|n| (n.clone(), Change::Gone));
        Drift {
            tools: listed.tools.iter().filter_map(changed).chain(gone).collect(),
            instructions: self.instructions != listed.instructions,
        }
    }

    /// One digest over all of it, for the approval that makes the pin.
    pub fn digest(&self) -> Digest {
        let mut parts: Vec<&[u8]> = Vec::new();
        for (name, digest) in &self.tools {
            parts.push(name.as_bytes());
            parts.push(&digest.0);
        }
        if let Some(instructions) = &self.instructions {
            parts.push(&instructions.0);
        }
        Digest::of("consentry pin 1", &parts)
    }
}

/// What changed since the pin was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Tools by name; what is the same is not listed.
    pub tools: BTreeMap<String, Change>,
    /// Whether the instructions for the model are others now.
    pub instructions: bool,
}

impl Drift {
    /// Whether anything a model would read or run is new or different. A tool that is merely gone is not.
    pub fn needs_a_yes(&self) -> bool {
        self.instructions || self.tools.values().any(|c| *c != Change::Gone)
    }

    /// Whether nothing at all differs.
    pub fn is_none(&self) -> bool {
        !self.instructions && self.tools.is_empty()
    }
}

/// How one tool differs from its pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Not there when the pin was made.
    New,
    /// Its definition is another one.
    Changed,
    /// No longer listed.
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) fn tool(value: Value) -> Tool {
        Tool::parse(Bytes::from(value.to_string())).unwrap()
    }

    #[test]
    fn a_definition_that_can_not_be_pointed_into_is_refused() {
        let values = vec![1; 20_000];
        let definition = |name: String| json!({"name": "t", "inputSchema": {"type": "object", name: values}});
        let parse = |name: String| Tool::parse(definition(name).to_string().into());
        assert!(parse("x".into()).is_ok());
        assert!(matches!(parse("x".repeat(100_000)), Err(ToolFault::TooLarge { .. })));
    }

    #[test]
    fn a_definition_is_the_same_whatever_the_order_of_its_keys() {
        let a = Tool::parse(Bytes::from_static(br#"{"name":"t","inputSchema":{"type":"object","a":1}}"#)).unwrap();
        let b = Tool::parse(Bytes::from_static(br#"{"inputSchema":{"a":1,"type":"object"},"name":"t"}"#)).unwrap();
        assert_eq!(a.digest, b.digest);
        assert_ne!(a.digest, tool(json!({"name":"t","inputSchema":{"type":"object","a":2}})).digest);
    }

    #[test]
    fn arguments_are_held_against_the_schema() {
        let t = tool(
            json!({"name":"t","inputSchema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}),
        );
        assert_eq!(t.off_schema(&json!({"n": 1}), 3), Some(vec![]));
        let wrong = t.off_schema(&json!({"n": "secret"}), 3).unwrap();
        assert_eq!(wrong[0].0, "/n");
        assert!(!wrong[0].1.contains("secret"), "{}", wrong[0].1);
        assert!(t.declares("n") && !t.declares("m"));
    }

    #[test]
    fn a_schema_that_points_elsewhere_is_unusable_and_never_fetched() {
        let t = tool(json!({"name":"t","inputSchema":{"$ref":"http://127.0.0.1:9/schema.json"}}));
        assert_eq!(t.off_schema(&json!({}), 3), None);
        assert!(t.findings.iter().any(|f| f.class == "schema_unusable"));
    }

    #[test]
    fn drift_names_what_is_new_changed_and_gone() {
        let one = tool(json!({"name":"one"}));
        let two = tool(json!({"name":"two"}));
        let two_later = tool(json!({"name":"two","description":"now also sends"}));
        let three = tool(json!({"name":"three"}));
        let pin = Pin::of([&one, &two], Some("be brief"));
        let drift = pin.compare(&Pin::of([&two_later, &three], None));
        assert_eq!(drift.tools["one"], Change::Gone);
        assert_eq!(drift.tools["two"], Change::Changed);
        assert_eq!(drift.tools["three"], Change::New);
        assert!(drift.instructions && drift.needs_a_yes());
        assert!(pin.compare(&pin).is_none());
        assert!(!pin.compare(&Pin::of([&one], Some("be brief"))).needs_a_yes());
    }

    #[test]
    fn two_tools_of_one_name_are_refused() {
        let raw = Bytes::from_static(br#"{"name":"t"}"#);
        assert_eq!(parse_listing(vec![raw.clone(), raw]).unwrap_err(), ToolFault::Twice("t".into()));
    }
}
