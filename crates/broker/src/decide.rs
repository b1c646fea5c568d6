//! What lets more run. Whoever holds a [`Decider`] acts for the person.

use crate::audit_log::Durability;
use crate::clock::now_ms;
use crate::desk::{by_word, gone};
use crate::person::Subject;
use crate::servers::Authority;
use crate::upstream::{Command, Configured, Remote};
use crate::{AnsweredBy, Broker, Inner, approval_id, client_files, present};
use gate::approval::{Event, Means};
use gate::audit::Record;
use gate::call::{ApprovalId, Digest};
use gate::policy::Preset;
use std::sync::Arc;
use wire::control::LoginTerms;
use wire::proof::{Given, ProofView, Secret};
use wire::view::{
    ApprovalView, ClientChange, ClientChangeView, ClientPlaces, Effect, EntryRef, FieldEdit, ItemAnswer, Listed,
    LoginPlanView, NowView, RememberChoice, ToolView,
};
use wire::{Fault, FaultCode};

/// Takes decisions. Made once, at start; not for sockets.
#[derive(Clone)]
pub struct Decider {
    inner: Arc<Inner>,
    by: AnsweredBy,
    /// Whom the system would ask whether the person is there.
    subject: Subject,
}

impl Decider {
    /// One that takes decisions so, and has proofs asked for by this process.
    pub(crate) fn new(inner: Arc<Inner>, by: AnsweredBy, subject: Subject) -> Self {
        Self { inner, by, subject }
    }

    /// The broker that it decides for.
    pub(crate) fn broker(&self) -> Broker {
        Broker { inner: self.inner.clone() }
    }

    /// How it is said in the log that the person decided.
    pub(crate) fn by(&self) -> AnsweredBy {
        self.by
    }

    /// Says yes to exactly what has this digest, and remembers what was chosen of it.
    ///
    /// # Errors
    /// Why it does not count: `Gone`, `DigestMismatch`, `TooEarly`, `ActMissing`, `ProofMissing`.
    pub async fn approve(
        &self,
        id: &str,
        digest: &str,
        act: Option<&str>,
        remember: Option<RememberChoice>,
        given: Option<&Given>,
    ) -> Result<(), Fault> {
        let digest = digest.parse().map_err(|_| Fault::new(FaultCode::DigestMismatch, "That is no digest."))?;
        let remember = remember.map(present::remember_choice);
        let (desk, id) = (&self.inner.corridor.desk, approval_id(id)?);
        let Some(given) = given else {
            let event = Event::Approve { digest, act: act.map(str::to_owned), by: self.by, remember };
            return desk.step(id, event).await;
        };
        let prepared = desk.prepare(id, digest, act, self.by)?;
        let means = self.means_of(given, id).await?;
        desk.approve_proved(id, prepared.proved(means, now_ms()), remember).await
    }

    /// A proof for a question, for as long as that is open.
    async fn means_of(&self, given: &Given, id: ApprovalId) -> Result<Means, Fault> {
        let what = id.to_string();
        tokio::select! {
            means = self.inner.person.prove(given, &self.subject, &what) => means,
            () = self.inner.corridor.desk.ended_meanwhile(id) => Err(gone()),
        }
    }

    /// How the person could prove to be there now.
    pub async fn proof_means(&self) -> ProofView {
        self.inner.person.means(&self.subject).await
    }

    /// Takes a proof for something that is no question.
    ///
    /// # Errors
    /// `ProofMissing` where it is none, `Storage` where it can't be recorded.
    pub(crate) async fn prove(&self, given: &Given, what: &str) -> Result<(), Fault> {
        self.inner.person.prove(given, &self.subject, what).await.map(drop)
    }

    /// Chooses the passphrase; where there is one, it takes that.
    ///
    /// # Errors
    /// `ProofMissing` for a wrong one of now, `Invalid` for one that is too short, `Storage` when it can't be kept.
    pub async fn choose_passphrase(&self, current: Option<&Secret>, new: &Secret) -> Result<(), Fault> {
        self.inner.person.choose(current, new, self.by).await
    }

    /// Changes values of a call before a yes, and gives its new card. These are all changes to what was asked.
    ///
    /// # Errors
    /// `Gone`, `DigestMismatch`, `Invalid` where the call can't be changed so, `Storage` when it can't be written.
    pub async fn edit(&self, id: &str, digest: &str, edits: Vec<FieldEdit>) -> Result<ApprovalView, Fault> {
        let digest = digest.parse().map_err(|_| Fault::new(FaultCode::DigestMismatch, "That is no digest."))?;
        self.inner.corridor.edit(approval_id(id)?, digest, edits, self.by).await
    }

