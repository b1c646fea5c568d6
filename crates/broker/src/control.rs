//! The control socket: one request per line, one reply per line. It reads, rejects, revokes and stops. The verbs that
//! decide work only where decisions are taken on the command line.

use crate::decide::Decider;
use crate::home::Home;
use crate::person::Subject;
use crate::{AnsweredBy, Broker};
use bridge::Hello;
use bridge::frame::{Lines, write_line};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use wire::control::{Reply, Request, Watched};
use wire::proof::{Given, ProofView};
use wire::view::{FieldEdit, RememberChoice};
use wire::{Fault, FaultCode};

/// What a control peer may do.
pub(crate) enum Rights {
    /// Nothing, and why.
    None(&'static str),
    /// Everything but deciding; and that, too, for each decision that comes with a proof that the person is there.
    Proved(Decider),
    /// Everything.
    All(Decider),
}

impl Rights {
    /// Those of a peer.
    pub(crate) fn new(broker: &Broker, peer: &bridge::Peer, decides: bool) -> Self {
        let subject = Subject::command(peer.pid, peer.start_time, peer.uid);
        match decides {
            true => Self::All(Decider::new(broker.inner.clone(), AnsweredBy::Cli, subject)),
            false => Self::Proved(Decider::new(broker.inner.clone(), AnsweredBy::Proved, subject)),
        }
    }

    /// Who rejects, revokes or stops by this socket.
    fn by(&self) -> AnsweredBy {
        match self {
            Self::All(_) => AnsweredBy::Cli,
            Self::None(_) | Self::Proved(_) => AnsweredBy::Tightening,
        }
    }

    fn decider(&self) -> Result<&Decider, Fault> {
        match self {
            Self::All(decider) => Ok(decider),
            Self::None(_) | Self::Proved(_) => Err(Fault::new(
                FaultCode::NotHere,
                "Decisions are taken in Consentry's windows; on the command line they take your passphrase. A broker \
                 started with `--decisions cli` takes them here without.",
            )),
        }
    }
}

/// One decision with its proof. A yes takes the proof along, since its question has a say in it; everything else is
/// asked once it is proved.
async fn proved(broker: &Broker, rights: &Rights, given: &Given, request: Request) -> Result<Reply, Fault> {
    let (Rights::Proved(decider) | Rights::All(decider)) = rights else { return Err(nothing_here()) };
    match request {
        Request::Approve { id, digest, remember, set } => {
            approve(decider, &id, &digest, remember, set, Some(given)).await
        }
        Request::Proved { .. } | Request::Watch | Request::HandOver => Err(nothing_here()),
        request => {
            let verb = serde_json::to_value(&request).ok();
            let verb = verb.as_ref().and_then(|v| v.get("verb")?.as_str()).unwrap_or_default().to_owned();
            decider.prove(given, &verb).await?;
            Box::pin(answer(broker, &Rights::All(decider.clone()), request)).await
        }
    }
}

fn nothing_here() -> Fault {
    Fault::new(FaultCode::Invalid, "That takes no proof.")
}

async fn approve(
    decider: &Decider,
    id: &str,
    digest: &str,
    remember: Option<RememberChoice>,
    set: Vec<FieldEdit>,
    given: Option<&Given>,
) -> Result<Reply, Fault> {
    match set.is_empty() {
        true => decider.approve(id, digest, None, remember, given).await?,
        false if remember.is_some() => {
            return Err(Fault::new(FaultCode::Invalid, "A call that was changed is never remembered."));
        }
        false => decider.approve_changed(id, digest, set, given).await?,
    }
    Ok(Reply::Done)
}

/// Answers requests until the peer leaves.
pub(crate) async fn serve(broker: &Broker, rights: &Rights, mut lines: Lines<OwnedReadHalf>, mut out: OwnedWriteHalf) {
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            () = broker.inner.stop.cancelled() => return,
        };
        let Ok(Some(line)) = line else { return };
        let request = line
            .within_limit()
            .map_err(|e| e.to_string())
            .and_then(|bytes| serde_json::from_slice::<Request>(&bytes).map_err(|e| e.to_string()));
        let reply = match (request, rights) {
            (_, Rights::None(why)) => Reply::Fault(Fault::new(FaultCode::NotHere, *why)),
            (Err(why), _) => {
                Reply::Fault(Fault::new(FaultCode::Invalid, format!("The request was not understood: {why}.")))
            }
            (Ok(Request::Watch), _) => return watch(broker, lines, out).await,
            (Ok(Request::HandOver), _) => {
                let _ = say(&mut out, &Reply::Done).await;
                broker.inner.stop.cancel();
                return;
            }
            (Ok(Request::Proved { given, request }), _) => {
                proved(broker, rights, &given, *request).await.unwrap_or_else(Reply::Fault)
            }
            (Ok(request), _) => answer(broker, rights, request).await.unwrap_or_else(Reply::Fault),
        };
        if say(&mut out, &reply).await.is_err() {
            return;
        }
    }
}

