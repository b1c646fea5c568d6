//! The two trust questions: run this command, and trust these tools.

use super::{Asking, Authority, Choice, Listing, Servers, resolve, run_digest};
use crate::desk::Asked;
use crate::mcp;
use crate::present;
use crate::servers_json;
use crate::upstream::{Configured, Target};
use gate::approval::{By, Ending, Level, Terms};
use gate::call::{ApprovalId, Digest};
use gate::tool::{Pin, Tool};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use wire::view::ApprovalKind;
use wire::{Fault, FaultCode};

impl Servers {
    /// Asks whether this command may run, once per command.
    pub(super) async fn propose(self: &Arc<Self>, name: &str, configured: Configured) {
        let target = match resolve(&configured).await {
            Ok(target) => target,
            Err(why) => return self.set_fault(name, Some(why)),
        };
        let digest = run_digest(name, &target);
        let before = {
            let entries = self.entries();
            let Some(entry) = entries.get(name) else { return };
            if entry.declined.contains(&digest.to_string()) {
                return;
            }
            entry.accepted.as_ref().map(|a| a.command.words())
        };
        let view = present::run(name, &target, before, self.would_move(name, &target));
        let servers = self.clone();
        let asked_name = name.to_owned();
        self.ask_once(ApprovalKind::Run, name, digest, view, move |authority| async move {
            servers.accept_proposed(&asked_name, &target, authority).await?;
            servers.review_soon(&asked_name);
            Ok(())
        })
        .await;
    }

    /// Asks whether these tools may be used, once per listing.
    pub(super) async fn ask_trust(self: &Arc<Self>, name: &str, listed: Listing, kind: ApprovalKind) {
        // A card about another choice of the very same listing is not swept away by the next connection.
        let open = !self.desk.about_server(&[kind], name).is_empty();
        let same = |a: &Asking| a.kind == kind && a.listed.pin() == listed.pin();
        if open && self.entries().get(name).and_then(|e| e.asking.as_ref()).is_some_and(same) {
            return;
        }
        let choice = self.chosen(name);
        self.ask_about(name, listed, kind, choice).await;
    }

    /// Asks about what was chosen of a listing. The digest is over exactly what a yes pins.
    async fn ask_about(self: &Arc<Self>, name: &str, listed: Listing, kind: ApprovalKind, choice: Choice) {
        let choice = choice.pruned(&listed);
        let (alias, pinned, declined) = {
            let mut entries = self.entries();
            let Some(entry) = entries.get_mut(name) else { return };
            let Some(accepted) = &entry.accepted else { return };
            let found = (accepted.alias.clone(), entry.pinned.clone().map(|(l, _)| l), entry.declined.clone());
            entry.asking = Some(Asking { listed: listed.clone(), kind, choice: choice.clone() });
            found
        };
        let chosen = choice.of(&listed);
        let digest = Digest::of("consentry trust 2", &[name.as_bytes(), &chosen.pin().digest().0, &choice.digest().0]);
        if declined.contains(&digest.to_string()) {
            return;
        }
        let empty = Pin { tools: BTreeMap::new(), instructions: None };
        let drift = pinned.as_ref().map_or(empty, |l| l.pin()).compare(&chosen.pin());
        // What is asked about is judged as if it were pinned already.
        let all = choice.with_effects(&listed);
        let tools: Vec<gate::policy::PolicyTool<'_>> = all
            .tools
            .iter()
            .map(|t| gate::policy::PolicyTool { name: &t.name, effects: &t.effects, input_schema: &t.schema })
            .collect();
        let in_force = self.policies.current();
        let (policies, _) = in_force.with_server(&alias, &tools);
        let view = present::trust(&present::Proposal {
            kind,
            server: name,
            alias: &alias,
            listed: &all,
            left_out: &choice.left_out,
            pinned: pinned.as_deref(),
            drift: &drift,
            policies: &policies,
            in_force: &in_force,
            elsewhere: &self.tools_elsewhere(name),
        });
        let servers = self.clone();
        let asked_name = name.to_owned();
        self.ask_once(kind, name, digest, view, move |authority| async move {
            servers.pin(&asked_name, &listed, &choice, authority).await
        })
        .await;
    }

    /// Asks the open trust question again about another choice: a new card, with a digest of its own.
    pub(crate) async fn choose(
        self: &Arc<Self>,
        approval: &str,
        except: Vec<String>,
        effects: Vec<(String, Vec<wire::view::Effect>)>,
    ) -> Result<(), Fault> {
        let gone = || Fault::new(FaultCode::Gone, "This question has ended.");
        let view = self.desk.find(approval).filter(|v| v.ended.is_none()).ok_or_else(gone)?;
        let asking = self.entries().get(&view.server).and_then(|e| e.asking.clone());
        let asking = asking.filter(|a| a.kind == view.kind).ok_or_else(gone)?;
        let choice = Choice::read(&asking.listed, except, effects, &asking.choice)?;
        self.ask_about(&view.server, asking.listed, asking.kind, choice).await;
        Ok(())
    }

