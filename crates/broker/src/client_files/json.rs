//! JSON as clients read it: with comments and trailing commas.

use super::tree::{Kind, Member, Node, Span};
use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// The tree of a text. The error is one sentence with line and column, and none of the text: it may hold secrets.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let options = ParseOptions {
        allow_missing_commas: false,
        allow_loose_object_property_names: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        ..ParseOptions::default()
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options)
        .map_err(|e| format!("is not JSON at line {}, column {}", e.line_display(), e.column_display()))?;
    let value = parsed.value.ok_or("is empty")?;
    Ok(node(value))
}

fn span(of: &impl Ranged) -> Span {
    let range = of.range();
    range.start..range.end
}

fn node(value: Value<'_>) -> Node {
    let at = span(&value);
    let kind = match value {
        Value::StringLit(text) => Kind::Text(text.value.into_owned()),
        Value::NumberLit(number) => Kind::Raw(number.value.to_owned()),
        Value::BooleanLit(boolean) => Kind::Raw(boolean.value.to_string()),
        Value::NullKeyword(_) => Kind::Raw("null".into()),
        Value::Array(array) => Kind::List(array.elements.into_iter().map(node).collect()),
        Value::Object(object) => {
            let member = |property: jsonc_parser::ast::ObjectProp<'_>| Member {
                name_at: span(&property.name),
                name: match property.name {
                    ObjectPropName::String(name) => name.value.into_owned(),
                    ObjectPropName::Word(name) => name.value.to_owned(),
                },
                value: node(property.value),
            };
            Kind::Map(object.properties.into_iter().map(member).collect())
        }
    };
    Node::plain(kind, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_knows_where_it_stands() {
        let text = "{ // c\r\n\t\"ü\": [1, \"a\\n\", true,], /* d */ \"m\" : {\"x\": null}\r\n}";
        let root = parse(text).unwrap();
        let list = root.get("ü").unwrap();
        assert_eq!(&text[list.span.clone()], "[1, \"a\\n\", true,]");
        assert_eq!(list.items()[1].text(), Some("a\n"));
        assert!(list.items()[2].is_true());
        assert_eq!(&text[root.member("m").unwrap().at()], "\"m\" : {\"x\": null}");
    }

    #[test]
    fn a_mistake_is_named_by_its_place_and_not_by_what_stands_there() {
        let why = parse("{\n  \"token\": s3cret\n}").unwrap_err();
        assert!(why.contains("line 2") && !why.contains("s3cret"), "{why}");
        for text in ["", "  ", "{'a': 1}", "{a: 1}", "{\"a\": 1 \"b\": 2}", "{}{}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_doubtful() {
        assert!(parse("{\"a\": {\"x\": 1, \"x\": 2}}").unwrap().is_doubtful());
        assert!(!parse("{\"a\": {\"x\": 1}, \"b\": {\"x\": 2}}").unwrap().is_doubtful());
    }
}
