//! TOML. A table may be written in several places; its span is the stretch from the first to the last of them.

use super::tree::{Form, Kind, Member, Node, Span, around};
use toml_edit::{Document, Item, Key, Table, Value};

/// The tree of a text. The error is one sentence with its line, and none of the text: it may hold secrets.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let document = Document::parse(text).map_err(|e| {
        let before = e.span().and_then(|at| text.get(..at.start)).unwrap_or_default();
        format!("is not TOML at line {}", before.matches('\n').count() + 1)
    })?;
    let mut root = table(text, document.as_table());
    root.form = Form::Plain;
    root.span = 0..text.len();
    Ok(root)
}

fn table(text: &str, table: &Table) -> Node {
    let members: Vec<Member> = table
        .iter()
        .filter_map(|(name, item)| {
            let value = node(text, item)?;
            let name_at = table.key(name).and_then(Key::span).unwrap_or(value.span.start..value.span.start);
            Some(Member { name: name.to_owned(), name_at, value })
        })
        .collect();
    let heading = table.span().filter(|_| !table.is_dotted() && !table.is_implicit());
    let mut span = heading.clone();
    for member in &members {
        // The name of a table with a heading stands inside that heading.
        let at =
            if matches!(member.value.form, Form::Section(_)) { member.value.span.clone() } else { whole(text, member) };
        span = Some(around(span, at));
    }
    let form = heading.map_or(Form::Dotted, Form::Section);
    Node { kind: Kind::Map(members), span: span.unwrap_or(0..0), form, odd: false }
}

/// A named value from the start of its line: in `a.b = 1`, the name of `b` begins with `a`.
fn whole(text: &str, member: &Member) -> Span {
    if member.value.form == Form::Dotted {
        return member.value.span.clone();
    }
    let line = text.get(..member.name_at.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let before = text.get(line..member.name_at.start).unwrap_or_default();
    line + (before.len() - before.trim_start().len())..member.value.span.end
}

fn node(text: &str, item: &Item) -> Option<Node> {
    match item {
        Item::None => None,
        Item::Value(value) => Some(scalar(text, value)),
        Item::Table(inner) => Some(table(text, inner)),
        Item::ArrayOfTables(tables) => {
            let items: Vec<Node> = tables.iter().map(|t| table(text, t)).collect();
            let span = items.iter().fold(None, |span, item| Some(around(span, item.span.clone())))?;
            Some(Node { kind: Kind::List(items), span, form: Form::Dotted, odd: false })
        }
    }
}

fn scalar(text: &str, value: &Value) -> Node {
    let span = value.span().unwrap_or(0..0);
    let kind = match value {
        Value::String(said) => Kind::Text(said.value().clone()),
        Value::Array(array) => Kind::List(array.iter().map(|item| scalar(text, item)).collect()),
        Value::InlineTable(inline) => {
            let member = |(name, item): (&str, &Value)| {
                let value = scalar(text, item);
                let name_at = inline.key(name).and_then(Key::span).unwrap_or(value.span.start..value.span.start);
                Member { name: name.to_owned(), name_at, value }
            };
            Kind::Map(inline.iter().map(member).collect())
        }
        _ => Kind::Raw(text.get(span.clone()).unwrap_or_default().to_owned()),
    };
    let dotted = matches!(value, Value::InlineTable(inline) if inline.is_dotted());
    Node { kind, span, form: if dotted { Form::Dotted } else { Form::Plain }, odd: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "model = \"x\" # c\r\n\r\n[mcp_servers.a] # h\r\ncommand = 'npx'\r\nargs = [\"-y\", # why\r\n \"b\"]\r\n\r\n\
                        [mcp_servers.a.env]\r\nTOKEN = \"s\"\r\n# end\r\n[mcp_servers.b]\r\nurl = \"https://x\"\r\n";

    #[test]
    fn a_table_stretches_from_its_heading_to_its_last_value() {
        let root = parse(TEXT).unwrap();
        let servers = root.get("mcp_servers").unwrap();
        assert_eq!(servers.form, Form::Dotted);
        let a = servers.get("a").unwrap();
        let text = &TEXT[a.span.clone()];
        assert!(text.starts_with("[mcp_servers.a]") && text.ends_with("TOKEN = \"s\""), "{text}");
        let Form::Section(heading) = &a.get("env").unwrap().form else { panic!("no heading") };
        assert_eq!(&TEXT[heading.clone()], "[mcp_servers.a.env]");
        assert_eq!(a.get("args").unwrap().items()[1].text(), Some("b"));
    }

    #[test]
    fn longer_names_and_tables_in_a_line_are_read() {
        let text = "[mcp_servers]\na = { command = \"x\", env = { K = \"v\" } }\nb.command = \"y\"\nb.env.K = \"v\"\n";
        let root = parse(text).unwrap();
        let servers = root.get("mcp_servers").unwrap();
        let a = servers.get("a").unwrap();
        assert_eq!((&text[a.span.clone()], &a.form), ("{ command = \"x\", env = { K = \"v\" } }", &Form::Plain));
        let b = servers.get("b").unwrap();
        assert_eq!((&text[b.span.clone()], &b.form), ("b.command = \"y\"\nb.env.K = \"v\"", &Form::Dotted));
    }

    #[test]
    fn a_mistake_is_named_by_its_line_and_not_by_what_stands_there() {
        let why = parse("a = 1\ntoken = s3cret\n").unwrap_err();
        assert!(why.contains("line 2") && !why.contains("s3cret"), "{why}");
    }
}
