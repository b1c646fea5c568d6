//! A configuration file as a tree whose every part knows where it stands in the text, whatever the format.

use serde_json::{Map, Value};
use std::ops::Range;

/// Bytes of the text.
pub(super) type Span = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
    pub(super) form: Form,
    /// It has an anchor, a tag or an alias (YAML): what it means is not all written where it stands.
    pub(super) odd: bool,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Map(Vec<Member>),
    List(Vec<Node>),
    Text(String),
    /// A number, a boolean, a date or nothing, as written.
    Raw(String),
}

/// How a value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In one piece, beside its name.
    Plain,
    /// In lines of its own below its name (YAML).
    Block,
    /// A table with a heading (TOML); where the heading stands.
    Section(Span),
    /// A table that is named only in longer names or headings (TOML).
    Dotted,
}

/// A named value of a map.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// The name itself.
    pub(super) name_at: Span,
    pub(super) value: Node,
}

impl Member {
    /// Name and value.
    pub(super) fn at(&self) -> Span {
        self.name_at.start.min(self.value.span.start)..self.value.span.end
    }
}

impl Node {
    pub(super) fn plain(kind: Kind, span: Span) -> Self {
        Self { kind, span, form: Form::Plain, odd: false }
    }

    /// Its members, if it is a map.
    pub(super) fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Map(members) => members,
            _ => &[],
        }
    }

    /// Its items, if it is a list.
    pub(super) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The member of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().find(|m| m.name == name)
    }

    /// The value of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.member(name).map(|m| &m.value)
    }

    /// What it says, if it is text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As a whole number.
    pub(super) fn number(&self) -> Option<u64> {
        match &self.kind {
            Kind::Raw(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        matches!(&self.kind, Kind::Raw(raw) if raw == "true")
    }

    /// What it means, wherever it stands.
    pub(super) fn value(&self) -> Value {
        match &self.kind {
            Kind::Map(members) => {
                Value::Object(members.iter().map(|m| (m.name.clone(), m.value.value())).collect::<Map<_, _>>())
            }
            Kind::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::Raw(raw) => serde_json::from_str(raw).unwrap_or_else(|_| Value::String(raw.clone())),
        }
    }

    /// Whether part of it is `odd`, or a name stands twice in one of its maps: readers then differ about what it means.
    pub(super) fn is_doubtful(&self) -> bool {
        let twice = |members: &[Member]| {
            let mut names: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
            names.sort_unstable();
            names.windows(2).any(|pair| pair[0] == pair[1])
        };
        self.odd
            || twice(self.members())
            || self.members().iter().any(|m| m.value.is_doubtful())
            || self.items().iter().any(Self::is_doubtful)
    }

    /// Every stretch of text that belongs to this value: scalars with their names, and headings.
    pub(super) fn stretches<'node>(&'node self, but: &'node Node, out: &mut Vec<Span>) {
        if std::ptr::eq(self, but) {
            return;
        }
        if let Form::Section(heading) = &self.form {
            out.push(heading.clone());
        }
        for member in self.members() {
            if matches!(member.value.kind, Kind::Text(_) | Kind::Raw(_)) {
                out.push(member.at());
            }
            member.value.stretches(but, out);
        }
        for item in self.items() {
            if matches!(item.kind, Kind::Text(_) | Kind::Raw(_)) {
                out.push(item.span.clone());
            }
            item.stretches(but, out);
        }
    }
}

/// The smallest span that holds both.
pub(super) fn around(one: Option<Span>, other: Span) -> Span {
    one.map_or(other.clone(), |one| one.start.min(other.start)..one.end.max(other.end))
}
