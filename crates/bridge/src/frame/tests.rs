//! What is a frame, what is none, and that bytes stay as they are.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(text: &str) -> Result<Frame, FrameFault> {
    Frame::parse(Bytes::copy_from_slice(text.as_bytes()))
}

fn fault(text: &str) -> FaultKind {
    parse(text).expect_err(text).kind
}

#[test]
fn messages_are_told_apart() {
    let request =
        parse(r#" { "jsonrpc" : "2.0", "id" : "a\"b" , "method":"tools\/call","params": {"x": 1.0} } "#).unwrap();
    assert_eq!(request.kind(), Kind::Request { id: r#""a\"b""#, method: "tools/call" });
    assert_eq!(request.params().unwrap(), r#"{"x": 1.0}"#);
    let note = parse(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).unwrap();
    assert_eq!(note.kind(), Kind::Notification { method: "notifications/initialized" });
    let answer = parse(r#"{"jsonrpc":"2.0","id":-7,"result":null}"#).unwrap();
    assert_eq!(answer.kind(), Kind::Response { id: "-7", error: false });
    assert_eq!(answer.result().unwrap(), "null");
    let failed = parse(r#"{"jsonrpc":"2.0","id":123456789012345678901,"error":{"code":1,"message":""}}"#).unwrap();
    assert_eq!(failed.kind(), Kind::Response { id: "123456789012345678901", error: true });
    assert_eq!(failed.error().unwrap(), r#"{"code":1,"message":""}"#);
}

#[test]
fn what_is_no_message_says_why() {
    for text in [
        r#"{"id":1,"method":"x"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"x"}"#,
        r#"{"jsonrpc":2.0,"id":1,"method":"x"}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#,
        r#"{"jsonrpc":"2.0","id":1.0,"method":"x"}"#,
        r#"{"jsonrpc":"2.0","id":1e3,"method":"x"}"#,
        r#"{"jsonrpc":"2.0","id":[1],"method":"x"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":null}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"x","result":{}}"#,
        r#"{"jsonrpc":"2.0"}"#,
    ] {
        assert!(matches!(fault(text), FaultKind::NotJsonRpc(_)), "{text}");
    }
    assert_eq!(fault("[]"), FaultKind::Batch);
    assert_eq!(fault(r#" [{"jsonrpc":"2.0","method":"x"}]"#), FaultKind::Batch);
    for text in ["", "  ", "null", "\"x\"", "Server listening on port 3000", "7"] {
        assert_eq!(fault(text), FaultKind::NotAnObject, "{text}");
    }
    for text in
        [r#"{"jsonrpc":"2.0","method":"x""#, "{}{}", "{]", r#"{"a":01}"#, r#"{"a":"\ud800"}"#, "{\"a\":\"\u{1}\"}"]
    {
        assert!(matches!(fault(text), FaultKind::NotJson(_)), "{text}");
    }
    let broken = Frame::parse(Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}"));
    assert_eq!(broken.unwrap_err().kind, FaultKind::NotUtf8);
}

#[test]
fn a_key_that_stands_twice_is_refused_at_every_level() {
    let twice = |key: &str| FaultKind::DuplicateKey { key: key.into() };
    assert_eq!(fault(r#"{"jsonrpc":"2.0","method":"x","method":"y"}"#), twice("method"));
    assert_eq!(fault(r#"{"jsonrpc":"2.0","method":"x","params":{"arguments":{"a":1,"\u0061":2}}}"#), twice("a"));
    assert_eq!(fault(r#"{"jsonrpc":"2.0","method":"x","params":[[{"a":{"b":0},"c":[],"a":1}]]}"#), twice("a"));
    let many = |last: &str| {
        let keys: String = (0..5000).map(|n| format!("\"k{n}\":{{\"k1\":0}},")).collect();
        format!(r#"{{"jsonrpc":"2.0","method":"x","params":{{{keys}"{last}":0}}}}"#)
    };
    assert_eq!(fault(&many("k0")), twice("k0"));
    assert_eq!(fault(&many("k4999")), twice("k4999"));
    assert!(parse(&many("another")).is_ok());
    // The same key in different objects is no duplicate.
    assert!(parse(r#"{"jsonrpc":"2.0","method":"x","params":{"a":{"a":{"a":[{"a":1},{"a":2}]}}}}"#).is_ok());
}

#[test]
fn depth_is_bounded_and_costs_no_stack() {
    let nested = |levels: usize| {
        let open = "[".repeat(levels);
        format!(r#"{{"jsonrpc":"2.0","id":3,"method":"x","params":{open}{}}}"#, "]".repeat(levels))
    };
    assert!(parse(&nested(MAX_DEPTH - 1)).is_ok());
    assert_eq!(fault(&nested(MAX_DEPTH)), FaultKind::TooDeep);
    let deep = parse(&nested(10_000)).unwrap_err();
    assert_eq!((&deep.kind, deep.id.as_deref()), (&FaultKind::TooDeep, Some("3")));
    assert_eq!(fault(&"[".repeat(10_000)), FaultKind::Batch);
    assert_eq!(fault(&format!("{{\"a\":{}", "{\"a\":".repeat(4_000_000))), FaultKind::TooDeep);
}

#[test]
fn a_refusal_can_be_answered() {
    let reply = |text: &str| -> Value { serde_json::from_slice(&parse(text).unwrap_err().reply()).unwrap() };
    let doubled = reply(r#"{"jsonrpc":"2.0","id":"q","method":"x","params":{"a\u202e\n":1,"a\u202e\n":2}}"#);
    assert_eq!((&doubled["id"], &doubled["error"]["code"]), (&json!("q"), &json!(-32600)));
    assert!(!doubled["error"]["message"].as_str().unwrap().contains(['\u{202e}', '\n']), "{doubled}");
    assert_eq!(reply("nonsense {")["id"], Value::Null);
    assert_eq!(reply("{\"id\":1,")["error"]["code"], json!(-32700));
    assert_eq!(reply(r#"{"id":1,"id":2,"method":"x"}"#)["id"], Value::Null, "neither id is the right one");
    assert_eq!(reply(r#"{"jsonrpc":"2.0","id":{"a":1},"method":"x"}"#)["id"], Value::Null);
}

/// What this thread has computed so far, in nanoseconds: unlike the clock, it does not count what others compute.
fn spent() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn large_frames_are_read_in_linear_time() {
    let cost = |times: usize| {
        let (text, items) = ("ä\\n".repeat(times * 20_000), "{\"a\":[1,2,3]},".repeat(times * 5_000));
        let keys: String = (0..times * 2_000).map(|n| format!("\"{n}\":0,")).collect();
        let large = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{{keys}"text":"{text}","items":[{items}0]}}}}"#);
        // The system may count in ticks of several milliseconds: many of them are measured.
        let (before, mut runs) = (spent(), 0.0);
        while spent() - before < 100e6 {
            assert!(parse(&large).is_ok());
            runs += 1.0;
        }
        (spent() - before) / runs
    };
    let (one, eight) = (cost(1), cost(8));
    assert!(eight < 30.0 * one, "eight times the size cost {:.1} times as much", eight / one);
}

/// JSON text of some value, with the spacing and escapes that a foreign writer may choose.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has only finite numbers", |n| n.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..20)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![any::<i64>().prop_map(|id| id.to_string()), any::<String>().prop_map(|id| json!(id).to_string())]
        .prop_filter("within the limit", |id| id.len() <= MAX_ID)
}

fn message() -> impl Strategy<Value = String> {
    (id(), value(), value(), any::<bool>()).prop_map(|(id, params, extra, pretty)| {
        let id: Value = serde_json::from_str(&id).unwrap();
        let message = json!({"extra": extra, "jsonrpc": "2.0", "id": id, "method": "m", "params": params});
        if pretty { serde_json::to_string_pretty(&message).unwrap() } else { message.to_string() }
    })
}

/// Pieces that make almost-JSON.
fn soup() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"\\u0061\"",
        "\"b\"",
        "1",
        "-0.5e3",
        "null",
        "true",
        " ",
        "\\",
        "\"",
        "ä",
        r#""jsonrpc":"2.0""#,
        r#""id":1"#,
        r#""method":"m""#,
        r#""result":{}"#,
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn another_id_changes_nothing_else(text in message(), new in id()) {
        let frame = parse(&text).unwrap();
        let range = frame.id.clone().unwrap();
        let changed = frame.with_id(&new);
        prop_assert_eq!(&changed[..range.start], &text.as_bytes()[..range.start]);
        prop_assert_eq!(&changed[range.start..range.start + new.len()], new.as_bytes());
        prop_assert_eq!(&changed[range.start + new.len()..], &text.as_bytes()[range.end..]);
        let old = frame.id().unwrap().to_owned();
        let again = Frame::parse(changed).unwrap();
        prop_assert_eq!(again.id().unwrap(), new);
        prop_assert_eq!(again.params(), frame.params());
        prop_assert_eq!(again.with_id(&old), text);
    }

    #[test]
    fn well_formed_messages_are_taken(text in message()) {
        let frame = parse(&text).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Value>(&frame.params().unwrap()).unwrap(), whole["params"].clone());
        prop_assert_eq!(serde_json::from_str::<Value>(frame.id().unwrap()).unwrap(), whole["id"].clone());
    }

    #[test]
    fn what_json_does_not_read_is_no_frame_and_the_reverse(text in soup()) {
        let value = serde_json::from_str::<Value>(&text);
        match parse(&text) {
            Ok(_) => prop_assert!(value.is_ok_and(|value| value.is_object())),
            Err(FrameFault { kind: FaultKind::NotJson(_), .. }) => prop_assert!(value.is_err()),
            Err(FrameFault { kind: FaultKind::DuplicateKey { .. } | FaultKind::NotJsonRpc(_), .. }) => {}
            Err(FrameFault { kind: FaultKind::Batch, .. }) => prop_assert!(text.trim_start().starts_with('[')),
            Err(_) => prop_assert_ne!(text.trim_start().chars().next(), Some('{')),
        }
    }

    #[test]
    fn arbitrary_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Frame::parse(Bytes::from(bytes));
    }

    #[test]
    fn lines_do_not_depend_on_how_they_arrive(
        lines in prop::collection::vec("[a-c\r ]{0,9}", 0..12), sizes in prop::collection::vec(1usize..7, 1..40)
    ) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let expected: Vec<Line> = lines
            .iter()
            .filter(|line| !line.trim().is_empty() || line.strip_suffix('\r').unwrap_or(line).len() > 6)
            .map(|line| match line.strip_suffix('\r').unwrap_or(line) {
                line if line.len() > 6 => Line::TooLong { bytes: 0 },
                line => Line::Frame(Bytes::copy_from_slice(line.as_bytes())),
            })
            .collect();
        let mut buffer = LineBuffer::new(6);
        let mut found = Vec::new();
        let mut rest = text.as_bytes();
        for size in sizes.iter().cycle() {
            if rest.is_empty() { break }
            let (now, later) = rest.split_at((*size).min(rest.len()));
            buffer.extend(now);
            rest = later;
            while let Some(line) = buffer.next_line() {
                // How long an overlong line was may count its carriage return or not.
                found.push(match line { Line::TooLong { .. } => Line::TooLong { bytes: 0 }, line => line });
            }
        }
        prop_assert_eq!(found, expected);
        prop_assert_eq!(buffer.last_line(), None);
    }
}

#[tokio::test]
async fn a_stream_is_read_line_by_line_within_the_limit() {
    let mut text = b"one\r\n\n   \ntwo\n".to_vec();
    text.extend(std::iter::repeat_n(b'x', 1000));
    text.extend_from_slice(b"\nthree");
    let mut lines = Lines::new(&text[..]);
    lines.set_limit(100);
    let mut found = Vec::new();
    while let Some(line) = lines.next().await.unwrap() {
        found.push(line);
    }
    let frame = |text: &'static str| Line::Frame(Bytes::from_static(text.as_bytes()));
    assert_eq!(found, [frame("one"), frame("two"), Line::TooLong { bytes: 1000 }, frame("three")]);
    assert_eq!(lines.next().await.unwrap(), None, "the end stays the end");
}

#[tokio::test]
async fn an_endless_line_is_skipped_in_bounded_memory() {
    use tokio::io::AsyncReadExt;
    let endless = tokio::io::repeat(b'x').take(100 * 1024 * 1024);
    let mut lines = Lines::new(endless.chain(&b"\nnext\n"[..]));
    assert_eq!(lines.next().await.unwrap(), Some(Line::TooLong { bytes: 100 * 1024 * 1024 }));
    assert_eq!(lines.next().await.unwrap(), Some(Line::Frame(Bytes::from_static(b"next"))));
}
