//! One message on its way to a client: each text of it looked at once, what may not leave taken out, the rest untouched.

use super::blocks::{File, Role, Roles, file};
use super::json::{Doc, Sort, Splices, encode};
use super::look::{Piece, What, as_json, label, merged, pieces};
use super::outline;
use super::spotlight::{block, quoted, warning, warning_at};
use super::structured::{self, Change, Part};
use super::sweep::sweep;
use super::withheld::{Mark, Withheld};
use super::{Held, Released, Spotlight, Terms};
use crate::inspect::data::{Datum, named, named_number};
use crate::inspect::{self, Finding, Severity, unicode};
use bytes::Bytes;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use wire::text::escaped;

/// Texts shorter than this hold neither an order nor a value of any class.
const SHORT: usize = 4;

/// How many findings are told.
const MOST_FINDINGS: usize = 256;

/// A text, name or number that was looked at.
pub(super) struct Leaf<'r> {
    pub(super) node: usize,
    pub(super) part: Part,
    pub(super) role: Role,
    pub(super) text: Cow<'r, str>,
    pub(super) pieces: Vec<Piece>,
    /// Why it reads like an order, where it does.
    pub(super) flagged: Option<String>,
    number: bool,
    /// What it becomes.
    pub(super) new: Option<String>,
    marks: Vec<Mark>,
}

pub(super) struct Work<'w, 'r> {
    pub(super) doc: &'w Doc<'r>,
    pub(super) roles: Roles,
    pub(super) terms: &'w Terms<'w>,
    pub(super) withheld: &'w mut Withheld,
    pub(super) leaves: Vec<Leaf<'r>>,
    pub(super) splices: Splices,
    /// By the place they are of: what it is called is told once it is known which names may be.
    findings: Vec<(usize, Finding)>,
    held: Vec<(usize, Held)>,
    uninspected: Vec<(usize, String)>,
    /// Names that were written anew.
    names: HashMap<usize, String>,
    /// What is said at the head of the result.
    pub(super) notes: Vec<String>,
    /// Changes in structured content, where they fit.
    pub(super) fitted: Option<Vec<Change>>,
    /// Members added at the end of the message.
    added: Vec<String>,
    /// How texts were set apart, if any was.
    pub(super) apart: Spotlight,
}

/// Releases a document.
pub(super) fn document(raw: &Bytes, doc: &Doc<'_>, terms: &Terms<'_>, withheld: &mut Withheld) -> Released {
    let mut work = Work {
        doc,
        roles: Roles::of(doc),
        terms,
        withheld,
        leaves: Vec::new(),
        splices: Splices::default(),
        findings: Vec::new(),
        held: Vec::new(),
        uninspected: Vec::new(),
        names: HashMap::new(),
        notes: Vec::new(),
        fitted: None,
        added: Vec::new(),
        apart: Spotlight::Off,
    };
    work.look();
    sweep(&mut work.leaves);
    work.write();
    work.place();
    work.spotlight();
    work.note();
    work.add();
    let bytes = match work.splices.is_empty() {
        true => raw.clone(),
        false => std::mem::take(&mut work.splices).apply(doc.raw).into(),
    };
    work.findings.truncate(MOST_FINDINGS);
    let placed = |(at, finding): &(usize, Finding)| Finding { pointer: work.pointer(*at), ..finding.clone() };
    let findings = work.findings.iter().map(placed).collect();
    let unseen = |(at, what): &(usize, String)| format!("{what} at {} was not inspected.", escaped(&work.pointer(*at)));
    let uninspected = work.uninspected.iter().map(unseen).collect();
    let spotlight = work.apart;
    let withheld = work.held.into_iter().map(|(_, held)| held).collect();
    Released { bytes, findings, withheld, uninspected, spotlight }
}

