//! What a window may ask. Each command of [`wire::command`] is a function of its name; which window may call which is
//! written in `capabilities/`. They hold no logic: the broker answers, and its faults go to the window as they are.

mod clients;
mod grants;
mod servers;

use clients::*;
use grants::*;
use servers::*;

use crate::cards::{Cards, show};
use crate::cover::Covered;
use crate::settings::{self, Settings};
use crate::turn::Turn;
use crate::windows;
use broker::{AnsweredBy, Broker, Decider, Home};
use tauri::{AppHandle, State, WebviewWindow};
use wire::command as ask;
use wire::proof::ProofView;
use wire::view::{
    ActivityChoices, EntryDetail, EntryView, InboxView, InspectView, ItemAnswer, NowView, PoliciesView, ReplayView,
    SettingsView, StatusView,
};
use wire::{Fault, FaultCode};

macro_rules! serve {
    ($($name:ident),* $(,)?) => {
        /// Every command that is served.
        #[cfg(test)]
        const SERVED: &[&str] = &[$(stringify!($name)),*];

        /// Takes the calls of the windows to the functions below.
        pub(crate) fn handler() -> impl Fn(tauri::ipc::Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),*]
        }
    };
}

serve! {
    current_question,
    card_visible,
    card_hidden,
    approve,
    reject,
    more_time,
    later,
    inbox,
    activity,
    entry,
    servers,
    add_server,
    remove_server,
    review_server,
    status,
    choices,
    export_activity,
    policies,
    choose_preset,
    replay,
    settings,
    prefer,
    set_autostart,
    reject_all,
    open_one_by_one,
    stop_all,
    lift_stop,
    pause,
    grants,
    revoke_grant,
    suggestions,
    accept_suggestion,
    decline_suggestion,
    approved_places,
    forget_place,
    attention,
    threats,
    choose_tools,
    look_now,
    set_own_domains,
    set_own_terms,
    inspect,
    clients,
    plan_clients,
    change_clients,
    unguarded,
    leave_entry,
    edit_call,
    batch_visible,
    batch_hidden,
    approve_batch,
    add_remote,
    plan_login,
    log_in,
    stop_login,
    log_out,
    known_clients,
    suspend_client,
    set_spotlight,
    suspend_server,
    resume_server,
    new_chat,
    proof_means,
    choose_passphrase,
}

#[tauri::command]
async fn current_question(
    broker: State<'_, Broker>,
    turn: State<'_, Turn>,
) -> Result<ask::CurrentQuestionReply, Fault> {
    turn.loaded();
    Ok(turn.current(&broker).await)
}

/// A window decides about a card only while it shows it.
fn shown(window: &WebviewWindow, cards: &Cards, card: &str, otherwise: &str) -> Result<(), Fault> {
    match cards.shows(window.label(), card) {
        true => Ok(()),
        false => Err(Fault::new(FaultCode::TooEarly, otherwise)),
    }
}

#[tauri::command]
async fn card_visible(
    window: WebviewWindow,
    cards: State<'_, Cards>,
    covered: State<'_, Covered>,
    decider: State<'_, Decider>,
    command: ask::CardVisible,
) -> Result<(), Fault> {
    show(&window, &cards, &covered, &command.id)?;
    decider.card_visible(&command.id).await;
    Ok(())
}

#[tauri::command]
async fn card_hidden(
    window: WebviewWindow,
    cards: State<'_, Cards>,
    decider: State<'_, Decider>,
    command: ask::CardHidden,
) -> Result<(), Fault> {
    if cards.hide(window.label(), &command.id) {
        decider.card_hidden(&command.id).await;
    }
    Ok(())
}

#[tauri::command]
async fn approve(
    window: WebviewWindow,
    cards: State<'_, Cards>,
    decider: State<'_, Decider>,
    command: ask::Approve,
) -> Result<(), Fault> {
    shown(&window, &cards, &command.id, "This window does not show that question, so it can't say yes.")?;
    let ask::Approve { id, digest, act, remember, proof } = command;
    decider.approve(&id, &digest, act.as_deref(), remember, proof.as_ref()).await
}

#[tauri::command]
async fn proof_means(decider: State<'_, Decider>) -> Result<ProofView, Fault> {
    Ok(decider.proof_means().await)
}

#[tauri::command]
async fn choose_passphrase(decider: State<'_, Decider>, command: ask::ChoosePassphrase) -> Result<(), Fault> {
    decider.choose_passphrase(command.current.as_ref(), &command.new).await
}

/// What is changed is the call on the screen, and its new card has to be seen before a yes.
#[tauri::command]
async fn edit_call(
    window: WebviewWindow,
    cards: State<'_, Cards>,
    decider: State<'_, Decider>,
    command: ask::EditCall,
) -> Result<(), Fault> {
    shown(&window, &cards, &command.id, "This window does not show that question, so it can't change it.")?;
    decider.edit(&command.id, &command.digest, command.edits).await.map(drop)
}

