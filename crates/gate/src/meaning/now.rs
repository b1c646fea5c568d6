//! What a call would change, held against what is there now: which read of the same server shows it, and for which
//! arguments. The table pairs shapes of writing tools with shapes of reading ones; what names the thing is carried over
//! by name, and a read that would need or leave out anything else is none.
//!
//! Nothing is read here, and nothing is decided: whether the read may go out is judged like any other call.

mod compare;
mod found;

#[cfg(test)]
mod tests;

pub use compare::{Compared, Field, Held, Line, compare};
pub use found::{Found, found};

use super::Argument;
use crate::tool::{Tool, words};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

/// The read that shows what is there now, and what the call would make of it.
#[derive(Clone, Debug)]
pub struct Look {
    /// The tool that reads. It can do nothing else.
    pub tool: Arc<Tool>,
    /// The exact bytes of the read's arguments.
    pub arguments: Bytes,
    /// What would be there after the call.
    pub becomes: Becomes,
    /// Foreign: the paths among what names the thing.
    pub paths: Vec<String>,
}

/// What a call would make of what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// Foreign: this text, in place of all that is there.
    Text(String),
    /// Foreign: each old text becomes the new one; everywhere, or where it stands first.
    Edits(Vec<(String, String)>, bool),
    /// Foreign: these fields get these values. Where there is one long text among them, which.
    Fields(Vec<(String, String)>, Option<usize>),
    /// It goes.
    Nothing,
    /// Something else takes its place.
    Another,
    /// That can't be told.
    Unknown,
}

/// How a kind of thing changes.
#[derive(Clone, Copy)]
enum How {
    Content,
    Edits,
    Gone,
    Moved,
    Fields,
}

/// One row: the names of writing tools, those of the tools that read the same, the best first, and how it changes.
/// `*` stands for the noun, which is the same in both.
struct Pair {
    writes: &'static str,
    reads: &'static str,
    nouns: &'static str,
    how: How,
}

const READ_FILE: &str = "read_text_file read_file get_file_contents get_file_content get_contents read_text get_file";

#[rustfmt::skip]
const PAIRS: &[Pair] = &[
    Pair { writes: "write_file create_file save_file overwrite_file put_file write_text_file create_or_update_file update_file create_or_update_file_contents",
           reads: READ_FILE, nouns: "", how: How::Content },
    Pair { writes: "edit_file str_replace replace_in_file patch_file edit_text_file", reads: READ_FILE, nouns: "", how: How::Edits },
    Pair { writes: "move_file rename_file", reads: READ_FILE, nouns: "", how: How::Moved },
    Pair { writes: "delete_file remove_file", reads: READ_FILE, nouns: "", how: How::Gone },
    Pair { writes: "update_* edit_* change_* modify_* set_* write_* save_* replace_* patch_* transition_* close_*",
           reads: "get_* read_* retrieve_* fetch_* show_* view_* load_*",
           nouns: "note page document doc article wiki issue ticket task card story record row entry item event contact draft comment label milestone pull_request merge_request wiki_page customer product user project",
           how: How::Fields },
    Pair { writes: "delete_* remove_* trash_* archive_*", reads: "get_* read_* retrieve_* fetch_* show_* view_* load_*",
           nouns: "note page document doc article wiki issue ticket task card record row entry item event contact draft comment", how: How::Gone },
];

/// Arguments that name the thing, or where it is. Others are what is done to it. `a=b`: called `b` by the read.
const NAMES: &str = "id key uid uuid slug number path file_path filepath filename file_name file relative_path \
    owner org organization repo repository repo_name branch ref project project_id project_key workspace workspace_id \
    team team_id space space_id space_key site site_id cloud_id base_id database database_id table table_name table_id \
    collection collection_name collection_id calendar_id board_id list_id notebook notebook_id folder_id vault vault_id \
    issue_number issue_key issue_id_or_key pull_number pull_request_number merge_request_iid issue_iid iid";
const OTHERWISE: &[(&str, &str)] =
    &[("branch", "ref"), ("ref", "branch"), ("file_path", "path"), ("path", "file_path")];
const TARGETS: &str = "destination dest dst new_path target destination_path to_path to";
const PATHS: &str = "path file_path filepath filename file_name file relative_path";
const CONTENTS: &str = "content contents text file_text data body markdown new_content";
/// Said of a tool that adds to what is there, where the name alone says that it replaces it.
const ADDS: &[&str] = &["append", "appends", "appended", "prepend", "prepends", "adds"];

/// The read that shows what a call of `tool` would change, if the same listing has one that can only read.
pub fn look(tool: &Tool, arguments: &[Argument], listing: &[Arc<Tool>]) -> Option<Look> {
    if said(arguments, "dry_run").is_some_and(|dry| dry.value == Value::Bool(true)) {
        return None;
    }
    let name = words(&tool.name).join("_");
    PAIRS.iter().find_map(|pair| {
        let nouns = if pair.nouns.is_empty() { "-" } else { pair.nouns };
        nouns.split_whitespace().find_map(|noun| {
            let starred = |pattern: &str| pattern.replace('*', noun);
            let before = pair.writes.split_whitespace().find_map(|w| prefix(&name, &starred(w)).map(str::to_owned))?;
            let identity = identity(pair.how, noun, arguments);
            pair.reads.split_whitespace().find_map(|read| {
                let wanted = format!("{before}{}", starred(read));
                let reads = listing.iter().find(|t| t.only_reads() && words(&t.name).join("_") == wanted)?;
                let arguments_of_read = carried(reads, &identity)?;
                Some(Look {
                    tool: reads.clone(),
                    arguments: arguments_of_read,
                    becomes: becomes(pair.how, tool, arguments, &identity),
                    paths: paths(&identity),
                })
            })
        })
    })
}

