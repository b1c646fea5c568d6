//! Which arguments fill which slot: by the words of their names and by what their values are.

use super::template::{say, short};
use super::{Argument, Part, shell, sql};
use serde_json::Value;

/// How a slot is filled.
#[derive(Clone, Copy)]
enum Kind {
    /// One short value.
    One,
    /// One value of which both ends matter: a path, an address, an id.
    Ends,
    /// One or several values; at most two are named, the others counted.
    Many,
    /// The same, and each holds an `@`.
    Addresses,
    /// The host and the path of a URL.
    Url,
    /// A number as it was written.
    Amount,
    /// A date or a time, also inside `{"dateTime": …}`.
    When,
    /// How many a list holds: our words for one and for several.
    Count(&'static str, &'static str),
    /// How long a text is.
    Size,
    /// What a program of a database does.
    Sql,
    /// What a command line starts.
    Shell,
    /// Two arguments as `first/second`, or one that has both.
    Repository,
}

/// The slots of the table: name, kind, and the arguments that fill it, the best first.
#[rustfmt::skip]
const SLOTS: &[(&str, Kind, &str)] = &[
    ("mail", Kind::Addresses, "to recipient recipients cc bcc email emails to_email to_emails to_address to_addresses \
      to_recipients cc_recipients bcc_recipients address user_email email_address attendees \
      participants invitees guests copy copies blind_copy forward_to hidden_copy"),
    ("to", Kind::Many, "to recipient recipients user users username user_id phone phone_number email emails cc bcc \
      user_email chat_id contact"),
    ("guests", Kind::Many, "attendees participants invitees guests emails email to required_attendees optional_attendees \
      user_email"),
    ("subject", Kind::One, "subject title summary description memo reference note"),
    ("title", Kind::One, "title summary subject name event_title topic"),
    ("name", Kind::One, "name repo repository title channel_name full_name"),
    ("text", Kind::One, "text message body content comment comment_body value msg"),
    ("attachments", Kind::Count("1 file", "files"), "attachments files attachment_paths attachment"),
    ("message", Kind::Many, "message_id message_ids email_id email_ids mail_id thread_id ids id ts timestamp in_reply_to"),
    ("folder", Kind::One, "folder mailbox label labels destination label_ids folder_id"),
    ("path", Kind::Many, "path file_path filepath file filename file_name paths file_paths files relative_path \
      absolute_path target_file directory dir folder repo_path notebook_path file_id document_id"),
    ("dir", Kind::Ends, "path directory dir folder root cwd repo_path search_path"),
    ("source", Kind::Ends, "source src from old_path source_path from_path path old_name"),
    ("destination", Kind::Ends, "destination dest dst target to new_path destination_path to_path new_name"),
    ("clone", Kind::Ends, "repo_path repository_path path cwd"),
    ("size", Kind::Size, "content contents text data file_text new_content"),
    ("edits", Kind::Count("1 place", "places"), "edits changes replacements"),
    ("query", Kind::One, "query q pattern search search_query keywords term regex question"),
    ("url", Kind::Url, "url uri link href endpoint webhook website page address webhook_url urls"),
    ("repo", Kind::Repository, "repo repository repo_name project project_id repository_id full_name"),
    ("branch", Kind::One, "branch branch_name ref new_branch target_branch"),
    ("head", Kind::One, "head source_branch from_branch from"),
    ("base", Kind::One, "base target_branch to_branch into"),
    ("number", Kind::One, "issue_number pull_number pullnumber number issue_id pull_request_number merge_request_iid \
      issue_iid mr_iid pr_number issue pull_request_id"),
    ("files", Kind::Count("1 file", "files"), "files file_paths paths actions"),
    ("state", Kind::One, "state status transition transition_id column list_id state_id stage"),
    ("method", Kind::One, "merge_method method"),
    ("verdict", Kind::One, "event verdict response status response_status rsvp"),
    ("workflow", Kind::One, "workflow workflow_id workflow_file pipeline job job_name"),
    ("ticket", Kind::One, "issue_key issue_id ticket_id ticket task_id card_id key id issue story_id issue_id_or_key \
      page_id"),
    ("project", Kind::One, "project project_key project_id team team_id board board_id team_key list_id space space_id"),
    ("event", Kind::One, "event_id event meeting_id appointment_id id calendar_event_id"),
    ("start", Kind::When, "start start_time start_datetime start_date when date time begin new_start_time due due_date \
      starts_at datetime start_day check_in"),
    ("channel", Kind::Many, "channel channel_id channel_name channels room room_id conversation_id conversation chat_id topic \
      thread_id chat stream subreddit"),
    ("table", Kind::One, "table table_name collection collection_name index index_name database_id bucket"),
    ("rows", Kind::Count("1 row", "rows"), "rows records documents items data values"),
    ("sql", Kind::Sql, "sql query statement sql_query"),
    ("command", Kind::Shell, "command cmd command_line shell_command bash script input"),
    ("code", Kind::One, "code script python javascript expression function source_code program"),
    ("codesize", Kind::Size, "code script python javascript expression function source_code program"),
    ("amount", Kind::Amount, "amount total price sum amount_cents amount_minor value total_amount unit_amount quantity \
      amount_usd amount_eur"),
    ("currency", Kind::One, "currency currency_code asset token"),
    ("account", Kind::Ends, "recipient account iban payee to to_account destination beneficiary customer customer_id card_id \
      payment_method email destination_account to_address recipient_id customer_email"),
    ("payment", Kind::Ends, "payment_id payment_intent charge charge_id transaction_id payment_intent_id invoice_id \
      subscription_id order_id id subscription"),
    ("from", Kind::Ends, "from_account source_account from source payer wallet"),
    ("item", Kind::One, "item product product_id item_id symbol sku ticker name hotel flight restaurant company room hotel_name"),
    ("times", Kind::Amount, "quantity qty count shares units"),
    ("user", Kind::Many, "user username user_id user_name assignee assignees login member email account principal grantee \
      collaborator user_email emails users display_name"),
    ("role", Kind::One, "role permission permissions access access_level level scope mode privilege role_name"),
    ("object", Kind::Ends, "resource resource_id path file_path file_id document_id repo project project_id object bucket \
      file folder_id id channel team"),
    ("element", Kind::One, "element selector ref label uid xpath key"),
    ("typed", Kind::One, "text value keys values"),
    ("id", Kind::Many, "id ids name key uid uuid slug page_id block_id entity_names"),
];

