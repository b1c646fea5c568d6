//! An entry that names a URL, made one that runs a program. Little of it means anything then, so it is written anew, whole,
//! in the form it has; what stood there is put back byte for byte.

use super::{Format, Pen};
use crate::client_files::entry::{HEADERS, URLS};
use crate::client_files::table::Fields;
use crate::client_files::tree::{Form, Member, Node};
use crate::upstream::Command;
use serde_json::{Map, Value, json};

/// The names under which entries say how a server is reached.
const WAYS: &[&str] = &["type", "transport"];

/// Names of a login of the client's own, which is of no use any more.
const LOGINS: &[&str] = &["oauth", "auth"];

impl Pen<'_> {
    /// Makes an entry with a URL run `to`; what it means then.
    pub(super) fn run_instead(&mut self, fields: &Fields, node: &Node, to: &Command) -> Result<Value, String> {
        let goes = |member: &&Member| {
            let name = member.name.as_str();
            let ours = [fields.command, fields.args, fields.env].contains(&name);
            ours || [URLS, HEADERS, WAYS, LOGINS].iter().any(|names| names.contains(&name))
        };
        let kept: Vec<&Member> = node.members().iter().filter(|member| !goes(member)).collect();
        if kept.iter().any(|member| !matches!(member.value.form, Form::Plain | Form::Block)) {
            return Err("it is written in several sections".into());
        }
        let mut own: Vec<(&str, Value, String)> = Vec::new();
        let list = fields.env == "environment";
        if let Some(way) = WAYS.iter().find(|name| node.get(name).is_some()) {
            let how = if list { "local" } else { "stdio" };
            own.push((way, json!(how), self.scalar(how)));
        }
        let (program, args) = to.words.split_first().ok_or("the command is empty")?;
        match list {
            true => own.push((fields.command, json!(to.words), self.list(&to.words))),
            false => own.extend([
                (fields.command, json!(program), self.scalar(program)),
                (fields.args, json!(args), self.list(args)),
            ]),
        }
        if !to.env.is_empty() {
            own.push((fields.env, json!(to.env), self.map(&to.env)));
        }
        let written = own.iter().map(|(name, _, said)| self.named(name, said));
        let lines: Vec<String> = written.chain(kept.iter().map(|member| self.as_it_was(member))).collect();
        self.write(node, &lines)?;
        let kept = kept.iter().map(|member| (member.name.clone(), member.value.value()));
        let own = own.into_iter().map(|(name, value, _)| (name.to_owned(), value));
        Ok(Value::Object(own.chain(kept).collect::<Map<_, _>>()))
    }

    fn named(&self, name: &str, said: &str) -> String {
        match self.format {
            Format::Json => format!("\"{name}\": {said}"),
            Format::Toml => format!("{name} = {said}"),
            Format::Yaml => format!("{name}: {said}"),
        }
    }

    fn as_it_was(&self, member: &Member) -> String {
        self.text.get(member.at()).unwrap_or_default().to_owned()
    }

    /// The entry, with these and nothing else.
    fn write(&mut self, node: &Node, lines: &[String]) -> Result<(), String> {
        let span = node.span.clone();
        let whole = self.text.get(span.clone()).unwrap_or_default();
        match &node.form {
            Form::Section(heading) => {
                let end = self.line_end();
                let text: String = lines.iter().flat_map(|line| [end, line]).collect();
                self.edits.push((heading.end..span.end, text));
            }
            Form::Plain if whole.starts_with('{') => {
                let inside = whole.get(1..whole.len().saturating_sub(1)).unwrap_or_default();
                let first = inside.get(..inside.len() - inside.trim_start().len()).unwrap_or_default();
                // A comment may follow the brace; what follows the line's end is what each name begins with.
                let (gap, last) = match (inside.contains('\n'), inside.rfind('\n')) {
                    (true, Some(at)) => {
                        let closing = inside.get(at + 1..).unwrap_or_default();
                        let begin = node.members().first().map_or(span.start, |member| member.name_at.start);
                        let before = self.text.get(..begin).unwrap_or_default();
                        let lead = before.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default();
                        let blank = |text: &str| text.chars().all(char::is_whitespace);
                        if !blank(closing) || !blank(lead) {
                            return Err("it is written in a way that can't be kept".into());
                        }
                        (format!("{}{lead}", self.line_end()), format!("{}{closing}", self.line_end()))
                    }
                    _ => (first.to_owned(), first.to_owned()),
                };
                let comma = if gap.is_empty() { ", ".to_owned() } else { format!(",{gap}") };
                self.edits.push((span, format!("{{{gap}{}{last}}}", lines.join(&comma))));
            }
            Form::Plain | Form::Block => {
                let begin = node.members().iter().map(|member| member.name_at.start).min().unwrap_or(span.start);
                let before = self.text.get(..begin).unwrap_or_default();
                let lead = before.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default();
                let indent: String = lead.chars().map(|_| ' ').collect();
                let text = lines.join(&format!("{}{indent}", self.line_end()));
                self.edits.push((begin..span.end, text));
            }
            Form::Dotted => return Err("it is written with dotted names".into()),
        }
        Ok(())
    }
}
