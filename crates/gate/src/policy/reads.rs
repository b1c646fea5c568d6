//! Which parts of the context a policy looks at, so that only those are built: typing an argument costs time, and one
//! that nobody reads must not be able to make a call impossible to judge.

use cedar_policy_core::ast::{Expr, ExprKind, Var};
use smol_str::SmolStr;
use std::collections::{BTreeMap, HashMap};

/// What is read of a value. With neither `whole` nor parts only its presence matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    whole: bool,
    parts: BTreeMap<SmolStr, Reads>,
}

static WHOLE: Reads = Reads { whole: true, parts: BTreeMap::new() };

impl Reads {
    /// What a policy's condition reads of the context.
    pub(super) fn of_context(condition: &Expr) -> Self {
        let mut reads = Self::default();
        // A path is read whole where it is used other than as the start of a longer path. Counting both uses saves
        // walking every kind of expression by hand.
        let mut uses: HashMap<Vec<&SmolStr>, isize> = HashMap::new();
        for expr in condition.subexpressions() {
            if let Some(path) = path(expr) {
                *uses.entry(path).or_default() += 1;
            }
            match expr.expr_kind() {
                ExprKind::GetAttr { expr, .. } => {
                    if let Some(start) = path(expr) {
                        *uses.entry(start).or_default() -= 1;
                    }
                }
                ExprKind::HasAttr { expr, attr } => {
                    if let Some(start) = path(expr) {
                        reads.at(start.iter().copied().chain([attr]));
                        *uses.entry(start).or_default() -= 1;
                    }
                }
                ExprKind::ExtHasAttr { expr, attrs } => {
                    if let Some(start) = path(expr) {
                        reads.at(start.iter().copied().chain(attrs.iter()));
                        *uses.entry(start).or_default() -= 1;
                    }
                }
                _ => {}
            }
        }
        for (path, count) in uses {
            if count > 0 {
                reads.at(path.into_iter()).whole = true;
            }
        }
        reads
    }

    fn at<'a>(&mut self, path: impl Iterator<Item = &'a SmolStr>) -> &mut Self {
        path.fold(self, |node, name| node.parts.entry(name.clone()).or_default())
    }

    /// What is read of the part `name`; `None` if it isn't looked at.
    pub(super) fn names(&self, name: &str) -> Option<&Self> {
        if self.whole { Some(&WHOLE) } else { self.parts.get(name) }
    }

    /// Whether anything of the context but the consent is read.
    pub(super) fn beside_consent(&self) -> bool {
        let Some(call) = self.parts.get("call") else { return self.whole || !self.parts.is_empty() };
        self.whole || self.parts.len() > 1 || call.whole || call.parts.keys().any(|name| name != "consent")
    }

    /// Adds what `other` reads.
    pub(super) fn join(&mut self, other: &Self) {
        self.whole |= other.whole;
        for (name, part) in &other.parts {
            self.parts.entry(name.clone()).or_default().join(part);
        }
    }
}

/// `context.a.b` as `[a, b]`.
fn path(expr: &Expr) -> Option<Vec<&SmolStr>> {
    match expr.expr_kind() {
        ExprKind::Var(Var::Context) => Some(Vec::new()),
        ExprKind::GetAttr { expr, attr } => {
            let mut start = path(expr)?;
            start.push(attr);
            Some(start)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(condition: &str) -> Reads {
        Reads::of_context(&condition.parse().expect("a condition"))
    }

    #[test]
    fn only_the_parts_that_are_used_are_read() {
        let read = reads("context.input.to like \"*@x.com\" && context.call.consent.approved");
        let input = read.names("input").expect("input is read");
        assert_eq!(input.names("to"), Some(&WHOLE));
        assert_eq!(input.names("body"), None);
        assert_eq!(read.names("call").and_then(|c| c.names("time")), None);
    }

    #[test]
    fn asking_for_presence_reads_no_content() {
        for condition in ["context.input has message", "context has input.message"] {
            let read = reads(condition);
            let message = read.names("input").and_then(|i| i.names("message")).expect("its presence is read");
            assert_eq!(message, &Reads::default(), "{condition}");
        }
        let nested = reads("context.input has message.to && context.input.message.to == \"a\"");
        let message = nested.names("input").and_then(|i| i.names("message")).expect("a part is read");
        assert_eq!((message.names("to"), message.names("cc")), (Some(&WHOLE), None));
    }

    #[test]
    fn a_record_used_as_a_value_is_read_whole() {
        for condition in ["context.input == {}", "[context.input].isEmpty()", "context == {}"] {
            let read = reads(condition);
            let input = read.names("input").expect("input is read");
            assert_eq!(input.names("anything"), Some(&WHOLE), "{condition}");
        }
        let both = reads("context.input.a == 1 || context.input == {}");
        assert_eq!(both.names("input").and_then(|i| i.names("b")), Some(&WHOLE));
    }
}
