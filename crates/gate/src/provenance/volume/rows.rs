//! How many records stand in a text: elements of lists, members of maps, lines of tables and of lists, addresses. A guess;
//! what it misses still counts by its bytes. What is only referred to, a file by its name, is not measured.

use super::count;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Lists in a record are its own, like the labels of an issue, up to so many texts, and to so many for each record.
const OWN: i64 = 20;
const OWN_EACH: i64 = 5;
/// An object with more members than this, each an object or a list, is a map of records.
const MAP: i64 = 20;
/// So is one with more members than this, whatever they are, or with more than this in all that is in it.
const LARGE_MAP: i64 = 100;
const LARGE_TREE: i64 = 1_000;
/// So deep texts within texts are read.
const WITHIN: usize = 3;
/// Deeper in JSON nothing is told apart.
const DEPTH: usize = 128;
/// A number with fewer digits than this is a measure, not somebody's.
const DIGITS: usize = 6;
/// Fewer lines of one shape than this may be chance; of a table with tabs or bars, fewer than [`TABLE`].
const LINES: i64 = 5;
const TABLE: i64 = 3;
/// A longer line without a blank is no item of a list.
const ITEM: usize = 120;

/// A tool's result, as far as records are counted in it.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow, default)]
    content: Vec<Block<'a>>,
    #[serde(borrow, default, rename = "structuredContent")]
    structured: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
    #[serde(borrow, default)]
    resource: Option<Resource<'a>>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

/// The records in a result. What stands in it twice, as text and structured, counts once.
pub(super) fn rows_of_result(result: &[u8]) -> i64 {
    let Ok(shown) = serde_json::from_slice::<Shown<'_>>(result) else { return rows_of_json(result) };
    if shown.content.is_empty() && shown.structured.is_none() {
        // An error, or what is said on the way.
        return rows_of_json(result);
    }
    let rows = |block: &Block<'_>| {
        let resource = block.resource.as_ref().map_or(0, |resource| rows_of_text(&resource.text, WITHIN));
        rows_of_text(&block.text, WITHIN).saturating_add(resource)
    };
    let texts = shown.content.iter().map(rows).fold(0, i64::saturating_add);
    texts.max(shown.structured.map_or(0, |raw| rows_of_json(raw.get().as_bytes())))
}

/// The records in a text: JSON, also behind a heading or within a fence, JSON line by line, tables and lists.
fn rows_of_text(text: &str, within: usize) -> i64 {
    let json = begin_of_json(text).and_then(|at| text.get(at..)).map_or(0, |json| scan(json.as_bytes(), within));
    json.max(Lines::of(text)).max(addresses(text.as_bytes()))
}

/// How many addresses, or rows of a table in HTML, stand in a text, whatever its lines are.
fn addresses(text: &[u8]) -> i64 {
    let is_word = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let addresses = memchr::memchr_iter(b'@', text).filter(|at| is_word(at.checked_sub(1)) && is_word(Some(at + 1)));
    count(addresses.count()).max(count(memchr::memmem::find_iter(text, b"<tr").count()))
}

/// Where JSON begins: at the beginning of a line.
fn begin_of_json(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start();
        let begin = at + (line.len() - rest.len());
        at += line.len();
        if !rest.starts_with(['[', '{']) {
            continue;
        }
        let next = text.get(begin + 1..).unwrap_or_default().trim_start().bytes().next();
        let is_json = match rest.as_bytes().first() {
            Some(b'[') => matches!(next, Some(b'"' | b'{' | b'[' | b'0'..=b'9')),
            _ => matches!(next, Some(b'"')),
        };
        if is_json {
            return Some(begin);
        }
    }
    None
}

/// A list or an object that is open, and what was counted in it.
#[derive(Clone, Copy, Default)]
struct Open {
    is_list: bool,
    /// Texts, and numbers that may be somebody's.
    scalars: i64,
    /// Lists and objects directly in it.
    inner: i64,
    /// Members of an object.
    members: i64,
    /// Records in what is in it.
    nested: i64,
    /// Members of all the objects in it.
    leaves: i64,
    /// Texts in lists that are records' own.
    owned: i64,
}