    /// Changes values of a call and says yes to what comes of it, unless that asks for more than what was seen: then it
    /// is asked anew.
    ///
    /// # Errors
    /// As [`Decider::edit`] and [`Decider::approve`]; `Invalid` where it is asked anew.
    pub async fn approve_changed(
        &self,
        id: &str,
        digest: &str,
        edits: Vec<FieldEdit>,
        given: Option<&Given>,
    ) -> Result<(), Fault> {
        let desk = &self.inner.corridor.desk;
        let before = desk.find(id).ok_or_else(gone)?;
        // Before anything is changed: else whoever has no proof could put other values on the card.
        let means = match given {
            Some(given) => Some(self.means_of(given, approval_id(id)?).await?),
            None => None,
        };
        let card = self.edit(id, digest, edits).await?;
        if card.asks_more_than(&before) {
            let why = format!(
                "The changed call asks for more than the one you saw, so it is asked anew. Nothing was approved. See \
                 `consentry approvals show {id}` for why, and approve it with its new digest."
            );
            return Err(Fault::new(FaultCode::Invalid, why));
        }
        let Some(means) = means else { return self.approve(id, &card.digest, None, None, None).await };
        let digest = card.digest.parse().map_err(|_| gone())?;
        let prepared = desk.prepare(approval_id(id)?, digest, None, self.by)?;
        desk.approve_proved(approval_id(id)?, prepared.proved(means, now_ms()), None).await
    }

    /// A card that lists exactly these questions is fully visible from now on.
    pub fn batch_visible(&self, items: &[Listed]) {
        self.inner.corridor.desk.list(&named(items).filter_map(|(_, named)| named.ok()).collect::<Vec<_>>());
    }

    /// It is not.
    pub fn batch_hidden(&self) {
        self.inner.corridor.desk.unlist();
    }

    /// Says yes to each of these, as they were listed. What does not count says why, and changes nothing for the others.
    pub async fn approve_batch(&self, items: &[Listed]) -> Vec<ItemAnswer> {
        let mut answers = Vec::with_capacity(items.len());
        for (id, named) in named(items) {
            let answer = match named {
                Ok(item) => self.inner.corridor.desk.approve_listed(item).await,
                Err(fault) => Err(fault),
            };
            answers.push(ItemAnswer { id: id.to_owned(), fault: answer.err() });
        }
        answers
    }

    /// More time for a question, counted from now.
    ///
    /// # Errors
    /// `Gone` when it has ended.
    pub async fn more_time(&self, id: &str) -> Result<(), Fault> {
        self.inner.corridor.desk.step(approval_id(id)?, Event::MoreTime).await
    }

    /// The card of this question is fully visible from now on.
    pub async fn card_visible(&self, id: &str) {
        self.tell(id, Event::Visible).await;
    }

    /// It is not.
    pub async fn card_hidden(&self, id: &str) {
        if id == wire::command::BATCH {
            return self.batch_hidden();
        }
        self.tell(id, Event::Hidden).await;
    }

    async fn tell(&self, id: &str, event: Event) {
        if let Ok(id) = approval_id(id) {
            // A question that ended meanwhile needs no telling.
            let _ = self.inner.corridor.desk.step(id, event).await;
        }
    }

    /// Every visible card arms again from the start.
    #[expect(clippy::unused_async, reason = "callers see one kind of interface, whatever is behind it")]
    pub async fn rearm(&self) {
        self.inner.corridor.desk.rearm();
    }

    /// Adds or changes a server; its command is accepted, its tools are not yet.
    ///
    /// # Errors
    /// `Invalid` for a name or a command that can't be used, `Storage` when it can't be written.
    pub async fn add_server(&self, name: &str, words: Vec<String>, env: Vec<(String, String)>) -> Result<(), Fault> {
        let command = Command { words, env: env.into_iter().collect(), cwd: None };
        self.inner.corridor.servers.add(name, Configured::Program(command), self.by).await
    }

