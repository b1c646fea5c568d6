//! A changed call differs from what was asked in exactly what a person wrote.

use super::*;
use proptest::prelude::*;

fn edit(pointer: &str, value: &str) -> Edit {
    Edit { pointer: pointer.to_owned(), value: value.to_owned() }
}

fn spliced(raw: &str, edits: &[Edit]) -> Result<String, EditFault> {
    splice(raw.as_bytes(), edits).map(|(bytes, _)| String::from_utf8(bytes).unwrap())
}

#[test]
fn every_other_byte_stays_as_it_was_written() {
    let raw = r#"{ "z" : 1.00,"a/b":[ 1e3 , {"~":"\u0041"} ],  "a":true , "":"x" }"#;
    let edits = [edit("/a~1b/1/~0", r#""new \"text\"""#), edit("/a", "false"), edit("/", r#""""#)];
    let want = r#"{ "z" : 1.00,"a/b":[ 1e3 , {"~":"new \"text\""} ],  "a":false , "":"" }"#;
    assert_eq!(spliced(raw, &edits).unwrap(), want);
    assert_eq!(spliced(raw, &[edit("/a~1b/0", "1000")]).unwrap(), raw.replace("1e3", "1000"));
}

#[test]
fn what_reads_the_same_is_no_change() {
    let raw = r#"{"a":"\u0041","n":1.0,"b":true}"#;
    let (same, changes) =
        splice(raw.as_bytes(), &[edit("/a", r#""A""#), edit("/n", "1.0"), edit("/b", " true ")]).unwrap();
    assert_eq!((same.as_slice(), changes.len()), (raw.as_bytes(), 0));
    assert_eq!(splice(raw.as_bytes(), &[edit("/n", "1.00")]).unwrap().1.len(), 1, "a number is how it is written");
}

#[test]
fn what_can_not_stand_there_is_refused() {
    let raw = r#"{"text":"x","list":[1,2],"none":null,"n":1}"#;
    let why = |pointer: &str, value: &str| spliced(raw, &[edit(pointer, value)]).unwrap_err();
    for value in ["", "x", r#""x","more":"y""#, "[1]", r#"{"a":1}"#, "null", r#""\ud800""#, "1}"] {
        assert_eq!(why("/text", value), EditFault::NotPlain("/text".into()), "{value}");
    }
    assert_eq!(why("/text", "1"), EditFault::OtherKind("/text".into(), "text"));
    assert_eq!(why("/list", r#""x""#), EditFault::NotScalar("/list".into()));
    assert_eq!(why("/none", r#""x""#), EditFault::NotScalar("/none".into()));
    for pointer in ["", "text", "/absent", "/list/2", "/list/01", "/list/-", "/text/0", "/list/+1"] {
        assert_eq!(why(pointer, "1"), EditFault::NotThere(pointer.into()), "{pointer}");
    }
    let twice = [edit("/n", "2"), edit("/n", "3")];
    assert_eq!(spliced(raw, &twice).unwrap_err(), EditFault::Twice("/n".into()));
    let long = format!("\"{}\"", "x".repeat(MOST_BYTES));
    assert_eq!(why("/text", &long), EditFault::TooMuch);
    let twins = r#"{"a":1,"a":2}"#;
    assert_eq!(spliced(twins, &[edit("/a", "3")]).unwrap_err(), EditFault::NotThere("/a".into()));
}

/// A call of a tool whose schema knows two colours and short names.
fn asked(arguments: &str) -> Case {
    let schema =
        r#"{"type":"object","properties":{"colour":{"enum":["red","blue"]},"name":{"type":"string","maxLength":5}}}"#;
    let definition = format!(r#"{{"name":"paint","description":"","inputSchema":{schema}}}"#);
    let tool = crate::tool::parse_listing(vec![Bytes::from(definition)]).unwrap().remove(0);
    let params = format!(r#"{{ "_meta":{{"x":1.0}}, "arguments" : {arguments},"name":"paint"}}"#);
    Case::inspect(crate::call::sample("s", tool, Bytes::from(params)))
}

#[test]
fn what_goes_out_is_the_changed_call_and_has_a_digest_of_its_own() {
    let first = asked(r#"{"colour":"red", "name":"wall"}"#);
    let (case, changes) = changed(&first, &[edit("/colour", r#""blue""#)]).unwrap();
    let request = &case.call.request;
    assert_eq!(&request.arguments[..], br#"{"colour":"blue", "name":"wall"}"#);
    assert_eq!(
        &request.params[..],
        br#"{ "_meta":{"x":1.0}, "arguments" : {"colour":"blue", "name":"wall"},"name":"paint"}"#
    );
    assert_eq!(request.parsed["colour"], "blue");
    assert_ne!(case.call.digest(), first.call.digest());
    assert_eq!(changes, [Change { pointer: "/colour".into(), from: r#""red""#.into(), to: r#""blue""#.into() }]);
    let (same, none) = changed(&first, &[edit("/colour", r#""red""#)]).unwrap();
    assert_eq!((same.call.digest(), none.len()), (first.call.digest(), 0), "undone is as it was");
}

#[test]
fn what_the_schema_does_not_allow_is_refused_unless_it_was_so_before() {
    let first = asked(r#"{"colour":"green","name":"wall"}"#);
    let refused = changed(&first, &[edit("/name", r#""ceiling""#)]).unwrap_err();
    assert!(matches!(refused, EditFault::OffSchema(_)), "{refused}");
    assert!(changed(&first, &[edit("/name", r#""door""#)]).is_ok(), "the colour was off before");
    assert!(changed(&first, &[edit("/colour", r#""blue""#)]).is_ok());
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z~/\"\\\\é ]{0,5}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-z~/\"\\\\é ]{0,5}", json(), 1..6)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    /// However the object is laid out: what was changed reads as written, what was not reads as before, and undoing the
    /// change in the changed bytes gives the first bytes again, to the last one.
    #[test]
    fn a_change_is_exactly_what_was_written(value in object(), pretty in any::<bool>(), pick in any::<prop::sample::Index>(), text in "\\PC{0,20}") {
        let raw = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let all = crate::call::scalars(&value);
        let all: Vec<_> = all.into_iter().filter(|(_, v)| !v.is_null()).collect();
        prop_assume!(!all.is_empty());
        let (pointer, old) = pick.get(&all);
        let new = match old {
            Value::String(_) => Value::from(text),
            Value::Bool(b) => Value::from(!b),
            _ => Value::from(text.len()),
        };
        let (bytes, changes) = splice(raw.as_bytes(), &[edit(pointer, &new.to_string())]).unwrap();
        let mut want = value.clone();
        *want.pointer_mut(pointer).unwrap() = new.clone();
        prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), want);
        if let Some(change) = changes.first() {
            let (back, _) = splice(&bytes, &[edit(pointer, &change.from)]).unwrap();
            prop_assert_eq!(String::from_utf8(back).unwrap(), raw);
        }
    }

    #[test]
    fn nothing_panics(raw in "\\PC{0,60}", pointer in "[/a-z0-9~]{0,8}", value in "\\PC{0,12}") {
        let _refused_or_not = splice(raw.as_bytes(), &[edit(&pointer, &value)]);
    }
}