impl Open {
    /// The records in it; `in_record` where it stands in an object that is one of a list.
    fn rows(&self, in_record: bool) -> i64 {
        let own = match self.is_list {
            true if self.is_owned(in_record) => 0,
            true if self.owned > self.inner.saturating_mul(OWN_EACH) => self.inner.saturating_add(self.owned),
            true => self.inner.saturating_add(self.scalars),
            false if self.inner > MAP => self.inner,
            false if self.members > LARGE_MAP => self.members,
            false if self.leaves > LARGE_TREE => self.leaves,
            false => 0,
        };
        own.max(self.nested)
    }

    /// Whether it is a short list that belongs to a record.
    fn is_owned(&self, in_record: bool) -> bool {
        self.is_list && in_record && self.inner == 0 && self.scalars <= OWN
    }

    /// Takes up what was in a list or an object that ended.
    fn take(&mut self, closed: &Self, in_record: bool) {
        let rows = closed.rows(in_record);
        self.nested = self.nested.saturating_add(rows);
        let owned = if closed.is_owned(in_record) { closed.scalars } else { closed.owned };
        self.owned = self.owned.saturating_add(owned);
        if !self.is_list {
            let leaves = closed.leaves.saturating_add(closed.members);
            // What was counted is no member of anything else.
            let counted = closed.is_list || rows > 0;
            self.leaves = self.leaves.saturating_add(if counted { 0 } else { leaves });
        }
    }
}

/// The records in a JSON text, or in several, one after the other. Works on what is no JSON as well: then it counts
/// something.
pub(super) fn rows_of_json(json: &[u8]) -> i64 {
    scan(json, WITHIN)
}

fn scan(json: &[u8], texts: usize) -> i64 {
    // What stands around all of it, and what is open in there.
    let (mut all, mut open) = (Open::default(), Vec::<Open>::new());
    let (mut digits, mut beyond, mut at) = (0, 0usize, 0);
    while let Some(byte) = json.get(at) {
        at += 1;
        let is_number = matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
        if !is_number && digits > 0 {
            if let Some(top) = open.last_mut().filter(|top| top.is_list && (DIGITS..usize::MAX).contains(&digits)) {
                top.scalars += 1;
            }
            digits = 0;
        }
        match byte {
            b'"' => {
                let text = quoted(json.get(at..).unwrap_or_default());
                at += text.len() + 1;
                let top = open.last_mut().unwrap_or(&mut all);
                top.scalars += 1;
                top.nested = top.nested.saturating_add(inside(text, texts));
            }
            b'{' | b'[' if open.len() == DEPTH => beyond += 1,
            b'{' | b'[' => {
                open.last_mut().unwrap_or(&mut all).inner += 1;
                open.push(Open { is_list: *byte == b'[', ..Open::default() });
            }
            b'}' | b']' if beyond > 0 => beyond -= 1,
            b'}' | b']' => {
                let Some(closed) = open.pop() else { continue };
                let in_record = matches!(&open[..], [.., above, parent] if above.is_list && !parent.is_list);
                open.last_mut().unwrap_or(&mut all).take(&closed, in_record);
            }
            b':' => open.last_mut().unwrap_or(&mut all).members += 1,
            b'0'..=b'9' if digits < usize::MAX => digits += 1,
            // A fraction measures something.
            b'.' | b'e' | b'E' if digits > 0 => digits = usize::MAX,
            _ => {}
        }
    }
    // What was cut off counts as if it had ended.
    while let Some(closed) = open.pop() {
        open.last_mut().unwrap_or(&mut all).take(&closed, false);
    }
    all.nested.max(if all.inner > 1 { all.inner } else { 0 })
}

/// A quoted text up to its end, without the quote. A line ends it as well: JSON has none in a text.
fn quoted(rest: &[u8]) -> &[u8] {
    let mut escaped = false;
    let end = rest.iter().position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        byte => matches!(byte, b'"' | b'\n'),
    });
    rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
}

/// The records in a quoted text that has lines, or JSON in it.
fn inside(text: &[u8], within: usize) -> i64 {
    let Some(within) = within.checked_sub(1) else { return 0 };
    let is_json = matches!(text.trim_ascii_start().first(), Some(b'[' | b'{'));
    if !is_json && memchr::memchr2(b'\\', b'@', text).is_none() {
        return 0;
    }
    let decoded = {
        let quoted = [b"\"", text, b"\""].concat();
        serde_json::from_slice::<String>(&quoted)
    };
    let Ok(decoded) = decoded else { return addresses(text) };
    // One address is the text itself.
    let rows = rows_of_text(&decoded, within);
    if rows > 1 { rows } else { 0 }
}

