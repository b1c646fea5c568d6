//! How much goes through: a call by itself, and with what went before it. Data that leaves piece by piece leaves all the
//! same, so policy is told sums.

mod recipients;
mod rows;

use super::role::Role;
use crate::call::{Call, scalars};
use crate::tool::Effect;
use recipients::{Which, recipients};
use rows::{rows_of_json, rows_of_result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;

/// A question to a server, a search or a lookup, is told in so many bytes. What is longer carries data; many short ones do
/// too, so they have a sum of their own.
const QUESTION: usize = 1_000;
/// The most that one call counts as money: then no sum saturates, and what is taken back leaves the rest as it was.
const MOST_AMOUNT: i64 = 1 << 40;

/// How much of what went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Volume {
    /// Records that the client was shown: elements of lists, lines of tables.
    #[serde(skip_serializing_if = "is_zero")]
    pub rows_seen: i64,
    /// Bytes of results that the client was shown.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes_seen: i64,
    /// Records that left for others.
    #[serde(skip_serializing_if = "is_zero")]
    pub rows_sent: i64,
    /// Bytes of arguments that left for others.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes_sent: i64,
    /// Bytes of short questions that were put to servers elsewhere.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes_asked: i64,
    /// Whom it went to, each once.
    #[serde(skip_serializing_if = "is_zero")]
    pub recipients: i64,
    /// Money, in whole units of whatever currency, each call's rounded up.
    #[serde(skip_serializing_if = "is_zero")]
    pub amount: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// What went through before a call, or with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoFar {
    /// Calls of this client in the last hour, this one included.
    pub calls_last_hour: i64,
    /// Those of the last minute, this one included; more than a thousand are not told apart.
    pub calls_last_minute: i64,
    /// How often this client made this very call in the last ten minutes, this time included.
    pub repeated: i64,
    /// In this conversation, within a day.
    pub conversation: Volume,
    /// For this client, within an hour.
    pub hour: Volume,
    /// For this client, within a day.
    pub day: Volume,
    /// Of this call alone: what it adds.
    pub volume: Volume,
}

/// Whether the arguments of a call leave the person's own hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Leaves {
    /// They stay, or go to a place of the person's own.
    #[default]
    No,
    /// They say what is wanted: a query, the address of a page.
    Asking,
    /// They are run here, and can send what they say.
    Running,
    /// They are what is sent, or written elsewhere.
    Giving,
}

impl Leaves {
    /// How the arguments of this call leave, by what its tool does and where its server is.
    pub(super) fn of(call: &Call) -> Self {
        let tool = &call.tool;
        let does = |effect| tool.effects.contains(&effect);
        let elsewhere = call.server.remote || tool.open_world;
        match () {
            () if tool.effects == FETCH || fetches(call) => Self::Asking,
            () if tool.only_reads() && (elsewhere || super::is_open(tool)) => Self::Asking,
            () if does(Effect::Send) || elsewhere && !tool.only_reads() => Self::Giving,
            () if does(Effect::Execute) => Self::Running,
            () => Self::No,
        }
    }
}

/// Whether a call only says which page is wanted, whatever its tool is called: a short one to a URL and to nobody else.
fn fetches(call: &Call) -> bool {
    let only = call.tool.effects.iter().all(|effect| matches!(effect, Effect::Read | Effect::Send));
    if !only || call.request.arguments.len() > QUESTION {
        return false;
    }
    let values = scalars(&call.request.parsed);
    let roles: Vec<Role> = values.iter().filter_map(|(pointer, value)| Role::of(pointer, value)).collect();
    roles.contains(&Role::Url) && !roles.iter().any(|role| matches!(role, Role::Recipient | Role::Account))
}

/// What a tool does that only fetches from where it is told.
pub(super) const FETCH: [Effect; 2] = [Effect::Read, Effect::Send];

impl Volume {
    /// What one call takes along, and whom it goes to, each as a number. Addresses in these domains are the person's own.
    pub(super) fn of(call: &Call, leaves: Leaves, own: &[String]) -> (Self, HashSet<u64>) {
        let mut volume = Self::default();
        let mut reached = HashSet::new();
        let request = &call.request;
        let bytes = request.arguments.len() + request.meta.len() + request.talk.len();
        let long = bytes > QUESTION;
        if matches!(leaves, Leaves::Giving | Leaves::Running) || leaves == Leaves::Asking && long {
            volume.bytes_sent = count(bytes);
        } else if leaves == Leaves::Asking {
            volume.bytes_asked = count(bytes);
        }
        // A question may name much of what is asked for: whoever only reads hands on no records. The lines of a program are
        // none.
        if leaves == Leaves::Giving || leaves == Leaves::Asking && !call.tool.only_reads() {
            volume.rows_sent = rows_of_json(&call.request.arguments);
        }
        if leaves != Leaves::No && !call.tool.only_reads() {
            let does = |effect| call.tool.effects.contains(&effect);
            let which = Which {
                // Whose page is fetched is no recipient.
                hosts: leaves != Leaves::Asking,
                // Whom something that is only written names is not told of it.
                names: does(Effect::Send) || does(Effect::Pay) || does(Effect::Privilege),
            };
            reached = recipients(&call.request.parsed, which, own);
            volume.recipients = count(reached.len());
        }
        if call.tool.effects.contains(&Effect::Pay) {
            let sums = scalars(&call.request.parsed).into_iter();
            let amounts = sums.filter(|(at, value)| Role::of(at, value) == Some(Role::Amount));
            volume.amount = amounts.map(|(_, value)| whole(value)).fold(0, i64::saturating_add).min(MOST_AMOUNT);
        }
        (volume, reached)
    }

