//! The icon in the tray: how many questions wait, pause, and stop all. It is a StatusNotifierItem on the session bus, so
//! it needs no library of the desktop's and a desktop without a tray loses nothing but it. It can tighten and show; it
//! can't say yes, and it lifts no stop.

use crate::windows;
use broker::{AnsweredBy, Broker};
use ksni::menu::{MenuItem, StandardItem};
use ksni::{Icon, Status, ToolTip, Tray, TrayMethods};
use tauri::AppHandle;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use wire::Event;

/// How long a pause lasts, in minutes.
const PAUSE: u32 = 30;

/// What a person picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Review,
    Open,
    Pause,
    Show,
    Stop,
    Quit,
}

/// What the icon says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    waiting: usize,
    stopped: bool,
    quiet: bool,
}

impl Said {
    fn now(broker: &Broker, waiting: usize) -> Self {
        Self { waiting, stopped: broker.is_stopped(), quiet: broker.quiet_until().is_some() }
    }

    /// The first line of the menu, and what a pointer over the icon is told.
    fn line(self) -> String {
        match (self.stopped, self.waiting) {
            (true, _) => "Everything is stopped".to_owned(),
            (false, 0) => "Nothing waits for you".to_owned(),
            (false, 1) => "1 question waits".to_owned(),
            (false, n) => format!("{n} questions wait"),
        }
    }
}

/// Shows the icon and follows the broker until it stops.
pub(crate) async fn follow(app: AppHandle, broker: Broker) {
    let (wishes, mut wished) = mpsc::unbounded_channel();
    let said = Said::now(&broker, broker.waiting());
    // A tray that comes later, with a panel that starts later, gets the icon then.
    let tray = Face { said, wishes };
    let handle = match tray.assume_sni_available(true).spawn().await {
        Ok(handle) => handle,
        Err(error) => return tracing::info!(%error, "there is no tray here"),
    };
    let mut events = broker.events();
    let mut shown = said;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(Event::Inbox | Event::Status) | Err(RecvError::Lagged(_)) => {
                    let now = Said::now(&broker, broker.waiting());
                    if now != shown {
                        shown = now;
                        handle.update(|face: &mut Face| face.said = now).await;
                    }
                }
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            },
            Some(wish) = wished.recv() => grant(&app, &broker, wish).await,
        }
    }
}

async fn grant(app: &AppHandle, broker: &Broker, wish: Wish) {
    match wish {
        Wish::Review => windows::review(app).await,
        Wish::Open => windows::open_main(app),
        Wish::Pause => broker.pause(PAUSE),
        Wish::Show => broker.pause(0),
        Wish::Stop => {
            if let Err(fault) = broker.stop_all(AnsweredBy::Window).await {
                tracing::error!(%fault, "the stop could not be written; it holds until the app ends");
            }
        }
        Wish::Quit => broker.stop().await,
    }
}

/// The icon and its menu.
#[derive(Debug)]
struct Face {
    said: Said,
    wishes: mpsc::UnboundedSender<Wish>,
}

impl Face {
    fn item(label: impl Into<String>, enabled: bool, wish: Wish) -> MenuItem<Self> {
        let activate = move |face: &mut Self| {
            // Nobody follows any more once the app ends.
            let _ = face.wishes.send(wish);
        };
        StandardItem { label: label.into(), enabled, activate: Box::new(activate), ..StandardItem::default() }.into()
    }
}

impl Tray for Face {
    fn id(&self) -> String {
        "app.consentry.desktop".into()
    }

    fn title(&self) -> String {
        format!("Consentry: {}", self.said.line())
    }

    fn status(&self) -> Status {
        if self.said.waiting > 0 || self.said.stopped { Status::NeedsAttention } else { Status::Active }
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        vec![drawn(false)]
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        vec![drawn(true)]
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: "Consentry".into(), description: self.said.line(), ..ToolTip::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        let wish = if self.said.waiting > 0 { Wish::Review } else { Wish::Open };
        // Nobody follows any more once the app ends.
        let _ = self.wishes.send(wish);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let Said { waiting, stopped, quiet } = self.said;
        let pause = match quiet {
            true => Self::item("Show prompts again", true, Wish::Show),
            false => Self::item("Pause prompts for 30 minutes", true, Wish::Pause),
        };
        let stop = match stopped {
            // Lifted where it can be seen what is lifted.
            true => Self::item("Lift the stop in the window…", true, Wish::Open),
            false => Self::item("Stop all", true, Wish::Stop),
        };
        vec![
            Self::item(self.said.line(), waiting > 0, Wish::Review),
            MenuItem::Separator,
            Self::item("Open Consentry", true, Wish::Open),
            pause,
            stop,
            MenuItem::Separator,
            Self::item("Quit (no agent can act)", true, Wish::Quit),
        ]
    }
}

/// The drawing as the protocol wants it, ARGB with the highest byte first; with a dot in its corner where something
/// waits.
fn drawn(dotted: bool) -> Icon {
    let image = tauri::include_image!("../icons/tray.png");
    let (width, height) = (image.width(), image.height());
    let mut data = Vec::with_capacity(image.rgba().len());
    for (at, pixel) in (0u32..).zip(image.rgba().chunks_exact(4)) {
        let (x, y) = (at % width, at / width);
        // A disc of a quarter of the width, in the upper right corner.
        let radius = width / 4;
        let (dx, dy) = (x.abs_diff(width - radius - 1), y.abs_diff(radius));
        match dotted && dx * dx + dy * dy <= radius * radius {
            true => data.extend([0xFF, 0xD9, 0x2D, 0x20]),
            false => data.extend([pixel[3], pixel[0], pixel[1], pixel[2]]),
        }
    }
    Icon { width: i32::try_from(width).unwrap_or(0), height: i32::try_from(height).unwrap_or(0), data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(waiting: usize, stopped: bool, quiet: bool) -> Face {
        Face { said: Said { waiting, stopped, quiet }, wishes: mpsc::unbounded_channel().0 }
    }

    fn labels(face: &Face) -> Vec<String> {
        let label = |item: MenuItem<Face>| match item {
            MenuItem::Standard(item) => Some(item.label),
            _ => None,
        };
        face.menu().into_iter().filter_map(label).collect()
    }

    #[test]
    fn the_menu_says_what_waits_and_offers_no_yes() {
        assert_eq!(
            labels(&face(3, false, false)),
            [
                "3 questions wait",
                "Open Consentry",
                "Pause prompts for 30 minutes",
                "Stop all",
                "Quit (no agent can act)"
            ]
        );
        assert_eq!(
            labels(&face(0, true, true))[..4],
            ["Everything is stopped", "Open Consentry", "Show prompts again", "Lift the stop in the window…"]
        );
        assert_eq!(face(1, false, false).title(), "Consentry: 1 question waits");
    }

    #[test]
    fn the_icon_has_all_its_pixels_and_a_dot_where_something_waits() {
        let (plain, dotted) = (drawn(false), drawn(true));
        assert_eq!(plain.data.len(), usize::try_from(plain.width * plain.height * 4).unwrap());
        assert_eq!(plain.data.len(), dotted.data.len());
        assert_ne!(plain.data, dotted.data);
        assert_eq!(face(0, false, false).status() as u8, Status::Active as u8);
    }
}
