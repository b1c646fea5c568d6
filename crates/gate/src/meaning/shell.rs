//! A command line taken apart, so that it shows where one word ends and what the shell itself will do. It is a reading
//! for people, not a shell: what is odd is marked, never guessed away.

/// A piece of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// As written, quotes included.
    pub text: &'a str,
    /// What it is.
    pub kind: Kind,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The word that names a program.
    Program,
    /// Any other word.
    Word,
    /// `|`, `&&`, `;`, `&`, a line's end: another program follows.
    Joint,
    /// `>`, `<`, `2>&1`: what is read or written instead.
    Redirection,
    /// A word in which the shell puts something else first: `$(…)`, a backtick, `$NAME`, `${…}`.
    Substitution,
}

/// The most pieces that are told apart.
const MOST: usize = 400;

/// Takes a command line apart. The pieces cover every character that is no blank.
pub fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut out: Vec<Piece<'_>> = Vec::new();
    let mut rest = line;
    let mut expects_program = true;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '\r']);
        if trimmed.is_empty() {
            return out;
        }
        if out.len() >= MOST {
            out.push(Piece { text: trimmed, kind: Kind::Word });
            return out;
        }
        let (length, mut kind) = next(trimmed);
        let length = length.clamp(1, trimmed.len());
        let length = (length..=trimmed.len()).find(|at| trimmed.is_char_boundary(*at)).unwrap_or(trimmed.len());
        let text = &trimmed[..length];
        let after_redirection = out.last().is_some_and(|p| p.kind == Kind::Redirection && !p.text.contains('&'));
        match kind {
            Kind::Joint => expects_program = true,
            // `NAME=value` stands before a program, and the target of a redirection is none.
            Kind::Word if expects_program && !after_redirection && !is_assignment(text) => {
                kind = Kind::Program;
                expects_program = false;
            }
            Kind::Substitution if expects_program && !after_redirection => expects_program = false,
            _ => {}
        }
        out.push(Piece { text, kind });
        rest = &trimmed[length..];
    }
}

/// The programs a line starts, those inside substitutions too.
pub fn programs(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut lines = vec![line];
    // Inner lines are pieces of outer ones, so this ends; the bound is for the person.
    while let Some(line) = lines.pop() {
        if out.len() >= 64 {
            break;
        }
        for piece in pieces(line) {
            match piece.kind {
                Kind::Program => out.push(piece.text),
                Kind::Substitution => lines.extend(inner(piece.text)),
                _ => {}
            }
        }
    }
    out
}

/// What stands inside the first `$(…)` or backticks of a word, and whatever follows it.
fn inner(text: &str) -> Option<&str> {
    let (open, close) = match (text.find("$("), text.find('`')) {
        (Some(at), tick) if tick.is_none_or(|t| at < t) => (at + 2, ')'),
        (_, Some(at)) => (at + 1, '`'),
        _ => return None,
    };
    let inside = text.get(open..)?;
    let end = inside.rfind(close).unwrap_or(inside.len());
    inside.get(..end)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// How long the next piece is, in bytes, and what it is.
fn next(text: &str) -> (usize, Kind) {
    for joint in ["&&", "||", "|&", ";;", "|", ";", "\n"] {
        if text.starts_with(joint) {
            return (joint.len(), Kind::Joint);
        }
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = &text[digits..];
    for mark in ["&>>", "<<<", "&>", ">>", "<<", ">|", "<>", ">&", "<&", ">", "<"] {
        if after.starts_with(mark) && (digits == 0 || !mark.starts_with('&')) {
            let target = if mark.ends_with('&') {
                after[mark.len()..].bytes().take_while(|b| b.is_ascii_digit() || *b == b'-').count()
            } else {
                0
            };
            return (digits + mark.len() + target, Kind::Redirection);
        }
    }
    if text.starts_with('&') {
        return (1, Kind::Joint);
    }
    word(text)
}

/// A word runs to the next blank or mark outside of quotes and brackets.
fn word(text: &str) -> (usize, Kind) {
    let (mut single, mut double, mut escaped, mut tick) = (false, false, false, false);
    let mut depth = 0usize;
    let mut kind = Kind::Word;
    let bytes = text.as_bytes();
    for (i, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        let quoted = single || double || tick || depth > 0;
        match c {
            '\\' if !single => escaped = true,
            '\'' if !double && depth == 0 => single = !single,
            '"' if !single && depth == 0 => double = !double,
            '`' if !single => {
                kind = Kind::Substitution;
                tick = !tick;
            }
            '$' if !single => match bytes.get(i + 1) {
                Some(b'(' | b'{') => kind = Kind::Substitution,
                Some(b) if b.is_ascii_alphabetic() || *b == b'_' => kind = Kind::Substitution,
                _ => {}
            },
            '(' | '{' if !single && (depth > 0 || i.checked_sub(1).and_then(|p| bytes.get(p)) == Some(&b'$')) => {
                depth += 1
            }
            ')' | '}' if !single && depth > 0 => depth -= 1,
            ' ' | '\t' | '\r' | '\n' | ';' | '|' | '&' | '<' | '>' if !quoted => return (i, kind),
            _ => {}
        }
    }
    (text.len(), kind)
}