    /// What a result shows.
    pub fn seen(result: &[u8]) -> Self {
        Self { rows_seen: rows_of_result(result), bytes_seen: count(result.len()), ..Self::default() }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            rows_seen: self.rows_seen.saturating_add(other.rows_seen),
            bytes_seen: self.bytes_seen.saturating_add(other.bytes_seen),
            rows_sent: self.rows_sent.saturating_add(other.rows_sent),
            bytes_sent: self.bytes_sent.saturating_add(other.bytes_sent),
            bytes_asked: self.bytes_asked.saturating_add(other.bytes_asked),
            recipients: self.recipients.saturating_add(other.recipients),
            amount: self.amount.saturating_add(other.amount),
        }
    }

    /// This without that, never below nothing.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let less = |a: i64, b: i64| a.saturating_sub(b).max(0);
        Self {
            rows_seen: less(self.rows_seen, other.rows_seen),
            bytes_seen: less(self.bytes_seen, other.bytes_seen),
            rows_sent: less(self.rows_sent, other.rows_sent),
            bytes_sent: less(self.bytes_sent, other.bytes_sent),
            bytes_asked: less(self.bytes_asked, other.bytes_asked),
            recipients: less(self.recipients, other.recipients),
            amount: less(self.amount, other.amount),
        }
    }

    /// Each part with the name that policies know it by.
    pub fn parts(&self) -> [(&'static str, i64); 7] {
        [
            ("rows_seen", self.rows_seen),
            ("bytes_seen", self.bytes_seen),
            ("rows_sent", self.rows_sent),
            ("bytes_sent", self.bytes_sent),
            ("bytes_asked", self.bytes_asked),
            ("recipients", self.recipients),
            ("amount", self.amount),
        ]
    }
}

impl SoFar {
    /// With one more call.
    #[must_use]
    pub fn with(self, volume: Volume) -> Self {
        Self {
            conversation: self.conversation.plus(volume),
            hour: self.hour.plus(volume),
            day: self.day.plus(volume),
            volume,
            ..self
        }
    }

