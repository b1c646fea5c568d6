//! Logging in and out, as the person or a control peer asks for it. Logging in lets more run, so it is a decision; logging
//! out is free.

use crate::accounts::{Guarded, LoggedIn};
use crate::audit_log::Durability;
use crate::clock::now_ms;
use crate::corridor::Corridor;
use crate::desk::by_word;
use crate::servers::Servers;
use crate::upstream::{Configured, Remote};
use crate::{Broker, Inner};
use gate::approval::By;
use gate::audit::Record;
use std::sync::Arc;
use url::Url;
use wire::text::escaped;
use wire::view::LoginPlanView;
use wire::{Fault, FaultCode};

impl Servers {
    /// The server that a login is for, as it is accepted.
    fn guarded(&self, name: &str) -> Result<(Remote, Arc<Guarded>), Fault> {
        let shown = escaped(name);
        let (configured, identity) = self.accepted(name).ok_or_else(|| {
            let why = format!("There is no server `{shown}` that was accepted.");
            Fault::new(FaultCode::NotFound, why)
        })?;
        let Configured::Remote(remote) = configured else {
            let why = format!("`{shown}` is a program on this computer: it has no login, only variables.");
            return Err(Fault::new(FaultCode::Invalid, why));
        };
        let guarded = self.accounts().of(&remote, identity).ok_or_else(|| {
            let why =
                format!("`{shown}` is given an Authorization header of your own, so Consentry does not log in there.");
            Fault::new(FaultCode::Invalid, why)
        })?;
        Ok((remote, guarded))
    }
}

fn failed(name: &str, what: &str, why: &str) -> Fault {
    Fault::new(FaultCode::Server, format!("{what} `{}`: {why}.", escaped(name)))
}

impl Inner {
    /// What a login at a server would be: who guards it, and what is asked for. Opens nothing and sends no secret.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a server that has no login, `Server` where it can't be found out.
    pub(crate) async fn plan_login(&self, name: &str) -> Result<LoginPlanView, Fault> {
        let servers = &self.corridor.servers;
        let (remote, guarded) = servers.guarded(name)?;
        let plan = guarded.plan(name, &remote).await;
        let mut plan = plan.map_err(|why: String| failed(name, "No login can be made at", &why))?;
        let identity = servers.accepted(name).map(|(_, identity)| identity);
        let listing = servers.pinned(name);
        for scope in &mut plan.scopes {
            let tools = listing.iter().flat_map(|listing| &listing.tools);
            let claims = tools.filter(|tool| tool.scopes.contains(&scope.name));
            scope.claimed_by = claims.map(|tool| tool.name.clone()).collect();
            scope.refused_without =
                identity.map(|server| self.corridor.needs.refused_without(server, &scope.name)).unwrap_or_default();
        }
        Ok(plan)
    }

    /// Makes the login that was shown, for the scopes that were left in it. `open` is given the place to log in; what
    /// comes of it stands in the server's view.
    ///
    /// # Errors
    /// As for [`Self::plan_login`]; then nothing was opened.
    pub(crate) async fn log_in(
        &self,
        name: &str,
        plan: &str,
        scopes: &[String],
        by: By,
        open: impl FnOnce(&Url) -> Result<(), String>,
    ) -> Result<(), Fault> {
        let (remote, guarded) = self.corridor.servers.guarded(name)?;
        let record = Record::new("decided", now_ms())
            .with("decision", "login")
            .with("server", name)
            .with("url", remote::net::shown(&remote.url))
            .with("scopes", scopes.to_vec())
            .with("answered_by", by_word(by));
        let audit = self.corridor.audit.clone();
        audit.append(record, Durability::Disk).await.map_err(|r| Fault::new(FaultCode::Storage, r.message))?;
        let server = name.to_owned();
        let done = move |came: Result<LoggedIn, String>| {
            let record = Record::new("login", now_ms()).with("server", server);
            let record = match came {
                Ok(LoggedIn { issuer, scopes, fingerprint, beyond }) => record
                    .with("result", "completed")
                    .with("issuer", issuer)
                    .with("scopes", scopes)
                    .with("beyond", beyond)
                    .with("token", fingerprint),
                Err(why) => record.with("result", "failed").with("message", why),
            };
            tokio::spawn(async move {
                // The login stands either way; a log that can't be written says so itself, and lets no call run.
                let _ = audit.append(record, Durability::Disk).await;
            });
        };
        let begin = async {
            let filled = self.store.secrets().filled(name, Configured::Remote(remote)).await?;
            let remote = filled.remote().ok_or("it is no URL")?;
            guarded.log_in(plan, scopes, remote, open, done).await
        };
        begin.await.map_err(|why: String| failed(name, "The login did not begin at", &why))
    }
}

impl Corridor {
    /// Gives the tokens for a server back and forgets them. Says in a sentence what came of it.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a server that has no login, `Storage` where they can't be forgotten.
    pub(crate) async fn log_out(&self, name: &str) -> Result<String, Fault> {
        let (_, guarded) = self.servers.guarded(name)?;
        let record = Record::new("decided", now_ms()).with("decision", "logout").with("server", name);
        // Taking rights away waits for nothing.
        let _ = self.audit.append(record, Durability::Process).await;
        guarded.log_out().await.map_err(|why| {
            Fault::new(FaultCode::Storage, format!("The login at `{}` could not be forgotten: {why}.", escaped(name)))
        })
    }
}

impl Broker {
    /// The servers that want a login now, each with whether it has one and wants more.
    pub fn logins_wanted(&self) -> Vec<(String, bool)> {
        self.inner.corridor.servers.logins_wanted()
    }

    /// Ends a login that is under way in the browser.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a server that has no login.
    pub fn stop_login(&self, name: &str) -> Result<(), Fault> {
        let (_, guarded) = self.inner.corridor.servers.guarded(name)?;
        guarded.stop_login();
        Ok(())
    }

    /// Gives the tokens for all servers back, in the background: stopping waits for nobody.
    pub(crate) fn give_logins_back(&self) {
        for name in self.inner.corridor.servers.elsewhere() {
            let broker = self.clone();
            drop(tokio::spawn(async move {
                if let Err(fault) = broker.log_out(&name).await {
                    tracing::error!("{fault}");
                }
            }));
        }
    }

    /// Gives the tokens for a server back and forgets them. Says in a sentence what came of it.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a server that has no login, `Storage` where they can't be forgotten.
    pub async fn log_out(&self, name: &str) -> Result<String, Fault> {
        self.inner.corridor.log_out(name).await
    }
}
