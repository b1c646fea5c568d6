//! The database. The only file with SQL.

use crate::secrets::Secrets;
use crate::vault::Seal;
use gate::audit::Verifier;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Row};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use wire::view::VerifyView;
use wire::{Fault, FaultCode};

mod appender;
mod decisions;
mod exposures;
mod originals;
mod past;
mod reached;
mod search;
mod seen;

pub(crate) use appender::{AppendFault, Appender, Sealed};
pub(crate) use decisions::Decision;
pub(crate) use originals::{OriginalKey, OriginalRow};
pub(crate) use past::{Answer, PastCall};
pub(crate) use reached::{Reached, Times};
pub(crate) use search::{Found, Named, Reach};

/// The database of one home.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: SqlitePool,
    path: PathBuf,
    seal: Arc<Seal>,
    rolled_back: Arc<AtomicBool>,
}

/// One entry as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredEntry {
    pub(crate) seq: i64,
    pub(crate) record: String,
    pub(crate) hash: Vec<u8>,
}

impl Store {
    /// Opens or makes the database and brings its tables up to date.
    pub(crate) async fn open(path: &Path, seal: Arc<Seal>) -> Result<Self, Fault> {
        let options = Self::options(path).create_if_missing(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .map_err(|e| storage(path, "can't be opened", &e))?;
        sqlx::migrate!("./migrations").run(&pool).await.map_err(|e| match e {
            sqlx::migrate::MigrateError::VersionMissing(_) => Fault::new(
                FaultCode::Storage,
                format!(
                    "{} was written by a newer Consentry. Install that version again, or move the file away.",
                    path.display()
                ),
            ),
            other => {
                Fault::new(FaultCode::Storage, format!("{} can't be brought up to date: {other}.", path.display()))
            }
        })?;
        private(path);
        let store = Self { pool, path: path.to_owned(), seal, rolled_back: Arc::default() };
        store.check_state().await?;
        Ok(store)
    }

    /// The key that authenticates what is kept here.
    pub(crate) fn seal(&self) -> Arc<Seal> {
        self.seal.clone()
    }

    /// What of servers' commands stands in the keychain.
    pub(crate) fn secrets(&self) -> Secrets {
        Secrets::new(self.seal.clone())
    }

    fn options(path: &Path) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging()
    }

    fn fault(&self, e: &sqlx::Error) -> Fault {
        storage(&self.path, "can't be read or written", e)
    }

    /// The one connection that appends to the chain, and where the chain ends.
    pub(crate) async fn appender(&self) -> Result<Appender, Fault> {
        let path = self.path.clone();
        match tokio::task::spawn_blocking(move || Appender::open(&path)).await {
            Ok(opened) => opened.map_err(|e| storage(&self.path, "can't be opened", &e)),
            Err(e) => Err(storage(&self.path, "can't be opened", &e)),
        }
    }

    /// Intents without an outcome: calls that may have run when the broker last ended.
    pub(crate) async fn unfinished(&self) -> Result<Vec<StoredEntry>, Fault> {
        let rows = sqlx::query(
            "SELECT e.seq, e.record, e.hash FROM entry e WHERE e.call IS NOT NULL
               AND json_extract(e.record, '$.kind') = 'intent'
               AND NOT EXISTS (SELECT 1 FROM entry o WHERE o.call = e.call AND json_extract(o.record, '$.kind') = 'outcome')
             ORDER BY e.seq",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.fault(&e))?;
        Ok(rows.into_iter().map(stored).collect())
    }

    /// Entries, newest first.
    pub(crate) async fn entries(&self, before: Option<i64>, limit: u32) -> Result<Vec<StoredEntry>, Fault> {
        let rows = sqlx::query("SELECT seq, record, hash FROM entry WHERE seq < ? ORDER BY seq DESC LIMIT ?")
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        Ok(rows.into_iter().map(stored).collect())
    }

    /// Every record that was written since a moment, newest first, of the last `most` entries, with when it was. Says
    /// whether that was all of them. A clock that was wrong for a while hides nothing: only many older ones in a row are
    /// the end.
    pub(crate) async fn back_to(
        &self,
        since: i64,
        most: usize,
        mut each: impl FnMut(i64, &Value),
    ) -> Result<bool, Fault> {
        self.back_to_entry(0, since, most, |_, at, record| each(at, record)).await
    }

    /// The same of the entries behind this one, each with its number.
    pub(crate) async fn back_to_entry(
        &self,
        after: i64,
        since: i64,
        most: usize,
        mut each: impl FnMut(i64, i64, &Value),
    ) -> Result<bool, Fault> {
        let (mut before, mut read) = (None, 0);
        loop {
            let page = self.entries(before, 2_000).await?;
            read += page.len();
            let mut any = false;
            for entry in page.iter().take_while(|entry| entry.seq > after) {
                let Ok(record) = serde_json::from_str::<Value>(&entry.record) else { continue };
                let at = record.get("at").and_then(Value::as_i64).unwrap_or_default();
                if at >= since {
                    any = true;
                    each(entry.seq, at, &record);
                }
            }
            before = page.last().map(|entry| entry.seq).filter(|seq| *seq > after);
            if !any || before.is_none() {
                return Ok(true);
            }
            if read >= most {
                return Ok(false);
            }
        }
    }

    /// One entry and the hash of the one before.
    pub(crate) async fn entry(&self, seq: i64) -> Result<Option<(StoredEntry, Vec<u8>)>, Fault> {
        let rows = sqlx::query("SELECT seq, record, hash FROM entry WHERE seq IN (?, ?) ORDER BY seq DESC")
            .bind(seq)
            .bind(seq - 1)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        let mut rows = rows.into_iter().map(stored);
        let Some(entry) = rows.next().filter(|e| e.seq == seq) else { return Ok(None) };
        let previous = rows.next().map_or_else(|| gate::audit::GENESIS.to_vec(), |e| e.hash);
        Ok(Some((entry, previous)))
    }

    /// The entries of one call, in order.
    pub(crate) async fn entries_of(&self, call: &str) -> Result<Vec<StoredEntry>, Fault> {
        let rows = sqlx::query("SELECT seq, record, hash FROM entry WHERE call = ? ORDER BY seq")
            .bind(call)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        Ok(rows.into_iter().map(stored).collect())
    }

    /// The entries of one question that is about no call, in order.
    pub(crate) async fn entries_about(&self, approval: &str) -> Result<Vec<StoredEntry>, Fault> {
        let rows = sqlx::query(
            "SELECT seq, record, hash FROM entry WHERE call IS NULL AND json_extract(record, '$.approval') = ? ORDER BY seq",
        )
        .bind(approval)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.fault(&e))?;
        Ok(rows.into_iter().map(stored).collect())
    }

