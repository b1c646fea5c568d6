//! One run of the app: the lock on the home, the broker, the windows, and the way out.

use crate::cards::Cards;
use crate::cover::Covered;
use crate::settings::{self, Settings};
use crate::start::Start;
use crate::turn::Turn;
use crate::windows::{self, WebData};
use crate::{commands, events};
use broker::{Broker, Decisions, Home, Options};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, RunEvent, Wry};
use wire::{Fault, FaultCode};

/// How long the windows may take to go once the broker has stopped; then the process ends without them.
const PATIENCE: Duration = Duration::from_millis(500);

/// Variables that let another program drive or inspect the windows. Only a debug build, for its tests, bears them.
const REMOTE_CONTROL: [&str; 3] =
    ["TAURI_WEBVIEW_AUTOMATION", "WEBKIT_INSPECTOR_SERVER", "WEBKIT_INSPECTOR_HTTP_SERVER"];

/// Runs the app until it is told to stop.
pub(crate) fn run(start: Start) -> Result<(), Fault> {
    refuse_remote_control()?;
    run_async()?;
    windows::find_screen()?;
    let home = Home::find()?;
    let app = tauri::Builder::default()
        .plugin(single_instance(&home))
        .manage(Cards::default())
        .manage(Covered::default())
        .manage(Turn::default())
        .manage(WebData(home.run.join("webview")))
        .manage(Settings::open(home.config.join("settings.json")))
        .manage(home.clone())
        .invoke_handler(commands::handler())
        .on_window_event(windows::on_event)
        .build(tauri::generate_context!())
        .map_err(|error| Fault::new(FaultCode::Internal, format!("The windows could not be prepared: {error}.")))?;
    if start.quit {
        return Err(Fault::new(
            FaultCode::NoBroker,
            "Consentry is not running for this home, so there is nothing to end.",
        ));
    }
    open(app.handle(), home, start)?;
    app.run(|_, event| {
        // The last window closing is not the end of the app; only an exit with a code is.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    Ok(())
}

/// The broker's runtime, for all that Tauri does too, on a thread of its own: the main thread belongs to the windows.
fn run_async() -> Result<(), Fault> {
    let failed = |error| Fault::new(FaultCode::Internal, format!("The broker could not be started: {error}."));
    let runtime = broker::runtime().map_err(failed)?;
    tauri::async_runtime::set(runtime.handle().clone());
    let run = move || runtime.block_on(std::future::pending::<()>());
    std::thread::Builder::new().name("broker".into()).spawn(run).map_err(failed)?;
    Ok(())
}

/// Starts the broker, makes the windows and follows both.
fn open(app: &AppHandle, home: Home, start: Start) -> Result<(), Fault> {
    let options = Options {
        home,
        preset: None,
        decisions: Decisions::Windows,
        believe_conversations: false,
        // A headless broker that runs for this home makes way: where there are windows, they decide.
        take_over: true,
    };
    let (broker, decider) = tauri::async_runtime::block_on(broker::start(options))?;
    app.manage(broker.clone());
    app.manage(decider);
    settings::show(app, app.state::<Settings>().preferences().theme);
    windows::warm_prompt(app)
        .map_err(|error| Fault::new(FaultCode::Internal, format!("The prompt window could not be made: {error}.")))?;
    if !start.hidden {
        windows::open_main(app);
    }
    tauri::async_runtime::spawn(events::follow(app.clone(), broker.clone()));
    #[cfg(target_os = "linux")]
    tauri::async_runtime::spawn(crate::tray::follow(app.clone(), broker.clone()));
    tauri::async_runtime::spawn(end(app.clone(), broker));
    Ok(())
}

/// Ends the app once the broker has stopped: after a signal, for another broker that takes over, or after `--quit`.
async fn end(app: AppHandle, broker: Broker) {
    broker.stopped().await;
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        std::process::exit(0);
    });
    app.exit(0);
}

/// A second start for the same home hands its wish to the first and ends. The broker's lock is what keeps two apart;
/// this is only the courtesy that brings up the window.
fn single_instance(home: &Home) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new()
        .dbus_id(bus_name(home))
        .callback(|app, arguments, _folder| {
            let start = Start::read(arguments.into_iter().skip(1).map(Into::into)).unwrap_or_default();
            tauri::async_runtime::spawn(hand_over(app.clone(), start));
        })
        .build()
}

/// What a later start wants from the app that runs.
async fn hand_over(app: AppHandle, start: Start) {
    if start.quit {
        if let Some(broker) = app.try_state::<Broker>() {
            broker.stop().await;
        }
    } else if !start.hidden {
        windows::open_main(&app);
    }
}

/// The name on the session bus: one per home, so that homes don't hinder each other.
fn bus_name(home: &Home) -> String {
    let digest = Sha256::digest(home.run.as_os_str().as_encoded_bytes());
    format!("app.consentry.desktop.h{}", hex::encode(&digest[..8]))
}

/// A window that another program can drive asks nobody.
fn refuse_remote_control() -> Result<(), Fault> {
    let set = REMOTE_CONTROL.iter().find(|name| std::env::var_os(name).is_some());
    match set {
        Some(name) if !cfg!(debug_assertions) => Err(Fault::new(
            FaultCode::NotHere,
            format!("{name} is set: another program could click in Consentry's windows. Start it without {name}."),
        )),
        _ => Ok(()),
    }
}
