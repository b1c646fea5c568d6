//! Whom a call goes to: for a sum, where one too many is better than one too few. Places that are told and remembered are
//! in `places`.

use super::super::places::names_sender;
use super::super::role::Role;
use crate::call::{Digest, host_of};
use crate::meaning::parties::is_below;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// An object that says who somebody is has no more members than this; one with more has somebody for each.
const ONE: usize = 8;
/// A name has fewer words.
const WORDS: usize = 4;
/// More of one call are not told apart: that is more than any rule asks about.
const MOST: usize = 10_000;
/// A longer text is no list of addresses by itself.
const LONGEST: usize = 64 * 1024;

/// Whom these arguments name as the ones that the call goes to, each as a number: by addresses
/// wherever they stand as whole values, and by `which` else. Addresses in the person's `own` domains are left out.
pub(super) fn recipients(arguments: &Value, which: Which, own: &[String]) -> HashSet<u64> {
    let mut named = Named { found: HashSet::new(), times: 0, which, own };
    named.value(arguments, None);
    named.found
}

/// Who counts beside addresses.
#[derive(Clone, Copy)]
pub(super) struct Which {
    /// The hosts of URLs that something goes to.
    pub(super) hosts: bool,
    /// Whatever stands where somebody is named.
    pub(super) names: bool,
}

struct Named<'a> {
    found: HashSet<u64>,
    /// How often somebody was named.
    times: usize,
    which: Which,
    own: &'a [String],
}

