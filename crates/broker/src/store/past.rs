//! Past calls, with what was known of them when they were judged.

use super::Store;
use sqlx::Row;
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

impl Store {
    /// The judgement that one entry holds, if it holds one.
    pub(crate) async fn past_call(&self, seq: i64) -> Result<Option<PastCall>, Fault> {
        let next = self.past_calls(seq - 1, 0, 1).await?.into_iter().next();
        Ok(next.filter(|past| past.seq == seq))
    }

    /// Entries behind this one that were written since a moment and hold a judgement, in order.
    pub(crate) async fn past_calls(&self, after: i64, since: i64, limit: i64) -> Result<Vec<PastCall>, Fault> {
        let rows = sqlx::query(
            "SELECT e.seq, e.record, f.bytes, a.bytes, json_extract(e.record, '$.kind') = 'asked'
             FROM entry e
             LEFT JOIN body f ON f.sha256 = json_extract(e.record, '$.facts.sha256')
             LEFT JOIN body a ON a.sha256 = json_extract(e.record,
               CASE json_extract(e.record, '$.kind') WHEN 'asked' THEN '$.card.sha256' ELSE '$.arguments.sha256' END)
             WHERE e.seq > ? AND e.call IS NOT NULL AND json_extract(e.record, '$.facts.sha256') IS NOT NULL
               AND json_extract(e.record, '$.at') >= ?
             ORDER BY e.seq LIMIT ?",
        )
        .bind(after)
        .bind(since)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.fault(&e))?;
        let read = |row: sqlx::sqlite::SqliteRow| PastCall {
            seq: row.get(0),
            record: row.get(1),
            facts: row.get(2),
            arguments: row.get(3),
            on_card: row.get(4),
        };
        Ok(rows.into_iter().map(read).collect())
    }
}
