//! A set of scopes: what a token may be used for, in the words of whoever gives it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most scopes of one set, and the longest: what is beyond is left out.
const MOST: usize = 200;
const LONGEST: usize = 256;

/// A set of scopes (RFC 6749 section 3.3). Foreign, but of visible ASCII alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Scopes separated by spaces. What can't be one is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split(' ').collect()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Those of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// Whether all of `other` is in it.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.0.is_superset(&other.0)
    }
}

impl<'a> FromIterator<&'a str> for Scopes {
    fn from_iter<I: IntoIterator<Item = &'a str>>(scopes: I) -> Self {
        Self(scopes.into_iter().filter(|s| is_scope(s)).take(MOST).map(str::to_owned).collect())
    }
}

impl From<Vec<String>> for Scopes {
    fn from(scopes: Vec<String>) -> Self {
        scopes.iter().map(String::as_str).collect()
    }
}

impl From<Scopes> for Vec<String> {
    fn from(scopes: Scopes) -> Self {
        scopes.0.into_iter().collect()
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, scope) in self.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

fn is_scope(text: &str) -> bool {
    let fits = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_no_scope_is_left_out() {
        let scopes = Scopes::parse("files:read  b\u{202e}d a\"b a\\b files:read x\ny mail");
        assert_eq!(scopes.to_string(), "files:read mail");
        assert!(Scopes::parse("").is_empty());
        assert!(Scopes::parse(&"x".repeat(LONGEST + 1)).is_empty());
    }

    #[test]
    fn a_union_holds_both() {
        let (a, b) = (Scopes::parse("a b"), Scopes::parse("b c"));
        let both = a.union(&b);
        assert_eq!(both.to_string(), "a b c");
        assert!(both.holds(&a) && both.holds(&b) && !a.holds(&b));
    }
}