    async fn ask_once<F, R>(
        self: &Arc<Self>,
        kind: ApprovalKind,
        name: &str,
        digest: Digest,
        view: wire::view::ApprovalView,
        on_yes: F,
    ) where
        F: FnOnce(Authority) -> R + Send + 'static,
        R: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        if self.desk.about(kind, digest).is_some() {
            return;
        }
        // An older question of the same kind is about something that is no longer so.
        for id in self.desk.about_server(&[kind], name) {
            let _ = self.desk.step(id, gate::approval::Event::Withdraw).await;
        }
        let id = ApprovalId(uuid::Uuid::now_v7());
        let terms = Terms { id, digest, level: Level::Approve, act: None, lives_ms: None };
        let asked: Asked = match self.desk.ask(terms, view, None).await {
            Ok(asked) => asked,
            Err(refusal) => return self.set_fault(name, Some(refusal.message)),
        };
        let servers = self.clone();
        let name = name.to_owned();
        tokio::spawn(async move {
            match asked.ending.await {
                Ok(Ending::Approved(yes)) if yes.digest() == digest => {
                    if let Err(fault) = on_yes(Authority::Yes(yes)).await {
                        servers.set_fault(&name, Some(fault.message));
                    }
                }
                Ok(Ending::Rejected { .. }) => {
                    if let Some(entry) = servers.entries().get_mut(&name) {
                        entry.declined.insert(digest.to_string());
                    }
                    servers.touch();
                }
                Ok(Ending::Approved(_) | Ending::Expired | Ending::Unused | Ending::Withdrawn) | Err(_) => {}
            }
        });
    }

    /// Lists the server in the background and asks about its tools, unless that is under way.
    pub(crate) fn review_soon(self: &Arc<Self>, name: &str) {
        {
            let mut entries = self.entries();
            let Some(entry) = entries.get_mut(name) else { return };
            if entry.reviewing || !self.desk.about_server(&[ApprovalKind::Trust], name).is_empty() {
                return;
            }
            entry.reviewing = true;
        }
        let servers = self.clone();
        let name = name.to_owned();
        tokio::spawn(async move {
            let listed = servers.list_once(&name).await;
            if let Some(entry) = servers.entries().get_mut(&name) {
                entry.reviewing = false;
            }
            match listed {
                Ok(listing) => servers.ask_trust(&name, listing, ApprovalKind::Trust).await,
                Err(why) => servers.set_fault(&name, Some(why)),
            }
        });
    }

    /// Lists again because the person wants to see; asks even if they said no before.
    pub(crate) async fn review(self: &Arc<Self>, name: &str) -> Result<(), Fault> {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.declined.clear();
        }
        let listed = self.list_once(name).await;
        let listing = listed.map_err(|why| {
            self.set_fault(name, Some(why.clone()));
            Fault::new(FaultCode::Server, why)
        })?;
        let pinned = self.pinned(name);
        match pinned {
            // Unchanged or not, the person wants to see it, and may choose again.
            Some(_) => {
                self.compare(name, listing.clone()).await;
                self.ask_trust(name, listing, ApprovalKind::Drift).await;
            }
            None => self.ask_trust(name, listing, ApprovalKind::Trust).await,
        }
        Ok(())
    }

    /// Pins what the server lists now but for what is left out, because a person said so on a deciding command line.
    pub(crate) async fn trust(
        self: &Arc<Self>,
        name: &str,
        except: Vec<String>,
        effects: Vec<(String, Vec<wire::view::Effect>)>,
        by: By,
    ) -> Result<(), Fault> {
        let listed = self.list_accepting(name, by).await;
        let listing = listed.map_err(|why| {
            self.set_fault(name, Some(why.clone()));
            Fault::new(FaultCode::Server, why)
        })?;
        let choice = Choice::read(&listing, except, effects, &self.chosen(name))?;
        self.pin(name, &listing, &choice, Authority::Person(by)).await?;
        for id in self.desk.about_server(&[ApprovalKind::Trust, ApprovalKind::Drift, ApprovalKind::Run], name) {
            let _ = self.desk.step(id, gate::approval::Event::Withdraw).await;
        }
        Ok(())
    }

    /// Adds or changes a server: the person typed its command.
    pub(crate) async fn add(self: &Arc<Self>, name: &str, configured: Configured, by: By) -> Result<(), Fault> {
        self.take_in(name, configured, Authority::Person(by)).await
    }

    /// Whether a proposal holds secrets that a yes would move into the keychain.
    fn would_move(&self, name: &str, target: &Target) -> bool {
        let (secrets, configured) = (self.store.secrets(), target.configured());
        secrets.fault().is_none() && secrets.referred(name, &configured) != configured
    }

    /// Accepts what stands in the file. What is secret in it moves into the keychain, and the file refers to it.
    async fn accept_proposed(self: &Arc<Self>, name: &str, target: &Target, by: Authority) -> Result<(), Fault> {
        match self.would_move(name, target) {
            true => self.take_in(name, target.configured(), by).await,
            false => self.accept(name, target, by).await,
        }
    }

    async fn take_in(self: &Arc<Self>, name: &str, configured: Configured, by: Authority) -> Result<(), Fault> {
        let invalid = |why: String| Fault::new(FaultCode::Invalid, why);
        servers_json::check_name(name).map_err(|why| invalid(format!("That is no name: {why}.")))?;
        resolve(&configured).await.map_err(|why| invalid(format!("The command can't be run: {why}.")))?;
        let turn = self.turn.lock().await;
        let kept = self.store.secrets().keep(name, &configured).await;
        let configured =
            kept.map_err(|why| Fault::new(FaultCode::Storage, format!("The server was not added: {why}.")))?;
        let added = self.put(name, &configured, by).await;
        drop(turn);
        if let Err(fault) = added {
            self.forget_secrets(&configured).await;
            return Err(fault);
        }
        let before = self.entries().get_mut(name).and_then(|entry| entry.configured.replace(Ok(configured)));
        if let Some(Ok(before)) = before {
            self.forget_secrets(&before).await;
        }
        self.touch();
        Ok(())
    }

    /// Accepts a command and writes it into the file.
    async fn put(&self, name: &str, configured: &Configured, by: Authority) -> Result<(), Fault> {
        let invalid = |why| Fault::new(FaultCode::Invalid, format!("The command can't be run: {why}."));
        let target = resolve(configured).await.map_err(invalid)?;
        self.accept(name, &target, by).await?;
        servers_json::edit(&self.file, name, Some(configured))
    }

    async fn list_accepting(self: &Arc<Self>, name: &str, by: By) -> Result<Listing, String> {
        let configured = {
            let entries = self.entries();
            let entry =
                entries.get(name).ok_or_else(|| format!("there is no server named `{}`", wire::text::escaped(name)))?;
            match &entry.configured {
                Some(Ok(configured)) => configured.clone(),
                Some(Err(why)) => return Err(why.clone()),
                None => return Err(format!("`{}` is not in servers.json", wire::text::escaped(name))),
            }
        };
        let target = resolve(&configured).await?;
        let accepted = self.entries().get(name).and_then(|e| e.accepted.as_ref().map(|a| a.identity.clone()));
        if accepted.as_deref() != Some(&target.identity().to_string()) {
            self.accept_proposed(name, &target, Authority::Person(by)).await.map_err(|f| f.message)?;
        }
        // What was secret in it may have become a reference.
        let accepted = self.entries().get(name).and_then(|e| e.accepted.as_ref().map(|a| a.command.clone()));
        let target = resolve(&accepted.unwrap_or(configured)).await?;
        self.list(name, &target).await
    }

    async fn list_once(self: &Arc<Self>, name: &str) -> Result<Listing, String> {
        let accepted = self
            .entries()
            .get(name)
            .and_then(|e| e.in_force().cloned())
            .ok_or_else(|| format!("the command of `{}` is not accepted yet", wire::text::escaped(name)))?;
        let target = resolve(&accepted.command).await?;
        if target.identity().to_string() != accepted.identity {
            self.propose(name, accepted.command).await;
            return Err("its program is another than was accepted".into());
        }
        self.list(name, &target).await
    }

    /// Starts the server for a moment and reads its tools.
    async fn list(&self, name: &str, target: &Target) -> Result<Listing, String> {
        let (tell, mut unasked) = mpsc::channel(16);
        // What it says unasked is of no interest; the channel must not fill up.
        tokio::spawn(async move { while unasked.recv().await.is_some() {} });
        let upstream = self.start(name, target, tell).await?;
        let listed = async {
            let initialized = upstream.initialize(mcp::NEWEST).await?;
            read_tools(name, upstream.list().await?, initialized.instructions)
        }
        .await;
        upstream.ask_to_end();
        match listed {
            Ok(listing) => Ok(listing),
            // What it said before it ended is often the reason.
            Err(why) => {
                upstream.ended().await;
                self.ended(name, &upstream);
                let last = upstream.stderr().pop();
                Err(last.map_or(why.clone(), |said| format!("{why} Its last words: {}", wire::text::escaped(&said))))
            }
        }
    }
}

/// A listing from raw definitions.
pub(crate) fn read_tools(
    server: &str,
    definitions: Vec<bytes::Bytes>,
    instructions: Option<String>,
) -> Result<Listing, String> {
    let blame = |e| format!("The server `{}` lists tools that can't be used: {e}.", wire::text::escaped(server));
    let tools: Vec<Tool> = gate::tool::parse_listing(definitions).map_err(blame)?;
    Ok(Listing { tools: tools.into_iter().map(Arc::new).collect(), instructions })
}
