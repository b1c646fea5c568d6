//! The one place that touches JavaScript: the app's commands and events, the clock, and what the page knows of itself.

use crate::clock::Local;
use js_sys::{Date, JSON, Reflect};
use leptos::prelude::{document, request_animation_frame, window};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, JsValue, wasm_bindgen};
use web_sys::{Element, HtmlElement, KeyboardEvent, ResizeObserver, VisibilityState};
use wire::command::Command;
use wire::{Event, Fault, FaultCode};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["window", "__TAURI_INTERNALS__"], js_name = invoke)]
    async fn invoke(command: &str, arguments: JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["window", "__TAURI_INTERNALS__"], js_name = transformCallback)]
    fn register(callback: &JsValue) -> Result<JsValue, JsValue>;
}

/// Asks the app. A refusal is the app's own fault value; anything else means that the app did not answer.
pub(crate) async fn call<C: Command>(command: C) -> Result<C::Reply, Fault> {
    let arguments = serde_json::to_string(&command)
        .ok()
        .and_then(|fields| JSON::parse(&format!("{{\"command\":{fields}}}")).ok())
        .ok_or_else(|| Fault::new(FaultCode::Internal, "The request could not be put into words."))?;
    match invoke(C::NAME, arguments).await {
        Ok(reply) => read(&reply).ok_or_else(|| unanswered("its answer could not be read")),
        Err(refusal) => Err(read(&refusal).unwrap_or_else(|| unanswered(&words(&refusal)))),
    }
}

/// Calls `heard` for each event that the app sends to this window, for as long as the page lives.
pub(crate) async fn listen(heard: impl Fn(Event) + 'static) -> Result<(), Fault> {
    let callback = Closure::<dyn Fn(JsValue)>::new(move |message: JsValue| {
        let payload = Reflect::get(&message, &"payload".into()).unwrap_or_default();
        if let Some(event) = read::<Event>(&payload) {
            heard(event);
        }
    });
    let handler = register(&callback.into_js_value()).map_err(|e| unanswered(&words(&e)))?;
    let arguments = serde_json::json!({
        "event": Event::NAME,
        "target": { "kind": "WebviewWindow", "label": label() },
        "handler": handler.as_f64(),
    });
    let arguments = JSON::parse(&arguments.to_string()).map_err(|e| unanswered(&words(&e)))?;
    invoke("plugin:event|listen", arguments).await.map(drop).map_err(|e| unanswered(&words(&e)))
}

/// Which window this page is: `prompt` or `main`.
pub(crate) fn label() -> String {
    let query = window().location().search().unwrap_or_default();
    let named = query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix("window="));
    named.map(String::from).or_else(own_label).unwrap_or_else(|| "main".into())
}

fn own_label() -> Option<String> {
    let mut at = JsValue::from(window());
    for step in ["__TAURI_INTERNALS__", "metadata", "currentWindow", "label"] {
        at = Reflect::get(&at, &step.into()).ok()?;
    }
    at.as_string()
}

/// Milliseconds since 1970-01-01 UTC.
pub(crate) fn now() -> f64 {
    Date::now()
}

/// The same as the broker writes its times.
pub(crate) fn now_ms() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a date fits into 53 bits")]
    let ms = now() as i64;
    ms
}

/// A moment of the broker in the person's own time zone.
pub(crate) fn local(ms: i64) -> Local {
    #[expect(clippy::cast_precision_loss, reason = "a date fits into 53 bits")]
    let date = Date::new(&JsValue::from_f64(ms as f64));
    let small = |n: u32| u8::try_from(n).unwrap_or_default();
    Local {
        year: i32::try_from(date.get_full_year()).unwrap_or_default(),
        month: small(date.get_month() + 1),
        day: small(date.get_date()),
        weekday: small(date.get_day()),
        hour: small(date.get_hours()),
        minute: small(date.get_minutes()),
        second: small(date.get_seconds()),
    }
}

/// Calls `then` once what was drawn until now has been on the screen: the frame that draws it has passed.
pub(crate) fn after_paint(then: impl FnOnce() + 'static) {
    request_animation_frame(move || request_animation_frame(then));
}

/// Follows the sizes of elements until it is dropped.
pub(crate) struct Sizes {
    observer: ResizeObserver,
    _changed: Closure<dyn Fn()>,
}

impl Sizes {
    /// Calls `changed` once for the sizes as they are, then whenever one is another.
    pub(crate) fn follow(elements: &[&Element], changed: impl Fn() + 'static) -> Option<Self> {
        let changed = Closure::<dyn Fn()>::new(changed);
        let observer = ResizeObserver::new(changed.as_ref().unchecked_ref()).ok()?;
        elements.iter().for_each(|element| observer.observe(element));
        Some(Self { observer, _changed: changed })
    }
}

