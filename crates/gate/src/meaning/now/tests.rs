//! Which read is the one, what its answer is taken for, and what comes of holding it against the call.

use super::*;
use crate::meaning::arguments;
use crate::tool::difference::Sign;
use proptest::prelude::*;
use serde_json::json;

fn tool(name: &str, description: &str, properties: &[&str], required: &[&str]) -> Arc<Tool> {
    let properties: serde_json::Map<_, _> = properties.iter().map(|p| ((*p).to_owned(), json!({}))).collect();
    let schema = json!({"type": "object", "properties": properties, "required": required});
    let raw = json!({"name": name, "description": description, "inputSchema": schema});
    Arc::new(Tool::parse(Bytes::from(raw.to_string())).unwrap())
}

fn looked(write: &Arc<Tool>, given: Value, reads: &[Arc<Tool>]) -> Option<Look> {
    look(write, &arguments(given.to_string().as_bytes()), reads)
}

fn sent(look: Option<Look>) -> Option<(String, Value)> {
    look.map(|l| (l.tool.name.clone(), serde_json::from_slice(&l.arguments).unwrap()))
}

#[test]
fn the_read_that_fits_is_found_and_told_which() {
    let write = tool("write_file", "Create or overwrite a file.", &["path", "content"], &["path", "content"]);
    let reads = [
        tool("read_file", "Read a file.", &["path", "head"], &["path"]),
        tool("read_text_file", "Read a file.", &["path", "head"], &["path"]),
    ];
    let found = looked(&write, json!({"path": "/a b", "content": "x"}), &reads);
    assert_eq!(found.as_ref().unwrap().becomes, Becomes::Text("x".into()));
    assert_eq!(found.as_ref().unwrap().paths, ["/a b"]);
    assert_eq!(sent(found), Some(("read_text_file".into(), json!({"path": "/a b"}))));

    let hosted = tool("create_or_update_file", "", &["owner", "repo", "path", "branch", "content", "message"], &[]);
    let get = tool("get_file_contents", "", &["owner", "repo", "path", "ref"], &["owner", "repo", "path"]);
    let given = json!({"owner": "o", "repo": "r", "path": "p", "branch": "b", "content": "c", "message": "m"});
    let wanted = json!({"owner": "o", "repo": "r", "path": "p", "ref": "b"});
    assert_eq!(sent(looked(&hosted, given, &[get])), Some(("get_file_contents".into(), wanted)));

    let update = tool("jira_update_issue", "", &["issue_key", "summary"], &[]);
    let other = tool("get_issue", "", &["issue_key"], &[]);
    // A name that begins with something else says less, so here it takes the hint, too.
    let own = json!({"name": "jira_get_issue", "annotations": {"readOnlyHint": true},
        "inputSchema": {"type": "object", "properties": {"issue_key": {}}, "required": ["issue_key"]}});
    let own = Arc::new(Tool::parse(Bytes::from(own.to_string())).unwrap());
    let found = looked(&update, json!({"issue_key": "A-1", "summary": "s"}), &[other.clone(), own]);
    assert_eq!(sent(found), Some(("jira_get_issue".into(), json!({"issue_key": "A-1"}))));
    assert!(looked(&update, json!({"issue_key": "A-1", "summary": "s"}), &[other]).is_none(), "another family's tool");

    let moved = tool("move_file", "", &["source", "destination"], &[]);
    let found = looked(&moved, json!({"source": "/a", "destination": "/b"}), &reads);
    assert_eq!(sent(found), Some(("read_text_file".into(), json!({"path": "/b"}))));
}

#[test]
fn a_tool_that_can_do_more_than_read_is_never_the_one() {
    let write = tool("write_file", "", &["path", "content"], &[]);
    let given = || json!({"path": "/a", "content": "x"});
    for (description, properties) in [
        ("Deletes the file after reading.", &["path"][..]),
        ("Read.", &["path", "url"]),
        ("Read.", &["path", "command"]),
    ] {
        assert!(looked(&write, given(), &[tool("read_file", description, properties, &["path"])]).is_none());
    }
    let read = tool("read_file", "Read.", &["path"], &["path"]);
    assert!(looked(&write, given(), &[Arc::new(read.with_effects(vec![crate::tool::Effect::Send]))]).is_none());
    assert!(looked(&write, given(), &[read]).is_some());
}

