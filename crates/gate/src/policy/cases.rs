//! Cases of policy as data: a request, the consent it needs, and the policies that ask.

use super::{Destination, Facts, Layer, Needed, Policies, PolicyTool, Preset, Source};
use crate::provenance::{SoFar, Volume};
use crate::tool::Effect;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// How a file of cases came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How many cases were run.
    pub cases: usize,
    /// What went otherwise than a case says, one sentence each.
    pub failures: Vec<String>,
}

/// Runs a file of cases (JSON, see `policies/README.md`) against the shipped policies and those it brings.
///
/// # Errors
/// One sentence when the file is not one of cases, or its policies don't load.
pub fn run(text: &str) -> Result<Outcome, String> {
    let file: File = serde_json::from_str(text).map_err(|e| format!("This is no file of cases: {e}."))?;
    let policies = file.policies()?;
    let mut failures = Vec::new();
    for case in &file.cases {
        failures.extend(case.failure(&policies)?);
    }
    Ok(Outcome { cases: file.cases.len(), failures })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// One sentence about the file.
    #[serde(rename = "about")]
    _about: String,
    #[serde(default = "cautious")]
    preset: String,
    #[serde(default)]
    policies: Vec<Extra>,
    servers: BTreeMap<String, Vec<Tool>>,
    cases: Vec<Case>,
}

fn cautious() -> String {
    "cautious".into()
}

/// A policy file beside the shipped ones, its text line by line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    layer: String,
    text: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    name: String,
    effects: Vec<String>,
    #[serde(rename = "inputSchema", default)]
    input_schema: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    server: String,
    tool: String,
    #[serde(default = "no_arguments")]
    arguments: Value,
    #[serde(default)]
    facts: Known,
    needed: String,
    /// The policies that ask, the strictest first.
    reasons: Vec<String>,
    /// Part of the sentence about what could not be evaluated; none may be there if absent.
    fault: Option<String>,
}

fn no_arguments() -> Value {
    Value::Object(Default::default())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Known {
    client: String,
    client_known: bool,
    drifted: bool,
    names_protected: bool,
    new_destination: bool,
    tainted_sensitive: bool,
    tainted: Vec<String>,
    saw_untrusted: bool,
    saw_private: bool,
    saw_flagged: bool,
    outward: bool,
    findings: Vec<String>,
    carried: Vec<Data>,
    destinations: Vec<Place>,
    calls_last_hour: i64,
    calls_last_minute: i64,
    repeated: i64,
    conversation: Volume,
    hour: Volume,
    day: Volume,
    volume: Volume,
    token: Option<crate::token::Token>,
    now_ms: i64,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            client: "desk".into(),
            client_known: true,
            drifted: false,
            names_protected: false,
            new_destination: false,
            tainted_sensitive: false,
            tainted: Vec::new(),
            saw_untrusted: false,
            saw_private: false,
            saw_flagged: false,
            outward: false,
            findings: Vec::new(),
            carried: Vec::new(),
            destinations: Vec::new(),
            calls_last_hour: 1,
            calls_last_minute: 1,
            repeated: 1,
            conversation: Volume::default(),
            hour: Volume::default(),
            day: Volume::default(),
            volume: Volume::default(),
            token: None,
            now_ms: 1_795_363_200_000,
        }
    }
}

impl Known {
    fn so_far(&self) -> SoFar {
        let Self { calls_last_hour, calls_last_minute, repeated, conversation, hour, day, volume, .. } = *self;
        SoFar { calls_last_hour, calls_last_minute, repeated, conversation, hour, day, volume }
    }
}

/// Data that the call carries to its server.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    class: String,
    #[serde(default)]
    came_from_there: bool,
    #[serde(default)]
    held_back: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    kind: String,
    value: String,
}

impl Place {
    fn destination(&self) -> Result<Destination, String> {
        let kind = ["host", "address", "path"].into_iter().find(|k| *k == self.kind);
        let kind = kind.ok_or_else(|| format!("`{}` is no kind of destination: host, address or path", self.kind))?;
        Ok(Destination { kind, value: self.value.clone() })
    }
}

impl File {
    fn policies(&self) -> Result<Policies, String> {
        let mut sources = self.preset.parse::<Preset>().map_err(|e| e.to_string())?.shipped();
        for extra in &self.policies {
            let layer = Layer::ALL.into_iter().find(|l| l.word() == extra.layer);
            sources.push(Source {
                layer: layer.ok_or_else(|| format!("`{}` is no layer", extra.layer))?,
                name: format!("{}.cedar", extra.layer),
                text: extra.text.join("\n"),
            });
        }
        let mut policies = Policies::load(&sources)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
        for (alias, tools) in &self.servers {
            let effects: Vec<Vec<Effect>> = tools.iter().map(Tool::effects).collect::<Result<_, _>>()?;
            let tools: Vec<PolicyTool<'_>> = tools
                .iter()
                .zip(&effects)
                .map(|(tool, effects)| PolicyTool { name: &tool.name, effects, input_schema: &tool.input_schema })
                .collect();
            policies = policies.with_server(alias, &tools).0;
        }
        Ok(policies)
    }
}

impl Tool {
    fn effects(&self) -> Result<Vec<Effect>, String> {
        let effect = |word: &String| {
            Effect::ALL.into_iter().find(|e| e.word() == word).ok_or_else(|| format!("`{word}` is no effect"))
        };
        self.effects.iter().map(effect).collect()
    }
}

impl Case {
    /// What went otherwise than the case says.
    fn failure(&self, policies: &Policies) -> Result<Option<String>, String> {
        let known = &self.facts;
        let destinations: Vec<Destination> =
            known.destinations.iter().map(Place::destination).collect::<Result<_, _>>()?;
        let carried = known.carried.iter().map(|data| super::Carried {
            class: data.class.clone(),
            came_from_there: data.came_from_there,
            held_back: data.held_back,
        });
        let judgement = policies.judge(&Facts {
            client: &known.client,
            server: &self.server,
            tool: &self.tool,
            arguments: &self.arguments,
            destinations: &destinations,
            findings: &known.findings,
            carried: &carried.collect::<Vec<_>>(),
            client_known: known.client_known,
            drifted: known.drifted,
            names_protected: known.names_protected,
            flow: &super::FlowFacts {
                new_destination: known.new_destination,
                tainted_sensitive: known.tainted_sensitive,
                tainted: known.tainted.clone(),
                saw_untrusted: known.saw_untrusted,
                saw_private: known.saw_private,
                saw_flagged: known.saw_flagged,
                outward: known.outward,
            },
            so_far: &known.so_far(),
            token: known.token.as_ref(),
            now_ms: known.now_ms,
        });
        let needed = match judgement.needed {
            Needed::Nothing => "nothing",
            Needed::Approve => "approve",
            Needed::StepUp => "step_up",
            Needed::Never => "never",
        };
        let reasons: Vec<&str> = judgement.reasons.iter().map(|r| r.policy.as_str()).collect();
        let faulted = match &self.fault {
            None => judgement.faults.is_empty(),
            Some(part) => judgement.faults.iter().any(|fault| fault.contains(part)),
        };
        let right = needed == self.needed && reasons == self.reasons && faulted;
        Ok((!right).then(|| format!("{}: needs {needed} for {reasons:?}, faults {:?}", self.name, judgement.faults)))
    }
}
