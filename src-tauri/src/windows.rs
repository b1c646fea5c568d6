//! The two windows: the prompt, kept warm and hidden until a question waits, and the main window.
//!
//! Whatever changes how a window lies on the screen starts the card's delay again, in the broker and in the page, so
//! that no click meant for something else can be a yes.

use crate::cards::Cards;
use crate::cover::{self, Covered};
use crate::turn::Turn;
use broker::{Broker, Decider};
use std::path::PathBuf;
use tauri::webview::{NewWindowResponse, PermissionResponse};
use tauri::{AppHandle, Emitter, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Window, WindowEvent};
use wire::{Event, Fault, FaultCode};

/// The label of the window that shows one card.
pub(crate) const PROMPT: &str = "prompt";
/// The label of the window with inbox, activity and servers.
pub(crate) const MAIN: &str = "main";

/// Where the web views keep what they cache: a folder that outlives no login.
pub(crate) struct WebData(pub(crate) PathBuf);

/// Fails where there is no screen to show a window on.
pub(crate) fn find_screen() -> Result<(), Fault> {
    let named = ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if cfg!(target_os = "linux") && !named {
        return Err(Fault::new(
            FaultCode::Internal,
            "There is no display to open a window on. Without one, run `consentry broker --decisions cli`.",
        ));
    }
    Ok(())
}

/// Makes the prompt, loaded and hidden, so that a question is on the screen at once.
pub(crate) fn warm_prompt(app: &AppHandle) -> tauri::Result<()> {
    // It never takes the focus by itself: what the person types elsewhere must not end up here.
    prepare(app, PROMPT)
        .title("Consentry asks")
        .inner_size(560.0, 720.0)
        .min_inner_size(420.0, 480.0)
        .center()
        .prevent_overflow()
        .always_on_top(true)
        .focused(false)
        .visible(false)
        .build()
        .map(|window| follow_cover(&window))
}

/// Shows the main window and brings it to the front, making it first if need be.
pub(crate) fn open_main(app: &AppHandle) {
    let opened = match app.get_webview_window(MAIN) {
        Some(window) => window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus()),
        None => prepare(app, MAIN)
            .title("Consentry")
            .inner_size(1120.0, 760.0)
            .min_inner_size(640.0, 480.0)
            .center()
            .prevent_overflow()
            .build()
            .map(|window| follow_cover(&window)),
    };
    if let Err(error) = opened {
        tracing::error!(%error, "the main window could not be opened");
    }
}

/// Puts the prompt on the screen if it is not there yet. Returns whether it was not.
pub(crate) async fn open_prompt(app: &AppHandle) -> bool {
    let Some(window) = app.get_webview_window(PROMPT) else { return false };
    if window.is_visible().unwrap_or(false) {
        return false;
    }
    if let Err(error) = window.show() {
        tracing::error!(%error, "the prompt could not be shown; the question waits in the inbox");
    }
    rearm(app, PROMPT).await;
    true
}

/// Brings the prompt to the front, for a person who asked to see it.
pub(crate) async fn review(app: &AppHandle) {
    open_prompt(app).await;
    let Some(window) = app.get_webview_window(PROMPT) else { return };
    if let Err(error) = window.set_focus() {
        tracing::warn!(%error, "the prompt could not be brought to the front");
    }
}

/// Puts a question away: it stays in the inbox, and the prompt is free for the next.
pub(crate) async fn pass(app: &AppHandle, id: &str) {
    if id == wire::command::BATCH {
        let shown = app.state::<Turn>().current(&app.state::<Broker>()).await.batch;
        for item in shown.into_iter().flat_map(|batch| batch.items) {
            app.state::<Broker>().later(&item.question.id).await;
            app.state::<Turn>().pass(&item.question.id);
        }
        return;
    }
    app.state::<Broker>().later(id).await;
    app.state::<Turn>().pass(id);
}

/// Closes the prompt if no question is left for it.
pub(crate) async fn settle_prompt(app: &AppHandle) {
    let Some(window) = app.get_webview_window(PROMPT) else { return };
    if nothing_waits(app).await {
        hide(&window).await;
    }
}

/// Closes a prompt that has no question and did not close by itself, and has its page begin anew.
pub(crate) async fn renew_prompt(app: &AppHandle) {
    let Some(window) = app.get_webview_window(PROMPT) else { return };
    if window.is_visible().unwrap_or(false) && nothing_waits(app).await {
        hide(&window).await;
        renew(&window);
    }
}

