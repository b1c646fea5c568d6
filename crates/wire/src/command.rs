//! What a window may ask of the app: each command is a type with its name and its reply.

use crate::control::Draft;
use crate::proof::{Given, ProofView, Secret};
use crate::view::{
    ActView, ActivityChoices, ActivityFilter, ApprovalView, AttentionView, BatchView, ClientChange, ClientChangeView,
    ClientFileView, Effect, EntryDetail, EntryRef, EntryView, ExportFormat, FieldEdit, FloodView, GrantView, InboxView,
    InspectView, ItemAnswer, KnownClientView, Lifetime, Listed, LoginPlanView, NowView, PlaceApprovedView,
    PoliciesView, Preferences, RememberChoice, ReplayView, ServersView, SettingsView, StatusView, SuggestionView,
    TextKind, ThreatView, UnguardedView,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A command of the app. Its arguments are the fields of the type, sent as one object named `command`.
pub trait Command: Serialize + DeserializeOwned {
    /// The Tauri command.
    const NAME: &'static str;
    /// What comes back.
    type Reply: Serialize + DeserializeOwned + 'static;
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($command:literal) { $($(#[$fdoc:meta])* $field:ident: $ty:ty),* } -> $reply:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub struct $name { $($(#[$fdoc])* pub $field: $ty),* }
            impl Command for $name {
                const NAME: &'static str = $command;
                type Reply = $reply;
            }
        )*
        /// Every command's name, for the app's manifest and for the check that capabilities name no other.
        pub const NAMES: &[&str] = &[$($command),*];
    };
}

commands! {
    /// The question the prompt window should show now: the one it showed last while that is open, else the soonest.
    CurrentQuestion("current_question") {} -> CurrentQuestionReply;
    /// The card with this id is fully visible from now on: starts its activation delay.
    CardVisible("card_visible") {
        /// The approval.
        id: String
    } -> ();
    /// The card is covered, gone or changed: its activation delay starts again when it is next visible.
    CardHidden("card_hidden") {
        /// The approval.
        id: String
    } -> ();
    /// The person says yes to exactly what has this digest.
    Approve("approve") {
        /// The approval.
        id: String,
        /// The digest that was displayed.
        digest: String,
        /// The value picked, where the card demands an act.
        act: Option<String>,
        /// What is to be remembered of it.
        remember: Option<RememberChoice>,
        /// The proof that the person is there, where the card is high risk.
        proof: Option<Given>
    } -> ();
    /// How the person could prove to be there now.
    ProofMeans("proof_means") {} -> ProofView;
    /// Chooses the passphrase that proves it: a decision.
    ChoosePassphrase("choose_passphrase") {
        /// The one of now, if there is one.
        current: Option<Secret>,
        /// The one from now on.
        new: Secret
    } -> ();
    /// The person says no.
    Reject("reject") {
        /// The approval.
        id: String,
        /// Words for the model, if any.
        reason: Option<String>
    } -> ();
    /// Two more minutes for a question.
    MoreTime("more_time") {
        /// The approval.
        id: String
    } -> ();
    /// Put the card away; the question stays in the inbox.
    Later("later") {
        /// The approval.
        id: String
    } -> ();
    /// The person says no to everything a server asks.
    RejectAll("reject_all") {
        /// The server's name.
        server: String
    } -> ();
    /// The person wants to see a flood's questions one by one.
    OpenOneByOne("open_one_by_one") {
        /// The server's name.
        server: String
    } -> ();
    /// The grants page.
    Grants("grants") {} -> Vec<GrantView>;
    /// Grants that could take the place of questions that are always answered alike.
    Suggestions("suggestions") {} -> Vec<SuggestionView>;
    /// Remembers what was suggested: a decision.
    AcceptSuggestion("accept_suggestion") {
        /// Its id.
        id: String,
        /// How long.
        lifetime: Lifetime
    } -> ();
    /// Does not suggest this again.
    DeclineSuggestion("decline_suggestion") {
        /// Its id.
        id: String
    } -> ();
    /// The places that a person approved calls to go to, by server.
    ApprovedPlaces("approved_places") {} -> Vec<PlaceApprovedView>;
    /// Approves one no longer: calls that go there are asked about again.
    ForgetPlace("forget_place") {
        /// The server.
        server: String,
        /// Its kind.
        kind: String,
        /// Which.
        value: String
    } -> ();
    /// What questions took of the person's attention in the last week.
    Attention("attention") {} -> AttentionView;
    /// What a client could be made to do with all that it uses.
    Threats("threats") {
        /// What proves the client.
        identity: String
    } -> ThreatView;
    /// Takes a grant back.
    RevokeGrant("revoke_grant") {
        /// Its id.
        id: String
    } -> ();
    /// Stops everything: open calls are cancelled, questions rejected, nothing runs until it is lifted.
    StopAll("stop_all") {} -> ();
    /// Lifts it.
    LiftStop("lift_stop") {} -> ();
    /// No prompt and no notification for so long; questions wait in the inbox. 0 ends it.
    Pause("pause") {
        /// Minutes.
        minutes: u32
    } -> ();
    /// The inbox page.
    Inbox("inbox") {} -> InboxView;
    /// The activity page: newest first, before `before` if given.
    Activity("activity") {
        /// Which entries are wanted.
        filter: ActivityFilter,
        /// Only entries with a lower sequence number.
        before: Option<i64>,
        /// At most this many.
        limit: u32
    } -> Vec<EntryView>;
    /// One entry, whole.
    Entry("entry") {
        /// Its place in the chain.
        seq: i64
    } -> EntryDetail;
    /// The servers page.
    Servers("servers") {} -> ServersView;
    /// Adds a server; the person typed it, so its command is approved.
    AddServer("add_server") {
        /// Its name.
        name: String,
        /// The words of its command.
        words: Vec<String>
    } -> ();
    /// Adds a server that is reached over HTTP; the person typed it.
    AddRemote("add_remote") {
        /// Its name.
        name: String,
        /// Its URL.
        url: String,
        /// Who we are at whoever guards it, where somebody registered us there.
        client_id: Option<String>
    } -> ();
    /// What a login at a server would be: shown before any browser opens.
    PlanLogin("plan_login") {
        /// The server.
        name: String
    } -> LoginPlanView;
    /// Makes exactly that login, in the person's browser: a decision.
    LogIn("log_in") {
        /// The server.
        name: String,
        /// The plan that was shown.
        plan: String,
        /// What is asked for, of what it offers.
        scopes: Vec<String>
    } -> ();
    /// Ends a login that is under way.
    StopLogin("stop_login") {
        /// The server.
        name: String
    } -> ();
    /// Gives the tokens for a server back and forgets them; says what came of it.
    LogOut("log_out") {
        /// The server.
        name: String
    } -> String;
    /// Takes a server away and ends its processes.
    RemoveServer("remove_server") {
        /// Its name.
        name: String
    } -> ();
    /// Starts a server for a moment, lists its tools and asks whether to trust them.
    ReviewServer("review_server") {
        /// Its name.
        name: String
    } -> ();
    /// The broker's state.
    Status("status") {} -> StatusView;
    /// What the activity page can be filtered by.
    Choices("choices") {} -> ActivityChoices;
    /// Writes the entries into a new file in the person's folder for downloads, and says which.
    ExportActivity("export_activity") {
        /// Which entries.
        filter: ActivityFilter,
        /// As what.
        format: ExportFormat
    } -> String;
    /// The policies page.
    Policies("policies") {} -> PoliciesView;
    /// Past calls judged again under a draft of the rules.
    Replay("replay") {
        /// The draft.
        draft: Draft,
        /// Only calls since then, in milliseconds since 1970-01-01 UTC.
        since: Option<i64>
    } -> ReplayView;
    /// Puts a preset in force: a decision.
    ChoosePreset("choose_preset") {
        /// `cautious` or `balanced`.
        preset: String
    } -> ();
    /// The settings page.
    Settings("settings") {} -> SettingsView;
    /// Keeps what was chosen about the windows.
    Prefer("prefer") {
        /// All of it.
        preferences: Preferences
    } -> ();
    /// Starts Consentry at login, or no longer.
    SetAutostart("set_autostart") {
        /// Whether.
        on: bool
    } -> ();
    /// Asks about a server's tools again, with these left out and these effects: another question, with its own digest.
    ChooseTools("choose_tools") {
        /// The approval that is open.
        id: String,
        /// Tools to leave out.
        except: Vec<String>,
        /// What tools can do, where the person knows better.
        effects: Vec<(String, Vec<Effect>)>
    } -> ();
    /// Has the server of an open question say what is there now, once per question.
    LookNow("look_now") {
        /// The approval that is open.
        id: String
    } -> NowView;
    /// Sets the domains that are the person's own: a decision. They only make marks.
    SetOwnDomains("set_own_domains") {
        /// All of them.
        domains: Vec<String>
    } -> ();
    /// Sets the words that the person keeps to themselves: a decision. No model gets to see them.
    SetOwnTerms("set_own_terms") {
        /// All of them: each a word or phrase, or a regular expression between slashes.
        terms: Vec<String>
    } -> ();
    /// What inspection makes of a text, which goes nowhere else.
    Inspect("inspect") {
        /// What it is to a model.
        kind: TextKind,
        /// Foreign: the text.
        text: String
    } -> InspectView;
    /// The clients page: their files, and what they run.
    Clients("clients") {} -> Vec<ClientFileView>;
    /// What a change of clients' entries would do. Writes nothing.
    PlanClients("plan_clients") {
        /// The change.
        change: ClientChange,
        /// The clients; none means all.
        clients: Vec<String>,
        /// Only these entries; none means all of those clients.
        entries: Vec<EntryRef>
    } -> Vec<ClientChangeView>;
    /// Changes exactly the entries that were shown, each with its digest: a decision.
    ChangeClients("change_clients") {
        /// The change.
        change: ClientChange,
        /// The entries.
        entries: Vec<EntryRef>
    } -> Vec<ClientChangeView>;
    /// Entries of clients that go around Consentry and that nobody has said anything about yet.
    Unguarded("unguarded") {} -> Vec<UnguardedView>;
    /// Such an entry may go on as it is: a decision.
    LeaveEntry("leave_entry") {
        /// The entry, with its digest.
        entry: EntryRef
    } -> ();
    /// The programs that call tools.
    KnownClients("known_clients") {} -> Vec<KnownClientView>;
    /// None of a program's calls runs any more: what is on its way is cancelled, what it asks is rejected.
    SuspendClient("suspend_client") {
        /// What proves it.
        identity: String
    } -> ();
    /// Sets how what a server says is set apart for the model: less than before is a decision.
    SetSpotlight("set_spotlight") {
        /// The server.
        name: String,
        /// `off`, `delimit`, `datamark` or `encode`.
        how: String
    } -> ();
    /// No call goes to a server any more: what is on its way is cancelled, what asks is rejected.
    SuspendServer("suspend_server") {
        /// The server.
        name: String
    } -> ();
    /// Lets it run again: a decision.
    ResumeServer("resume_server") {
        /// The server.
        name: String
    } -> ();
    /// What a program was shown counts no more: its next chat begins clean. A decision.
    NewChat("new_chat") {
        /// What proves it.
        identity: String
    } -> ();
    /// Changes values of the call before a yes: another card of the same question, with its own digest.
    EditCall("edit_call") {
        /// The approval.
        id: String,
        /// The digest that was displayed.
        digest: String,
        /// All changes to what was asked; without any it is as it was asked.
        edits: Vec<FieldEdit>
    } -> ();
    /// A card that lists exactly these is fully visible from now on: starts its activation delay.
    BatchVisible("batch_visible") {
        /// What it lists.
        items: Vec<Listed>
    } -> ();
    /// That card is covered or gone.
    BatchHidden("batch_hidden") {} -> ();
    /// The person says yes to each of these, as they were listed.
    ApproveBatch("approve_batch") {
        /// What was chosen.
        items: Vec<Listed>
    } -> Vec<ItemAnswer>;
}

/// The name under which a window shows a card that lists several questions, in place of an approval's id.
pub const BATCH: &str = "batch";

/// The question to show, and its place among those that wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurrentQuestionReply {
    /// The question, if any waits.
    pub question: Option<ApprovalView>,
    /// Its place, from 1.
    pub place: u32,
    /// How many wait.
    pub of: u32,
    /// The act of a high-risk card, again, so that a card never has to look it up elsewhere.
    pub act: Option<ActView>,
    /// A flood that is to be shown where there is no question.
    #[serde(default)]
    pub flood: Option<FloodView>,
    /// The calls that wait together with the question, if it does not wait alone.
    #[serde(default)]
    pub batch: Option<BatchView>,
}