    /// Adds or changes a server that is reached over HTTP; its tools are not trusted yet.
    ///
    /// # Errors
    /// `Invalid` for a name, URL or header that can't be used, `Storage` when it can't be written.
    pub async fn add_remote(
        &self,
        name: &str,
        url: &str,
        headers: Vec<(String, String)>,
        login: LoginTerms,
    ) -> Result<(), Fault> {
        let wrong = |why: &str| Fault::new(wire::FaultCode::Invalid, format!("The server can't be used: {why}."));
        let mut remote = Remote::parse(url, headers.into_iter().collect()).map_err(|why| wrong(&why))?;
        let LoginTerms { client_id, client_secret, callback_port, scopes } = login;
        remote.client_id = client_id.filter(|id| !id.trim().is_empty());
        remote.client_secret = client_secret.map(|secret| secret.expose().to_owned());
        if remote.client_secret.is_some() && remote.client_id.is_none() {
            return Err(wrong("a client secret belongs to a client id, which is missing"));
        }
        remote.callback_port = callback_port;
        remote.scopes = scopes;
        self.inner.corridor.servers.add(name, Configured::Remote(remote), self.by).await
    }

    /// Lists a server's tools and asks whether to trust them.
    ///
    /// # Errors
    /// `Server` when it can't be started or listed.
    pub async fn review_server(&self, name: &str) -> Result<(), Fault> {
        self.inner.corridor.servers.review(name).await
    }

    /// Pins the tools a server lists now, but for those that are left out.
    ///
    /// # Errors
    /// `Server` when it can't be started or listed, `Invalid` for a tool it does not list, `Storage` when the pin can't
    /// be written.
    pub async fn trust_server(
        &self,
        name: &str,
        except: Vec<String>,
        effects: Vec<(String, Vec<Effect>)>,
    ) -> Result<Vec<ToolView>, Fault> {
        let servers = &self.inner.corridor.servers;
        servers.trust(name, except, effects, self.by).await?;
        let view = servers.view(&std::collections::BTreeMap::new());
        Ok(view.servers.into_iter().find(|s| s.name == name).map(|s| s.tools).unwrap_or_default())
    }

    /// Asks an open trust question again, with these tools left out and these effects.
    ///
    /// # Errors
    /// `Gone` when it has ended, `Invalid` for a tool the server does not list.
    pub async fn choose_tools(
        &self,
        id: &str,
        except: Vec<String>,
        effects: Vec<(String, Vec<Effect>)>,
    ) -> Result<(), Fault> {
        self.inner.corridor.servers.choose(id, except, effects).await
    }

    /// Sets what a trusted tool can do, less than before too.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, or `Storage` when it can't be written.
    pub async fn set_effects(&self, name: &str, tool: &str, effects: &[Effect]) -> Result<(), Fault> {
        let authority = Authority::Person(self.by);
        self.inner.corridor.servers.set_effects(name, tool, &present::effects_of(effects), Some(authority)).await
    }

    /// Puts a preset in force, be it a looser one.
    ///
    /// # Errors
    /// `Storage` when the decision can't be written: then the preset stays what it was.
    pub async fn choose_preset(&self, preset: Preset) -> Result<(), Fault> {
        self.inner.policy_files.choose(preset, self.by).await
    }

    /// What a program was shown counts no more for its calls: the person says that its next chat begins clean.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when the decision can't be written: then nothing is forgotten.
    pub async fn new_chat(&self, identity: &str) -> Result<(), Fault> {
        let known = self.broker().known_client(identity)?;
        let client = identity.parse().map_err(|_| Fault::new(FaultCode::NotFound, "That is no client's identity."))?;
        let record = Record::new("decided", now_ms())
            .with("decision", "new_chat")
            .with("client", known.script.unwrap_or(known.program))
            .with("client_identity", identity)
            .with("answered_by", by_word(self.by));
        let storage = |refusal: gate::permit::Refusal| Fault::new(FaultCode::Storage, refusal.message);
        self.inner.corridor.audit.append(record, Durability::Disk).await.map_err(storage)?;
        self.inner.corridor.traffic.forget(client);
        self.inner.corridor.recall.forget(client).await
    }

    /// Lifts "stop all".
    ///
    /// # Errors
    /// `Storage` when it can't be written: it stays stopped.
    pub async fn lift_stop(&self) -> Result<(), Fault> {
        self.inner.corridor.stop.lift(self.by).await?;
        let _ = self.inner.events.send(wire::Event::Status);
        Ok(())
    }

    /// Lets a server that was suspended run again.
    ///
    /// # Errors
    /// `NotFound` where it is not suspended, `Storage` when it can't be written: it stays so.
    pub async fn resume_server(&self, name: &str) -> Result<(), Fault> {
        self.inner.corridor.stop.resume(name, self.by).await?;
        let _ = self.inner.events.send(wire::Event::Servers);
        Ok(())
    }