/// What separates the cells of a table's line, and how many lines of one shape make one.
const SEPARATORS: [(u8, i64); 4] = [(b'\t', TABLE), (b'|', TABLE), (b';', LINES), (b',', LINES)];

/// Lines of one shape, one after the other.
#[derive(Clone, Copy, Default)]
struct Run {
    cells: usize,
    lines: i64,
    all: i64,
}

impl Run {
    /// One line more, with so many cells beside the first; 0 for none of this shape.
    fn add(&mut self, cells: usize, least: i64) {
        if cells == 0 || cells != self.cells {
            self.end(least);
            self.cells = cells;
        }
        self.lines += i64::from(cells > 0);
    }

    fn end(&mut self, least: i64) {
        if self.lines >= least {
            self.all += self.lines;
        }
        self.lines = 0;
    }
}

/// The lines of a text, sorted by shape.
#[derive(Default)]
struct Lines {
    tables: [Run; SEPARATORS.len()],
    /// How many lines have as many cells as the first one that has any.
    like: [(usize, i64); SEPARATORS.len()],
    items: Run,
    all: i64,
    /// The number at the beginning of the last line that had one.
    number: Option<u64>,
    /// There are comments of a program, whose lines begin with a star.
    comments: bool,
}

impl Lines {
    /// The records in lines: of tables, or of lists with one item to a line.
    fn of(text: &str) -> i64 {
        let mut lines = Self { comments: text.contains("/*"), ..Self::default() };
        for line in text.split(['\n', '\r']).map(str::trim).filter(|line| line.contains(char::is_alphanumeric)) {
            lines.add(line);
        }
        lines.end()
    }

    fn add(&mut self, line: &str) {
        if line.starts_with("```") {
            return;
        }
        let line = self.without_number(line);
        self.all += 1;
        let shapes = self.tables.iter_mut().zip(&mut self.like).zip(SEPARATORS);
        for (((run, like), (_, least)), cells) in shapes.zip(cells(line)) {
            run.add(cells, least);
            if like.0 == 0 {
                like.0 = cells;
            }
            like.1 += i64::from(cells > 0 && cells == like.0);
        }
        self.items.add(usize::from(is_item(line) && !(self.comments && line.starts_with('*'))), LINES);
    }

    /// A line of code without its number, where the lines are counted.
    fn without_number<'a>(&mut self, line: &'a str) -> &'a str {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = line.split_at(digits);
        let Some(number) = number.parse().ok().filter(|_| rest.starts_with(['\t', '→', '|', ':', ' '])) else {
            return line;
        };
        let before = self.number.replace(number);
        if before.is_some_and(|before: u64| before.checked_add(1) == Some(number)) {
            rest.trim_start_matches(['\t', '→', '|', ':', ' '])
        } else {
            line
        }
    }

    fn end(mut self) -> i64 {
        self.items.end(LINES);
        let mut most = self.items.all;
        for ((run, (_, like)), (_, least)) in self.tables.iter_mut().zip(self.like).zip(SEPARATORS) {
            run.end(least);
            // A small table, or one with lines that are broken: prose has commas too, but not as many in every line.
            let whole = if like >= TABLE && like * 5 >= self.all * 4 { like } else { 0 };
            most = most.max(run.all).max(whole);
        }
        most
    }
}

/// How often each separator stands in a line outside of quotes, and not at its end, where code has some.
fn cells(line: &str) -> [usize; SEPARATORS.len()] {
    let mut cells = [0; SEPARATORS.len()];
    let mut in_quotes = false;
    for byte in line.bytes() {
        in_quotes ^= byte == b'"';
        let nth = SEPARATORS.iter().position(|(separator, _)| *separator == byte && !in_quotes);
        if let Some(cells) = nth.and_then(|nth| cells.get_mut(nth)) {
            *cells += 1;
        }
    }
    if in_quotes {
        // A quote that nothing ends is none.
        for (cells, (separator, _)) in cells.iter_mut().zip(SEPARATORS) {
            *cells = line.bytes().filter(|byte| *byte == separator).count();
        }
    }
    let last = line.bytes().last();
    for (cells, (separator, _)) in cells.iter_mut().zip(SEPARATORS) {
        if matches!(separator, b';' | b',') && (line.contains('(') || line.ends_with(['{', ';'])) {
            // A line of a program.
            *cells = 0;
        }
        *cells -= usize::from(*cells > 0 && last == Some(separator) && matches!(separator, b';' | b','));
    }
    cells
}

