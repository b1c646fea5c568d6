//! The table of shapes: which words of a tool's name and which arguments make up which sentence. The first that fits
//! speaks, so the particular stand before the general.

use crate::tool::Effect::{self, Delete, Execute, Pay, Privilege, Read, Send, Write};

/// One row.
pub(super) struct Shape {
    /// What it is called.
    pub(super) id: &'static str,
    /// One of these words stands in the tool's name.
    verbs: &'static str,
    /// And one of these; none are asked for where it is empty.
    nouns: &'static str,
    /// What the sentence tells of.
    pub(super) tells: &'static [Effect],
    /// The sentence, in the language of [`super::template`].
    pub(super) say: &'static str,
}

impl Shape {
    /// Whether a tool of these words may be meant.
    pub(super) fn names(&self, words: &[String]) -> bool {
        let any = |list: &str| list.split_whitespace().any(|w| words.iter().any(|word| word == w));
        any(self.verbs) && (self.nouns.is_empty() || any(self.nouns))
    }
}

const fn shape(
    id: &'static str,
    verbs: &'static str,
    nouns: &'static str,
    tells: &'static [Effect],
    say: &'static str,
) -> Shape {
    Shape { id, verbs, nouns, tells, say }
}

const MAKES: &str = "create add new open make insert post file submit raise log book schedule write";
const CHANGES: &str = "update edit modify change patch set rename close reopen move transition";
const DELETES: &str = "delete remove trash destroy purge erase drop unlink cancel clear archive rm";
const READS: &str = "get list read search find fetch show view query describe lookup retrieve load check";
const MAIL: &str = "mail mails email emails gmail outlook smtp inbox message messages thread draft";
const TICKET: &str = "issue issues ticket tickets task tasks card cards story bug epic jira linear work item page";
const PULL: &str = "pull pr prs merge mr request requests";
const EVENT: &str = "event events meeting meetings appointment calendar";
const CHAT: &str =
    "message messages slack channel chat dm direct text sms thread reply discord teams telegram whatsapp comment";
const FILES: &str = "file files directory folder dir note document text path notebook";
const MONEY: &str = "money payment payments transaction transactions funds payout transfer pay bank invoice";
const ROWS: &str = "row rows record records document documents item items collection table entry entries";

const SENDS: &[Effect] = &[Send, Write];
const CALLS: &[Effect] = &[Read, Write, Delete, Send, Execute];

