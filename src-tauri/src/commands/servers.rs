//! Commands about servers: which there are, their logins, and whether they may run.

use crate::browser;
use broker::{AnsweredBy, Broker, Decider};
use tauri::State;
use wire::Fault;
use wire::command as ask;
use wire::control::LoginTerms;
use wire::view::{LoginPlanView, ServersView};

#[tauri::command]
pub(super) async fn servers(broker: State<'_, Broker>) -> Result<ServersView, Fault> {
    Ok(broker.servers().await)
}

#[tauri::command]
pub(super) async fn add_server(decider: State<'_, Decider>, command: ask::AddServer) -> Result<(), Fault> {
    decider.add_server(&command.name, command.words, Vec::new()).await
}

#[tauri::command]
pub(super) async fn add_remote(decider: State<'_, Decider>, command: ask::AddRemote) -> Result<(), Fault> {
    let login = LoginTerms { client_id: command.client_id, ..LoginTerms::default() };
    decider.add_remote(&command.name, &command.url, Vec::new(), login).await
}

#[tauri::command]
pub(super) async fn plan_login(decider: State<'_, Decider>, command: ask::PlanLogin) -> Result<LoginPlanView, Fault> {
    decider.plan_login(&command.name).await
}

#[tauri::command]
pub(super) async fn log_in(decider: State<'_, Decider>, command: ask::LogIn) -> Result<(), Fault> {
    decider.log_in(&command.name, &command.plan, &command.scopes, browser::open).await
}

#[tauri::command]
pub(super) async fn stop_login(broker: State<'_, Broker>, command: ask::StopLogin) -> Result<(), Fault> {
    broker.stop_login(&command.name)
}

#[tauri::command]
pub(super) async fn log_out(broker: State<'_, Broker>, command: ask::LogOut) -> Result<String, Fault> {
    broker.log_out(&command.name).await
}

#[tauri::command]
pub(super) async fn set_spotlight(decider: State<'_, Decider>, command: ask::SetSpotlight) -> Result<(), Fault> {
    decider.set_spotlight(&command.name, &command.how).await
}

#[tauri::command]
pub(super) async fn suspend_server(broker: State<'_, Broker>, command: ask::SuspendServer) -> Result<(), Fault> {
    broker.suspend_server(&command.name, AnsweredBy::Window).await
}

#[tauri::command]
pub(super) async fn resume_server(decider: State<'_, Decider>, command: ask::ResumeServer) -> Result<(), Fault> {
    decider.resume_server(&command.name).await
}

#[tauri::command]
pub(super) async fn remove_server(broker: State<'_, Broker>, command: ask::RemoveServer) -> Result<(), Fault> {
    broker.remove_server(&command.name).await
}

#[tauri::command]
pub(super) async fn review_server(decider: State<'_, Decider>, command: ask::ReviewServer) -> Result<(), Fault> {
    decider.review_server(&command.name).await
}