impl<'r> Work<'_, 'r> {
    /// Looks at every name, text and number.
    fn look(&mut self) {
        let known = RefCell::new(HashMap::new());
        let terms = self.terms;
        let withholds =
            |class: &str| *known.borrow_mut().entry(class.to_owned()).or_insert_with(|| (terms.withhold)(class));
        let doc = self.doc;
        for at in 0..doc.nodes.len() {
            if let Some(key) = doc.key(at).filter(|key| !is_plain_name(key)) {
                self.text(at, Part::Key, Role::Other, key, "", &withholds);
            }
            let role = self.roles.role(at);
            match doc.node(at).map(|n| n.sort) {
                Some(Sort::Text) if role != Role::Kept => {
                    let said = matches!(role, Role::Block { .. } | Role::File { .. });
                    let Some(text) = doc.text(at).filter(|text| said || text.len() >= SHORT) else { continue };
                    match role {
                        Role::Coded { of, .. } => self.coded(at, of, role, text, &withholds),
                        _ => self.text(at, Part::Value, role, text, &label(doc, at), &withholds),
                    }
                }
                Some(Sort::Number) => self.number(at, role, &withholds),
                _ => {}
            }
        }
    }

    fn text(
        &mut self,
        node: usize,
        part: Part,
        role: Role,
        text: Cow<'r, str>,
        label: &str,
        withholds: &dyn Fn(&str) -> bool,
    ) {
        let inspected = inspect::text(inspect::Kind::ToolOutput, &text);
        let mut data = inspected.data;
        for datum in named(label, &text) {
            let new = !data.iter().any(|d| d.span.start < datum.span.end && datum.span.start < d.span.end);
            if new {
                self.findings.push((node, seen(&datum)));
            }
            data.push(datum);
        }
        let hidden = (!text.is_ascii() && !inspected.findings.iter().any(|f| f.class == "hidden_characters"))
            .then(|| unicode::hidden(&text))
            .flatten();
        if let Some(seen) = hidden {
            let message = format!("The result holds characters that can't be seen: {seen}.");
            self.findings.push((node, finding("hidden_characters", Severity::Caution, None, message)));
        }
        let worst = inspected.findings.iter().filter(|f| f.class == "injection").max_by_key(|f| f.severity);
        let flagged = worst.map(|f| f.message.clone());
        self.findings.extend(inspected.findings.into_iter().map(|f| (node, f)));
        let pieces = pieces(&text, &data, withholds, self.withheld);
        for piece in pieces.iter().filter(|p| matches!(p.what, What::Inert(_))) {
            let message = "Written like a placeholder of Consentry's, which a server can't know: it was broken.";
            let span = Some(piece.span.clone());
            self.findings.push((node, finding("placeholder", Severity::Caution, span, message.into())));
        }
        self.leaves.push(Leaf { node, part, role, text, pieces, flagged, number: false, new: None, marks: Vec::new() });
    }

    /// A file in base64: a text is looked at, anything else is said not to have been.
    fn coded(&mut self, at: usize, of: usize, role: Role, text: Cow<'r, str>, withholds: &dyn Fn(&str) -> bool) {
        match file(&text) {
            Some(File::Text(text)) => self.text(at, Part::Value, role, Cow::Owned(text), "", withholds),
            Some(File::Binary(bytes)) => {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"+-./;= ".contains(&b);
                let kind = self.doc.member_text(of, "mimeType").filter(|t| t.len() <= 60 && t.bytes().all(plain));
                let kind = kind.as_deref().unwrap_or("of unknown type");
                self.uninspected.push((at, format!("A file of {bytes} bytes ({kind})")));
            }
            None => self.text(at, Part::Value, Role::Other, text, "", withholds),
        }
    }

    /// A number is data where it may be: in structured content, and in what the protocol doesn't speak of.
    fn number(&mut self, at: usize, role: Role, withholds: &dyn Fn(&str) -> bool) {
        let doc = self.doc;
        let top = doc.node(at).is_some_and(|n| n.parent == 0);
        let size = doc.key(at).is_some_and(|key| key == "size");
        if role != Role::Structured && (top || size) {
            return;
        }
        let found = named_number(&label(doc, at), doc.raw(at));
        for datum in &found {
            self.findings.push((at, seen(datum)));
        }
        let class = found.iter().map(|d| d.class.to_string()).find(|class| withholds(class));
        let text = Cow::Borrowed(doc.raw(at));
        let whole = |class| Piece { span: 0..text.len(), what: What::Data { class, quoted: false } };
        let pieces: Vec<Piece> = class.map(whole).into_iter().collect();
        let (part, new, marks) = (Part::Value, None, Vec::new());
        if text.len() >= 7 {
            self.leaves.push(Leaf { node: at, part, role, text, pieces, flagged: None, number: true, new, marks });
        }
    }

    /// Writes each text anew that has pieces.
    fn write(&mut self) {
        let mut leaves = std::mem::take(&mut self.leaves);
        for leaf in leaves.iter_mut().filter(|leaf| !leaf.pieces.is_empty()) {
            leaf.pieces = merged(&leaf.text, std::mem::take(&mut leaf.pieces));
            let (mut new, mut done) = (String::with_capacity(leaf.text.len()), 0);
            for piece in &leaf.pieces {
                let value = leaf.text.get(piece.span.clone()).unwrap_or_default();
                new.push_str(leaf.text.get(done..piece.span.start).unwrap_or_default());
                done = piece.span.end;
                match &piece.what {
                    What::Inert(inert) => new.push_str(inert),
                    What::Data { class, quoted } => {
                        let mark = self.withheld.withhold(class, self.terms.server, value);
                        let placeholder = mark.placeholder();
                        new.push_str(&if *quoted { format!("\"{placeholder}\"") } else { placeholder.clone() });
                        let held = Held { pointer: String::new(), class: class.clone(), placeholder };
                        self.held.push((leaf.node, held));
                        leaf.marks.push(mark);
                    }
                }
            }
            new.push_str(leaf.text.get(done..).unwrap_or_default());
            let outlined = leaf.part == Part::Value && !matches!(leaf.role, Role::Structured | Role::Coded { .. });
            let new = outlined.then(|| outline::instead(&leaf.text, &leaf.pieces)).flatten().unwrap_or(new);
            if leaf.part == Part::Key {
                self.names.insert(leaf.node, new.clone());
            }
            leaf.new = Some(new);
        }
        self.leaves = leaves;
        let pointers: Vec<String> = self.held.iter().map(|(at, _)| self.pointer(*at)).collect();
        for ((_, held), pointer) in self.held.iter_mut().zip(pointers) {
            held.pointer = pointer;
        }
    }

    /// The JSON pointer of a value, with placeholders in the place of names that were withheld.
    fn pointer(&self, mut at: usize) -> String {
        if self.names.is_empty() {
            return self.doc.pointer(at);
        }
        let mut tokens = Vec::new();
        while let Some(node) = self.doc.node(at).filter(|_| at > 0) {
            let (new, pointer) = (self.names.get(&at), self.doc.pointer(at));
            tokens.push(match new {
                Some(name) => crate::call::token(name),
                None => pointer.rsplit('/').next().unwrap_or_default().to_owned(),
            });
            at = node.parent;
        }
        tokens.iter().rev().flat_map(|token| ["/", token.as_str()]).collect()
    }

    /// Puts what was written anew in its place.
    fn place(&mut self) {
        let mut changes = Vec::new();
        for leaf in &self.leaves {
            let Some(new) = &leaf.new else { continue };
            let Some(node) = self.doc.node(leaf.node) else { continue };
            let within = self.roles.structured.and_then(|root| Some((root, self.doc.node(root)?.next)));
            let structured = within.is_some_and(|(root, end)| root <= leaf.node && leaf.node < end);
            match (leaf.role, &node.key) {
                _ if structured => changes.push(change(leaf, new)),
                (_, Some(key)) if leaf.part == Part::Key => self.splices.put(key.clone(), encode(new)),
                (Role::Coded { of, entry }, _) => {
                    let said = format!(
                        "Consentry held a file back here: it holds {}, which may not leave.",
                        outline::counted(&leaf.pieces)
                    );
                    let with = if entry { self.entry(of, &said) } else { block(&said) };
                    let place = self.doc.node(of).map_or(0..0, |n| n.span.clone());
                    self.splices.put(place, with);
                }
                // Set apart later.
                (Role::Block { .. }, _) => {}
                _ => self.splices.put(node.span.clone(), quoted(new)),
            }
        }
        self.structured(changes);
    }

    fn structured(&mut self, mut changes: Vec<Change>) {
        let Some(root) = self.roles.structured.filter(|_| !changes.is_empty()) else { return };
        let fits = match self.terms.output_schema {
            Some(schema) => structured::fit(self.doc, root, &mut changes, schema),
            None => true,
        };
        if !fits {
            return self.without_structured(root);
        }
        structured::splices(self.doc, &changes, &mut self.splices);
        for change in changes.iter().filter(|change| change.way > 0) {
            let said = escaped(&self.pointer(change.node));
            let note = match change.ways.get(change.way) {
                Some(way) if way.contains("withheld") => None,
                Some(_) => Some(format!("Consentry: the value at {said} is not the real one, which was withheld.")),
                None => Some(format!("Consentry: {said} was withheld and left out.")),
            };
            self.notes.extend(note);
            // What stands there is not the placeholder that was written first.
            let held = self.held.iter_mut().filter(|(at, _)| *at == change.node).map(|(_, held)| held);
            let stands = change.ways.get(change.way).map(|way| super::json::decode(way).into_owned());
            held.for_each(|held| {
                held.placeholder = stands.clone().filter(|s| s.contains("withheld")).unwrap_or_default()
            });
        }
        self.fitted = Some(changes);
    }

    /// The result as a text that says why there is nothing else. Without the content that its schema promises, only an
    /// error is valid.
    fn without_structured(&mut self, root: usize) {
        let gone = Change { node: root, part: Part::Value, ways: Vec::new(), way: 0 };
        structured::splices(self.doc, &[gone], &mut self.splices);
        let said = "Consentry withheld the structured content of this result: it holds data that may not leave, and \
                    without them it would not be what the tool promises.";
        match self.doc.member(0, "isError").and_then(|at| self.doc.node(at)) {
            Some(node) => self.splices.put(node.span.clone(), "true".to_owned()),
            None => self.added.push("\"isError\":true".to_owned()),
        }
        self.notes.insert(0, said.to_owned());
    }

    /// An entry of a resource's contents that says why its file is not there.
    fn entry(&self, of: usize, said: &str) -> String {
        let uri = self.doc.member(of, "uri");
        let new = uri.and_then(|at| self.leaves.iter().find(|l| l.node == at && l.part == Part::Value)?.new.as_ref());
        let uri = match (new, uri) {
            (Some(new), _) => encode(new),
            (None, Some(at)) => self.doc.raw(at).to_owned(),
            (None, None) => "\"\"".to_owned(),
        };
        format!("{{\"uri\":{uri},\"mimeType\":\"text/plain\",\"text\":{}}}", quoted(said))
    }

    /// Puts what was added at the end of the message.
    fn add(&mut self) {
        let Some(end) = self.doc.node(0).map(|n| n.span.end - 1).filter(|_| !self.added.is_empty()) else { return };
        // The structured content may have been the only member, and have gone.
        let stays = self.doc.children(0).any(|at| self.fitted.is_some() || Some(at) != self.roles.structured);
        let members = self.added.join(",");
        self.splices.put(end..end, if stays { format!(",{members}") } else { members });
    }

    /// Says at the head of the result what has to be said of it as a whole.
    fn note(&mut self) {
        let placed = |role: Role| matches!(role, Role::Block { .. } | Role::File { .. });
        let apart: Vec<String> = self
            .leaves
            .iter()
            .filter(|leaf| !placed(leaf.role))
            .filter_map(|leaf| {
                let pointer = self.pointer(leaf.node);
                leaf.flagged.as_ref().map(|reason| warning_at(self.terms.server, &pointer, reason))
            })
            .take(8)
            .collect();
        self.notes.extend(apart);
        if self.notes.is_empty() || self.terms.kind != super::Kind::Result {
            return;
        }
        const MOST: usize = 24;
        let more = self.notes.len().saturating_sub(MOST);
        self.notes.truncate(MOST);
        let mut text = self.notes.join("\n");
        if more > 0 {
            text.push_str(&format!("\nConsentry: and {more} more like these."));
        }
        let text = block(&text);
        match self.roles.content.and_then(|at| Some((self.doc.node(at)?.span.start + 1, self.doc.children(at).next())))
        {
            Some((at, Some(_))) => self.splices.put(at..at, format!("{text},")),
            Some((at, None)) => self.splices.put(at..at, text),
            // Only what has structured content is a tool's result, which may get contents.
            None if self.roles.structured.is_some() && self.doc.member(0, "content").is_none() => {
                self.added.push(format!("\"content\":[{text}]"));
            }
            None => {}
        }
    }

    /// The warning of a leaf that has to stand before it.
    pub(super) fn warned(&self, leaf: &Leaf<'_>) -> Option<String> {
        leaf.flagged.as_ref().map(|reason| warning(self.terms.server, reason))
    }
}

fn seen(datum: &Datum) -> Finding {
    finding(datum.class, Severity::Info, Some(datum.span.clone()), "A value that may have to stay here.".into())
}

/// A finding whose place is told later.
fn finding(class: &'static str, severity: Severity, span: Option<Range<usize>>, message: String) -> Finding {
    Finding { class, severity, pointer: String::new(), span, message }
}

/// A name that needs no look: letters, and what programs put between words.
fn is_plain_name(key: &str) -> bool {
    key.len() < SHORT || key.len() <= 24 && key.bytes().all(|b| b.is_ascii_alphabetic() || b"_-$".contains(&b))
}

fn change(leaf: &Leaf<'_>, new: &str) -> Change {
    let mut change = Change::new(leaf.node, leaf.part, encode(new));
    let secret = leaf.pieces.iter().any(|p| match &p.what {
        What::Data { class, .. } => class.starts_with("secret."),
        What::Inert(_) => false,
    });
    // The outward form of a secret says too much of it.
    change.or(&leaf.marks, leaf.number, (!secret).then_some(&leaf.text));
    change
}

/// Whether a text is JSON, which has to stay so.
pub(super) fn is_json(text: &str) -> bool {
    as_json(text).is_some()
}
