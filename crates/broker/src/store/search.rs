//! Finding entries. A call is found by what any of its entries says: who asked stands in the first, how it ended in the
//! last, what was sent beside the one that was allowed or refused.

use super::{Store, StoredEntry, stored};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};
use wire::Fault;
use wire::view::{ActivityFilter, Verdict};

/// One entry, and the first of the call it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) entry: StoredEntry,
    /// The record of the call's first entry; the entry's own where it belongs to no call.
    pub(crate) first: String,
}

/// From where, in which direction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach {
    /// Newest first, before this one.
    Before(i64),
    /// Oldest first, after this one.
    After(i64),
}

/// How many names are offered to choose from.
const MOST_CHOICES: i64 = 200;

/// `v` is every entry of the call of `e`, or `e` itself.
const OF_THE_CALL: &str = " AND EXISTS (SELECT 1 FROM entry v WHERE v.seq IN \
                           (SELECT x.seq FROM entry x WHERE x.call = e.call UNION ALL SELECT e.seq) AND ";

/// What is searched of a record: what a person would remember of it.
const WORDS: &str = "json_extract(v.record, '$.client', '$.claimed', '$.server', '$.tool', '$.message', '$.reason', \
                     '$.program', '$.name', '$.policies', '$.decision', '$.preset', '$.call')";

impl Store {
    /// Entries that the filter wants.
    pub(crate) async fn search(&self, filter: &ActivityFilter, reach: Reach, limit: u32) -> Result<Vec<Found>, Fault> {
        let mut query = QueryBuilder::new(
            "SELECT e.seq, e.record, e.hash, \
             (SELECT f.record FROM entry f WHERE f.call = e.call ORDER BY f.seq LIMIT 1) FROM entry e WHERE ",
        );
        match reach {
            Reach::Before(seq) => query.push("e.seq < ").push_bind(seq),
            Reach::After(seq) => query.push("e.seq > ").push_bind(seq),
        };
        narrow(&mut query, filter);
        query.push(match reach {
            Reach::Before(_) => " ORDER BY e.seq DESC LIMIT ",
            Reach::After(_) => " ORDER BY e.seq LIMIT ",
        });
        query.push_bind(limit);
        let rows = query.build().fetch_all(&self.pool).await.map_err(|e| self.fault(&e))?;
        Ok(rows.into_iter().map(found).collect())
    }

