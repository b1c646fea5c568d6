//! The texts that a model reads as what a tool said: what they become, what is said before them, how they are set apart.

use super::blocks::Role;
use super::json::{Doc, Splices};
use super::look::as_json;
use super::redact::{Work, is_json};
use super::spotlight::{Apart, block, quoted};
use super::{Kind, Spotlight, structured};

/// One text in one block.
struct Said {
    leaf: usize,
    block: usize,
    alone: bool,
    /// Whether it must stay as it is, but for what was withheld.
    whole: bool,
    now: Option<String>,
}

impl Work<'_, '_> {
    /// Writes the blocks that say something, with what belongs before and behind them.
    pub(super) fn spotlight(&mut self) {
        let spotlight = match self.terms.kind {
            // What speaks to the model is never left to stand among the rest.
            Kind::Result if !self.terms.trusted && self.leaves.iter().any(|leaf| leaf.flagged.is_some()) => {
                self.terms.spotlight.max(Spotlight::Delimit)
            }
            Kind::Result if !self.terms.trusted => self.terms.spotlight,
            _ => Spotlight::Off,
        };
        let mut said: Vec<Said> = Vec::new();
        for (nth, leaf) in self.leaves.iter().enumerate() {
            let (block, alone, file) = match leaf.role {
                Role::Block { of, alone } => (of, alone, false),
                Role::File { of } => (of, false, true),
                _ => continue,
            };
            let mirror = if file { None } else { self.mirror(&leaf.text) };
            let json = || spotlight == Spotlight::Datamark && is_json(&leaf.text);
            let whole = file || mirror.is_some() || json();
            let now = if file { None } else { mirror.flatten().or_else(|| leaf.new.clone()) };
            said.push(Said { leaf: nth, block, alone, whole, now });
        }
        let mut start = 0;
        while let Some(first) = said.get(start) {
            let mut end = start + 1;
            while let (Some(last), Some(next)) = (said.get(end - 1), said.get(end))
                && !first.alone
                && self.goes_on(last, next)
            {
                end += 1;
            }
            self.run(said.get(start..end).unwrap_or_default(), spotlight);
            start = end;
        }
    }

    /// What a text becomes that says what the structured content says; `None` where it doesn't, nothing in it where it
    /// stays.
    fn mirror(&self, text: &str) -> Option<Option<String>> {
        let root = self.roles.structured?;
        let inner: Doc<'_> = as_json(text)?;
        if !structured::same(self.doc, root, &inner) {
            return None;
        }
        Some(self.fitted.as_ref().map(|changes| {
            let mut splices = Splices::default();
            structured::splices(&inner, &structured::moved(self.doc, root, changes, &inner), &mut splices);
            splices.apply(text)
        }))
    }

    /// Whether two texts stand in blocks next to each other, and nothing has to be said before the second.
    fn goes_on(&self, last: &Said, next: &Said) -> bool {
        let ends = self.doc.node(last.block).map(|n| (n.parent, n.next));
        let begins = self.doc.node(next.block).map(|n| (n.parent, next.block));
        let warned = self.leaves.get(next.leaf).is_some_and(|leaf| leaf.flagged.is_some());
        ends == begins && last.whole == next.whole && !next.alone && !warned
    }

    /// Texts in blocks next to each other.
    fn run(&mut self, run: &[Said], spotlight: Spotlight) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        let texts: Vec<&str> =
            run.iter().filter_map(|s| s.now.as_deref().or(Some(&*self.leaves.get(s.leaf)?.text))).collect();
        let empty = texts.iter().all(|text| text.trim().is_empty());
        let apart = (spotlight != Spotlight::Off && !empty)
            .then(|| Apart::of(spotlight, self.terms.server, first.whole, &texts, self.withheld));
        if apart.is_some() {
            self.apart = spotlight;
        }
        let warning = self.leaves.get(first.leaf).and_then(|leaf| self.warned(leaf));
        for (one, text) in run.iter().zip(&texts) {
            let Some(node) = self.leaves.get(one.leaf).and_then(|leaf| self.doc.node(leaf.node)) else { continue };
            let mut new = apart.as_ref().and_then(|apart| apart.text(text)).or_else(|| one.now.clone());
            if one.alone {
                let inside = apart.as_ref().map(|apart| apart.alone(text)).or(new);
                new = match (&warning, inside) {
                    (Some(warning), inside) => Some(format!("{warning}\n{}", inside.as_deref().unwrap_or(text))),
                    (None, inside) => inside,
                };
            }
            if let Some(new) = new {
                self.splices.put(node.span.clone(), quoted(&new));
            }
        }
        if first.alone {
            return;
        }
        let before: String = warning
            .iter()
            .chain(apart.as_ref().map(|apart| &apart.head))
            .map(|text| format!("{},", block(text)))
            .collect();
        let place = |said: &Said| self.doc.node(said.block).map(|n| n.span.clone());
        if let Some(place) = place(first).filter(|_| !before.is_empty()) {
            self.splices.put(place.start..place.start, before);
        }
        let tail = apart.as_ref().and_then(|apart| apart.tail.as_ref());
        if let (Some(place), Some(tail)) = (place(last), tail) {
            self.splices.put(place.end..place.end, format!(",{}", block(tail)));
        }
    }
}