async fn say(out: &mut OwnedWriteHalf, reply: &Reply) -> std::io::Result<()> {
    let line = serde_json::to_vec(reply).unwrap_or_default();
    write_line(out, &line).await
}

async fn answer(broker: &Broker, rights: &Rights, request: Request) -> Result<Reply, Fault> {
    Ok(match request {
        Request::Status => Reply::Status(broker.status().await),
        Request::Servers => Reply::Servers(broker.servers().await),
        Request::Approvals => Reply::Approvals(broker.inbox().await.waiting),
        Request::Approval { id } => {
            let found = broker.approval(&id);
            let gone = || Fault::new(FaultCode::Gone, "There is no approval with this id, waiting or ended lately.");
            Reply::Approval(Box::new(found.ok_or_else(gone)?))
        }
        Request::Reject { id, reason } => {
            broker.reject(&id, reason, rights.by()).await?;
            Reply::Done
        }
        Request::AuditList { before, limit, filter } => Reply::Entries(broker.activity(&filter, before, limit).await?),
        Request::AuditExport { after, limit, filter } => Reply::Exported(broker.export(&filter, after, limit).await?),
        Request::Policies => Reply::Policies(Box::new(broker.policies())),
        Request::ChoosePreset { preset } => {
            let unknown = |why: String| Fault::new(FaultCode::Invalid, format!("No such preset: {why}."));
            let preset = preset.parse().map_err(unknown)?;
            match rights.decider() {
                Ok(decider) => decider.choose_preset(preset).await?,
                Err(_) => broker.tighten_preset(preset).await?,
            }
            Reply::Done
        }
        Request::Grants => Reply::Grants(broker.grants()),
        Request::Suggestions => Reply::Suggestions(broker.suggestions().await?),
        Request::AcceptSuggestion { id, lifetime } => {
            rights.decider()?.accept_suggestion(&id, lifetime).await?;
            Reply::Done
        }
        Request::DeclineSuggestion { id } => {
            broker.decline_suggestion(&id, rights.by()).await?;
            Reply::Done
        }
        Request::ApprovedPlaces => Reply::Places(broker.approved_places()),
        Request::ForgetPlace { server, kind, value } => {
            broker.forget_place(&server, &kind, &value, rights.by()).await?;
            Reply::Done
        }
        Request::Attention { since } => Reply::Attention(broker.attention(since).await?),
        Request::Threats { identity } => Reply::Threats(Box::new(broker.threats(&identity).await?)),
        Request::RevokeGrant { id } => {
            broker.revoke_grant(&id, rights.by()).await?;
            Reply::Done
        }
        Request::StopAll => {
            broker.stop_all(rights.by()).await?;
            Reply::Done
        }
        Request::Pause { minutes } => {
            broker.pause(minutes);
            Reply::Done
        }
        Request::LiftStop => {
            rights.decider()?.lift_stop().await?;
            Reply::Done
        }
        Request::AuditShow { id } => Reply::Entry(Box::new(broker.find_entry(&id).await?)),
        Request::AuditVerify => Reply::Verified(broker.verify().await?),
        Request::RemoveServer { name } => {
            broker.remove_server(&name).await?;
            Reply::Done
        }
        Request::Replay { draft, since } => Reply::Replayed(Box::new(broker.replay(&draft, since).await?)),
        Request::Explain { call } => Reply::Explained(broker.explain(&call).await?),
        Request::Clients { places } => Reply::Clients(broker.client_files(places).await),
        Request::PlanClients { change, clients, entries, places } => {
            Reply::ClientChanges(broker.plan_clients(change, &clients, &entries, &places).await?)
        }
        Request::ChangeClients { change, clients, entries, places } => {
            Reply::ClientChanges(rights.decider()?.change_clients(change, &clients, &entries, &places).await?)
        }
        Request::KnownClients => Reply::KnownClients(broker.known_clients()),
        Request::SuspendClient { identity } => {
            broker.suspend_client(&identity, rights.by()).await?;
            Reply::Done
        }
        Request::SuspendServer { name } => {
            broker.suspend_server(&name, rights.by()).await?;
            Reply::Done
        }
        Request::ResumeServer { name } => {
            rights.decider()?.resume_server(&name).await?;
            Reply::Done
        }
        Request::NewChat { identity } => {
            rights.decider()?.new_chat(&identity).await?;
            Reply::Done
        }
        Request::Unguarded => Reply::Unguarded(broker.unguarded()),
        Request::LeaveEntry { entry } => {
            rights.decider()?.leave_entry(&entry).await?;
            Reply::Done
        }
        Request::Approve { id, digest, remember, set } => {
            approve(rights.decider()?, &id, &digest, remember, set, None).await?
        }
        Request::ProofMeans => match rights {
            Rights::All(decider) | Rights::Proved(decider) => Reply::ProofMeans(decider.proof_means().await),
            Rights::None(_) => Reply::ProofMeans(ProofView::default()),
        },
        Request::ChoosePassphrase { current, new } => {
            rights.decider()?.choose_passphrase(current.as_ref(), &new).await?;
            Reply::Done
        }
        Request::AddServer { name, words, env } => {
            rights.decider()?.add_server(&name, words, env).await?;
            Reply::Done
        }
        Request::AddRemote { name, url, headers, login } => {
            rights.decider()?.add_remote(&name, &url, headers, login).await?;
            Reply::Done
        }
        Request::PlanLogin { name } => Reply::LoginPlan(Box::new(rights.decider()?.plan_login(&name).await?)),
        Request::LogIn { name, plan, scopes } => {
            let mut place = String::new();
            let open = |url: &url::Url| {
                place = url.to_string();
                Ok(())
            };
            rights.decider()?.log_in(&name, &plan, &scopes, open).await?;
            Reply::Said(place)
        }
        Request::LogOut { name } => Reply::Said(broker.log_out(&name).await?),
        Request::TrustServer { name, except, effects } => {
            Reply::Trusted(rights.decider()?.trust_server(&name, except, effects).await?)
        }
        Request::ChooseTools { id, except, effects } => {
            rights.decider()?.choose_tools(&id, except, effects).await?;
            Reply::Done
        }
        Request::SetSpotlight { name, how } => {
            match rights.decider() {
                Ok(decider) => decider.set_spotlight(&name, &how).await?,
                Err(_) => broker.raise_spotlight(&name, &how).await?,
            }
            Reply::Done
        }
        Request::SetEffects { name, tool, effects } => {
            match rights.decider() {
                Ok(decider) => decider.set_effects(&name, &tool, &effects).await?,
                Err(_) => broker.raise_effects(&name, &tool, &effects).await?,
            }
            Reply::Done
        }
        Request::LookNow { id } => Reply::Now(Box::new(rights.decider()?.look_now(&id).await?)),
        Request::OwnTerms => Reply::Terms(broker.own_terms()),
        Request::SetOwnTerms { terms } => {
            rights.decider()?.set_own_terms(&terms).await?;
            Reply::Done
        }
        Request::OwnDomains => Reply::Domains(broker.own_domains()),
        Request::SetOwnDomains { domains } => {
            rights.decider()?.set_own_domains(&domains).await?;
            Reply::Done
        }
        // Streams, proofs and the end of the broker are handled where the socket is.
        Request::Watch | Request::HandOver | Request::Proved { .. } => Reply::Done,
    })
}

