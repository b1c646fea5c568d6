//! Commands about what is remembered, what could be, and what questions take of the person's attention.

use broker::{AnsweredBy, Broker, Decider};
use tauri::State;
use wire::Fault;
use wire::command as ask;
use wire::view::{AttentionView, GrantView, PlaceApprovedView, SuggestionView};

#[tauri::command]
pub(super) async fn grants(broker: State<'_, Broker>) -> Result<Vec<GrantView>, Fault> {
    Ok(broker.grants())
}

#[tauri::command]
pub(super) async fn revoke_grant(broker: State<'_, Broker>, command: ask::RevokeGrant) -> Result<(), Fault> {
    broker.revoke_grant(&command.id, AnsweredBy::Window).await
}

#[tauri::command]
pub(super) async fn suggestions(broker: State<'_, Broker>) -> Result<Vec<SuggestionView>, Fault> {
    broker.suggestions().await
}

#[tauri::command]
pub(super) async fn accept_suggestion(
    decider: State<'_, Decider>,
    command: ask::AcceptSuggestion,
) -> Result<(), Fault> {
    decider.accept_suggestion(&command.id, command.lifetime).await
}

#[tauri::command]
pub(super) async fn decline_suggestion(
    broker: State<'_, Broker>,
    command: ask::DeclineSuggestion,
) -> Result<(), Fault> {
    broker.decline_suggestion(&command.id, AnsweredBy::Window).await
}

#[tauri::command]
pub(super) async fn approved_places(broker: State<'_, Broker>) -> Result<Vec<PlaceApprovedView>, Fault> {
    Ok(broker.approved_places())
}

#[tauri::command]
pub(super) async fn forget_place(broker: State<'_, Broker>, command: ask::ForgetPlace) -> Result<(), Fault> {
    broker.forget_place(&command.server, &command.kind, &command.value, AnsweredBy::Window).await
}

#[tauri::command]
pub(super) async fn attention(broker: State<'_, Broker>) -> Result<AttentionView, Fault> {
    broker.attention(None).await
}