async fn nothing_waits(app: &AppHandle) -> bool {
    let current = app.state::<Turn>().current(&app.state::<Broker>()).await;
    current.question.is_none() && current.flood.is_none()
}

/// Whether the person is looking at one of our windows now.
pub(crate) fn any_focused(app: &AppHandle) -> bool {
    app.webview_windows().values().any(|window| window.is_focused().unwrap_or(false))
}

/// Closing a window only hides it: the broker stays. Any change of its place or focus arms its card anew.
pub(crate) fn on_event(window: &Window, event: &WindowEvent) {
    let app = window.app_handle().clone();
    let label = window.label().to_owned();
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            tauri::async_runtime::spawn(async move { put_away(&app, &label).await });
        }
        WindowEvent::Moved(_)
        | WindowEvent::Resized(_)
        | WindowEvent::ScaleFactorChanged { .. }
        | WindowEvent::Focused(true) => {
            tauri::async_runtime::spawn(async move { rearm(&app, &label).await });
        }
        _ => {}
    }
}

/// A prompt that is closed by the person is a Later for its card. Its page is told by beginning anew.
async fn put_away(app: &AppHandle, label: &str) {
    let Some(window) = app.get_webview_window(label) else { return };
    let cards = app.state::<Cards>().of(label);
    hide(&window).await;
    if label != PROMPT {
        return;
    }
    for id in cards {
        pass(app, &id).await;
    }
    renew(&window);
}

/// What a page held is gone; it asks again for what it should show.
fn renew(window: &WebviewWindow) {
    if let Err(error) = window.reload() {
        tracing::warn!(%error, "the prompt could not begin anew");
    }
}

async fn hide(window: &WebviewWindow) {
    off_the_screen(window.app_handle(), window.state::<Cards>().clear(window.label())).await;
    if let Err(error) = window.hide() {
        tracing::error!(%error, window = window.label(), "a window could not be hidden");
    }
}

/// Nobody sees these cards any more.
async fn off_the_screen(app: &AppHandle, cards: Vec<String>) {
    let decider = app.state::<Decider>();
    for id in cards {
        decider.card_hidden(&id).await;
    }
}

/// Starts the delay of the window's card again, here first and then in the page.
async fn rearm(app: &AppHandle, label: &str) {
    if app.state::<Cards>().of(label).is_empty() {
        return;
    }
    app.state::<Decider>().rearm().await;
    if let Err(error) = app.emit_to(label, Event::NAME, Event::Rearm) {
        tracing::warn!(%error, "a window was not told to arm its card again");
    }
}

/// A card under another window is off the screen; when it is free, it begins anew.
fn follow_cover(window: &WebviewWindow) {
    let (app, label) = (window.app_handle().clone(), window.label().to_owned());
    cover::watch(window, move |covered| {
        if !app.state::<Covered>().set(&label, covered) {
            return;
        }
        let (app, label) = (app.clone(), label.clone());
        tauri::async_runtime::spawn(async move {
            if covered {
                off_the_screen(&app, app.state::<Cards>().of(&label)).await;
            }
            rearm(&app, &label).await;
        });
    });
}

/// What both windows share: our page alone, nothing loaded, opened, saved or permitted beside it.
fn prepare<'a>(app: &'a AppHandle, label: &str) -> WebviewWindowBuilder<'a, tauri::Wry, AppHandle> {
    WebviewWindowBuilder::new(app, label, WebviewUrl::App(format!("index.html?window={label}").into()))
        .data_directory(app.state::<WebData>().0.clone())
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .on_permission_request(|_, _| PermissionResponse::Deny)
        .general_autofill_enabled(false)
        .devtools(false)
}

/// Whether an address is the app's own page: `tauri://localhost`, or `http://tauri.localhost` where a scheme of one's
/// own is not to be had.
fn is_ours(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" => cfg!(target_os = "windows") && url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_goes_nowhere_but_to_our_page() {
        assert!(is_ours(&"tauri://localhost/index.html?window=prompt".parse().unwrap()));
        for foreign in [
            "https://localhost/",
            "http://tauri.localhost.example/",
            "tauri://elsewhere/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "about:blank",
        ] {
            assert!(!is_ours(&foreign.parse().unwrap()), "{foreign}");
        }
    }
}
