//! The hot end of the database: the one connection that makes the chain longer.
//!
//! It is SQLite without sqlx in between, whose thread costs two hops for each append.

use super::reached::{MOST, NOTE, PRUNE, Reached};
use gate::audit::Body;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};
use std::path::Path;
use std::time::Duration;

/// How long a batch may wait for another writer of the same database.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much may be written before the write-ahead log is folded into the main file, in bytes. Folding waits for the
/// disk, so it is done seldom; what the log may hold until then is some tens of megabytes.
const FOLD_AFTER: usize = 16 << 20;

/// How much of the database is kept in memory to append to it, in KiB: the ends of its tables, and the index over the
/// names of bodies, which grow at any place.
const CACHE_KIB: i64 = 16 * 1024;

/// What a batch writes beside its records: the pages that any transaction touches.
const BATCH_COST: usize = 3 * 4096;

/// One sealed record on its way into the chain.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) record: String,
    pub(crate) call: Option<String>,
    pub(crate) bodies: Vec<Body>,
    /// Whom the call went to that this is the outcome of.
    pub(crate) reached: Vec<Reached>,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub(crate) at: i64,
}

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendFault {
    /// It would have had to wait.
    #[error("another program keeps the database locked")]
    Busy,
    /// The numbers of entries are used up, which no use of it does.
    #[error("its last entry has the highest number there is, so somebody else changed it")]
    End,
    /// The database refused.
    #[error("{0}")]
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for AppendFault {
    fn from(e: rusqlite::Error) -> Self {
        match e.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Database(e),
        }
    }
}

/// The end of the chain, and the only way to make it longer.
#[derive(Debug)]
pub(crate) struct Appender {
    connection: Connection,
    seq: i64,
    hash: [u8; 32],
    durable: bool,
    /// Bytes written since the write-ahead log was last folded in, roughly.
    unfolded: usize,
}

impl Appender {
    /// Opens a database whose tables are there already.
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        // Negative: in KiB, not in pages.
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let head = "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1";
        let head = connection.query_row(head, [], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))).optional()?;
        let (seq, hash) = match head {
            None => (0, gate::audit::GENESIS),
            // A hash of another length can't be followed: whatever comes next will not verify, and says so.
            Some((seq, hash)) => (seq, hash.try_into().unwrap_or(gate::audit::GENESIS)),
        };
        connection.busy_timeout(Duration::ZERO)?;
        Ok(Self { connection, seq, hash, durable: false, unfolded: 0 })
    }

    /// Appends all of them in one transaction, without waiting for anything. On an error none is written.
    pub(crate) fn append(&mut self, batch: &[Sealed]) -> Result<(), AppendFault> {
        self.write(batch, false)
    }

    /// The same, but waits for other writers and, where `durable`, for the disk: call it on a thread that may.
    pub(crate) fn append_waiting(&mut self, batch: &[Sealed], durable: bool) -> Result<(), AppendFault> {
        self.connection.busy_timeout(PATIENCE)?;
        let written = self.write(batch, durable);
        self.connection.busy_timeout(Duration::ZERO)?;
        written
    }

    fn write(&mut self, batch: &[Sealed], durable: bool) -> Result<(), AppendFault> {
        // It can't change inside a transaction, and is only said when it changes.
        if self.durable != durable {
            self.connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
            self.durable = durable;
        }
        let (mut seq, mut hash) = (self.seq, self.hash);
        let mut bytes = BATCH_COST;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut entry =
                transaction.prepare_cached("INSERT INTO entry (seq, record, hash, call) VALUES (?, ?, ?, ?)")?;
            let mut body = transaction.prepare_cached("INSERT OR IGNORE INTO body (sha256, bytes) VALUES (?, ?)")?;
            for sealed in batch {
                seq = seq.checked_add(1).ok_or(AppendFault::End)?;
                hash = gate::audit::link(&hash, seq, &sealed.record);
                entry.execute(params![seq, sealed.record, hash.as_slice(), sealed.call])?;
                bytes += sealed.record.len();
                for Body { sha256, bytes: content } in &sealed.bodies {
                    body.execute(params![sha256, content.as_ref()])?;
                    bytes += content.len();
                }
                note(&transaction, &sealed.reached, sealed.at);
            }
        }
        transaction.commit()?;
        (self.seq, self.hash) = (seq, hash);
        self.unfolded += bytes;
        Ok(())
    }

    /// Whether it is time to fold.
    pub(crate) fn is_full(&self) -> bool {
        self.unfolded >= FOLD_AFTER
    }

    /// Folds the write-ahead log into the main file as far as readers allow. Waits for the disk.
    pub(crate) fn fold(&mut self) {
        self.unfolded = 0;
        if let Err(e) = self.connection.execute(PRUNE, [MOST]) {
            tracing::warn!("whom calls went to could not be pruned: {e}");
        }
        let folded = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(e) = folded {
            // Nothing is lost: it is tried again, and done at the latest when the database is closed.
            tracing::warn!("the audit log's write-ahead log could not be folded in: {e}");
        }
    }

    /// Closes the connection in order.
    pub(crate) fn close(self) {
        if let Err((_, e)) = self.connection.close() {
            tracing::warn!("the audit log could not be closed in order: {e}");
        }
    }
}

/// Counts whom a call went to. Only marks on cards depend on it, so a record is not held up by its failure.
fn note(transaction: &rusqlite::Transaction<'_>, reached: &[Reached], at: i64) {
    if reached.is_empty() {
        return;
    }
    let noted = transaction.prepare_cached(NOTE).and_then(|mut note| {
        reached
            .iter()
            .try_for_each(|row| note.execute(params![row.kind, row.value, at, row.look, row.backward]).map(drop))
    });
    if let Err(e) = noted {
        tracing::warn!("whom a call went to could not be counted: {e}");
    }
}