    /// A body by its hash, if retention kept it.
    pub(crate) async fn body(&self, sha256: &str) -> Result<Option<Vec<u8>>, Fault> {
        let row = sqlx::query("SELECT bytes FROM body WHERE sha256 = ?")
            .bind(sha256)
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        Ok(row.map(|r| r.get(0)))
    }

    /// Recomputes the chain and every body that is still there.
    pub(crate) async fn verify(&self) -> Result<VerifyView, Fault> {
        let mut verifier = Verifier::default();
        // From the very first on: what somebody put before the beginning does not belong there.
        let mut next = Some(i64::MIN);
        while let Some(from) = next {
            let rows = sqlx::query("SELECT seq, record, hash, call FROM entry WHERE seq >= ? ORDER BY seq LIMIT 5000")
                .bind(from)
                .fetch_all(&self.pool)
                .await
                .map_err(|e| self.fault(&e))?;
            let Some(last) = rows.last() else { break };
            next = last.get::<i64, _>(0).checked_add(1);
            for row in &rows {
                let (seq, record): (i64, &str) = (row.get(0), row.get(1));
                verifier.read(seq, record, row.get(2));
                let call = serde_json::from_str::<serde_json::Value>(record).ok();
                let call = call.as_ref().and_then(|r| r.get("call")).and_then(|c| c.as_str());
                if call != row.get::<Option<&str>, _>(3) {
                    verifier.fault(format!("entry {seq} is filed under another call than it names"));
                }
            }
        }
        let mut next = Some(i64::MIN);
        while let Some(from) = next {
            let rows = sqlx::query("SELECT id, sha256, bytes FROM body WHERE id >= ? ORDER BY id LIMIT 500")
                .bind(from)
                .fetch_all(&self.pool)
                .await
                .map_err(|e| self.fault(&e))?;
            let Some(last) = rows.last() else { break };
            next = last.get::<i64, _>(0).checked_add(1);
            for row in &rows {
                let name: &str = row.get(1);
                if hex::encode(Sha256::digest(row.get::<&[u8], _>(2))) != name {
                    verifier.fault(format!("the body {name} is not what was written"));
                }
            }
        }
        let (entries, head, faults) = verifier.finish();
        Ok(VerifyView { entries, head: hex::encode(head), faults })
    }

    /// Writes what is in memory to the main file and closes.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

fn stored(row: sqlx::sqlite::SqliteRow) -> StoredEntry {
    StoredEntry { seq: row.get(0), record: row.get(1), hash: row.get(2) }
}

fn storage(path: &Path, what: &str, e: &impl std::fmt::Display) -> Fault {
    Fault::new(FaultCode::Storage, format!("{} {what}: {e}.", path.display()))
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        // A file that is not there yet is made by SQLite with the mode of the main file.
        let _ = std::fs::set_permissions(Path::new(&file), std::fs::Permissions::from_mode(0o600));
    }
}
