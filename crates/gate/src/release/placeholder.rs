//! Placeholders as they are written, by us and by models that changed them a little.
//!
//! What is taken for a placeholder in a call is broken in a result: both ask here.

use super::withheld::{Known, Withheld};
use crate::inspect::reading;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How a placeholder is written, and so how its original has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    Plain,
    /// In a URL, and how many times over.
    Percent(u8),
    Html,
    /// As JSON or a program's text writes it.
    Escaped,
}

/// Something in a text that is written like a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) span: Range<usize>,
    pub(super) tag: String,
    pub(super) writing: Writing,
    /// Whether nothing else is written so: brackets, and the dot before the tag.
    pub(super) sure: bool,
}

/// Words for classes whose last name is long.
const WORDS: &[(&str, &str)] = &[
    ("email_address", "email"),
    ("phone_number", "phone"),
    ("payment_card", "card"),
    ("ip_address", "ip"),
    ("person_name", "name"),
    ("street_address", "address"),
    ("date_of_birth", "birth"),
    ("assigned", "secret"),
    ("own", "term"),
];

/// The word of a class in its placeholders: letters, digits and `_`, never empty.
pub(super) fn word(class: &str) -> String {
    let last = class.rsplit('.').next().unwrap_or_default();
    if let Some((_, word)) = WORDS.iter().find(|(long, _)| *long == last) {
        return (*word).to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let word: String = last.chars().map(plain).take(24).collect();
    let word = word.trim_matches('_');
    if word.starts_with(|c: char| c.is_ascii_lowercase()) { word.to_owned() } else { format!("data_{word}") }
}

const OPEN: &str = r"\\*\[|%(?:25){0,2}5b|&(?:#0*91|#x0*5b|lbrack|lsqb);|\\+u005b|［|【|〔|\{";
const CLOSE: &str = r"\\*\]|%(?:25){0,2}5d|&(?:#0*93|#x0*5d|rbrack|rsqb);|\\+u005d|］|】|〕|\}";
const COLON: &str = r":|%(?:25){0,2}3a|&(?:#0*58|#x0*3a|colon);|\\+u003a|：|︰|﹕|∶";
const DOT: &str = concat!(
    r"·|•|‧|・|∙|⋅|･|᛫|⸱|&(?:middot|centerdot|bull|#0*183|#x0*b7|#8226);|\\+u00b7|\\+u2022|",
    r"%(?:25){0,2}c2%(?:25){0,2}b7|%(?:25){0,2}b7"
);
const LOOSE: &str = r"[\x20\t._*~|,;/-]|%(?:25){0,2}20|\+|\?|�";
const TAG: &str = r"(?P<tag>[0-9a-z]{10})";

static SHAPE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let space = r"\x20?";
    let dot = format!("(?:(?P<dot>(?:Â?(?:{DOT}))+)|(?:{LOOSE}){{1,3}})?");
    let head = format!(r"(?P<open>{OPEN}){space}(?P<word>[a-z][a-z0-9_\\]{{0,40}}){space}(?:{COLON})");
    let rest = format!("{space}(?P<number>[0-9]{{1,9}}){space}{dot}{space}{TAG}{space}(?:{CLOSE})");
    Regex::new(&format!("(?i-u:{head}{rest})")).ok()
});

/// What stands where a schema lets no brackets be.
static STAND_IN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = format!(r"(?P<word>withheld)-(?P<number>[0-9]{{1,9}})-{TAG}");
    let host = r"(?P<host>(?P<at>@|%40|&#64;)withheld\.invalid)?";
    Regex::new(&format!(r"(?i-u:(?P<url>https://withheld\.invalid/)?{name}{host})")).ok()
});

/// What a form is called once it is broken.
fn inert(word: &str, number: &str, tag: &str) -> String {
    // Whoever wrote it chose the word: too short for a value to be hidden in it.
    let word: String = word.replace('\\', "").to_ascii_lowercase().chars().take(8).collect();
    let number = number.get(..number.len().min(4)).unwrap_or_default();
    format!("[{word}:{number}×{}…]", tag.get(..4).unwrap_or_default())
}

impl Form {
    /// The form that a text is, apart from space around it.
    pub(super) fn only(text: &str) -> Option<Self> {
        let text = text.trim();
        find(text).into_iter().next().map(|(form, _)| form).filter(|form| form.span == (0..text.len()))
    }

