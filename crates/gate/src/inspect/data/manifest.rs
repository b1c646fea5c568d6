//! The values of Kubernetes Secrets, as `kubectl get -o yaml` and `-o json` print them: base64 under names that say
//! nothing (kubernetes.io/docs/concepts/configuration/secret).

use super::Datum;
use std::ops::Range;

pub(super) const OPENINGS: &[&str] = &["kind: Secret", "\"kind\":\"Secret\"", "\"kind\": \"Secret\""];

const CLASS: &str = "secret.kubernetes_secret";

/// How far from its kind the values of a Secret are looked for, in bytes, each way.
const REACH: usize = 64 * 1024;

/// Adds the values of the Secret whose kind stands at `hit`; what lies before `from` was looked at. Returns where its
/// text ends, so that nothing is looked at twice.
pub(super) fn find(text: &str, hit: Range<usize>, from: usize, out: &mut Vec<Datum>) -> usize {
    let from = text.ceil_char_boundary(from.max(hit.start.saturating_sub(REACH)).min(hit.start));
    let to = text.floor_char_boundary((hit.end + REACH).min(text.len()));
    if text[hit.clone()].starts_with('"') {
        json(text, hit.start, from..to, out)
    } else if text.as_bytes().get(hit.end).is_none_or(u8::is_ascii_whitespace) {
        yaml(text, hit.start, from..to, out)
    } else {
        hit.end
    }
}

/// How far a line's first member is indented; that of a list begins behind its dash.
fn indent(line: &str) -> usize {
    line.bytes().take_while(|b| *b == b' ' || *b == b'-').count()
}

fn yaml(text: &str, kind: usize, within: Range<usize>, out: &mut Vec<Datum>) -> usize {
    let bytes = text.as_bytes();
    let line_start = |at: usize| {
        bytes[within.start..at].iter().rposition(|b| *b == b'\n').map_or(within.start, |n| within.start + n + 1)
    };
    let start = line_start(kind);
    let own = indent(&text[start..kind + 1]);
    // The document's first line: before it stands a separator, a list's dash, or what is indented less.
    let mut first = start;
    while first > within.start && !text[first..].trim_start_matches(' ').starts_with('-') {
        let before = line_start(first - 1);
        let line = &text[before..first - 1];
        let blank = line.trim().is_empty();
        if !blank && indent(line) < own || line.starts_with("---") || line.trim_start().starts_with("kind:") {
            break;
        }
        first = before;
    }
    let (mut at, mut under) = (first, Under::Nothing);
    for line in text[first..within.end].split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let depth = indent(body);
        let another = at > start && (depth < own || body.trim_start().starts_with('-') && depth <= own);
        if !body.trim().is_empty() && another || body.starts_with("---") && at > first {
            break;
        }
        under = under.line(body, at, own, depth, out);
        at += line.len();
    }
    at.max(kind + 1)
}

/// Where in a Secret a line stands.
#[derive(Clone, Copy)]
enum Under {
    Nothing,
    Data,
    /// In a block of lines whose name is indented so far.
    Block(usize),
}

impl Under {
    fn line(self, body: &str, at: usize, own: usize, depth: usize, out: &mut Vec<Datum>) -> Self {
        let plain = body.get(depth..).unwrap_or_default();
        if plain.is_empty() {
            return self;
        }
        let mut found = |offset: usize, value: &str| {
            let inner = value.trim().trim_matches(['"', '\'']);
            if inner.len() >= 4 && !inner.starts_with(['<', '{', '*']) {
                let start = at + offset + value.find(inner).unwrap_or(0);
                out.push(Datum { class: CLASS, span: start..start + inner.len() });
            }
        };
        if depth <= own {
            let opens = matches!(plain.split_once(':'), Some(("data" | "stringData", rest)) if rest.trim().is_empty());
            return if opens { Self::Data } else { Self::Nothing };
        }
        match self {
            Self::Nothing => self,
            Self::Block(name) if depth > name => {
                found(depth, plain);
                self
            }
            Self::Data | Self::Block(_) => match plain.split_once(':') {
                Some((_, rest)) if rest.trim_start().starts_with(['|', '>']) => Self::Block(depth),
                Some((name, rest)) => {
                    found(depth + name.len() + 1, rest);
                    Self::Data
                }
                None => Self::Data,
            },
        }
    }
}