    /// The values that this field of a record has had, in order.
    pub(crate) async fn named(&self, field: Named) -> Result<Vec<String>, Fault> {
        let text = match field {
            Named::Client => {
                "SELECT DISTINCT json_extract(record, '$.client') AS name FROM entry WHERE name <> '' ORDER BY name LIMIT ?"
            }
            Named::Server => {
                "SELECT DISTINCT json_extract(record, '$.server') AS name FROM entry WHERE name <> '' ORDER BY name LIMIT ?"
            }
        };
        let rows = sqlx::query(text).bind(MOST_CHOICES).fetch_all(&self.pool).await.map_err(|e| self.fault(&e))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

/// A field whose values can be chosen from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    Client,
    Server,
}

fn found(row: SqliteRow) -> Found {
    let first: Option<String> = row.get(3);
    let entry = stored(row);
    Found { first: first.unwrap_or_else(|| entry.record.clone()), entry }
}

fn narrow(query: &mut QueryBuilder<Sqlite>, filter: &ActivityFilter) {
    if filter.calls {
        query.push(
            " AND (e.call IS NULL OR NOT EXISTS (SELECT 1 FROM entry l WHERE l.call = e.call AND l.seq > e.seq))",
        );
    }
    if let Some(since) = filter.since {
        query.push(" AND json_extract(e.record, '$.at') >= ").push_bind(since);
    }
    if let Some(until) = filter.until {
        query.push(" AND json_extract(e.record, '$.at') < ").push_bind(until);
    }
    one_of(query, "json_extract(v.record, '$.client')", &filter.clients);
    one_of(query, "json_extract(v.record, '$.server')", &filter.servers);
    if !filter.effects.is_empty() {
        query.push(OF_THE_CALL).push("EXISTS (SELECT 1 FROM json_each(v.record, '$.effects') f WHERE f.value IN (");
        list(query, filter.effects.iter().map(|effect| effect.word().to_owned()));
        query.push(")))");
    }
    if !filter.verdicts.is_empty() {
        query.push(OF_THE_CALL).push("(");
        for (at, verdict) in filter.verdicts.iter().enumerate() {
            query.push(if at == 0 { "(" } else { " OR (" }).push(means(*verdict)).push(")");
        }
        query.push("))");
    }
    let text = filter.text.trim();
    if !text.is_empty() {
        // What is searched is JSON text, in which some characters stand escaped.
        let quoted = serde_json::to_string(text).unwrap_or_default();
        let inside = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
        query.push(OF_THE_CALL).push("(").push(WORDS).push(" LIKE ").push_bind(pattern(inside));
        query.push(
            " ESCAPE '\\' OR EXISTS (SELECT 1 FROM body b WHERE b.sha256 = json_extract(v.record, '$.arguments.sha256') \
             AND CAST(b.bytes AS TEXT) LIKE ",
        );
        query.push_bind(pattern(inside)).push(" ESCAPE '\\')))");
    }
}

fn one_of(query: &mut QueryBuilder<Sqlite>, field: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    query.push(OF_THE_CALL).push(field).push(" IN (");
    list(query, values.iter().cloned());
    query.push("))");
}

fn list(query: &mut QueryBuilder<Sqlite>, values: impl Iterator<Item = String>) {
    let mut values_of = query.separated(", ");
    for value in values {
        values_of.push_bind(value);
    }
}

/// The words somewhere in a text, each character for itself.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// What an entry `v` says where the call came out like this. Questions that are about no call count by their answer.
fn means(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ran => "json_extract(v.record, '$.kind') = 'intent' AND json_extract(v.record, '$.consent') = 'none'",
        Verdict::Approved => {
            "(json_extract(v.record, '$.kind') = 'intent' AND json_extract(v.record, '$.consent') <> 'none') \
             OR (v.call IS NULL AND json_extract(v.record, '$.answer') = 'approved')"
        }
        Verdict::Rejected => {
            "(json_extract(v.record, '$.kind') = 'refused' \
             AND json_extract(v.record, '$.result') IN ('rejected', 'expired', 'withdrawn')) \
             OR (v.call IS NULL AND json_extract(v.record, '$.answer') IN ('rejected', 'expired', 'withdrawn'))"
        }
        Verdict::Refused => {
            "json_extract(v.record, '$.kind') = 'refused' \
             AND json_extract(v.record, '$.result') NOT IN ('rejected', 'expired', 'withdrawn')"
        }
        Verdict::Failed => {
            "json_extract(v.record, '$.kind') = 'outcome' \
             AND json_extract(v.record, '$.result') NOT IN ('completed', 'unknown')"
        }
        Verdict::Unknown => {
            "json_extract(v.record, '$.kind') = 'outcome' AND json_extract(v.record, '$.result') = 'unknown'"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Sealed;
    use crate::vault::Seal;
    use gate::audit::Record;
    use gate::call::CallId;
    use std::sync::Arc;
    use wire::view::Effect;

    struct Log {
        _folder: tempfile::TempDir,
        store: Store,
    }

    fn entry(record: Record) -> Sealed {
        let call = record.call.map(|call| call.to_string());
        let (record, bodies) = record.seal();
        Sealed { record, call, bodies, reached: Vec::new(), at: 0 }
    }

    fn call(number: u128) -> CallId {
        CallId(uuid::Uuid::from_u128(number))
    }

    /// Three calls and a question that is about no call: one read that ran, one mail that was approved and failed, one
    /// note that was rejected.
    async fn log() -> Log {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("c.db"), Arc::new(Seal::in_memory())).await.unwrap();
        let mut appender = store.appender().await.unwrap();
        let of = |record: Record, client: &str, server: &str, tool: &str| {
            record.with("client", client).with("server", server).with("tool", tool)
        };
        let entries = vec![
            entry(Record::new("started", 1)),
            entry(
                of(Record::new("intent", 10), "node", "files", "read_100%")
                    .call(call(1))
                    .with("consent", "none")
                    .with("effects", vec!["read"])
                    .with_body("arguments", r#"{"path":"C:\\a_b"}"#.as_bytes().into()),
            ),
            entry(of(Record::new("asked", 20), "claude", "mail", "send").call(call(2)).with("effects", vec!["send"])),
            entry(Record::new("outcome", 21).call(call(1)).with("result", "completed")),
            entry(Record::new("answered", 22).call(call(2)).with("answer", "approved")),
            entry(of(Record::new("intent", 23), "claude", "mail", "send").call(call(2)).with("consent", "approved")),
            entry(Record::new("outcome", 24).call(call(2)).with("result", "failed")),
            entry(
                of(Record::new("asked", 30), "claude", "files", "write").call(call(3)).with("effects", vec!["write"]),
            ),
            entry(of(Record::new("refused", 31), "claude", "files", "write").call(call(3)).with("result", "rejected")),
            entry(Record::new("answered", 40).with("answer", "approved").with("server", "mail")),
        ];
        appender.append_waiting(&entries, false).unwrap();
        Log { _folder: folder, store }
    }

    async fn seqs(log: &Log, filter: ActivityFilter) -> Vec<i64> {
        let found = log.store.search(&filter, Reach::Before(i64::MAX), 100).await.unwrap();
        found.iter().map(|found| found.entry.seq).collect()
    }

    fn calls() -> ActivityFilter {
        ActivityFilter { calls: true, ..ActivityFilter::default() }
    }

    #[tokio::test]
    async fn a_call_is_one_line_and_knows_its_beginning() {
        let log = log().await;
        assert_eq!(seqs(&log, calls()).await, [10, 9, 7, 4, 1]);
        let found = log.store.search(&calls(), Reach::Before(8), 1).await.unwrap();
        assert!(found[0].first.contains("\"asked\"") && found[0].entry.record.contains("\"outcome\""));
        let older = log.store.search(&calls(), Reach::After(4), 2).await.unwrap();
        assert_eq!(older.iter().map(|found| found.entry.seq).collect::<Vec<_>>(), [7, 9]);
    }

    #[tokio::test]
    async fn a_call_is_found_by_what_any_of_its_entries_says() {
        let log = log().await;
        let with = |change: fn(&mut ActivityFilter)| {
            let mut filter = calls();
            change(&mut filter);
            seqs(&log, filter)
        };
        assert_eq!(with(|f| f.clients = vec!["claude".into()]).await, [9, 7]);
        assert_eq!(with(|f| f.clients = vec!["claude".into(), "node".into()]).await, [9, 7, 4]);
        assert_eq!(with(|f| f.servers = vec!["mail".into()]).await, [10, 7]);
        assert_eq!(with(|f| f.effects = vec![Effect::Send, Effect::Read]).await, [7, 4]);
        assert_eq!(with(|f| f.verdicts = vec![Verdict::Ran]).await, [4]);
        assert_eq!(with(|f| f.verdicts = vec![Verdict::Approved]).await, [10, 7]);
        assert_eq!(with(|f| f.verdicts = vec![Verdict::Failed]).await, [7]);
        assert_eq!(with(|f| f.verdicts = vec![Verdict::Rejected, Verdict::Unknown]).await, [9]);
        assert_eq!(with(|f| f.verdicts = vec![Verdict::Refused]).await, [0i64; 0]);
        assert_eq!(with(|f| (f.since, f.until) = (Some(21), Some(31))).await, [7, 4]);
        assert_eq!(
            with(|f| {
                f.clients = vec!["claude".into()];
                f.verdicts = vec![Verdict::Rejected];
            })
            .await,
            [9]
        );
    }

    #[tokio::test]
    async fn words_are_found_as_they_are_written() {
        let log = log().await;
        let with = |text: &str| seqs(&log, ActivityFilter { text: text.into(), ..calls() });
        assert_eq!(with("CLAUDE").await, [9, 7]);
        assert_eq!(with("100%").await, [4], "a percent sign is no wildcard");
        assert_eq!(with("a_b").await, [4], "an argument");
        assert_eq!(with(r"C:\a").await, [4], "a backslash is a backslash");
        assert_eq!(with("axb").await, [0i64; 0], "an underscore is no wildcard");
        assert_eq!(with("' OR 1=1 --").await, [0i64; 0]);
        assert_eq!(with("  ").await.len(), 5, "blanks filter nothing");
    }

    #[tokio::test]
    async fn names_to_choose_from_are_those_of_the_log() {
        let log = log().await;
        assert_eq!(log.store.named(Named::Client).await.unwrap(), ["claude", "node"]);
        assert_eq!(log.store.named(Named::Server).await.unwrap(), ["files", "mail"]);
    }
}
