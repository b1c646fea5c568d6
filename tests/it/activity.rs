//! The record as it is searched, told and taken out.

use e2e::client::{refusal, went_well};
use e2e::database::Database;
use e2e::{Say, Scene};
use serde_json::{Value, json};

/// One read that ran, one mail that was approved, one note that was rejected, one call of a tool that is not there.
fn lived() -> Scene {
    let scene = Scene::new();
    let person = scene.person(|question| if question["tool"] == "send_mail" { Say::Yes } else { Say::No });
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "zebra crossing"}))));
    assert!(went_well(&client.call("send_mail", json!({"to": "ann@example.org", "subject": "50% off", "body": "x"}))));
    refusal(&client.call("write_note", json!({"path": scene.note("a"), "text": "t"})));
    client.call("=cmd|'/c calc'!A0", json!({}));
    drop(person);
    scene
}

/// The tools of the calls that a list with these words names, each once, in order.
fn tools(scene: &Scene, words: &[&str]) -> Vec<String> {
    let entries = scene.home.json(&[&["audit", "list", "--limit", "1000"], words].concat()).succeeded().values();
    let mut tools: Vec<String> = entries
        .iter()
        .filter_map(|entry| entry["tool"].as_str())
        .filter(|t| !t.is_empty())
        .map(str::to_owned)
        .collect();
    tools.sort();
    tools.dedup();
    tools
}

#[test]
fn calls_are_found_by_what_became_of_them_and_by_words() {
    let scene = lived();
    let injected = "=cmd|'/c calc'!A0";
    for (words, found) in [
        (&["--verdict", "ran"][..], &["echo"][..]),
        (&["--verdict", "approved"], &["send_mail"]),
        (&["--verdict", "rejected"], &["write_note"]),
        (&["--verdict", "refused"], &[injected]),
        (&["--verdict", "ran", "--verdict", "approved"], &["echo", "send_mail"]),
        (&["--verdict", "failed"], &[]),
        (&["--effect", "send"], &["send_mail"]),
        (&["--effect", "write", "--verdict", "rejected"], &["write_note"]),
        (&["--search", "ZEBRA"], &["echo"]),
        (&["--search", "50%"], &["send_mail"]),
        (&["--search", "5_%"], &[]),
        (&["--search", "' or '1'='1"], &[]),
        (&["--server", "notes", "--search", "ann@example.org"], &["send_mail"]),
        (&["--server", "elsewhere"], &[]),
        (&["--client", "nobody"], &[]),
        (&["--until", "2001-01-01"], &[]),
        (&["--since", "2001-01-01", "--verdict", "ran"], &["echo"]),
    ] {
        assert_eq!(tools(&scene, words), found, "{words:?}");
    }
    let usage = scene.home.run(&["audit", "list", "--since", "yesterday"]);
    assert!(usage.code == 2 && usage.stderr.contains("a day such as"), "{}", usage.stderr);
}

#[test]
fn a_page_ends_where_the_next_begins() {
    let scene = lived();
    let whole: Vec<Value> = scene.home.json(&["audit", "list", "--limit", "1000"]).succeeded().values();
    let mut read = Vec::new();
    let mut before = i64::MAX;
    loop {
        let page =
            scene.home.json(&["audit", "list", "--limit", "3", "--before", &before.to_string()]).succeeded().values();
        let Some(last) = page.last() else { break };
        before = last["seq"].as_i64().expect("a number");
        read.extend(page);
    }
    assert_eq!(read, whole);
}

#[test]
fn the_story_of_a_call_says_what_why_and_who() {
    let scene = lived();
    let found = scene.home.json(&["audit", "list", "--verdict", "approved"]).succeeded().values();
    let call = found[0]["call"].as_str().expect("a call").to_owned();
    let shown = scene.home.json(&["audit", "show", &call]).succeeded().value();
    let story = &shown["story"];
    let said = story["said"].to_string();
    assert!(said.contains("said yes on the command line") && said.contains("The server answered"), "{said}");
    assert_eq!(story["reasons"][0]["policy"], "send-needs-person", "{story}");
    assert!(!story["reasons"][0]["why"].as_str().unwrap_or_default().is_empty());
    let steps: Vec<&str> =
        story["steps"].as_array().expect("steps").iter().filter_map(|s| s["step"].as_str()).collect();
    assert_eq!(steps, ["asked", "answered", "sent", "done"]);
    assert_eq!(story["card"]["tool"], "send_mail");
    assert_eq!(story["card"]["arguments"]["to"], "ann@example.org", "the card as it was seen");
    let refused = scene.home.json(&["audit", "list", "--verdict", "refused"]).succeeded().values();
    let seq = refused[0]["seq"].to_string();
    let told = scene.home.json(&["audit", "show", &seq]).succeeded().value()["story"]["said"].to_string();
    assert!(told.contains("Nobody was asked. Nothing was sent."), "{told}");
}

#[test]
fn an_export_holds_every_record_byte_for_byte() {
    let scene = lived();
    let lines = scene.home.run(&["audit", "export"]).succeeded().stdout;
    let stored = Database::open(&scene.home.database()).query("select seq, record, hex(hash) from entry order by seq");
    // Reading the log adds nothing to it.
    assert_eq!(lines.lines().count(), stored.len());
    for (line, row) in lines.lines().zip(&stored) {
        let expected = format!("{{\"seq\":{},\"hash\":\"{}\",\"record\":{}}}", row[0], row[2].to_lowercase(), row[1]);
        assert_eq!(line, expected);
    }
    let shown = scene.home.json(&["audit", "show", "1"]).succeeded().value();
    assert_eq!(shown["record"].as_str(), Some(stored[0][1].as_str()), "the exact text, not parsed and printed again");
}

#[test]
fn a_table_computes_nothing_and_hides_nothing() {
    let scene = lived();
    let mut client = scene.client();
    for hostile in ["+1+1", "-2", "@SUM(A1)", "\t=1+1", "a\u{202e}b\u{1b}[2J\r\n=1+1,\"x\""] {
        client.call(hostile, json!({}));
    }
    let table = scene.home.run(&["audit", "export", "--format", "csv", "--verdict", "refused"]).succeeded().stdout;
    let mut rows = table.lines();
    let headings = rows.next().expect("headings");
    assert!(headings.starts_with("seq,time,kind,result,client,server,tool,"), "{headings}");
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    assert_eq!(rows.len(), 6, "one row per entry: {table}");
    for row in &rows {
        assert_eq!(row.len(), headings.split(',').count(), "{row:?}");
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a spreadsheet would compute {cell:?}");
            assert!(!cell.chars().any(|c| c.is_control() || c == '\u{202e}'), "{cell:?}");
        }
    }
    let tools: Vec<&str> = rows.iter().map(|row| row[6].as_str()).collect();
    assert_eq!(tools[..4], ["'=cmd|'/c calc'!A0", "'+1+1", "'-2", "'@SUM(A1)"]);
    assert!(tools[5].contains("[U+202E RLO]") && tools[5].contains("\\n=1+1,\"x\""), "{tools:?}");
}

/// The cells of a row, as RFC 4180 has them.
fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = row.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            letter => cell.push(letter),
        }
    }
    cells.push(cell);
    cells
}
