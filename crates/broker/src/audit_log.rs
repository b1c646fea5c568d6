//! The append-only log. Nothing goes out that is not in it first: only here is a [`Recorded`] made.

use crate::store::{AppendFault, Appender, Reached, Sealed};
use gate::audit::Record;
use gate::permit::{Refusal, RefusalKind};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

/// How many appends are written in one transaction.
const BATCH: usize = 256;

/// Proof that what it holds stands in the log.
#[derive(Debug)]
pub(crate) struct Recorded<T>(T);

impl<T> Recorded<T> {
    /// What was recorded.
    pub(crate) fn get(&self) -> &T {
        &self.0
    }
}

/// How sure an append must be before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Survives the end of this process: it stands in the write-ahead log.
    Process,
    /// Survives a power cut: the disk was waited for.
    Disk,
}

struct Append {
    sealed: Sealed,
    durability: Durability,
    done: oneshot::Sender<Result<(), String>>,
}

/// The log of one home.
#[derive(Clone, Debug)]
pub(crate) struct AuditLog {
    queue: mpsc::Sender<Append>,
}

impl AuditLog {
    /// Starts the one task that writes. It ends when every handle is gone.
    pub(crate) fn start(appender: Appender, grew: broadcast::Sender<wire::Event>) -> (Self, JoinHandle<()>) {
        let (queue, appends) = mpsc::channel(4 * BATCH);
        (Self { queue }, tokio::spawn(write(appender, appends, grew)))
    }

    /// Appends a record.
    ///
    /// # Errors
    /// A refusal of kind `NotRecorded`: whatever the record was for must not happen.
    pub(crate) async fn append(&self, record: Record, durability: Durability) -> Result<(), Refusal> {
        self.append_reaching(record, durability, Vec::new()).await
    }

    /// Appends a record, and with it whom its call went to.
    ///
    /// # Errors
    /// As [`AuditLog::append`].
    pub(crate) async fn append_reaching(
        &self,
        record: Record,
        durability: Durability,
        reached: Vec<Reached>,
    ) -> Result<(), Refusal> {
        let at = record.at;
        let call = record.call.map(|c| c.to_string());
        let (record, bodies) = record.seal();
        let (done, written) = oneshot::channel();
        let append = Append { sealed: Sealed { record, call, bodies, reached, at }, durability, done };
        let failed = |why: &str| {
            Refusal::new(
                RefusalKind::NotRecorded,
                format!(
                    "Consentry's audit log can't be written ({why}), so nothing runs. `consentry doctor` says more."
                ),
            )
        };
        self.queue.send(append).await.map_err(|_| failed("the log is closed"))?;
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(failed(&why)),
            Err(_) => Err(failed("the log is closed")),
        }
    }

    /// Appends a record and vouches for `what` it is about.
    pub(crate) async fn record<T>(
        &self,
        what: T,
        record: Record,
        durability: Durability,
    ) -> Result<Recorded<T>, Refusal> {
        self.append(record, durability).await?;
        Ok(Recorded(what))
    }
}

/// Writes in the turn of whoever is served next, without a hop to another thread: a page in the cache costs less than
/// waking a thread. What must wait (for the disk, for another writer, for the write-ahead log to be folded in) goes
/// where waiting holds up nobody.
async fn write(mut appender: Appender, mut appends: mpsc::Receiver<Append>, grew: broadcast::Sender<wire::Event>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while appends.recv_many(&mut waiting, BATCH).await > 0 {
        let durable = waiting.iter().any(|a| a.durability == Durability::Disk);
        let (batch, done): (Vec<_>, Vec<_>) = waiting.drain(..).map(|a| (a.sealed, a.done)).unzip();
        let mut result = if durable { Err(AppendFault::Busy) } else { appender.append(&batch) };
        if matches!(result, Err(AppendFault::Busy)) {
            let waited = tokio::task::spawn_blocking(move || {
                let result = appender.append_waiting(&batch, durable);
                (appender, result)
            });
            match waited.await {
                Ok((back, waited)) => (appender, result) = (back, waited),
                Err(e) => return tracing::error!("the audit log is lost: {e}"),
            }
        }
        let result = result.map_err(|e| e.to_string());
        if let Err(why) = &result {
            tracing::error!(%why, "the audit log can't be written");
        }
        for done in done {
            // Whoever waited may be gone; the entry stands all the same.
            let _ = done.send(result.clone());
        }
        let _ = grew.send(wire::Event::Activity);
        if appender.is_full() {
            let folded = tokio::task::spawn_blocking(move || {
                appender.fold();
                appender
            });
            match folded.await {
                Ok(back) => appender = back,
                Err(e) => return tracing::error!("the audit log is lost: {e}"),
            }
        }
    }
    appender.close();
}