/// All shapes.
#[rustfmt::skip]
pub(super) const SHAPES: &[Shape] = &[
    // Payment before everything: it is what must not be mistaken.
    shape("pay.refund", "refund", "", &[Pay, Write, Send], "Refund {amount}[ {currency}][ to {account}][, of payment {payment}]."),
    shape("pay.refund", "refund", "", &[Pay, Write, Send], "Refund all of payment {payment}."),
    shape("pay.later", "schedule update change set edit", MONEY, &[Pay, Write, Send], "Set up a payment of {amount}[ {currency}] to {account}[, on {start}][, for {subject}]."),
    shape("pay.later", "update change set edit", MONEY, &[Pay, Write, Send], "Change the payment {payment}[ to {amount}][ {currency}][, to {account}]."),
    shape("pay.bill", "invoice bill create", "invoice invoices bill", &[Pay, Write, Send], "Bill {account} for {amount}[ {currency}]."),
    shape("pay.send", "pay send transfer payout wire donate create make withdraw", MONEY, &[Pay, Send, Write], "Pay {amount}[ {currency}] to {account}[, from {from}][, on {start}][, for {subject}]."),
    shape("pay.charge", "charge checkout", "", &[Pay, Write, Send], "Charge {amount}[ {currency}][ to {account}]."),
    shape("pay.plain", "pay donate tip", "", &[Pay, Send, Write], "Pay {amount}[ {currency}][ to {account}]."),
    shape("pay.trade", "trade sell bid", "", &[Pay, Write], "Trade {times} of {item}[ at {amount}]."),
    shape("pay.buy", "buy purchase order checkout place", "", &[Pay, Write], "Buy {item}[, {times} of it][, for {amount}][ {currency}]."),
    shape("pay.stop", "cancel stop end", "subscription subscriptions payment order", &[Pay, Delete, Write], "Cancel {payment}."),
    shape("book", "reserve book", "", &[Write, Pay, Send], "Reserve {item}[, from {start}]."),
    // Who may do what.
    shape("right.share", "share", "", &[Send, Privilege, Write], "Share {object} with {user}[ as {role}]."),
    shape("right.member", "add invite grant", "collaborator member members team organization owner", &[Privilege, Write, Send], "Give {user} access[ to {object}][ as {role}]."),
    shape("right.give", "grant add assign give set promote update change create", "role roles permission permissions access acl admin privilege policy", &[Privilege, Write, Send], "Give {user} the right {role}[ on {object}]."),
    shape("right.take", "revoke remove delete", "role permission permissions access member collaborator", &[Privilege, Delete, Write], "Take access away from {user}[, the right {role}][ on {object}]."),
    shape("right.mode", "chmod", "", &[Privilege, Write], "Change who may use {path}[ to {role}]."),
    shape("right.password", "update change set reset", "password credential credentials", &[Privilege, Write], "Change a password[ of {user}]."),
    // Mail.
    shape("mail.forward", "forward", "", SENDS, "Forward the message {message} to {mail}."),
    shape("mail.reply", "reply respond", MAIL, SENDS, "Reply to {mail}[, about {subject}][, with {attachments}]."),
    shape("mail.reply", "reply respond", "mail email emails gmail outlook", SENDS, "Reply to the message {message}."),
    shape("mail.draft", "draft compose", "", &[Write, Send], "Write a draft to {mail}[, about {subject}][, with {attachments}]. "),
    shape("mail.send", "send mail email compose deliver", MAIL, SENDS, "E-mail {mail}[, about {subject}][, with {attachments}]."),
    shape("mail.send", "send", "", SENDS, "Send to {mail}[, about {subject}][, with {attachments}]."),
    shape("mail.delete", DELETES, "mail mails email emails gmail inbox", &[Delete, Write, Send], "Delete the message {message}."),
    shape("mail.move", "move label archive mark modify", "mail email emails gmail message messages", &[Write, Send], "Move the message {message}[ to {folder}]."),
    // Git hosting.
    shape("git.merge", "merge", PULL, &[Write, Send], "Merge pull request {number} of {repo}[ by {method}]."),
    shape("git.review", "create submit add review approve", "review reviews", &[Write, Send, Privilege], "Review pull request {number} of {repo}[: {verdict}]."),
    shape("git.pull", "create open", PULL, &[Write, Send], "Open a pull request in {repo}[, from {head}][ into {base}]: {title}."),
    shape("git.comment", "comment add create post", "comment comments", SENDS, "Comment on {number} in {repo}: {text}."),
    shape("git.issue", MAKES, "issue issues", &[Write, Send], "Open an issue in {repo}: {title}."),
    shape("git.change", CHANGES, "issue issues pull pr merge", &[Write, Send], "Change number {number} in {repo}[, to {state}]."),
    shape("git.push", "push", "", &[Write, Send], "Push[ {files}] to {branch} of {repo}."),
    shape("git.branch", "create new", "branch", &[Write], "Create the branch {branch} in {repo}."),
    shape("git.branch", DELETES, "branch", &[Delete, Write], "Delete the branch {branch} in {repo}."),
    shape("git.write", "create update write edit", "file files contents content", &[Write, Send], "Write {path} in {repo}[, on {branch}]."),
    shape("git.delete", DELETES, "file files", &[Delete, Write], "Delete {path} in {repo}[, on {branch}]."),
    shape("git.run", "run trigger dispatch start rerun", "workflow pipeline job action build", CALLS, "Start {workflow} in {repo}[, on {branch}]."),
    shape("git.fork", "fork", "", &[Write], "Fork {repo}."),
    shape("git.new", "create", "repository repo", &[Write], "Create the repository {name}."),
    shape("git.gone", DELETES, "repository repo", &[Delete, Write], "Delete the repository {repo}."),
    shape("git.read", READS, "issue issues pull pr repository repo repositories commit commits branch branches file contents release releases", &[Read], "Read from {repo}[: {path}][, number {number}]."),
    shape("git.commit", "commit", "", &[Write], "Commit in {clone}: {text}."),
    shape("git.stage", "add stage", "git", &[Write], "Put {files} of {clone} in the next commit."),
    shape("git.checkout", "checkout switch", "", &[Write, Pay, Delete], "Switch {clone} to {branch}."),
    shape("git.reset", "reset", "git", &[Write, Delete], "Undo what is staged in {clone}."),
    // Calendars.
    shape("event.create", MAKES, EVENT, &[Write, Send], "Put {title} in the calendar[, on {start}][, and invite {guests}]."),
    shape("event.invite", "invite add", "participants attendees guests event meeting", &[Write, Send], "Invite {guests} to the event {event}."),
    shape("event.answer", "respond rsvp answer accept decline", EVENT, &[Write, Send], "Answer the invitation {event}[ with {verdict}]."),
    shape("event.delete", DELETES, EVENT, &[Delete, Write, Send], "Delete the event {event}."),
    shape("event.change", "update edit modify change patch reschedule move", EVENT, &[Write, Send], "Change the event {event}[, to {start}][, with {guests} invited]."),
    // Chat.
    shape("chat.invite", "invite add", "", &[Write, Send, Privilege], "Add {user} to the channel {channel}."),
    shape("chat.remove", "remove kick", "", &[Delete, Write, Privilege], "Remove {user} from the channel {channel}."),
    shape("chat.delete", DELETES, "message messages", &[Delete, Write, Send], "Delete the message {message}[ in {channel}]."),
    shape("chat.post", "send post reply write publish say add create", CHAT, SENDS, "Post to {channel}: {text}."),
    shape("chat.send", "send post reply write dm message text", CHAT, SENDS, "Message {to}: {text}."),
    shape("chat.channel", "create", "channel room group", &[Write, Send], "Create the channel {name}."),
    shape("user.create", "create add register", "user account", &[Write, Privilege, Send], "Create the user {user}[ as {role}]."),
    shape("user.delete", "delete remove disable", "user account", &[Delete, Write, Privilege], "Delete the user {user}."),
    // Issue trackers without a repository.
    shape("ticket.comment", "comment add create post reply", "comment comments", SENDS, "Comment on {ticket}: {text}."),
    shape("ticket.state", "transition move", TICKET, &[Write], "Move {ticket} to {state}."),
    shape("ticket.assign", "assign", "", &[Write], "Assign {ticket} to {user}."),
    shape("ticket.create", MAKES, TICKET, &[Write], "Create[ in {project}]: {title}."),
    shape("ticket.delete", DELETES, TICKET, &[Delete, Write], "Delete {ticket}."),
    shape("ticket.change", CHANGES, TICKET, &[Write], "Change {ticket}[, to {state}]."),
    // Databases.
    shape("db.sql", "query execute run read write sql select insert update exec", "", CALLS, "{sql}"),
    shape("db.drop", "drop truncate", "", &[Delete, Write], "Delete all of the table {table}."),
    shape("db.delete", DELETES, ROWS, &[Delete, Write], "Delete from {table}[: {rows}]."),
    shape("db.add", "insert add create put upsert append write", ROWS, &[Write], "Add[ {rows}] to {table}."),
    shape("db.change", CHANGES, ROWS, &[Write], "Change what is in {table}."),
    shape("db.read", READS, "", &[Read], "Read from {table}."),
    // Shells and code.
    shape("shell.run", "run execute exec shell bash command terminal start spawn launch process cmd", "", CALLS, "Run {command}."),
    shape("code.run", "run execute exec eval evaluate python code script javascript repl", "", CALLS, "Run {codesize} of code: {code}."),
    // Files.
    shape("file.move", "move rename mv", "", &[Write, Delete], "Move {source} to {destination}."),
    shape("file.copy", "copy cp duplicate", "", &[Write], "Copy {source} to {destination}."),
    shape("file.delete", DELETES, "", &[Delete, Write], "Delete {path}."),
    shape("file.upload", "upload", "", SENDS, "Upload {path}[ to {url}]."),
    shape("file.download", "download save", "", &[Send, Write, Read], "Download from {url}[ to {path}]."),
    shape("file.folder", "create make mkdir add", "directory folder dir mkdir", &[Write], "Create the folder {dir}."),
    shape("file.edit", "edit replace patch modify update change insert append", "", &[Write, Delete], "Change {path}[ in {edits}][, adding {size}]."),
    shape("file.write", "write save create put store make", "", &[Write, Delete], "Write[ {size} to] {path}."),
    shape("file.list", "list tree ls directory", "", &[Read], "List what is in {dir}."),
    shape("file.search", "search find grep glob", "", &[Read], "Search {dir} for {query}."),
    shape("file.read", "read get view cat show open load head tail info stat", FILES, &[Read], "Read {path}."),
    shape("file.read", "read get view cat show load head tail info stat log diff", "", &[Read], "Read {path}."),
    // The web.
    shape("web.post", "post submit publish send request call notify", "", CALLS, "Send data to {url}."),
    shape("web.get", "fetch get read scrape crawl navigate open visit browse download extract load goto go", "", CALLS, "Fetch a page from {url}."),
    shape("web.type", "fill type enter", "", &[Write, Send, Execute], "Type {typed} into {element} in the browser."),
    shape("web.click", "click press", "", &[Write, Send, Execute], "Click {element} in the browser."),
    shape("web.search", "search find query lookup ask", "", &[Read, Send], "Search for {query}."),
    // What is left over: a thing by its name.
    shape("any.delete", DELETES, "", &[Delete, Write], "Delete {id}."),
    shape("any.read", READS, "", &[Read], "Look up {id}."),
];