impl Named<'_> {
    fn add(&mut self, who: &str) {
        self.times += 1;
        if self.found.len() == MOST {
            return;
        }
        // It stands in the log under a key, over versions of this program.
        let digest = Digest::of("consentry recipient 1", &[who.to_lowercase().as_bytes()]);
        self.found.insert(digest.0.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)));
    }

    /// A value, with what the member that it stands in, or the nearest around it, says of it.
    fn value(&mut self, value: &Value, role: Option<Role>) {
        match value {
            Value::Object(map) if is_who(role) => self.person(map, role),
            Value::Object(map) => self.members(map, role),
            // A list of links is read, not written to.
            Value::Array(items) => {
                let role = role.filter(|role| *role != Role::Url);
                items.iter().for_each(|item| self.value(item, role));
            }
            Value::String(text) if is_who(role) => self.listed(text),
            Value::String(text) => self.alone(text, role),
            Value::Number(number) if is_who(role) => self.name(&number.to_string()),
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    fn members(&mut self, map: &Map<String, Value>, around: Option<Role>) {
        for (name, value) in map.iter().filter(|(name, _)| !names_sender(name)) {
            self.alone(name, None);
            self.value(value, Role::named(name).or(around));
        }
    }

    /// Somebody who is said by more than one value: by those in it that name somebody, where there are any.
    fn person(&mut self, map: &Map<String, Value>, role: Option<Role>) {
        let before = self.times;
        for (name, value) in map.iter().filter(|(name, _)| !names_sender(name)) {
            self.alone(name, None);
            let short = |part: &str| part.split_whitespace().nth(2).is_none();
            let list = |text: &str| text.contains(separates) && text.split(separates).all(short);
            let several = value.as_str().is_some_and(|text| map.len() == 1 || list(text));
            let inherited = if value.is_object() || value.is_array() || several { role } else { None };
            self.value(value, Role::named(name).or(inherited));
        }
        match map.len() {
            _ if self.times > before => {}
            0 => {}
            1..=ONE => self.name(&Value::from(map.clone()).to_string()),
            _ => map.keys().for_each(|name| self.name(name)),
        }
    }

    /// A text where somebody is named: every address in it, and whoever is named beside them.
    fn listed(&mut self, text: &str) {
        for part in parts(text) {
            match part {
                Part::Addresses(part) => addresses(part).for_each(|address| self.address(address)),
                // No name has so many words, and no sentence a number in each.
                Part::Other(part) if is_ids(part) => part.split_whitespace().for_each(|word| self.name(word)),
                Part::Other(part) => self.name(part),
            }
        }
    }

    /// A text that stands elsewhere: hardly anything but addresses, or the URL that something is sent to.
    fn alone(&mut self, text: &str, role: Option<Role>) {
        if role == Some(Role::Url) {
            let hosts = self.which.hosts;
            for url in text.split_whitespace().filter(|url| hosts && url.contains(['.', ':'])) {
                let host = host_of(url);
                self.unless_own(host.as_deref().unwrap_or_default(), host.as_deref().unwrap_or(url));
            }
        } else if text.len() <= LONGEST && text.contains('@') {
            let (all, named) =
                parts(text).fold((0, 0), |(all, named), part| (all + 1, named + usize::from(part.is_nobody_else())));
            if named * 2 > all {
                addresses(text).for_each(|address| self.address(address));
            }
        }
    }

    fn name(&mut self, who: &str) {
        if self.which.names {
            self.add(who);
        }
    }

    fn address(&mut self, address: &str) {
        self.unless_own(&address.rsplit('@').next().unwrap_or_default().to_lowercase(), address);
    }

    fn unless_own(&mut self, host: &str, who: &str) {
        if !is_below(host, self.own) {
            self.add(who);
        }
    }
}

/// A part of a text that names several.
enum Part<'a> {
    /// There are addresses in it.
    Addresses(&'a str),
    Other(&'a str),
}

impl Part<'_> {
    /// It holds addresses, with at most the name of the one in angle brackets.
    fn is_nobody_else(&self) -> bool {
        let Self::Addresses(part) = self else { return false };
        let in_brackets = part.strip_suffix('>').and_then(|part| part.rsplit_once('<')).map(|(_, inner)| inner);
        in_brackets.unwrap_or(part).split_whitespace().all(|word| addresses(word).next() == Some(bare(word)))
    }
}

/// The parts of a text, but for what is only the first half of a name: `Lee, Ann <ann@example.org>`.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut parts = text.split(separates).map(str::trim).filter(|part| !part.is_empty()).peekable();
    let has_address = |part: &str| addresses(part).next().is_some();
    std::iter::from_fn(move || {
        loop {
            let part = parts.next()?;
            if has_address(part) {
                return Some(Part::Addresses(part));
            }
            if !parts.peek().is_some_and(|next| next.contains('<') && has_address(next)) {
                return Some(Part::Other(part));
            }
        }
    })
}

fn separates(c: char) -> bool {
    matches!(c, ',' | ';' | '|' | '\n' | '\t' | '，' | '、' | '；')
}

fn is_ids(part: &str) -> bool {
    part.split_whitespace().nth(WORDS).is_some()
        && part.split_whitespace().all(|word| word.contains(|c: char| c.is_ascii_digit()))
}

fn is_who(role: Option<Role>) -> bool {
    matches!(role, Some(Role::Recipient | Role::Account))
}

/// The addresses in a text.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || separates(c) || matches!(c, '<' | '>' | '(' | ')' | '"' | '\'');
    text.split(ends)
        .map(bare)
        .filter(|word| word.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty()))
}