/// A slot's key for the fields of `{"dateTime": …}` and of people in a list.
const INNER_WHEN: &[&str] = &["dateTime", "datetime", "date", "time"];
const INNER_NAME: &[&str] = &["email", "address", "emailAddress", "path", "name", "id", "login", "userId", "uri"];

/// The arguments of a call, ready to fill slots.
pub(super) struct Found<'a> {
    arguments: Vec<(String, &'a Argument)>,
}

impl<'a> Found<'a> {
    pub(super) fn new(arguments: &'a [Argument]) -> Self {
        Self { arguments: arguments.iter().map(|a| (crate::tool::words(&a.name).join("_"), a)).collect() }
    }

    /// The parts that fill a slot, or `None` where no argument does.
    pub(super) fn slot(&self, key: &str) -> Option<Vec<Part>> {
        let (_, kind, names) = SLOTS.iter().find(|(slot, ..)| *slot == key)?;
        let mut fitting = names.split_whitespace().filter_map(|name| self.named(name));
        match kind {
            Kind::One => fitting.find_map(one).map(|text| short(&text, false)),
            Kind::Ends => fitting.find_map(one).map(|text| short(&text, true)),
            Kind::Many => {
                fitting.find_map(|a| Some(several(a)).filter(|all| !all.is_empty())).map(|all| listed(&all, 2))
            }
            Kind::Addresses => {
                // Whoever gets it, in whatever field they stand.
                let all: Vec<String> = fitting.flat_map(several).filter(|text| text.contains('@')).collect();
                (!all.is_empty()).then(|| listed(&all, 2))
            }
            Kind::Url => fitting.find_map(url),
            Kind::Amount => fitting.find_map(amount),
            Kind::When => fitting.find_map(when).map(|text| short(&text, false)),
            Kind::Count(one, many) => fitting.find_map(|a| a.value.as_array()).map(|items| {
                vec![Part::Ours(if items.len() == 1 { (*one).to_owned() } else { format!("{} {many}", items.len()) })]
            }),
            Kind::Size => fitting.find_map(|a| a.value.as_str()).map(|text| vec![Part::Ours(size(text))]),
            Kind::Sql => fitting.find_map(|a| a.value.as_str()).and_then(sql::phrase),
            Kind::Shell => fitting.find_map(command),
            Kind::Repository => self.repository(names),
        }
    }

    fn named(&self, name: &str) -> Option<&'a Argument> {
        self.arguments.iter().find(|(words, _)| words == name).map(|(_, a)| *a)
    }

    fn repository(&self, names: &str) -> Option<Vec<Part>> {
        let repository = names.split_whitespace().filter_map(|name| self.named(name)).find_map(one)?;
        let owner = ["owner", "org", "organization", "workspace", "namespace"].iter().find_map(|n| self.named(n));
        let mut parts = Vec::new();
        if let Some(owner) = owner.and_then(one) {
            parts.extend(short(&owner, true));
            say(&mut parts, "/");
        }
        parts.extend(short(&repository, true));
        Some(parts)
    }
}