impl Drop for Sizes {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Whether the page is on the screen at all.
pub(crate) fn is_visible() -> bool {
    document().visibility_state() == VisibilityState::Visible
}

/// Whether some control of the page has the keys.
pub(crate) fn has_focus_inside() -> bool {
    document().active_element().is_some_and(|at| !at.matches("body, html").unwrap_or(true))
}

/// What the address names after its `#`.
pub(crate) fn hash() -> String {
    window().location().hash().unwrap_or_default().trim_start_matches('#').to_owned()
}

/// Midnight of the person's day, so many days ago.
pub(crate) fn midnight(days_ago: u32) -> i64 {
    let date = Date::new(&JsValue::from_f64(now()));
    date.set_hours(0);
    date.set_minutes(0);
    date.set_seconds(0);
    date.set_milliseconds(0);
    date.set_date(date.get_date().wrapping_sub(days_ago));
    whole(date.get_time())
}

/// Midnight of a day as a date field writes it, `2026-11-22`, so many days later.
pub(crate) fn day(written: &str, days_later: u32) -> Option<i64> {
    let mut parts = written.split('-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let month = i32::try_from(month).ok()?.checked_sub(1)?;
    let day = i32::try_from(day.checked_add(days_later)?).ok()?;
    let date = Date::new_with_year_month_day(year, month, day);
    Some(date.get_time()).filter(|time| time.is_finite()).map(whole)
}

fn whole(ms: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a date fits into 53 bits")]
    let ms = ms as i64;
    ms
}

/// Has this window look light or dark; nothing follows the system.
pub(crate) fn set_theme(theme: &str) {
    let Some(root) = document().document_element() else { return };
    let _unneeded =
        if theme.is_empty() { root.remove_attribute("data-theme") } else { root.set_attribute("data-theme", theme) };
}

/// A slash goes to the field for searching, where the page has one and nobody types.
pub(crate) fn seek(event: &KeyboardEvent) {
    let typing = document().active_element().is_some_and(|at| at.matches("input, textarea, select").unwrap_or(false));
    if event.key() != "/" || typing || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    if let Some(field) = document().get_element_by_id("search").and_then(|at| at.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        let _unfocusable = field.focus();
    }
}

/// J and K go through a list and pick, the arrows go through it while the focus is in it. Not while somebody types.
pub(crate) fn walk_list(event: &KeyboardEvent) {
    let (down, picks) = match event.key().as_str() {
        "j" => (true, true),
        "k" => (false, true),
        "ArrowDown" => (true, false),
        "ArrowUp" => (false, false),
        _ => return,
    };
    let focused = document().active_element();
    let inside =
        |selector: &str| focused.as_ref().is_some_and(|f| f.closest(selector).is_ok_and(|found| found.is_some()));
    let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
    if modified || inside("input, textarea, select") || (!picks && !inside(".list")) {
        return;
    }
    let Ok(found) = document().query_selector_all(".list > button") else { return };
    let items: Vec<HtmlElement> = (0..found.length()).filter_map(|i| found.get(i)?.dyn_into().ok()).collect();
    let is_here = |item: &HtmlElement| focused.as_ref() == Some(item.as_ref()) || item.has_attribute("aria-current");
    let next = match items.iter().position(is_here) {
        None => 0,
        Some(at) if down => at + 1,
        Some(at) => at.saturating_sub(1),
    };
    let Some(next) = items.get(next) else { return };
    event.prevent_default();
    let _unfocusable = next.focus();
    if picks {
        next.click();
    }
}

/// A panic is a fault of ours: it is written where a developer looks, and the page says that it stopped.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
        if let Some(body) = document().body() {
            // Nothing on this page can be trusted to answer any more: the style sheet covers it and says so.
            let _unneeded = body.set_attribute("data-stopped", "");
        }
    }));
}

fn read<T: serde::de::DeserializeOwned>(value: &JsValue) -> Option<T> {
    // What a command without a reply resolves to has no JSON form.
    if value.is_undefined() {
        return serde_json::from_str("null").ok();
    }
    serde_json::from_str(&JSON::stringify(value).ok()?.as_string()?).ok()
}

fn words(value: &JsValue) -> String {
    value.as_string().unwrap_or_else(|| js_sys::Object::from(value.clone()).to_string().into())
}

fn unanswered(why: &str) -> Fault {
    Fault::new(FaultCode::NoBroker, format!("Consentry did not answer: {why}"))
}
