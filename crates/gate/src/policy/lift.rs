//! The Cedar schema of one server: its tools with typed arguments, lifted into the shared schema.
//!
//! The generator knows how MCP types become Cedar types, but makes every server an island with principal, resource and
//! context of its own, and wants Cedar identifiers for the names of tools and arguments. So it is given numbered names
//! in a stub namespace, and what it makes is lifted: the stub's types give way to the shared ones, each tool joins the
//! actions of its effects, and real names return as action ids and attribute names.

use super::shape::Record;
use crate::tool::Effect;
use cedar_policy::{Schema, SchemaFragment};
use cedar_policy_mcp_schema_generator::{SchemaGenerator, SchemaGeneratorConfig};
use mcp_tools_sdk::description::{Parameters, ServerDescription, ToolDescription};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use std::collections::HashMap;
use std::fmt::Write as _;

/// The shared schema.
pub(super) const CORE: &str = include_str!("../../../../policies/core.cedarschema");

/// A tool as it will stand in the schema.
pub(super) struct Lifting<'a> {
    /// Its action id.
    pub(super) key: &'a str,
    pub(super) effects: &'a [Effect],
    pub(super) input: &'a Record,
}

/// The shared schema with one tool per effect that takes no arguments: what policies about no server in particular are
/// validated against. A policy that reads an argument has to ask `has` first, because not every tool has it.
pub(super) fn sample() -> Result<Schema, String> {
    let mut text = String::from("namespace sample {");
    for effect in Effect::ALL.map(Effect::word) {
        let applies = "principal: [Client], resource: [Server], context: { call: Call, input: {} }";
        let _ = write!(text, "action \"sample {effect}\" in [Action::\"{effect}\"] appliesTo {{ {applies} }};");
    }
    text.push('}');
    let (sample, _) = SchemaFragment::from_cedarschema_str(&text).map_err(|e| e.to_string())?;
    Schema::from_schema_fragments([core()?, sample]).map_err(|e| e.to_string())
}

/// The shared schema alone.
pub(super) fn shared() -> Result<Schema, String> {
    Schema::from_schema_fragments([core()?]).map_err(|e| e.to_string())
}

/// The shared schema with the tools of one server in the namespace `alias`.
pub(super) fn lift(alias: &str, tools: &[Lifting<'_>]) -> Result<Schema, String> {
    if !alias.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err("its alias is not one identifier".to_owned());
    }
    let mut names: HashMap<SmolStr, SmolStr> = HashMap::new();
    let descriptions: Vec<ToolDescription> =
        tools.iter().enumerate().map(|(index, tool)| describe(index, tool, &mut names)).collect();
    let stub = format!(
        "namespace {alias} {{ @mcp_principal(\"Client\") entity Client; @mcp_resource(\"Server\") entity Server;
         @mcp_context(\"call\") type Call = {{}}; }}"
    );
    let config = SchemaGeneratorConfig::default()
        .objects_as_records(true)
        .encode_numbers_as_decimal(true)
        .inline_empty_records(true);
    let mut generator = SchemaGenerator::from_cedarschema_str_with_config(&stub, config).map_err(|e| e.to_string())?;
    let server = ServerDescription::new(descriptions.into_iter(), HashMap::new());
    generator.add_actions_from_server_description(&server).map_err(|e| e.to_string())?;
    let mut fragment = serde_json::to_value(generator.get_schema()).map_err(|e| e.to_string())?;
    rename_attributes(&mut fragment, &names);
    let namespace = fragment.get_mut(alias).and_then(Value::as_object_mut).ok_or("the generator lost the namespace")?;
    share(namespace, tools)?;
    let fragment = SchemaFragment::from_json_value(fragment).map_err(|e| e.to_string())?;
    Schema::from_schema_fragments([core()?, fragment]).map_err(|e| e.to_string())
}

fn core() -> Result<SchemaFragment, String> {
    SchemaFragment::from_cedarschema_str(CORE).map(|(core, _)| core).map_err(|e| e.to_string())
}

fn numbered(index: usize) -> String {
    format!("t{index}")
}

/// The generator's view of a tool, every name in it a number; `names` leads from those back to the real ones.
fn describe(index: usize, tool: &Lifting<'_>, names: &mut HashMap<SmolStr, SmolStr>) -> ToolDescription {
    let mut mangle = |name: &SmolStr| {
        let number = SmolStr::from(format!("p{}", names.len()));
        names.insert(number.clone(), name.clone());
        number
    };
    let properties = tool.input.properties(&mut mangle);
    let none = || Parameters::new(Vec::new(), HashMap::new());
    let inputs = Parameters::new(properties, HashMap::new());
    ToolDescription::new(numbered(index).into(), inputs, none(), HashMap::new(), None)
}

/// Gives record attributes their real names back, wherever in the fragment they stand.
fn rename_attributes(fragment: &mut Value, names: &HashMap<SmolStr, SmolStr>) {
    match fragment {
        Value::Object(object) => {
            object.values_mut().for_each(|inner| rename_attributes(inner, names));
            if let Some(Value::Object(attributes)) = object.get_mut("attributes") {
                let renamed = std::mem::take(attributes).into_iter();
                *attributes =
                    renamed.map(|(k, v)| (names.get(k.as_str()).map_or(k, |name| name.to_string()), v)).collect();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| rename_attributes(inner, names)),
        _ => {}
    }
}

/// Replaces the stub's types by the shared ones, and the numbered actions by the real tools in their effects.
fn share(namespace: &mut Map<String, Value>, tools: &[Lifting<'_>]) -> Result<(), String> {
    let part = |namespace: &mut Map<String, Value>, name: &str| match namespace.remove(name) {
        Some(Value::Object(part)) => Ok(part),
        _ => Err(format!("the generator left out `{name}`")),
    };
    let mut entities = part(namespace, "entityTypes")?;
    entities.retain(|name, _| name != "Client" && name != "Server");
    let mut types = part(namespace, "commonTypes")?;
    types.retain(|name, _| name != "Call");
    let mut numbered_actions = part(namespace, "actions")?;
    let mut actions = Map::new();
    for (index, tool) in tools.iter().enumerate() {
        let mut action = numbered_actions.remove(&numbered(index)).ok_or("the generator left out a tool")?;
        let groups: Vec<Value> = tool.effects.iter().map(|e| json!({ "id": e.word(), "type": "Action" })).collect();
        action["memberOf"] = groups.into();
        action["appliesTo"]["principalTypes"] = json!(["Client"]);
        action["appliesTo"]["resourceTypes"] = json!(["Server"]);
        action["appliesTo"]["context"]["attributes"]["call"] = json!({ "type": "EntityOrCommon", "name": "Call" });
        actions.insert(tool.key.to_owned(), action);
    }
    namespace.insert("entityTypes".into(), entities.into());
    namespace.insert("commonTypes".into(), types.into());
    namespace.insert("actions".into(), actions.into());
    Ok(())
}