    /// `value`, written as the form is.
    pub(super) fn write(&self, value: &str) -> String {
        match self.writing {
            Writing::Plain => value.to_owned(),
            Writing::Percent(times) => (0..times).fold(value.to_owned(), |value, _| percent(&value)),
            Writing::Html => {
                let mut out = String::with_capacity(value.len());
                for c in value.chars() {
                    match c {
                        '&' => out.push_str("&amp;"),
                        '<' => out.push_str("&lt;"),
                        '>' => out.push_str("&gt;"),
                        '"' => out.push_str("&quot;"),
                        '\'' => out.push_str("&#39;"),
                        c => out.push(c),
                    }
                }
                out
            }
            Writing::Escaped => {
                let quoted = super::json::encode(value);
                quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
            }
        }
    }
}

/// A value as a part of a URL.
pub(super) fn percent(value: &str) -> String {
    let mut out = String::with_capacity(value.len() * 2);
    for b in value.bytes() {
        match b {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

/// Everything in `text` that is written like a placeholder, in order, and what it would be called if it were broken.
pub(super) fn find(text: &str) -> Vec<(Form, String)> {
    let mut out = Vec::new();
    let (Some(shape), Some(stand_in)) = (SHAPE.as_ref(), STAND_IN.as_ref()) else { return out };
    for found in shape.captures_iter(text) {
        let part = |name: &str| found.name(name).map_or("", |m| m.as_str());
        let open = part("open").to_ascii_lowercase();
        let writing = match open.as_str() {
            o if o.starts_with('%') => Writing::Percent(1 + u8::try_from(o.matches("25").count()).unwrap_or(0)),
            o if o.starts_with('&') => Writing::Html,
            o if o.ends_with("u005b") => Writing::Escaped,
            _ => Writing::Plain,
        };
        let span = found.get(0).map_or(0..0, |m| m.range());
        let sure = found.name("dot").is_some() && open != "{";
        let tag = part("tag").to_owned();
        out.push((Form { span, tag, writing, sure }, inert(part("word"), part("number"), part("tag"))));
    }
    let whole = out.len();
    for found in stand_in.captures_iter(text) {
        let part = |name: &str| found.name(name).map_or("", |m| m.as_str());
        let writing = match part("at") {
            "%40" => Writing::Percent(1),
            "&#64;" => Writing::Html,
            _ => Writing::Plain,
        };
        let sure = found.name("host").is_some() || found.name("url").is_some();
        let span = found.get(0).map_or(0..0, |m| m.range());
        let tag = part("tag").to_owned();
        out.push((Form { span, tag, writing, sure }, inert(part("word"), part("number"), part("tag"))));
    }
    if out.len() > whole {
        out.sort_by_key(|(form, _)| (form.span.start, std::cmp::Reverse(form.span.end)));
        let mut done = 0;
        out.retain(|(form, _)| {
            let stays = form.span.start >= done;
            done = if stays { form.span.end } else { done };
            stays
        });
    }
    out
}

/// What has to be put in the place of what, so that a text that a server sent holds no placeholder: of those that are
/// surely written like one all, whatever their tag; of others, and of tags that stand alone, those that are known.
pub(super) fn breaks(text: &str, withheld: &Withheld) -> Vec<(Range<usize>, String)> {
    let known = |tag: &str| withheld.known(tag) != Known::No;
    let counts = |form: &Form| form.sure || known(&form.tag);
    let mut out: Vec<(Range<usize>, String)> =
        find(text).into_iter().filter(|(form, _)| counts(form)).map(|(form, inert)| (form.span, inert)).collect();
    if !withheld.is_empty() {
        tags(text, &known, &mut out);
    }
    if !withheld.is_empty() || !text.is_ascii() {
        let reading = reading::read(text);
        if reading.plain != text {
            for (form, inert) in find(&reading.plain).into_iter().filter(|(form, _)| counts(form)) {
                out.push((reading.original(&form.span), inert));
            }
            let mut bare = Vec::new();
            tags(&reading.plain, &known, &mut bare);
            out.extend(bare.into_iter().map(|(span, inert)| (reading.original(&span), inert)));
        }
        for hidden in &reading.decoded {
            let mut bare = Vec::new();
            tags(&hidden.text, &known, &mut bare);
            if !bare.is_empty() {
                out.push((hidden.span.clone(), "[placeholder×…]".to_owned()));
            }
        }
    }
    out.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let mut done = 0;
    out.retain(|(span, _)| {
        let stays = span.start >= done && text.get(span.clone()).is_some_and(|t| !t.is_empty());
        done = if stays { span.end } else { done };
        stays
    });
    out
}

/// Tags that are known and stand alone.
fn tags(text: &str, known: &impl Fn(&str) -> bool, out: &mut Vec<(Range<usize>, String)>) {
    const LENGTH: usize = 10;
    let mut start = 0;
    for (at, b) in text.bytes().chain([b' ']).enumerate() {
        if b.is_ascii_alphanumeric() {
            continue;
        }
        if at - start == LENGTH
            && let Some(tag) = text.get(start..at).filter(|tag| known(tag))
        {
            out.push((start..at, format!("{}…", tag.get(..4).unwrap_or_default())));
        }
        start = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &str) -> Vec<(String, Writing, bool)> {
        find(text).into_iter().map(|(f, _)| (f.tag, f.writing, f.sure)).collect()
    }

    #[test]
    fn placeholders_are_known_however_they_are_written() {
        for (text, writing) in [
            ("[email:1·x7Kq2mPz9a]", Writing::Plain),
            ("to [EMAIL:1·x7Kq2mPz9a], now", Writing::Plain),
            (r"\[email:1·x7Kq2mPz9a\]", Writing::Plain),
            (r"\[us\_ssn:1·x7Kq2mPz9a\]", Writing::Plain),
            ("[email:1•x7Kq2mPz9a]", Writing::Plain),
            ("[email:1Â·x7Kq2mPz9a]", Writing::Plain),
            ("[email: 1 · x7Kq2mPz9a]", Writing::Plain),
            ("［email：1・x7Kq2mPz9a］", Writing::Plain),
            ("https://x.example/?q=%5Bemail%3A1%C2%B7x7Kq2mPz9a%5D&b", Writing::Percent(1)),
            ("%255Bemail%253A1%25C2%25B7x7Kq2mPz9a%255D", Writing::Percent(2)),
            ("&#91;email:1&middot;x7Kq2mPz9a&#93;", Writing::Html),
            (r"\u005bemail:1\u00b7x7Kq2mPz9a\u005d", Writing::Escaped),
            ("withheld-1-x7Kq2mPz9a@withheld.invalid", Writing::Plain),
            ("mailto:withheld-1-x7Kq2mPz9a%40withheld.invalid", Writing::Percent(1)),
            ("https://withheld.invalid/withheld-1-x7Kq2mPz9a", Writing::Plain),
        ] {
            assert_eq!(forms(text), [("x7Kq2mPz9a".to_owned(), writing, true)], "{text}");
        }
        for text in ["[email:1.x7Kq2mPz9a]", "[email:1x7Kq2mPz9a]", "[email:1-x7Kq2mPz9a]", "{email:1·x7Kq2mPz9a}"] {
            assert_eq!(forms(text), [("x7Kq2mPz9a".to_owned(), Writing::Plain, false)], "{text}");
        }
        for text in ["[email:1×x7Kq…]", "[step:12·short]", "[email:x·x7Kq2mPz9a]", "[a](b:1·x7Kq2mPz9a)"] {
            assert_eq!(forms(text), [], "{text}");
        }
    }

    #[test]
    fn what_comes_in_a_result_is_broken() {
        let mut withheld = Withheld::new([1; 32]);
        let broken = |text: &str, withheld: &Withheld| breaks(text, withheld).into_iter().map(|(_, b)| b).next();
        assert_eq!(broken("[email:1·x7Kq2mPz9a]", &withheld).unwrap(), "[email:1×x7Kq…]");
        assert_eq!(broken("［ｅmail:1·x7Kq2mPz9a］", &withheld).unwrap(), "[email:1×x7Kq…]");
        assert_eq!(broken("[step:1 javascript], abcdefghij", &withheld), None);
        let mark = withheld.withhold("secret.jwt", "a", "eyJ");
        for text in [
            mark.tag.clone(),
            format!("the code is {}.", mark.tag.to_lowercase()),
            format!("[jwt:1 {}]", mark.tag),
            mark.placeholder().chars().flat_map(|c| [c, '\u{200B}']).collect(),
            mark.address(),
        ] {
            let broken = broken(&text, &withheld).unwrap_or_default();
            assert!(!broken.is_empty() && !broken.contains(&mark.tag), "{text}: {broken}");
        }
    }

    #[test]
    fn classes_have_short_words() {
        assert_eq!(word("personal.email_address"), "email");
        assert_eq!(word("personal.national_id.us_ssn"), "us_ssn");
        assert_eq!(word("term.Projekt Ü!"), "projekt");
        assert_eq!(word("term.42"), "data_42");
        assert_eq!(word(""), "data_");
    }
}
