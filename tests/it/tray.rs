//! The icon in the tray, seen from where a panel stands: on the session bus.

use e2e::client::{refusal, went_well};
use e2e::process::until;
use e2e::{DEADLINE, Stage};
use serde_json::json;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, Proxy};
use zbus::zvariant::{OwnedValue, Value};

/// The part of a panel that icons report to (StatusNotifierItem, `org.kde.StatusNotifierWatcher`).
struct Watcher {
    items: Sender<String>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: &str) {
        let _ = self.items.send(service.to_owned());
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        Vec::new()
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// A panel that comes up after the app, as panels do.
fn panel(address: &str) -> (Connection, Receiver<String>) {
    let (items, arrived) = channel();
    let bus = Builder::address(address)
        .and_then(|b| b.serve_at("/StatusNotifierWatcher", Watcher { items }))
        .and_then(|b| b.name("org.kde.StatusNotifierWatcher"))
        .and_then(Builder::build)
        .expect("a panel on the bus");
    (bus, arrived)
}

/// An entry of a menu (`com.canonical.dbusmenu`): its id, its properties, its own entries.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// The icon as the panel knows it.
struct Icon {
    bus: Connection,
    service: String,
}

impl Icon {
    fn title(&self) -> String {
        let item = Proxy::new(&self.bus, self.service.as_str(), "/StatusNotifierItem", "org.kde.StatusNotifierItem");
        item.expect("the icon").get_property("Title").expect("its title")
    }

    fn menu(&self) -> Proxy<'_> {
        Proxy::new(&self.bus, self.service.as_str(), "/MenuBar", "com.canonical.dbusmenu").expect("its menu")
    }

    /// The entries, by their words.
    fn entries(&self) -> HashMap<String, i32> {
        let asked: (u32, Layout) =
            self.menu().call("GetLayout", &(0i32, -1i32, Vec::<String>::new())).expect("the entries");
        let entry = |entry: OwnedValue| {
            let (id, properties, _): Layout = entry.try_into().ok()?;
            Some((String::try_from(properties.get("label")?.try_clone().ok()?).ok()?, id))
        };
        asked.1.2.into_iter().filter_map(entry).collect()
    }

    fn pick(&self, words: &str) {
        let entries = self.entries();
        let id = *entries.get(words).unwrap_or_else(|| panic!("no {words:?} in {entries:?}"));
        let () = self.menu().call("Event", &(id, "clicked", Value::from(0i32), 0u32)).expect("a click");
    }

    fn wait_for_title(&self, words: &str) {
        until(&format!("the icon to say {words:?}"), || self.title().contains(words).then_some(()));
    }
}

#[test]
fn the_icon_counts_what_waits_pauses_and_stops_and_can_say_no_yes() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let (bus, arrived) = panel(stage.bus());
    let service = arrived.recv_timeout(DEADLINE).expect("the icon reports to a panel that came later");
    let icon = Icon { bus, service };
    icon.wait_for_title("Nothing waits");
    let asked = client.begin("send_mail", json!({"to": "ann@example.org", "subject": "s", "body": "b"}));
    icon.wait_for_title("1 question waits");
    let words: Vec<String> = icon.entries().into_keys().collect();
    assert!(words.iter().all(|words| !words.to_lowercase().contains("approve")), "{words:?}");
    icon.pick("Pause prompts for 30 minutes");
    stage.app.window("prompt");
    icon.pick("Show prompts again");
    icon.pick("Stop all");
    refusal(&client.reply(&asked).value);
    icon.wait_for_title("stopped");
    refusal(&client.call("echo", json!({"text": "stopped"})));
    // Lifting it is the window's.
    icon.pick("Lift the stop in the window…");
    refusal(&client.call("echo", json!({"text": "still stopped"})));
    stage.press(&stage.main(), "Let agents act again");
    icon.wait_for_title("Nothing waits");
    assert!(went_well(&client.call("echo", json!({"text": "going on"}))));
    icon.pick("Quit (no agent can act)");
    stage.wait_until("the app to end", |home| !home.socket().exists() || home.run(&["approvals", "list"]).code != 0);
}