/// An address without what may stand before or behind it.
fn bare(word: &str) -> &str {
    word.strip_prefix("mailto:").unwrap_or(word).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ALL: Which = Which { hosts: true, names: true };

    fn count(arguments: &Value) -> usize {
        recipients(arguments, ALL, &["own.example".to_owned()]).len()
    }

    #[test]
    fn everybody_whom_a_call_goes_to_counts_once() {
        for (arguments, people) in [
            (
                json!({"to": ["Lee, Ann <ann@example.org>", "bob@example.org, BOB@example.org"], "cc": "eve@x.example;"}),
                3,
            ),
            (json!({"recipients": [{"id": "U1"}, {"id": "U2"}, {"id": "U2"}]}), 2),
            (
                json!({"recipients": [{"name": "Ann", "email": "a@x.example"}, {"name": "Bo", "email": "b@x.example"}]}),
                2,
            ),
            (json!({"recipients": {"list": [{"id": 1}, {"id": 2}]}}), 2),
            (json!({"to": (0..30).map(|n| (format!("U{n}"), json!(true))).collect::<Map<_, _>>()}), 30),
            (json!({"permissions": {"a@x.example": "read", "b@x.example": "write"}}), 2),
            (json!({"target": "a@x.example", "destination": "b@x.example"}), 2),
            (json!({"to": "a@x.example b@x.example\tc@x.example|d@x.example\ne@x.example"}), 5),
            (json!({"to": "general, ann@example.org, U123"}), 3),
            (json!({"whom": "Ann <a@x.example>; Bo <b@x.example>"}), 2),
            (json!({"x": ["a@x.example", "mailto:b@x.example"]}), 2),
            (json!({"webhook": "https://hooks.example/1", "url": "https://HOOKS.example/2"}), 1),
            (json!({"url": "https://a.example/1 https://b.example/2"}), 2),
            (json!({"text": "https://a.example/1", "links": ["https://b.example", "https://c.example"]}), 0),
            (json!({"recipients": {"list": "U1,U2,U3"}}), 3),
            (json!({"batch": "a@x.example,b@x.example,c@x.example,x://y"}), 3),
            (json!({"to": "U1 U2 U3 U4 U5 U6"}), 6),
            (json!({"to": "Ann Maria von Lee"}), 1),
            (json!({"to": "ann@x.example", "email_body": "one two three four five six seven eight"}), 1),
            (json!({"recipients": [{"email": "a@x.example", "text": "Hi Ann, thank you for the order of a box"}]}), 1),
            (json!({"site_description": "all about the net and its sites"}), 0),
            (json!({"chat_id": 12, "user_id": 13, "channel": 14}), 3),
            (json!({"to": "ann@own.example, bob@mail.own.example", "url": "https://own.example/x"}), 0),
            (json!({"from": "me@x.example", "sender": {"email": "me@x.example"}}), 0),
            (json!({"body": "Write to a@x.example, or to b@x.example.", "html": "<p>a@x.example</p>"}), 0),
            (json!({"body": "id,mail\n1,a@x.example\n2,b@x.example"}), 0),
            (json!({}), 0),
        ] {
            assert_eq!(count(&arguments), people, "{arguments}");
        }
    }

    #[test]
    fn whose_page_is_fetched_is_no_recipient() {
        let no_hosts = |arguments: &Value| recipients(arguments, Which { hosts: false, ..ALL }, &[]).len();
        assert_eq!(no_hosts(&json!({"url": "https://a.example"})), 0);
        assert_eq!(no_hosts(&json!({"url": "https://a.example", "to": "a@x.example"})), 1);
    }

    #[test]
    fn whom_a_text_that_is_only_written_names_is_not_told() {
        let written = |arguments: &Value| recipients(arguments, Which { names: false, ..ALL }, &[]).len();
        assert_eq!(written(&json!({"card_id": "c1", "assignee": "ann", "members": [{"id": 1}]})), 0);
        assert_eq!(written(&json!({"invitees": ["a@x.example", "bo"]})), 1);
    }

    #[test]
    fn many_are_counted_up_to_where_it_matters_no_more() {
        let all: Vec<usize> = (0..30_000).collect();
        assert_eq!(count(&json!({"user_ids": all})), MOST);
        let many: Vec<String> = (0..5_000).map(|n| format!("p{n}@example.org")).collect();
        assert_eq!(count(&json!({"to": many})), 5_000);
        assert_eq!(count(&json!({"to": many.join(",")})), 5_000);
        assert_eq!(count(&json!({"batch": many[..2_000].join(" ")})), 2_000);
    }
}
