//! YAML. Blocks end where their last value ends: comments and empty lines after it belong to nobody.

use super::tree::{Form, Kind, Member, Node, Span};
use saphyr_parser::{Event, Parser, ScalarStyle};

/// How deep a file may nest.
const DEEPEST: usize = 100;

/// The tree of a text. The error is one sentence with its line, and none of the text: it may hold secrets.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut reader =
        Reader { text, bytes: text.char_indices().map(|(at, _)| at).collect(), events: Vec::new(), next: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| format!("is not YAML at line {}", e.marker().line()))?;
        let span = reader.byte(span.start.index())..reader.byte(span.end.index());
        reader.events.push((event, span));
    }
    if reader.events.iter().filter(|(event, _)| matches!(event, Event::DocumentStart(_))).count() > 1 {
        return Err("holds several YAML documents".into());
    }
    reader.events.retain(|(event, _)| {
        !matches!(
            event,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd
        )
    });
    let end = reader.events.len();
    let root = reader.node(0)?.ok_or("is empty")?;
    if reader.next != end { Err("is not YAML that can be read".into()) } else { Ok(root) }
}

struct Reader<'text> {
    text: &'text str,
    /// Where each character begins.
    bytes: Vec<usize>,
    events: Vec<(Event<'text>, Span)>,
    next: usize,
}

impl<'text> Reader<'text> {
    fn byte(&self, character: usize) -> usize {
        self.bytes.get(character).copied().unwrap_or(self.text.len())
    }

    fn take(&mut self) -> Option<(Event<'text>, Span)> {
        let event = self.events.get(self.next).cloned();
        self.next += 1;
        event
    }

    /// The next value; `None` where a map, a list or the text ends.
    fn node(&mut self, depth: usize) -> Result<Option<Node>, String> {
        if depth > DEEPEST {
            return Err("nests too deeply".into());
        }
        let Some((event, span)) = self.take() else { return Ok(None) };
        Ok(Some(match event {
            Event::Scalar(said, style, anchor, tag) => {
                let mut node = self.scalar(&said, style, span);
                node.odd = anchor != 0 || tag.is_some();
                node
            }
            Event::Alias(_) => Node { kind: Kind::Raw("*".into()), span, form: Form::Plain, odd: true },
            Event::SequenceStart(anchor, tag) => {
                let mut items = Vec::new();
                while let Some(item) = self.node(depth + 1)? {
                    items.push(item);
                }
                let last = items.last().map(|item| item.span.end);
                self.collection(Kind::List(items), span, last, anchor != 0 || tag.is_some())
            }
            Event::MappingStart(anchor, tag) => {
                let mut members = Vec::new();
                while let Some(key) = self.node(depth + 1)? {
                    let Some(mut value) = self.node(depth + 1)? else {
                        return Err("is not YAML that can be read".into());
                    };
                    let name = match &key.kind {
                        Kind::Text(name) | Kind::Raw(name) => name.clone(),
                        Kind::Map(_) | Kind::List(_) => return Err("has names that are not text".into()),
                    };
                    value.odd |= key.odd || name == "<<";
                    if value.span.is_empty() {
                        // Nothing was written: it stands right behind the colon.
                        let at = self.colon(key.span.end).unwrap_or(key.span.end);
                        value.span = at..at;
                    }
                    members.push(Member { name, name_at: key.span, value });
                }
                let last = members.last().map(|member| member.value.span.end);
                let mut node = self.collection(Kind::Map(members), span, last, anchor != 0 || tag.is_some());
                if let (Form::Block, Some(first)) = (&node.form, node.members().first()) {
                    node.span.start = first.name_at.start;
                }
                node
            }
            // The end of what the caller reads.
            _ => return Ok(None),
        }))
    }

    fn scalar(&self, said: &str, style: ScalarStyle, span: Span) -> Node {
        let source = self.text.get(span.clone()).unwrap_or_default();
        let (kind, form) = match style {
            ScalarStyle::Plain if source.is_empty() || is_raw(said) => {
                (Kind::Raw(if matches!(said, "" | "~") { "null".into() } else { said.to_lowercase() }), Form::Plain)
            }
            ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                (Kind::Text(said.to_owned()), Form::Plain)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => (Kind::Text(said.to_owned()), Form::Block),
        };
        let length = match style {
            ScalarStyle::DoubleQuoted => closing(source, '"', '\\'),
            ScalarStyle::SingleQuoted => closing(source, '\'', '\''),
            ScalarStyle::Plain => before_comment(source).trim_end().len(),
            ScalarStyle::Literal | ScalarStyle::Folded => source.trim_end().len(),
        };
        Node { kind, span: span.start..span.start + length, form, odd: false }
    }