/// One scalar, or the only one of a list.
fn one(argument: &Argument) -> Option<String> {
    match &argument.value {
        Value::String(text) => Some(text.clone()).filter(|t| !t.trim().is_empty()),
        Value::Number(_) => Some(argument.raw.clone()),
        Value::Array(items) => match items.as_slice() {
            [Value::String(text)] => Some(text.clone()),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

/// Every text of a value: itself, the parts between commas where it is a list of addresses, or the items of a list.
fn several(argument: &Argument) -> Vec<String> {
    let whole = |text: &str| {
        let parts: Vec<&str> = text.split([',', ';']).map(str::trim).filter(|p| !p.is_empty()).collect();
        if parts.len() > 1 && parts.iter().all(|p| p.contains('@')) {
            parts.into_iter().map(str::to_owned).collect()
        } else {
            Some(text.to_owned()).filter(|t| !t.trim().is_empty()).into_iter().collect::<Vec<_>>()
        }
    };
    match &argument.value {
        Value::String(text) => whole(text),
        Value::Number(_) => vec![argument.raw.clone()],
        Value::Array(items) => items.iter().filter_map(item).flat_map(|text| whole(&text)).collect(),
        object @ Value::Object(_) => item(object).into_iter().collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

fn item(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(map) => {
            let inner = INNER_NAME.iter().find_map(|name| map.get(*name))?;
            match inner {
                Value::String(text) => Some(text.clone()),
                Value::Object(_) => item(inner),
                _ => None,
            }
        }
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}

/// Some by name, the others by number.
fn listed(all: &[String], most: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    // One more than named is no longer to name than to count.
    let named = if all.len() == most + 1 { most + 1 } else { most };
    for (i, text) in all.iter().take(named).enumerate() {
        match i {
            0 => {}
            _ if i + 1 == all.len() => say(&mut parts, " and "),
            _ => say(&mut parts, ", "),
        }
        parts.extend(short(text, true));
    }
    if all.len() > named {
        let others = all.len() - named;
        say(&mut parts, &format!(" and {others} {}", if others == 1 { "other" } else { "others" }));
    }
    parts
}

fn url(argument: &Argument) -> Option<Vec<Part>> {
    let text = several(argument).into_iter().next()?;
    let Some(url) = url::Url::parse(text.trim()).ok().filter(url::Url::has_host) else {
        // Some servers take a host without a scheme.
        let like_a_host = text.contains('.') && !text.contains(char::is_whitespace);
        return like_a_host.then(|| short(&text, true));
    };
    let host = url.host_str().filter(|h| !h.is_empty())?;
    let mut parts = short(host, true);
    let beyond = text.chars().count().saturating_sub(host.chars().count() + url.scheme().len() + 3);
    if beyond > 1 {
        say(&mut parts, &format!(" (+{beyond} characters)"));
    }
    Some(parts)
}

fn amount(argument: &Argument) -> Option<Vec<Part>> {
    let text = match &argument.value {
        Value::Number(_) => argument.raw.clone(),
        Value::String(text) if text.len() <= 40 && text.contains(|c: char| c.is_ascii_digit()) => text.clone(),
        _ => return None,
    };
    let mut parts = short(&text, false);
    if let Some(unit) = super::marks::unit_in_name(&argument.name) {
        say(&mut parts, &format!(" {unit}"));
    }
    Some(parts)
}

fn when(argument: &Argument) -> Option<String> {
    match &argument.value {
        Value::Object(map) => INNER_WHEN.iter().find_map(|name| map.get(*name)).and_then(item),
        _ => one(argument),
    }
}

/// `1 line`, `1,204 characters`.
fn size(text: &str) -> String {
    let (characters, lines) = (text.chars().count(), text.lines().count());
    if lines > 1 {
        format!("{lines} lines")
    } else {
        format!("{characters} character{}", if characters == 1 { "" } else { "s" })
    }
}

/// The command, or, of one that is long, the programs it starts.
fn command(argument: &Argument) -> Option<Vec<Part>> {
    let line = match &argument.value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            // A list is run word by word, without a shell: its first word is the program.
            let words = words.filter(|w| !w.is_empty())?;
            let mut parts = Vec::new();
            for (i, word) in words.iter().take(6).enumerate() {
                say(&mut parts, if i > 0 { " " } else { "" });
                parts.extend(short(word, true));
            }
            if words.len() > 6 {
                say(&mut parts, &format!(" and {} more words", words.len() - 6));
            }
            return Some(parts);
        }
        _ => return None,
    };
    if line.trim().is_empty() {
        return None;
    }
    let programs = shell::programs(&line);
    let mut parts = short(line.trim(), false);
    if programs.len() > 1 {
        let first: Vec<String> = programs.iter().map(|p| (*p).to_owned()).collect();
        say(&mut parts, &format!(", which starts {} programs: ", programs.len()));
        parts.extend(listed(&first, 5));
    }
    Some(parts)
}

/// The names of all slots, for the test that the table uses no other.
#[cfg(test)]
pub(super) fn names() -> Vec<&'static str> {
    SLOTS.iter().map(|(name, ..)| *name).collect()
}
