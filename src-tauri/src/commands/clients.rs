//! Commands about clients: their files, the programs that call tools, and what those could be made to do.

use broker::{AnsweredBy, Broker, Decider};
use tauri::State;
use wire::command as ask;
use wire::view::{ClientChangeView, ClientFileView, KnownClientView, ThreatView, UnguardedView};
use wire::{Fault, FaultCode};

#[tauri::command]
pub(super) async fn clients(broker: State<'_, Broker>) -> Result<Vec<ClientFileView>, Fault> {
    Ok(broker.client_files(broker::client_places()?).await)
}

#[tauri::command]
pub(super) async fn plan_clients(
    broker: State<'_, Broker>,
    command: ask::PlanClients,
) -> Result<Vec<ClientChangeView>, Fault> {
    let ask::PlanClients { change, clients, entries } = command;
    broker.plan_clients(change, &clients, &entries, &broker::client_places()?).await
}

/// Only what was shown, entry by entry: a window that names none changes nothing.
#[tauri::command]
pub(super) async fn change_clients(
    decider: State<'_, Decider>,
    command: ask::ChangeClients,
) -> Result<Vec<ClientChangeView>, Fault> {
    if command.entries.is_empty() || command.entries.iter().any(|entry| entry.digest.is_none()) {
        return Err(Fault::new(FaultCode::DigestMismatch, "Look at what would change first."));
    }
    decider.change_clients(command.change, &[], &command.entries, &broker::client_places()?).await
}

#[tauri::command]
pub(super) async fn unguarded(broker: State<'_, Broker>) -> Result<Vec<UnguardedView>, Fault> {
    Ok(broker.unguarded())
}

#[tauri::command]
pub(super) async fn known_clients(broker: State<'_, Broker>) -> Result<Vec<KnownClientView>, Fault> {
    Ok(broker.known_clients())
}

#[tauri::command]
pub(super) async fn suspend_client(broker: State<'_, Broker>, command: ask::SuspendClient) -> Result<(), Fault> {
    broker.suspend_client(&command.identity, AnsweredBy::Window).await
}

#[tauri::command]
pub(super) async fn new_chat(decider: State<'_, Decider>, command: ask::NewChat) -> Result<(), Fault> {
    decider.new_chat(&command.identity).await
}

#[tauri::command]
pub(super) async fn leave_entry(decider: State<'_, Decider>, command: ask::LeaveEntry) -> Result<(), Fault> {
    decider.leave_entry(&command.entry).await
}

#[tauri::command]
pub(super) async fn threats(broker: State<'_, Broker>, command: ask::Threats) -> Result<ThreatView, Fault> {
    broker.threats(&command.identity).await
}