    /// A map or a list, whose events have been read up to and with its end.
    fn collection(&self, kind: Kind, start: Span, last: Option<usize>, odd: bool) -> Node {
        let flow = self.text.get(start.start..).is_some_and(|rest| rest.starts_with(['{', '[']));
        if flow {
            let end = self.closing(last.unwrap_or(start.start + 1));
            let span = start.start..end.unwrap_or(start.end);
            return Node { kind, span, form: Form::Plain, odd: odd || end.is_none() };
        }
        let end = last.unwrap_or(start.start);
        Node { kind, span: start.start..end, form: Form::Block, odd }
    }

    /// Behind the bracket that closes a collection whose last value ends here. The parser counts what follows it, too.
    fn closing(&self, from: usize) -> Option<usize> {
        let mut comment = false;
        for (at, c) in self.text.get(from..)?.char_indices() {
            match c {
                '\n' => comment = false,
                _ if comment => {}
                '#' => comment = true,
                '}' | ']' => return Some(from + at + 1),
                ',' => {}
                c if c.is_whitespace() => {}
                _ => return None,
            }
        }
        None
    }

    /// Behind the colon that follows a name.
    fn colon(&self, from: usize) -> Option<usize> {
        let rest = self.text.get(from..)?;
        let gap = rest.len() - rest.trim_start().len();
        rest[gap..].starts_with(':').then_some(from + gap + 1)
    }
}

/// How long a quoted scalar is: the parser counts what follows it, too. Behind `escape`, a quote does not close.
fn closing(source: &str, quote: char, escape: char) -> usize {
    let mut chars = source.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == escape && (escape != quote || chars.peek().is_some_and(|(_, next)| *next == quote)) {
            chars.next();
        } else if c == quote {
            return at + quote.len_utf8();
        }
    }
    source.len()
}

/// Text up to where a comment begins.
fn before_comment(source: &str) -> &str {
    let comment = source
        .char_indices()
        .skip(1)
        .find(|(at, c)| *c == '#' && source.get(..*at).is_some_and(|before| before.ends_with(char::is_whitespace)));
    comment.and_then(|(at, _)| source.get(..at)).unwrap_or(source)
}

/// Whether a plain word is a number, a boolean or nothing.
fn is_raw(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "~" | ".nan" | ".inf" | "-.inf")
        || (word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
            && word.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ü\nextensions:\n  a:   # note\n    cmd: npx\n    args:\n      - -y\n      - \"b\" # why\n    envs:\n      TOKEN: s\n\n  # next\n  b: {type: builtin, on: True}\nz:\n";

    #[test]
    fn blocks_end_with_their_last_value() {
        let root = parse(TEXT).unwrap();
        let a = root.get("extensions").unwrap().get("a").unwrap();
        let text = &TEXT[a.span.clone()];
        assert!(text.starts_with("cmd: npx") && text.ends_with("TOKEN: s"), "{text:?}");
        assert_eq!((&a.form, a.get("args").unwrap().items()[1].text()), (&Form::Block, Some("b")));
        let b = root.get("extensions").unwrap().get("b").unwrap();
        assert_eq!(&TEXT[b.span.clone()], "{type: builtin, on: True}");
        assert!(b.get("on").unwrap().is_true());
        assert_eq!(&TEXT[root.member("z").unwrap().at()], "z:");
    }

    #[test]
    fn a_scalar_ends_before_its_comment() {
        let text = "a: \"x\\\" # no\"   # c\nb: 'y''s # no'\t# c\nc: z#no   # c\nd: [\"v\" , 'w' ] # c\ne: \"two\n  lines\" # c\nf: { g: h } # c\n";
        let root = parse(text).unwrap();
        let source = |name: &str| &text[root.get(name).unwrap().span.clone()];
        assert_eq!((source("a"), source("b"), source("c")), ("\"x\\\" # no\"", "'y''s # no'", "z#no"));
        assert_eq!((source("d"), source("e"), source("f")), ("[\"v\" , 'w' ]", "\"two\n  lines\"", "{ g: h }"));
        assert_eq!(&text[root.get("d").unwrap().items()[0].span.clone()], "\"v\"");
    }

    #[test]
    fn what_is_not_all_written_in_its_place_is_doubtful() {
        for text in ["a: &x {b: 1}\nc: 1", "a: {<<: 1}", "x: &y 1\na: *y", "a: !!str 1"] {
            assert!(parse(text).unwrap().is_doubtful(), "{text}");
        }
        assert!(!parse(TEXT).unwrap().is_doubtful());
    }

    #[test]
    fn a_mistake_is_named_by_its_line_and_not_by_what_stands_there() {
        let why = parse("a: 1\nb: \"s3cret\n").unwrap_err();
        assert!(!why.contains("s3cret") && why.contains("line"), "{why}");
        assert!(parse("").is_err() && parse("a: 1\n---\nb: 2\n").is_err());
    }
}