#[tauri::command]
async fn batch_visible(
    window: WebviewWindow,
    cards: State<'_, Cards>,
    covered: State<'_, Covered>,
    decider: State<'_, Decider>,
    command: ask::BatchVisible,
) -> Result<(), Fault> {
    show(&window, &cards, &covered, ask::BATCH)?;
    decider.batch_visible(&command.items);
    Ok(())
}

#[tauri::command]
async fn batch_hidden(
    window: WebviewWindow,
    cards: State<'_, Cards>,
    decider: State<'_, Decider>,
) -> Result<(), Fault> {
    if cards.hide(window.label(), ask::BATCH) {
        decider.batch_hidden();
    }
    Ok(())
}

#[tauri::command]
async fn approve_batch(
    window: WebviewWindow,
    cards: State<'_, Cards>,
    decider: State<'_, Decider>,
    command: ask::ApproveBatch,
) -> Result<Vec<ItemAnswer>, Fault> {
    shown(&window, &cards, ask::BATCH, "This window does not show these questions, so it can't say yes.")?;
    Ok(decider.approve_batch(&command.items).await)
}

#[tauri::command]
async fn reject(broker: State<'_, Broker>, command: ask::Reject) -> Result<(), Fault> {
    broker.reject(&command.id, command.reason, AnsweredBy::Window).await
}

#[tauri::command]
async fn more_time(decider: State<'_, Decider>, command: ask::MoreTime) -> Result<(), Fault> {
    decider.more_time(&command.id).await
}

#[tauri::command]
async fn later(app: AppHandle, command: ask::Later) -> Result<(), Fault> {
    windows::pass(&app, &command.id).await;
    windows::settle_prompt(&app).await;
    Ok(())
}

#[tauri::command]
async fn inbox(broker: State<'_, Broker>) -> Result<InboxView, Fault> {
    Ok(broker.inbox().await)
}

#[tauri::command]
async fn activity(broker: State<'_, Broker>, command: ask::Activity) -> Result<Vec<EntryView>, Fault> {
    broker.activity(&command.filter, command.before, command.limit).await
}

#[tauri::command]
async fn entry(broker: State<'_, Broker>, command: ask::Entry) -> Result<EntryDetail, Fault> {
    broker.entry(command.seq).await
}

#[tauri::command]
async fn choose_tools(
    window: WebviewWindow,
    cards: State<'_, Cards>,
    decider: State<'_, Decider>,
    command: ask::ChooseTools,
) -> Result<(), Fault> {
    shown(&window, &cards, &command.id, "The card is not on the screen.")?;
    decider.choose_tools(&command.id, command.except, command.effects).await
}

#[tauri::command]
async fn look_now(
    window: WebviewWindow,
    cards: State<'_, Cards>,
    decider: State<'_, Decider>,
    command: ask::LookNow,
) -> Result<NowView, Fault> {
    shown(&window, &cards, &command.id, "The card is not on the screen.")?;
    decider.look_now(&command.id).await
}

#[tauri::command]
async fn set_own_terms(decider: State<'_, Decider>, command: ask::SetOwnTerms) -> Result<(), Fault> {
    decider.set_own_terms(&command.terms).await
}

#[tauri::command]
async fn set_own_domains(decider: State<'_, Decider>, command: ask::SetOwnDomains) -> Result<(), Fault> {
    decider.set_own_domains(&command.domains).await
}

#[tauri::command]
async fn inspect(broker: State<'_, Broker>, command: ask::Inspect) -> Result<InspectView, Fault> {
    broker.inspect(command.kind, command.text).await
}

#[tauri::command]
async fn status(broker: State<'_, Broker>) -> Result<StatusView, Fault> {
    Ok(broker.status().await)
}

#[tauri::command]
async fn choices(broker: State<'_, Broker>) -> Result<ActivityChoices, Fault> {
    broker.choices().await
}

#[tauri::command]
async fn export_activity(broker: State<'_, Broker>, command: ask::ExportActivity) -> Result<String, Fault> {
    broker.export_to_downloads(&command.filter, command.format).await
}

#[tauri::command]
async fn policies(broker: State<'_, Broker>) -> Result<PoliciesView, Fault> {
    Ok(broker.policies())
}

#[tauri::command]
async fn replay(broker: State<'_, Broker>, command: ask::Replay) -> Result<ReplayView, Fault> {
    broker.replay(&command.draft, command.since).await
}

#[tauri::command]
async fn choose_preset(decider: State<'_, Decider>, command: ask::ChoosePreset) -> Result<(), Fault> {
    let unknown = |why: String| Fault::new(FaultCode::Invalid, format!("No such preset: {why}."));
    decider.choose_preset(command.preset.parse().map_err(unknown)?).await
}