#[test]
fn a_read_that_would_be_of_another_thing_is_none() {
    let update = tool("update_record", "", &["base_id", "record_id", "name"], &[]);
    let given = || json!({"base_id": "b", "record_id": "r", "name": "n"});
    for (properties, required) in [
        // It can't be told of which base.
        (&["record_id"][..], &["record_id"][..]),
        // It needs something that the call doesn't say.
        (&["base_id", "record_id", "view"], &["base_id", "record_id", "view"]),
    ] {
        assert!(looked(&update, given(), &[tool("get_record", "", properties, required)]).is_none());
    }
    let read = tool("get_record", "", &["base_id", "record_id"], &["record_id"]);
    let reads = [read];
    assert!(looked(&update, given(), &reads).is_some());
    assert!(looked(&update, json!({"base_id": "b", "record_id": {"x": 1}, "name": "n"}), &reads).is_none());
    assert!(looked(&update, json!({"name": "n"}), &reads).is_none());
    let edit = tool("edit_file", "", &["path", "edits", "dryRun"], &[]);
    let file = tool("read_file", "Read.", &["path"], &["path"]);
    assert!(looked(&edit, json!({"path": "/a", "edits": [], "dryRun": true}), &[file]).is_none());
}

fn answer(text: &str, error: bool) -> Vec<u8> {
    json!({"content": [{"type": "text", "text": text}], "isError": error}).to_string().into_bytes()
}

#[test]
fn what_a_server_says_is_read_for_what_it_is() {
    assert_eq!(found(&answer("hello\n", false), false), Found::Text("hello\n".into()));
    assert_eq!(found(&answer("ENOENT: no such file or directory, open '/x'", true), false), Found::Nothing);
    for said in
        ["Parent directory does not exist: /x", "Access denied: not found", "MCP error: Unknown tool: not found"]
    {
        assert_eq!(found(&answer(said, true), false), Found::Refused(said.into()));
    }
    assert_eq!(found(&answer("\0\u{1}PNG", false), false), Found::NoText(None));
    assert_eq!(found(b"[]", false), Found::Unreadable);
    let hosted = json!({"sha": "1", "encoding": "base64", "size": 2, "content": "aGk=\n"}).to_string();
    assert_eq!(found(&answer(&hosted, false), false), Found::Text("hi".into()));
    let file_of_json = r#"{"content": "x"}"#;
    assert_eq!(found(&answer(file_of_json, false), false), Found::Text(file_of_json.into()));
    let issue = json!({"issue": {"title": "t"}}).to_string();
    assert!(matches!(found(&answer(&issue, false), true), Found::Fields(f) if f["title"] == "t"));
    let resource = json!({"content": [{"type": "text", "text": "downloaded"},
        {"type": "resource", "resource": {"uri": "x:", "text": "body"}}]});
    assert_eq!(found(resource.to_string().as_bytes(), false), Found::Text("body".into()));
}

fn text_to(before: &str, after: &str) -> Compared {
    compare(Found::Text(before.into()), &Becomes::Text(after.into()))
}

#[test]
fn lines_that_stay_are_folded_and_those_that_change_counted() {
    let before: String = (1..=20).map(|n| format!("{n}\n")).collect();
    let after = before.replace("10\n", "ten\nand more\n");
    let compared = text_to(&before, &after);
    assert_eq!((compared.held, compared.added, compared.removed), (Held::Differs, 2, 1));
    let folds: Vec<usize> = compared.lines.iter().map(|l| l.folded).filter(|n| *n > 0).collect();
    assert_eq!(folds, [6, 7]);
    let changed: Vec<(Sign, &str)> =
        compared.lines.iter().filter(|l| l.sign != Sign::Same).map(|l| (l.sign, l.text.as_str())).collect();
    assert_eq!(changed, [(Sign::Gone, "10"), (Sign::New, "ten"), (Sign::New, "and more")]);
    assert_eq!(text_to("a\n", "a\n").held, Held::Same);
    let ending = text_to("a", "a\n");
    assert_eq!((ending.added, ending.removed), (1, 1), "a line end that comes is a change");
}

