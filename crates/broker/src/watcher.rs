//! Hand edits of `servers.json` and policies, seen as they happen.

use crate::Inner;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use wire::{Fault, FaultCode};

/// How long a file must be quiet: editors write in several steps.
const QUIET: Duration = Duration::from_millis(150);

/// Watches until it is dropped.
pub(crate) struct Watching {
    _watcher: RecommendedWatcher,
    task: JoinHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Begins to watch the configuration folder.
pub(crate) fn watch(inner: &Arc<Inner>) -> Result<Watching, Fault> {
    let fault = |e: notify::Error| {
        let folder = inner.home.config.display();
        Fault::new(FaultCode::Storage, format!("{folder} can't be watched for changes: {e}."))
    };
    let (tell, mut told) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|e| !e.kind.is_access()) {
            // One waiting message is enough: everything is read again.
            let _ = tell.try_send(());
        }
    })
    .map_err(fault)?;
    watcher.watch(&inner.home.config, RecursiveMode::Recursive).map_err(fault)?;
    let inner = inner.clone();
    let task = tokio::spawn(async move {
        while told.recv().await.is_some() {
            while tokio::time::timeout(QUIET, told.recv()).await.is_ok_and(|t| t.is_some()) {}
            inner.corridor.servers.reread().await;
            inner.policy_files.reread().await;
        }
    });
    Ok(Watching { _watcher: watcher, task })
}
