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

    /// Questions about calls that were asked since a moment and answered, newest first, each with its answer's record.
    pub(crate) async fn answered_calls(&self, since: i64, limit: i64) -> Result<Vec<(PastCall, String)>, Fault> {
        let query = format!(
            "SELECT {COLUMNS}, n.record FROM entry e {BODIES} JOIN entry n ON n.call = e.call AND json_extract(n.record, '$.kind') = 'answered'
               AND json_extract(n.record, '$.approval') = json_extract(e.record, '$.approval')
             WHERE e.call IS NOT NULL AND json_extract(e.record, '$.kind') = 'asked' AND {JUDGED}
               AND json_extract(e.record, '$.at') >= ? ORDER BY e.seq DESC LIMIT ?"
        );

        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(since).bind(limit).fetch_all(&self.pool).await;
        let both = |row: SqliteRow| {
            let answer = row.get(5);
            (read(row), answer)
        };
        Ok(rows.map_err(|e| self.fault(&e))?.into_iter().map(both).collect())
    }
}

fn read(row: SqliteRow) -> PastCall {
    PastCall { seq: row.get(0), record: row.get(1), facts: row.get(2), arguments: row.get(3), on_card: row.get(4) }
}