#[tauri::command]
async fn settings(
    home: State<'_, Home>,
    chosen: State<'_, Settings>,
    broker: State<'_, Broker>,
) -> Result<SettingsView, Fault> {
    Ok(settings::view(&home, &chosen, &broker))
}

#[tauri::command]
async fn prefer(app: AppHandle, chosen: State<'_, Settings>, command: ask::Prefer) -> Result<(), Fault> {
    chosen.set(command.preferences)?;
    settings::show(&app, command.preferences.theme);
    Ok(())
}

#[tauri::command]
async fn set_autostart(command: ask::SetAutostart) -> Result<(), Fault> {
    settings::start_at_login(command.on)
}

#[tauri::command]
async fn reject_all(broker: State<'_, Broker>, command: ask::RejectAll) -> Result<(), Fault> {
    broker.reject_all(&command.server, AnsweredBy::Window).await;
    Ok(())
}

#[tauri::command]
async fn open_one_by_one(broker: State<'_, Broker>, command: ask::OpenOneByOne) -> Result<(), Fault> {
    broker.open_one_by_one(&command.server);
    Ok(())
}

#[tauri::command]
async fn stop_all(broker: State<'_, Broker>) -> Result<(), Fault> {
    broker.stop_all(AnsweredBy::Window).await
}

#[tauri::command]
async fn lift_stop(decider: State<'_, Decider>) -> Result<(), Fault> {
    decider.lift_stop().await
}

#[tauri::command]
async fn pause(broker: State<'_, Broker>, command: ask::Pause) -> Result<(), Fault> {
    broker.pause(command.minutes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// The names of the app's own commands that a capability file lets its window call.
    fn commands(capability: &str) -> BTreeSet<String> {
        permissions(capability)
            .iter()
            .filter_map(|permission| permission.strip_prefix("allow-"))
            .map(|command| command.replace('-', "_"))
            .collect()
    }

    fn permissions(capability: &str) -> Vec<String> {
        let file: Value = serde_json::from_str(capability).unwrap();
        file["permissions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    }

    const PROMPT: &str = include_str!("../capabilities/prompt.json");
    const MAIN: &str = include_str!("../capabilities/main.json");

    #[test]
    fn every_command_of_the_contract_is_served_and_no_other() {
        assert_eq!(BTreeSet::from_iter(SERVED), BTreeSet::from_iter(wire::command::NAMES));
    }

    #[test]
    fn capabilities_name_only_commands_that_exist() {
        let known: BTreeSet<String> = SERVED.iter().map(|name| (*name).to_owned()).collect();
        for file in [PROMPT, MAIN] {
            assert!(commands(file).is_subset(&known), "{:?}", commands(file).difference(&known));
        }
    }

    #[test]
    fn the_prompt_can_do_nothing_but_answer_its_card() {
        let card = ["current_question", "card_visible", "card_hidden", "approve", "reject", "more_time", "later"];
        let beside = [
            "reject_all",
            "open_one_by_one",
            "choose_tools",
            "look_now",
            "edit_call",
            "batch_visible",
            "batch_hidden",
            "approve_batch",
            "proof_means",
            "choose_passphrase",
        ];
        assert_eq!(commands(PROMPT), card.into_iter().chain(beside).map(str::to_owned).collect());
    }

    #[test]
    fn beside_the_commands_a_window_may_only_listen() {
        for file in [PROMPT, MAIN] {
            let other: Vec<_> = permissions(file).into_iter().filter(|name| !name.starts_with("allow-")).collect();
            assert_eq!(other, ["core:event:allow-listen", "core:event:allow-unlisten"]);
        }
    }

    #[test]
    fn each_capability_is_for_one_local_window() {
        for (file, window) in [(PROMPT, windows::PROMPT), (MAIN, windows::MAIN)] {
            let file: Value = serde_json::from_str(file).unwrap();
            assert_eq!(file["windows"], serde_json::json!([window]));
            assert_eq!(file["local"], true);
            assert!(file.get("remote").is_none() && file.get("webviews").is_none());
        }
    }

    #[test]
    fn the_app_has_no_remote_content_and_no_global_bridge() {
        let conf: Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        assert_eq!(conf["app"]["withGlobalTauri"], false);
        assert_eq!(conf["app"]["windows"], serde_json::json!([]));
        assert!(conf["build"].get("devUrl").is_none());
        let csp = conf["app"]["security"]["csp"].as_object().unwrap();
        assert_eq!(csp["default-src"], "'none'");
        for (directive, sources) in csp {
            let sources = sources.as_str().unwrap();
            assert!(!sources.contains("'unsafe-"), "{directive} {sources}");
            assert!(!sources.contains("https:") && !sources.contains('*'), "{directive} {sources}");
        }
    }
}