#[test]
fn only_a_server_that_says_so_makes_a_file_new() {
    let becomes = Becomes::Text("a\nb\n".into());
    let new = compare(Found::Nothing, &becomes);
    assert_eq!((new.held, new.added, new.removed), (Held::New, 2, 0));
    assert_eq!(compare(Found::Refused("no".into()), &becomes).held, Held::Refused);
    assert_eq!(compare(Found::Unreadable, &becomes).held, Held::Unreadable);
    assert_eq!(compare(Found::NoText(None), &becomes).held, Held::NoText);
    assert_eq!(compare(Found::Nothing, &Becomes::Another).held, Held::Free);
    assert_eq!(compare(Found::Text("x".into()), &Becomes::Another).held, Held::Replaced);
}

#[test]
fn edits_are_made_where_they_fit_and_else_not_guessed() {
    let edits = |all| Becomes::Edits(vec![("b".into(), "B".into())], all);
    let once = compare(Found::Text("a\nb\nb\n".into()), &edits(false));
    assert_eq!((once.added, once.removed), (1, 1));
    let all = compare(Found::Text("a\r\nb\r\nb\r\n".into()), &edits(true));
    assert_eq!((all.added, all.removed), (2, 2));
    assert_eq!(compare(Found::Text("x".into()), &edits(false)).held, Held::Unclear);
    let bomb = Becomes::Edits(vec![("a".into(), "a".repeat(2_000))], true);
    assert_eq!(compare(Found::Text("a".repeat(200_000)), &bomb).held, Held::Unclear);
}

#[test]
fn fields_stand_side_by_side() {
    let fields = vec![("state".to_owned(), "closed".to_owned()), ("assignee".to_owned(), "bo".to_owned())];
    let object = json!({"state": "open", "assignee": {"login": "ann"}, "other": 1}).as_object().unwrap().clone();
    let compared = compare(Found::Fields(object), &Becomes::Fields(fields.clone(), None));
    let pairs: Vec<_> =
        compared.fields.iter().map(|f| (f.name.as_str(), f.before.as_deref(), f.after.as_str())).collect();
    assert_eq!(pairs, [("state", Some("open"), "closed"), ("assignee", Some("ann"), "bo")]);
    let nested = json!({"fields": {"state": "closed", "assignee": "bo"}}).as_object().unwrap().clone();
    assert_eq!(compare(Found::Fields(nested), &Becomes::Fields(fields, None)).held, Held::Same);
}

#[test]
fn what_is_endless_is_cut() {
    let before: String = (0..9_000).map(|n| format!("a{n}\n")).collect();
    let after: String = (0..9_000).map(|n| format!("b{n}\n")).collect();
    let compared = text_to(&before, &after);
    assert!(compared.cut && compared.lines.len() <= 400);
    assert_eq!((compared.added, compared.removed), (9_000, 9_000));
    let line = text_to("", &"x".repeat(100_000));
    assert!(line.lines[0].text.chars().count() <= 2_001);
}

proptest! {
    #[test]
    fn nothing_that_is_shown_was_made_up(before in "[ab\n]{0,60}", after in "[ab\n]{0,60}") {
        let compared = text_to(&before, &after);
        let side = |gone: Sign| -> usize {
            compared.lines.iter().filter(|l| l.sign != gone).map(|l| l.folded.max(1)).sum()
        };
        if compared.held == Held::Differs {
            prop_assert_eq!(side(Sign::New), before.split_inclusive('\n').count());
            prop_assert_eq!(side(Sign::Gone), after.split_inclusive('\n').count());
        } else {
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn no_answer_of_a_server_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
        for fields in [false, true] {
            let _ = found(&bytes, fields);
            let _ = compare(found(&answer(&text, fields), fields), &Becomes::Text(text.clone()));
        }
    }
}
