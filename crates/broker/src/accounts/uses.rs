//! Which client used which login before, and what the log says of a token that goes along.

use crate::clock::now_ms;
use crate::store::Store;
use gate::audit::Record;
use gate::call::Digest;
use gate::permit::Case;
use gate::token::Token;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use wire::Fault;

/// Pairs of a server and a client.
pub(crate) struct LoginUses {
    store: Store,
    known: Mutex<HashSet<(Digest, Digest)>>,
}

impl LoginUses {
    pub(crate) async fn open(store: Store) -> Result<Self, Fault> {
        let known = store.login_uses().await?.into_iter().collect();
        Ok(Self { store, known: Mutex::new(known) })
    }

    /// Whether a call of this client went out with the login at this server before.
    pub(crate) fn knows(&self, server: Digest, client: Digest) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&(server, client))
    }

    /// The record of a call, with what is known of the token that goes along; from now on this client is known there.
    pub(crate) fn noted(&self, record: Record, token: Option<Token>, case: &Case) -> Record {
        let Some(token) = token else { return record };
        let (server, client) = (case.call.server.identity, case.call.client.identity);
        if self.known.lock().unwrap_or_else(PoisonError::into_inner).insert((server, client)) {
            let store = self.store.clone();
            // Where it can't be kept, the next run says "first" once more.
            drop(tokio::spawn(async move { store.note_login_use(server, client, now_ms()).await }));
        }
        record
            .with("token_findings", token.findings())
            .with("token", token.fingerprint)
            .with("token_issuer", token.issuer)
            .with("token_scopes", token.scopes)
            .with("token_audience", token.for_others)
    }
}
