//! From the broker to the screen: each event goes to the windows, and a question that arrives brings up the prompt.

use crate::notify::{self, Notice};
use crate::settings::Settings;
use crate::turn::Turn;
use crate::windows;
use broker::Broker;
use std::time::Duration;
use tauri::{AppHandle, Emitter, Manager};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use wire::Event;

/// How long the prompt stays without a question. Its page shows the outcome of the last one and closes by itself long
/// before; this is for a page that doesn't.
const LINGER: Duration = Duration::from_secs(20);

/// What may have changed when nobody knows what did.
const EVERYTHING: [Event; 7] =
    [Event::Inbox, Event::Activity, Event::Servers, Event::Status, Event::Grants, Event::Policies, Event::Clients];

/// Follows the broker until it stops.
pub(crate) async fn follow(app: AppHandle, broker: Broker) {
    let mut events = broker.events();
    let mut screen = Screen { app, broker, closes_at: None, notice: None, told: Vec::new(), logins: Vec::new() };
    screen.app.state::<Turn>().until_loaded().await;
    screen.look().await;
    screen.tell_unguarded();
    screen.tell_logins();
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = until(screen.closes_at) => {
                screen.closes_at = None;
                windows::renew_prompt(&screen.app).await;
                continue;
            }
        };
        match event {
            Ok(event) => screen.tell(event).await,
            // Some were missed: everything may have changed.
            Err(RecvError::Lagged(_)) => {
                for event in EVERYTHING {
                    screen.tell(event).await;
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// What is on the screen because of a question.
struct Screen {
    app: AppHandle,
    broker: Broker,
    /// When the prompt goes, unless another question arrives.
    closes_at: Option<Instant>,
    /// The question that was announced last; dropping it takes the notification away.
    notice: Option<Notice>,
    /// Entries of clients that were announced, by what stands for each as it was.
    told: Vec<String>,
    /// Logins that were announced: the server, and whether it wants more than it has.
    logins: Vec<(String, bool)>,
}

impl Screen {
    async fn tell(&mut self, event: Event) {
        if let Err(error) = self.app.emit(Event::NAME, event) {
            tracing::warn!(%error, ?event, "the windows were not told");
        }
        if event == Event::Inbox {
            self.look().await;
        }
        if event == Event::Clients {
            self.tell_unguarded();
        }
        if event == Event::Servers {
            self.tell_logins();
        }
        if event == Event::Status {
            self.tell_suspensions();
        }
    }

    /// Announces what clients run around Consentry since lately, each once. While it is to be quiet it waits in the inbox.
    fn tell_unguarded(&mut self) {
        let now = self.broker.unguarded();
        let fresh: Vec<_> = now.iter().filter(|view| !self.told.contains(&view.digest)).cloned().collect();
        self.told = now.into_iter().map(|view| view.digest).collect();
        if self.may_notify() && !fresh.is_empty() {
            notify::unguarded(&self.app, &fresh);
        }
    }

    /// Announces servers that want a login since lately, each once.
    fn tell_logins(&mut self) {
        let now = self.broker.logins_wanted();
        let fresh = now.iter().find(|login| !self.logins.contains(login)).cloned();
        self.logins = now;
        if let Some((server, more)) = fresh.filter(|_| self.may_notify()) {
            notify::login(&self.app, &server, more);
        }
    }

    /// Announces what rules suspended: also while it is to be quiet, for something is wrong.
    fn tell_suspensions(&self) {
        for what in self.broker.suspensions() {
            if self.app.state::<Settings>().preferences().notifications {
                notify::suspended(&self.app, &what);
            }
        }
    }

    /// Whether the person wants to be told, and looks at no window of ours that says it already.
    fn may_notify(&self) -> bool {
        let wanted = self.app.state::<Settings>().preferences().notifications;
        wanted && self.broker.quiet_until().is_none() && !windows::any_focused(&self.app)
    }

    /// Brings the prompt in line with what waits.
    async fn look(&mut self) {
        if self.broker.quiet_until().is_some() {
            self.notice = None;
            return;
        }
        let current = self.app.state::<Turn>().current(&self.broker).await;
        let Some(question) = current.question else {
            self.notice = None;
            if current.flood.is_some() {
                self.closes_at = None;
                windows::open_prompt(&self.app).await;
            } else {
                self.closes_at.get_or_insert(Instant::now() + LINGER);
            }
            return;
        };
        self.closes_at = None;
        // Before the prompt opens: whoever works in one of our windows needs no notification.
        let wanted = self.app.state::<Settings>().preferences().notifications;
        let unseen = wanted && !windows::any_focused(&self.app);
        windows::open_prompt(&self.app).await;
        if self.notice.as_ref().is_some_and(|notice| notice.id == question.id) {
            return;
        }
        self.notice = unseen.then(|| notify::announce(&self.app, &self.broker, &question, current.of));
    }
}

/// Waits for that moment; for none, for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