/// What stands before a name, as `jira_` before `get_issue`.
fn prefix<'a>(name: &'a str, end: &str) -> Option<&'a str> {
    name.strip_suffix(end).filter(|before| before.is_empty() || before.ends_with('_'))
}

fn joined(name: &str) -> String {
    words(name).join("_")
}

fn in_list(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|n| n == name)
}

fn said<'a>(arguments: &'a [Argument], name: &str) -> Option<&'a Argument> {
    arguments.iter().find(|a| joined(&a.name) == name)
}

/// The arguments that name the thing, by the name they have in the table.
fn identity<'a>(how: How, noun: &str, arguments: &'a [Argument]) -> Vec<(String, &'a Argument)> {
    if matches!(how, How::Moved) {
        let target = TARGETS.split(' ').find_map(|name| said(arguments, name));
        return target.map(|t| ("path".to_owned(), t)).into_iter().collect();
    }
    let own = |name: &str| {
        name.strip_prefix(noun)
            .is_some_and(|rest| matches!(rest, "_id" | "_key" | "_number" | "_iid" | "_uid" | "_slug"))
    };
    let named = |a: &'a Argument| {
        let name = joined(&a.name);
        (in_list(NAMES, &name) || own(&name)).then_some((name, a))
    };
    arguments.iter().filter_map(named).collect()
}

/// The read's arguments: all that names the thing, and nothing else. `None` where the read can't be told which.
fn carried(reads: &Tool, identity: &[(String, &Argument)]) -> Option<Bytes> {
    let properties = reads.schema.get("properties")?.as_object()?;
    let property = |name: &str| properties.keys().find(|key| joined(key) == name);
    let mut out: Vec<(&str, &str)> = Vec::new();
    for (name, argument) in identity {
        let short = matches!(&argument.value, Value::String(text) if !text.is_empty() && text.len() <= 4096);
        if !short && !argument.value.is_number() {
            return None;
        }
        let other = || OTHERWISE.iter().filter(|(from, _)| from == name).find_map(|(_, to)| property(to));
        let key = property(name).or_else(other)?;
        out.push((key, &argument.raw));
    }
    let required = reads.schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let given = |needed: &Value| needed.as_str().is_some_and(|needed| out.iter().any(|(key, _)| *key == needed));
    if out.is_empty() || !required.iter().all(given) {
        return None;
    }
    let member = |(key, raw): &(&str, &str)| Some(format!("{}:{raw}", serde_json::to_string(key).ok()?));
    let members: Option<Vec<String>> = out.iter().map(member).collect();
    Some(Bytes::from(format!("{{{}}}", members?.join(","))))
}

fn paths(identity: &[(String, &Argument)]) -> Vec<String> {
    let paths = identity.iter().filter(|(name, _)| in_list(PATHS, name));
    paths.filter_map(|(_, a)| a.value.as_str().map(str::to_owned)).collect()
}

fn becomes(how: How, tool: &Tool, arguments: &[Argument], identity: &[(String, &Argument)]) -> Becomes {
    let text = || CONTENTS.split_whitespace().find_map(|name| said(arguments, name)?.value.as_str());
    let told = words(&tool.description).into_iter().chain(arguments.iter().flat_map(|a| words(&a.name)));
    let adds = told.into_iter().any(|word| ADDS.contains(&word.as_str()))
        || said(arguments, "mode").is_some_and(|mode| mode.value.as_str() != Some("overwrite"));
    match how {
        How::Gone => Becomes::Nothing,
        How::Moved => Becomes::Another,
        How::Edits => edits(arguments).map_or(Becomes::Unknown, |(edits, all)| Becomes::Edits(edits, all)),
        How::Content if adds => Becomes::Unknown,
        How::Content => text().map_or(Becomes::Unknown, |text| Becomes::Text(text.to_owned())),
        How::Fields => {
            let fields: Vec<(String, String)> = arguments
                .iter()
                .filter(|a| !identity.iter().any(|(_, named)| named.name == a.name))
                .map(|a| (a.name.clone(), a.value.as_str().map_or_else(|| a.raw.clone(), str::to_owned)))
                .collect();
            let body = fields.iter().position(|(name, _)| in_list(CONTENTS, &joined(name))).filter(|_| !adds);
            Becomes::Fields(fields, body)
        }
    }
}

/// What is replaced by what, and whether everywhere.
fn edits(arguments: &[Argument]) -> Option<(Vec<(String, String)>, bool)> {
    const OLD: &[&str] = &["old_text", "old_string", "old_str", "old", "search", "find"];
    const NEW: &[&str] = &["new_text", "new_string", "new_str", "new", "replace", "replacement"];
    let all = ["replace_all", "all"].iter().any(|n| said(arguments, n).is_some_and(|a| a.value == Value::Bool(true)));
    let pair = |get: &dyn Fn(&str) -> Option<String>| {
        Some((OLD.iter().find_map(|name| get(name))?, NEW.iter().find_map(|name| get(name))?))
    };
    if let Some(list) = ["edits", "changes", "replacements"].iter().find_map(|n| said(arguments, n)) {
        let one = |edit: &Value| {
            let edit = edit.as_object()?;
            let get = |name: &str| {
                edit.iter().find(|(key, _)| joined(key) == name).and_then(|(_, v)| v.as_str().map(str::to_owned))
            };
            pair(&get)
        };
        let edits: Option<Vec<_>> = list.value.as_array()?.iter().map(one).collect();
        return edits.filter(|edits| !edits.is_empty()).map(|edits| (edits, all));
    }
    let get = |name: &str| said(arguments, name).and_then(|a| a.value.as_str().map(str::to_owned));
    pair(&get).map(|edit| (vec![edit], all))
}
