//! How a connection becomes usable, and stays so: the client let in, the command accepted, the tools trusted, the
//! server started and found to be what was trusted.

use super::{Connection, Live, Usable};
use crate::servers::{Standing, Trusted, read_tools};
use crate::upstream::{Unasked, Upstream};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Drives one connection's [`Usable`].
pub(super) struct Opening {
    connection: Arc<Connection>,
    version: &'static str,
    servers: watch::Receiver<u64>,
    clients: watch::Receiver<u64>,
}

/// Ends the server's process when the connection is done with it, however that comes about.
struct Started(Arc<Upstream>);

impl Drop for Started {
    fn drop(&mut self) {
        self.0.ask_to_end();
    }
}

/// What a client sees of its tools: those that are pinned and listed as pinned.
#[derive(PartialEq, Eq)]
struct Seen(Vec<gate::call::Digest>);

impl Opening {
    /// Begins; ends with the connection.
    pub(super) fn begin(connection: &Arc<Connection>, version: &'static str) {
        let opening = Self {
            connection: connection.clone(),
            version,
            servers: connection.corridor.servers.changes(),
            clients: connection.corridor.clients.changes(),
        };
        let gone = connection.gone.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = opening.run() => {}
                () = gone.cancelled() => {}
            }
        });
    }

    async fn run(mut self) {
        loop {
            self.servers.mark_unchanged();
            self.clients.mark_unchanged();
            match self.stand().await {
                Ok(trusted) => match self.open(trusted).await {
                    Ok((live, _started, unasked)) => return self.stay(live, unasked).await,
                    Err(why) => {
                        self.connection.corridor.servers.set_fault(&self.connection.server, Some(why.clone()));
                        self.connection.usable.send_replace(Usable::Failed(why));
                    }
                },
                Err(not_yet) => {
                    self.connection.usable.send_replace(not_yet);
                }
            }
            tokio::select! {
                changed = self.servers.changed() => if changed.is_err() { return },
                changed = self.clients.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn stand(&self) -> Result<Trusted, Usable> {
        let corridor = &self.connection.corridor;
        let client = self.connection.client();
        if !corridor.clients.knows(&client) {
            if corridor.clients.declined(&client) {
                return Err(Usable::Failed("The user did not let this program use Consentry.".into()));
            }
            corridor.clients.ask(&client).await;
            return Err(Usable::Waiting("Consentry asks the user whether this program may use it".into()));
        }
        let name = &self.connection.server;
        match corridor.servers.standing(name).await {
            Standing::Trusted(trusted) => Ok(*trusted),
            Standing::Waiting(why) => {
                Err(Usable::Waiting(format!("the server `{}` can't be used yet: {why}", wire::text::escaped(name))))
            }
            Standing::Unknown => {
                Err(Usable::Failed(format!("Consentry has no server named `{}`.", wire::text::escaped(name))))
            }
            Standing::Broken(why) => {
                Err(Usable::Failed(format!("The server `{}` can't be used: {why}.", wire::text::escaped(name))))
            }
        }
    }

    /// Starts the server, shakes hands in the client's revision, and holds what it lists against the pin.
    async fn open(&self, trusted: Trusted) -> Result<(Arc<Live>, Started, mpsc::Receiver<Unasked>), String> {
        let servers = &self.connection.corridor.servers;
        let name = &self.connection.server;
        let (tell, unasked) = mpsc::channel(64);
        let upstream = self.connection.corridor.servers.start(name, &trusted.target, tell).await?;
        let started = Started(upstream.clone());
        servers.runs(name, &upstream);
        let listed = async {
            let initialized = upstream.initialize(self.version).await?;
            let listing = read_tools(name, upstream.list().await?, initialized.instructions.clone())?;
            Ok::<_, String>((initialized, listing))
        };
        let (initialized, listing) = match listed.await {
            Ok(both) => both,
            Err(why) => {
                servers.ended(name, &upstream);
                return Err(why);
            }
        };
        servers.set_fault(name, None);
        upstream.set_listed(listing.pin());
        servers.compare(name, listing).await;
        let live = Live {
            trusted: Arc::new(trusted),
            upstream,
            version: initialized.version,
            server_info: initialized.server_info,
        };
        Ok((Arc::new(live), started, unasked))
    }

    /// What the client is about to see of the server's tools is remembered.
    fn show_listing(&self) {
        let connection = &self.connection;
        if let Some(listing) = connection.corridor.servers.pinned(&connection.server) {
            connection.corridor.showed_listing(
                &connection.client(),
                &connection.conversation,
                &connection.server,
                &listing,
            );
        }
    }

    /// While the server runs: its tools watched, its progress passed on, its end seen.
    async fn stay(mut self, live: Arc<Live>, mut unasked: mpsc::Receiver<Unasked>) {
        let connection = self.connection.clone();
        let late = connection.is_initialized();
        self.show_listing();
        connection.usable.send_replace(Usable::Ready(live.clone()));
        if late {
            connection.list_changed().await;
        }
        let mut seen = self.seen(&live);
        loop {
            tokio::select! {
                said = unasked.recv() => match said {
                    Some(Unasked::Progress(params)) => connection.progress(params).await,
                    Some(Unasked::ListChanged) => self.relist(&live),
                    Some(Unasked::Closed(why)) => return self.closed(&live, &why).await,
                    None => return self.closed(&live, "its output ended").await,
                },
                changed = self.servers.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let now = self.seen(&live);
                    if now != seen {
                        seen = now;
                        self.show_listing();
                        connection.list_changed().await;
                    }
                }
            }
        }
    }

    fn seen(&self, live: &Live) -> Seen {
        let pinned = self.connection.corridor.servers.pinned(&self.connection.server);
        let tools = pinned.iter().flat_map(|listing| &listing.tools);
        Seen(tools.filter(|t| live.upstream.lists(t)).map(|t| t.digest).collect())
    }

    /// In the background: while the server lists, its other messages go on.
    fn relist(&self, live: &Arc<Live>) {
        let (connection, live) = (self.connection.clone(), live.clone());
        tokio::spawn(async move {
            let listed = match live.upstream.list().await {
                Ok(definitions) => {
                    let instructions = connection.pinned_instructions();
                    read_tools(&connection.server, definitions, instructions)
                }
                Err(why) => Err(why),
            };
            match listed {
                Ok(listing) => {
                    live.upstream.set_listed(listing.pin());
                    connection.corridor.servers.compare(&connection.server, listing).await;
                }
                // A listing that can't be read can't be compared: the server is of no more use.
                Err(why) => {
                    connection.corridor.servers.set_fault(&connection.server, Some(why));
                    live.upstream.ask_to_end();
                }
            }
        });
    }

    async fn closed(&self, live: &Arc<Live>, why: &str) {
        let connection = &self.connection;
        connection.corridor.servers.ended(&connection.server, &live.upstream);
        let said = format!("The server `{}` ended: {why}.", wire::text::escaped(&connection.server));
        connection.corridor.servers.set_fault(&connection.server, Some(said.clone()));
        connection.usable.send_replace(Usable::Failed(said));
        connection.close_after_replies().await;
    }
}