    /// Puts Consentry between clients and their servers, or takes it away again, entry by entry. What becomes of each is
    /// in its view; one that fails doesn't stop the others.
    ///
    /// # Errors
    /// `Invalid` for a client nobody knows, `Storage` when the database can't be read.
    pub async fn change_clients(
        &self,
        change: ClientChange,
        clients: &[String],
        entries: &[EntryRef],
        places: &ClientPlaces,
    ) -> Result<Vec<ClientChangeView>, Fault> {
        let changing = client_files::Changing::decided(&self.inner, places, entries, self.by);
        let done = changing.run(change, clients).await;
        let _ = self.inner.events.send(wire::Event::Clients);
        done
    }

    /// Leaves an entry of a client as it is: it goes around Consentry, and is not told again until it is another.
    ///
    /// # Errors
    /// `Gone` when it is no longer as it was shown, `Storage` when that can't be kept.
    pub async fn leave_entry(&self, entry: &EntryRef) -> Result<(), Fault> {
        self.inner.news.leave(&self.inner, entry).await
    }

    /// Has the server of an open question say what is there now, once per question. It lets a read go out that nobody
    /// asked for, so it is a decision.
    ///
    /// # Errors
    /// `Gone` when the question has ended, `NotFound` where nothing can be read for it, `NotHere` where nothing may be
    /// read now: everything is stopped or quiet, the question is in a flood, a rule asks, the client has left.
    pub async fn look_now(&self, id: &str) -> Result<NowView, Fault> {
        let corridor = &self.inner.corridor;
        let view = corridor.desk.find(id).filter(|view| view.ended.is_none()).ok_or_else(gone)?;
        let why = match () {
            () if corridor.stop.is_on() => "Everything is stopped, so nothing is read.",
            () if self.inner.quiet_until().is_some() => "Consentry is quiet for a while, so nothing is read.",
            () if corridor.desk.is_folded(&view) => "The server asks too much at once. Open its questions one by one.",
            () => "",
        };
        if !why.is_empty() {
            return Err(Fault::new(FaultCode::NotHere, why));
        }
        let nothing = || Fault::new(FaultCode::NotFound, "There is nothing that could be read for this question.");
        let digest = view.digest.parse().map_err(|_| nothing())?;
        if view.now.is_none() {
            return Err(nothing());
        }
        let looked = corridor.look_now(digest, id).await.ok_or_else(nothing)?;
        looked.map_err(|why| Fault::new(FaultCode::NotHere, why))
    }

    /// Sets the domains that are the person's own. They only make marks.
    ///
    /// # Errors
    /// `Invalid` for what is no domain that somebody can own, `Storage` when it can't be written.
    pub async fn set_own_domains(&self, domains: &[String]) -> Result<(), Fault> {
        self.inner.corridor.own_domains.set(domains, self.by).await
    }

    /// Sets the words that the person keeps to themselves: each a word or phrase, or a regular expression between slashes.
    ///
    /// # Errors
    /// `Invalid` for what can't be looked for, `Storage` when it can't be written.
    pub async fn set_own_terms(&self, terms: &[String]) -> Result<(), Fault> {
        self.inner.corridor.own_terms.set(terms, self.by).await
    }

    /// Sets how what a server says is set apart for the model.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, or `Storage` when it can't be written.
    pub async fn set_spotlight(&self, server: &str, how: &str) -> Result<(), Fault> {
        self.inner.set_spotlight(server, how, Some(self.by)).await
    }

    /// What a login at a server would be: who guards it, and what is asked for. Opens nothing and sends no secret.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a server that has no login, `Server` where it can't be found out.
    pub async fn plan_login(&self, name: &str) -> Result<LoginPlanView, Fault> {
        self.inner.plan_login(name).await
    }

    /// Makes the login that was shown, for the scopes that were left in it. `open` is given the place to log in; what
    /// comes of it stands in the server's view.
    ///
    /// # Errors
    /// As for [`Self::plan_login`], and `Storage` where it can't be recorded; then nothing was opened.
    pub async fn log_in(
        &self,
        name: &str,
        plan: &str,
        scopes: &[String],
        open: impl FnOnce(&url::Url) -> Result<(), String>,
    ) -> Result<(), Fault> {
        self.inner.log_in(name, plan, scopes, self.by, open).await
    }
}

/// What a list names, read.
fn named(items: &[Listed]) -> impl Iterator<Item = (&str, Result<(ApprovalId, Digest), Fault>)> {
    items.iter().map(|item| {
        let no_digest = || Fault::new(FaultCode::DigestMismatch, "That is no digest.");
        let digest = item.digest.parse().map_err(|_| no_digest());
        (item.id.as_str(), approval_id(&item.id).and_then(|id| Ok((id, digest?))))
    })
}