async fn watch(broker: &Broker, mut lines: Lines<OwnedReadHalf>, mut out: OwnedWriteHalf) {
    let (waiting, mut watched) = broker.watch();
    for view in waiting {
        if say(&mut out, &Reply::Watched(Watched::Pending(Box::new(view)))).await.is_err() {
            return;
        }
    }
    loop {
        let next = tokio::select! {
            next = watched.recv() => next,
            // Anything the peer says now, its end too, ends the stream.
            _ = lines.next() => return,
            () = broker.inner.stop.cancelled() => break,
        };
        let reply = match next {
            Ok(watched) => Reply::Watched(watched),
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {
                let why = "The watch fell behind and missed something; start it again.";
                let _ = say(&mut out, &Reply::Fault(Fault::new(FaultCode::Internal, why))).await;
                return;
            }
            Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
        };
        if say(&mut out, &reply).await.is_err() {
            return;
        }
    }
    let _ = say(&mut out, &Reply::End).await;
}

/// Asks the broker that holds this home to end.
pub(crate) async fn ask_to_hand_over(home: &Home) -> Result<(), Fault> {
    let fault = |e: std::io::Error| {
        Fault::new(FaultCode::Internal, format!("Another Consentry holds this home and does not answer: {e}."))
    };
    let mut stream = bridge::connect(&home.socket()).await.map_err(fault)?;
    let hello = Hello::Control { version: bridge::hello::VERSION };
    write_line(&mut stream, hello.line().trim_ascii_end()).await.map_err(fault)?;
    let request = serde_json::to_vec(&Request::HandOver).unwrap_or_default();
    write_line(&mut stream, &request).await.map_err(fault)?;
    // Its answer is that it goes.
    let mut lines = Lines::new(stream);
    lines.next().await.map_err(fault)?;
    Ok(())
}
