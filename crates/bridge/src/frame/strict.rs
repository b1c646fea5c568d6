//! One walk over a JSON text that refuses what two readers could understand differently: duplicate keys and excess depth.
//!
//! serde_json does the reading, so that what passes here is read the same way everywhere else in the program. The walk
//! stops at the depth limit, far above serde_json's own guard of the stack.

use super::{FaultKind, MAX_DEPTH};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// Up to this many keys of one object are compared one by one, which is quicker than hashing; beyond, they are hashed.
const FEW: usize = 12;

/// Checks a whole text.
pub(super) fn check(text: &str) -> Result<(), FaultKind> {
    let mut walk = Walk { keys: Vec::new(), fault: None };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Node { walk: &mut walk, depth: 0 }.deserialize(&mut reader).and_then(|()| reader.end());
    match (walk.fault, read) {
        (Some(fault), _) => Err(fault),
        (None, Err(error)) => Err(FaultKind::NotJson(error.to_string())),
        (None, Ok(())) => Ok(()),
    }
}

/// What the walk carries along.
struct Walk<'de> {
    /// The keys of all objects that are open, outermost first: one list, so that small objects need no memory of their own.
    keys: Vec<Cow<'de, str>>,
    /// The first broken rule; serde's errors can't carry it.
    fault: Option<FaultKind>,
}

impl Walk<'_> {
    fn refuse<E: Error>(&mut self, fault: FaultKind) -> E {
        self.fault = Some(fault);
        E::custom("refused")
    }
}

/// A value at some depth.
struct Node<'w, 'de> {
    walk: &'w mut Walk<'de>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Node<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(self.walk.refuse(FaultKind::TooDeep));
        }
        while seq.next_element_seed(Node { walk: &mut *self.walk, depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(self.walk.refuse(FaultKind::TooDeep));
        }
        let first = self.walk.keys.len();
        let mut hashed: Option<HashSet<Cow<'de, str>>> = None;
        while let Some(key) = map.next_key_seed(Key)? {
            let mine = &self.walk.keys[first..];
            let seen = hashed.as_ref().map_or_else(|| mine.contains(&key), |hashed| hashed.contains(&key));
            if seen {
                return Err(self.walk.refuse(FaultKind::DuplicateKey { key: key.into_owned() }));
            }
            match &mut hashed {
                Some(hashed) => {
                    hashed.insert(key);
                }
                None => self.walk.keys.push(key),
            }
            if hashed.is_none() && self.walk.keys.len() - first > FEW {
                hashed = Some(self.walk.keys.drain(first..).collect());
            }
            map.next_value_seed(Node { walk: &mut *self.walk, depth })?;
        }
        self.walk.keys.truncate(first);
        Ok(())
    }
}

/// A key, decoded: borrowed from the text unless it has escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