/// Whether a line is one item: behind a bullet or a number, or a single word that is no path.
fn is_item(line: &str) -> bool {
    let numbered = line.split_once(['.', ')']).is_some_and(|(head, tail)| {
        !head.is_empty() && head.len() < 6 && head.bytes().all(|b| b.is_ascii_digit()) && tail.starts_with(' ')
    });
    let bulleted =
        ["- ", "* ", "• "].iter().filter_map(|bullet| line.strip_prefix(bullet)).any(|rest| !rest.starts_with(' '));
    let word = line.len() <= ITEM && !line.contains(char::is_whitespace) && !line.contains('/') && !line.ends_with(':');
    numbered || bulleted || word
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::Volume;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn of(text: &str) -> i64 {
        let result = json!({"content": [{"type": "text", "text": text}]}).to_string();
        let rows = rows_of_text(text, WITHIN);
        assert_eq!(Volume::seen(result.as_bytes()).rows_seen, rows, "{text}");
        rows
    }

    #[test]
    fn records_are_elements_of_lists_members_of_maps_and_lines_of_tables() {
        let map: serde_json::Map<_, _> = (0..30).map(|n| (format!("u{n}"), json!({"name": n}))).collect();
        let names: Vec<String> = (0..25).map(|n| format!("a{n}@example.org")).collect();
        for (text, rows) in [
            (r#"[{"a":1,"tags":["x","y"]},{"a":2}]"#, 2),
            (r#"{"total":2,"items":[{"id":1},{"id":2},{"id":3}]}"#, 3),
            (r#"["a@example.org","b@example.org"]"#, 2),
            (r#"[[1,2],[3,4]]"#, 2),
            (r#"[["a","b","c"],[]]"#, 3),
            (r#"[{"records":[{},{},{},{}]},{}]"#, 4),
            (r#"{"vector":[0.1234567,0.2,123456.5]}"#, 0),
            (r#"{"cards":[4111111111111111,5500005555555559],"size":[640,480]}"#, 2),
            (r#"["a,b\n1,2\n3,4\n5,6", "x"]"#, 4),
            (&json!({"files": [{"text": names.join("\n")}]}).to_string(), 25),
            (&json!([{"to": names}, {}]).to_string(), 25),
            (&json!({"users": map}).to_string(), 30),
            (&json!({"body": json!([{}, {}, {}]).to_string()}).to_string(), 3),
            ("{\"id\":1}\n{\"id\":2}\n{\"id\":3}", 3),
            ("Here they are:\n\n```json\n[{\"id\": 1}, {\"id\": 2}]\n```\nThat is all.", 2),
            ("name,mail\nann,a@x\nbob,b@x\neve,e@x", 4),
            ("Customers\n\nname,mail\na,1\nb,2\nc,3\n\"Lee, Ann\",4\ne,5\nAs of today, that is, all of them.", 6),
            ("name|a,b\nx|1\ny|2,3", 3),
            ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", 3),
            ("Ann Lee,1,\nBo Lee,2,\nEve Lee,3,\n---\nKim Lee,4,\nLee Lee,5,", 5),
            ("a\"b,1\nc\"d,2\ne\"f,3\ng\"h,4\ni\"j,5", 5),
            ("a b,1\rc d,2\re f,3\rg h,4\ri j,5", 5),
            ("one line: ann@x.example 4111; bob@x.example 5500; eve@x.example", 3),
            ("<table><tr><td>1</td></tr><tr><td>2</td></tr></table>", 2),
            (r#"{"v":1}\n"\n[{"id":1},{"id":2},{"id":3}]"#.replace("\\n", "\n").as_str(), 3),
            ("     1\tlet a = 1;\n     2\tlet b = 2;\n     3\tlet c = 3;\n     4\tlet d = 4;", 0),
            ("/*\n * Copyright\n * by us\n * all of us\n * today\n * and tomorrow\n */", 0),
            ("f(a, b);\nf(a, b);\nf(a, b);\nf(a, b);\nf(a, b);\nf(a, b);", 0),
            ("-    removed a\n-    removed b\n-    removed c\n-    removed d\n-    removed e", 0),
            ("/srv/a\n/srv/b\n/srv/c\n/srv/d\n/srv/e\n/srv/f", 0),
            ("ann@x\nbob@x\neve@x\nkim@x\nlee@x", 5),
            ("Channels:\n- general\n- all of us\n- random\n- help\n- news", 5),
            ("Dear Ann,\nthank you, all of you, for the parcel.\nIt came in one piece.", 0),
            ("fn main() {\n    let a = 1;\n}", 0),
            ("[![a](b)](c) and [more](d)\n\nint main(void)\n{\n  f(a, b);\n  g(c, d);\n  h(e, f);\n}", 0),
            ("", 0),
        ] {
            assert_eq!(of(text), rows, "{text}");
        }
        let error = json!({"code": 1, "message": "no", "data": [{}, {}, {}]});
        assert_eq!(Volume::seen(error.to_string().as_bytes()).rows_seen, 3, "an error shows as well");
        let packages: serde_json::Map<_, _> =
            (0..1_500).map(|n| (format!("p{n}"), json!({"version": "1", "resolved": "x", "integrity": "y"}))).collect();
        assert_eq!(rows_of_json(json!({"packages": packages, "v": 3}).to_string().as_bytes()), 1_500);
        let both = json!({"content": [{"type": "text", "text": "[{},{}]"}], "structuredContent": {"r": [{}, {}]}});
        assert_eq!(Volume::seen(both.to_string().as_bytes()).rows_seen, 2, "what stands there twice counts once");
    }

    #[test]
    fn what_is_deep_or_broken_is_counted_all_the_same() {
        assert!(rows_of_json("[".repeat(1_000_000).as_bytes()) > 0);
        let deep = format!("{}{}{}", "[".repeat(500), r#""a","b""#, "]".repeat(500));
        assert!(rows_of_json(deep.as_bytes()) >= 1);
        assert_eq!(rows_of_json(br#"[{"a":1},{"a":2},{"a"#), 3, "cut off");
        assert_eq!(rows_of_json(br#"]]}}"a"[{},{}]"#), 2);
        // Quotes within quotes within quotes: read so deep and no deeper.
        let mut text = String::from("[1]");
        for _ in 0..18 {
            text = json!([text]).to_string();
        }
        assert!(rows_of_json(text.as_bytes()) >= 1);
        let groups = |n: usize, inner: Value| -> Value {
            (0..n).map(|k| (format!("k{k}"), inner.clone())).collect::<serde_json::Map<_, _>>().into()
        };
        let tree = groups(20, groups(20, groups(100, json!("x"))));
        assert!(rows_of_json(tree.to_string().as_bytes()) >= 40_000, "maps in maps");
        let owned: Vec<_> =
            (0..200).map(|_| json!({"r": (0..20).map(|n| format!("t{n}")).collect::<Vec<_>>()})).collect();
        assert!(rows_of_json(json!(owned).to_string().as_bytes()) >= 4_000, "a short list in each record");
    }

    proptest! {
        #[test]
        fn anything_is_counted(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Volume::seen(&bytes).rows_seen >= 0);
            prop_assert!(rows_of_text(&String::from_utf8_lossy(&bytes), WITHIN) >= 0);
        }

        /// However a list of records is wrapped, it is no less.
        #[test]
        fn a_list_counts_however_it_is_wrapped(n in 2usize..60, how in 0..5) {
            let records: Vec<_> = (0..n).map(|id| json!({"id": id})).collect();
            let wrapped = match how {
                0 => json!(records),
                1 => json!({"data": {"records": records}}),
                2 => json!([records, []]),
                3 => json!([{"records": records}, {}]),
                _ => json!({"text": json!(records).to_string()}),
            };
            prop_assert!(rows_of_json(wrapped.to_string().as_bytes()) >= count(n));
        }
    }
}