fn json(text: &str, kind: usize, within: Range<usize>, out: &mut Vec<Datum>) -> usize {
    let bytes = text.as_bytes();
    // The brace that opens the object the kind is a member of.
    let mut depth = 0;
    let open = bytes[within.start..kind].iter().rposition(|b| {
        match b {
            b'}' => depth += 1,
            b'{' if depth > 0 => depth -= 1,
            b'{' => return true,
            _ => {}
        }
        false
    });
    let Some(open) = open.map(|n| within.start + n) else { return kind + 1 };
    let (mut at, mut depth, mut key, mut inside) = (open, 0_usize, 0..0, false);
    while let Some(b) = bytes[..within.end].get(at) {
        match b {
            b'{' => {
                depth += 1;
                inside |= depth == 2 && matches!(&text[key.clone()], "data" | "stringData");
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                inside &= depth >= 2;
                if depth == 0 {
                    return at + 1;
                }
            }
            b'"' => {
                let string = string(text, at, within.end);
                at = string.end;
                let rest = bytes.get(at + 1..within.end).unwrap_or_default();
                let next = rest.iter().find(|b| !b.is_ascii_whitespace());
                if next == Some(&b':') {
                    key = string;
                } else if inside && depth == 2 && string.len() >= 4 {
                    out.push(Datum { class: CLASS, span: string });
                }
            }
            _ => {}
        }
        at += 1;
    }
    within.end
}

/// What stands between the quote at `at` and the one that closes it, or the end.
fn string(text: &str, at: usize, end: usize) -> Range<usize> {
    let (bytes, mut to) = (text.as_bytes(), at + 1);
    while to < end && bytes[to] != b'"' {
        to += if bytes[to] == b'\\' { 2 } else { 1 };
    }
    at + 1..text.floor_char_boundary(to.min(end)).max(at + 1)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use proptest::prelude::*;

    fn seen(text: &str) -> Vec<&str> {
        let own = find(text).into_iter().filter(|d| d.class == super::CLASS);
        own.map(|d| &text[d.span]).collect()
    }

    #[test]
    fn the_values_of_a_secret_are_found_wherever_its_kind_stands() {
        let before = "apiVersion: v1\ndata:\n  user: YWRtaW4=\n  note: |\n    bGluZSBvbmU=\n    bGluZSB0d28=\nkind: Secret\n\
                      metadata:\n  name: db\ntype: Opaque\n";
        assert_eq!(seen(before), ["YWRtaW4=", "bGluZSBvbmU=", "bGluZSB0d28="]);
        let after = "kind: Secret\nmetadata:\n  name: db\nstringData:\n  host: \"db.internal\"\n---\nkind: ConfigMap\ndata:\n  \
                     colour: bGlnaHQ=\n";
        assert_eq!(seen(after), ["db.internal"]);
        let list = "apiVersion: v1\nitems:\n- apiVersion: v1\n  data:\n    a: Zmlyc3Q=\n  kind: Secret\n- apiVersion: v1\n  \
                    data:\n    colour: bGlnaHQ=\n  kind: ConfigMap\n- apiVersion: v1\n  data:\n    b: c2Vjb25k\n  kind: Secret\n";
        assert_eq!(seen(list), ["Zmlyc3Q=", "c2Vjb25k"]);
    }

    #[test]
    fn the_same_in_json() {
        let one = r#"{"apiVersion":"v1","data":{"user":"YWRtaW4=","x":"MWYyZDFl"},"kind":"Secret","metadata":{"name":"database"}}"#;
        assert_eq!(seen(one), ["YWRtaW4=", "MWYyZDFl"]);
        let two =
            r#"{"items":[{"kind": "ConfigMap","data":{"a":"bGlnaHQ="}},{"kind": "Secret","data":{"b":"c2Vjb25k"}}]}"#;
        assert_eq!(seen(two), ["c2Vjb25k"]);
    }

    #[test]
    fn what_is_no_secret_is_left_alone() {
        for text in [
            "kind: SecretStore\ndata:\n  a: Zmlyc3Q=\n",
            "kind: ConfigMap\ndata:\n  a: Zmlyc3Q=\n",
            "Set `kind: Secret` to make one.",
            "kind: Secret\nmetadata:\n  name: database\n",
        ] {
            assert!(seen(text).is_empty(), "{text} {:?}", seen(text));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(parts in proptest::collection::vec(prop_oneof![
            Just("kind: Secret\n"), Just("\"kind\":\"Secret\""), Just("data:\n"), Just("  é: ü\n"), Just("- "), Just("{"),
            Just("}"), Just("\"data\":{\"a\":\""), Just("\\"), Just("---\n"), Just("  a: |\n"), Just("    YWJj\n"), Just("\"ß"),
        ], 0..40)) {
            let text: String = parts.concat();
            for datum in find(&text) {
                prop_assert!(text.get(datum.span).is_some());
            }
        }
    }
}