    /// Each sum with the name that policies know it by.
    pub fn sums(&self) -> [(&'static str, &Volume); 4] {
        [("conversation", &self.conversation), ("hour", &self.hour), ("day", &self.day), ("volume", &self.volume)]
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An amount in whole units, rounded up. A sum that goes the other way is none the smaller for it.
fn whole(value: &Value) -> i64 {
    let number = value.as_str().map_or_else(|| value.as_f64().unwrap_or(0.0), written);
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is what a sum wants")]
    let whole = number.abs().ceil() as i64;
    whole
}

/// Words that may stand beside a number of money and leave it as it is.
const CURRENCIES: &str =
    "eur euro euros usd us dollar dollars chf fr sfr franken franc francs gbp pound pounds jpy yen cny inr";

/// A sum as somebody wrote it: `1.200,50`, `EUR 1,200.50`, `Fr. 5000.-`. One that can't be read is as much as can be.
fn written(text: &str) -> f64 {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return if number.is_nan() { f64::INFINITY } else { number };
    }
    let word = |part: &str| !part.is_empty() && !CURRENCIES.split_whitespace().any(|known| known == part);
    let digits = text.contains(|c: char| c.is_ascii_digit());
    if !text.is_empty() && !digits || text.to_lowercase().split(|c: char| !c.is_alphabetic()).any(word) {
        // `5k`, `five`, `5 million`: how much that is nobody knows.
        return f64::INFINITY;
    }
    let first = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let last = text.rfind(|c: char| c.is_ascii_digit()).map_or(first, |at| at + 1);
    let number = text.get(first..last).unwrap_or_default();
    // Behind the last separator stand one or two digits where it is a decimal one.
    let (whole, part) = match number.rsplit_once(['.', ',']) {
        Some((whole, part)) if part.len() <= 2 => (whole, part),
        _ => (number, ""),
    };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if number.is_empty() { 0.0 } else { format!("{}.{}", digits(whole), digits(part)).parse().unwrap_or(f64::INFINITY) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::tests::call as call_of;
    use proptest::prelude::*;
    use serde_json::json;

    fn remote(name: &str, effects: &[Effect], arguments: Value) -> Call {
        let call = call_of(name, effects, arguments);
        let server = crate::call::Server { remote: true, ..(*call.server).clone() };
        Call { server: server.into(), ..call }
    }

    fn of(call: &Call) -> Volume {
        Volume::of(call, Leaves::of(call), &[]).0
    }

    #[test]
    fn a_call_counts_what_leaves() {
        let arguments = json!({
            "to": ["Lee, Ann <ann@example.org>", "bob@example.org, BOB@example.org"], "cc": "eve@example.org;",
            "body": "id,mail\n1,a@x\n2,b@x", "from": "me@example.org"
        });
        let call = call_of("send_email", &[Effect::Send], arguments.clone());
        let volume = of(&call);
        assert_eq!((volume.recipients, volume.rows_sent), (3, 2 + 3));
        assert_eq!(volume.bytes_sent, count(arguments.to_string().len()));
        assert_eq!(Volume::of(&call, Leaves::No, &[]).0, Volume::default());
    }

    #[test]
    fn what_is_written_elsewhere_leaves_and_what_is_written_here_stays() {
        let gist = json!({"files": [{"name": "a"}, {"name": "b"}], "text": "x"});
        assert_eq!(of(&call_of("create_gist", &[Effect::Write], gist.clone())), Volume::default());
        let there = of(&remote("create_gist", &[Effect::Write], gist.clone()));
        assert_eq!((there.rows_sent, there.bytes_sent), (2, count(gist.to_string().len())));
        let raw = json!({"name": "create_gist", "annotations": {"openWorldHint": true}}).to_string();
        let tool = crate::tool::Tool::parse(raw.into()).unwrap().with_effects(vec![Effect::Write]);
        let claimed = Call { tool: tool.into(), ..call_of("create_gist", &[Effect::Write], gist) };
        assert_eq!(of(&claimed).rows_sent, 2, "where a program says that it reaches further, it does");
    }

    #[test]
    fn the_lines_of_a_program_are_no_records() {
        let script = json!({"command": format!("cat > list <<EOF\n{}EOF", "word\n".repeat(300))});
        let here = of(&call_of("run", &[Effect::Execute], script.clone()));
        assert_eq!((here.rows_sent, here.bytes_sent), (0, count(script.to_string().len())));
        assert!(of(&remote("run", &[Effect::Execute], script)).rows_sent >= 300);
    }

    #[test]
    fn a_question_is_no_export_but_a_long_one_carries_data() {
        let (short, long) = (json!({"query": "weather in Kiel"}), json!({"query": "x".repeat(5_000)}));
        let asked = Volume { bytes_asked: count(short.to_string().len()), ..Volume::default() };
        assert_eq!(of(&remote("search", &[Effect::Read], short.clone())), asked);
        assert!(of(&remote("search", &[Effect::Read], long.clone())).bytes_sent > 5_000);
        assert_eq!(of(&call_of("search", &[Effect::Read], long.clone())), Volume::default(), "nothing leaves");
        let ids = json!({"ids": (0..900).map(|n| format!("id-{n}")).collect::<Vec<_>>()});
        assert_eq!(of(&remote("get_issues", &[Effect::Read], ids)).rows_sent, 0);
        let fetched = of(&call_of("fetch", &FETCH, json!({"url": "https://example.org/a"})));
        assert_eq!((fetched.bytes_sent, fetched.recipients, fetched.bytes_asked), (0, 0, 31));
        assert!(
            of(&call_of("fetch", &FETCH, json!({"url": format!("https://example.org/{}", "x".repeat(2_000))})))
                .bytes_sent
                > 2_000
        );
    }

    #[test]
    fn amounts_are_whole_and_never_less_than_they_are() {
        for (amount, whole) in [
            (json!(12.5), 13),
            (json!(-40), 40),
            (json!("EUR 1200.10"), 1201),
            (json!("1.200,50"), 1201),
            (json!("1.200.000"), 1_200_000),
            (json!("Fr. 5000.-"), 5000),
            (json!("12,345"), 12_345),
            (json!("1e6"), 1_000_000),
            (json!("5k"), MOST_AMOUNT),
            (json!("5 million"), MOST_AMOUNT),
            (json!("five"), MOST_AMOUNT),
            (json!("NaN"), MOST_AMOUNT),
            (json!(""), 0),
            (json!(1e300), MOST_AMOUNT),
        ] {
            let call = call_of("send_money", &[Effect::Pay], json!({"recipient": "Ann", "amount": amount}));
            assert_eq!(of(&call).amount, whole);
        }
    }

    proptest! {
        #[test]
        fn sums_come_apart_again(a in 0..i64::MAX / 2, b in 0..i64::MAX / 2) {
            let (a, b) = (Volume { rows_sent: a, ..Volume::default() }, Volume { rows_sent: b, ..Volume::default() });
            prop_assert_eq!(a.plus(b).minus(b), a);
        }
    }
}
