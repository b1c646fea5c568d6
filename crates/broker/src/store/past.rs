//! Past calls, with what was known of them when they were judged.

use super::Store;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use wire::Fault;

/// One entry that holds a judgement.
pub(crate) struct PastCall {
    pub(crate) seq: i64,
    pub(crate) record: String,
    /// What policies were told, where it was kept.
    pub(crate) facts: Option<Vec<u8>>,
    /// The arguments, or the card that they stand on.
    pub(crate) arguments: Option<Vec<u8>>,
    /// They stand on a card.
    pub(crate) on_card: bool,
}

const COLUMNS: &str = "e.seq, e.record, f.bytes, a.bytes, json_extract(e.record, '$.kind') = 'asked'";
const BODIES: &str = "LEFT JOIN body f ON f.sha256 = json_extract(e.record, '$.facts.sha256')
     LEFT JOIN body a ON a.sha256 = json_extract(e.record,
       CASE json_extract(e.record, '$.kind') WHEN 'asked' THEN '$.card.sha256' ELSE '$.arguments.sha256' END)";
const JUDGED: &str = "json_extract(e.record, '$.facts.sha256') IS NOT NULL";

impl Store {
    /// The first judgement of one call, if the log holds one.
    pub(crate) async fn past_call(&self, call: &str) -> Result<Option<PastCall>, Fault> {
        let query =
            format!("SELECT {COLUMNS} FROM entry e {BODIES} WHERE e.call = ? AND {JUDGED} ORDER BY e.seq LIMIT 1");
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(call).fetch_optional(&self.pool).await;
        Ok(row.map_err(|e| self.fault(&e))?.map(read))
    }

    /// Entries behind this one that were written since a moment and hold a judgement, in order.
    pub(crate) async fn past_calls(&self, after: i64, since: i64, limit: i64) -> Result<Vec<PastCall>, Fault> {
        let query = format!(
            "SELECT {COLUMNS} FROM entry e {BODIES} WHERE e.seq > ? AND e.call IS NOT NULL AND {JUDGED} AND json_extract(e.record, '$.at') >= ?
             ORDER BY e.seq LIMIT ?"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(query)).bind(after).bind(since).bind(limit).fetch_all(&self.pool).await;
        Ok(rows.map_err(|e| self.fault(&e))?.into_iter().map(read).collect())
    }

    /// Questions about calls that were asked since a moment and answered so, newest first, each with its answer's record.
    /// Bodies that are longer than `longest` bytes are left out.
    pub(crate) async fn answered_calls(
        &self,
        answer: Answer,
        since: i64,
        limit: i64,
        longest: i64,
    ) -> Result<Vec<(PastCall, String)>, Fault> {
        let answer = match answer {
            Answer::Yes => "json_extract(n.record, '$.answer') = 'approved' AND json_extract(n.record, '$.edited') IS NULL",
            Answer::No => {
                "(json_extract(n.record, '$.answer') = 'rejected'
                  OR json_extract(n.record, '$.answer') = 'approved' AND json_extract(n.record, '$.edited') IS NOT NULL)"
            }
        };
        let query = format!(
            "SELECT e.seq, e.record, f.bytes, CASE WHEN length(a.bytes) <= ? THEN a.bytes END, 1, n.record
             FROM entry e {BODIES} JOIN entry n ON json_extract(n.record, '$.kind') = 'answered'
               AND json_extract(n.record, '$.approval') = json_extract(e.record, '$.approval')
             WHERE e.call IS NOT NULL AND json_extract(e.record, '$.kind') = 'asked'
               AND json_extract(e.record, '$.at') >= ? AND {answer} ORDER BY e.seq DESC LIMIT ?"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(longest).bind(since).bind(limit);
        let rows = query.fetch_all(&self.pool).await;
        let both = |row: SqliteRow| {
            let answer = row.get(5);
            (read(row), answer)
        };
        Ok(rows.map_err(|e| self.fault(&e))?.into_iter().map(both).collect())
    }
}

/// How a question about a call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As it was asked.
    Yes,
    /// No, or not as it was asked: who changes a call before a yes refuses it as it was.
    No,
}

fn read(row: SqliteRow) -> PastCall {
    PastCall { seq: row.get(0), record: row.get(1), facts: row.get(2), arguments: row.get(3), on_card: row.get(4) }
}
