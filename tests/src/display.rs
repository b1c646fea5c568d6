//! A display of the test's own, and hands at it: real keys, clicks and windows, as the X server delivers them, which no
//! page can tell from a person's.

use crate::home::Home;
use crate::process::{DEADLINE, Lines, Running, until};
use std::collections::HashMap;
use std::process::Command;
use std::time::Instant;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, InputFocus,
    KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, MapState, StackMode, Window, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Keys, by the number that X gives their meaning (X11 `keysymdef.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Goes on to the next control.
    Tab,
    /// Goes back to the one before: with Shift held.
    BackTab,
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// The space bar.
    Space,
    /// The arrow down.
    Down,
    /// To the end of what scrolls, or of a line.
    End,
    /// Takes away the letter before.
    Backspace,
    /// Enter, with Control held.
    ControlEnter,
    /// A letter, digit or sign, with Shift held where the keyboard needs it.
    Plain(char),
}

const SHIFT: u32 = 0xFFE1;
const CONTROL: u32 = 0xFFE3;

impl Key {
    /// What is held, and what is pressed.
    fn symbols(self) -> (Option<u32>, u32) {
        match self {
            Self::Tab => (None, 0xFF09),
            Self::BackTab => (Some(SHIFT), 0xFF09),
            Self::Enter => (None, 0xFF0D),
            Self::Escape => (None, 0xFF1B),
            Self::Space => (None, 0x20),
            Self::Down => (None, 0xFF54),
            Self::End => (None, 0xFF57),
            Self::Backspace => (None, 0xFF08),
            Self::ControlEnter => (Some(CONTROL), 0xFF0D),
            Self::Plain(c) => (None, u32::from(c)),
        }
    }

    /// What a page calls the key that is pressed (UI Events, `KeyboardEvent.key`).
    pub(crate) fn name(self) -> String {
        match self {
            Self::Tab | Self::BackTab => "Tab".to_owned(),
            Self::Enter | Self::ControlEnter => "Enter".to_owned(),
            Self::Escape => "Escape".to_owned(),
            Self::Space => " ".to_owned(),
            Self::Down => "ArrowDown".to_owned(),
            Self::End => "End".to_owned(),
            Self::Backspace => "Backspace".to_owned(),
            Self::Plain(c) => c.to_string(),
        }
    }
}

/// A key of the keyboard, and whether Shift has to be held for what is meant.
#[derive(Clone, Copy)]
struct Code {
    key: u8,
    shifted: bool,
}

/// An X server without a screen that anybody sees, and a connection to it.
pub struct Display {
    // Dropped first: the connection outlives no server.
    x: RustConnection,
    root: Window,
    codes: HashMap<u32, Code>,
    name: String,
    _server: Running,
}

impl Display {
    /// Starts one and tells the home of it. `None`, with the reason printed, where Xvfb is not installed.
    pub fn start(home: &mut Home) -> Option<Self> {
        if !Command::new("Xvfb").arg("-help").output().is_ok_and(|out| out.status.success()) {
            crate::skip("Xvfb is not installed");
            return None;
        }
        let mut command = home.command("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]);
        let mut server = Running::spawn("Xvfb", &mut command);
        let line = Lines::read("Xvfb", server.stdout()).next(Instant::now() + DEADLINE).unwrap_or_default();
        let number = String::from_utf8(line).unwrap_or_default();
        assert!(!number.trim().is_empty(), "Xvfb gave no display: {}", server.stderr.text());
        let name = format!(":{}", number.trim());
        home.set_env("DISPLAY", &name);
        let (x, screen) = x11rb::connect(Some(&name)).expect("a connection to the display");
        let root = x.setup().roots[screen].root;
        let codes = codes(&x);
        Some(Self { x, root, codes, name, _server: server })
    }

    /// Its name, such as `:99`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The window of this title, once it is on the screen.
    pub fn window(&self, title: &str) -> Window {
        until(&format!("a window of the title {title:?}"), || self.find(title))
    }

    /// Whether a window of this title is on the screen.
    pub fn shows(&self, title: &str) -> bool {
        self.find(title).is_some()
    }

    fn find(&self, title: &str) -> Option<Window> {
        self.children().into_iter().find(|w| self.is_mapped(*w) && self.title(*w) == title)
    }

    /// Gives a window the keys, as a window manager does when a person goes to it.
    pub fn focus(&self, window: Window) {
        self.x.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME).expect("the focus");
        self.settle();
    }

    /// Presses a key and lets it go.
    pub fn key(&self, key: Key) {
        let (held, pressed) = key.symbols();
        let pressed = *self.codes.get(&pressed).unwrap_or_else(|| panic!("the keyboard has no {key:?}"));
        let held = held.or(pressed.shifted.then_some(SHIFT)).map(|symbol| self.codes[&symbol].key);
        self.fake(held.map(|code| (KEY_PRESS_EVENT, code)), (0, 0));
        self.fake([(KEY_PRESS_EVENT, pressed.key), (KEY_RELEASE_EVENT, pressed.key)], (0, 0));
        self.fake(held.map(|code| (KEY_RELEASE_EVENT, code)), (0, 0));
        self.settle();
    }

    /// Presses keys one after the other.
    pub fn keys(&self, keys: &[Key]) {
        keys.iter().for_each(|key| self.key(*key));
    }

    /// Types letters, digits and signs.
    pub fn write(&self, text: &str) {
        text.chars().for_each(|c| self.key(Key::Plain(c)));
    }

    /// Holds a key down, so that it repeats, until told to let go.
    pub fn hold(&self, key: Key, held: impl FnOnce()) {
        let (with, pressed) = key.symbols();
        let codes: Vec<u8> = with.into_iter().chain([pressed]).map(|symbol| self.codes[&symbol].key).collect();
        self.fake(codes.iter().map(|code| (KEY_PRESS_EVENT, *code)), (0, 0));
        self.settle();
        held();
        self.fake(codes.iter().rev().map(|code| (KEY_RELEASE_EVENT, *code)), (0, 0));
        self.settle();
    }

    /// Clicks at a place of a window, in pixels from its corner.
    pub fn click(&self, window: Window, (x, y): (i16, i16)) {
        let place = self.x.translate_coordinates(window, self.root, x, y).expect("a request").reply().expect("a place");
        self.fake([(MOTION_NOTIFY_EVENT, 0)], (place.dst_x, place.dst_y));
        self.fake([(BUTTON_PRESS_EVENT, 1), (BUTTON_RELEASE_EVENT, 1)], (0, 0));
        self.settle();
    }

    /// Moves a window to a place on the screen.
    pub fn move_to(&self, window: Window, (x, y): (i32, i32)) {
        self.x.configure_window(window, &ConfigureWindowAux::new().x(x).y(y)).expect("a move");
        self.settle();
    }

    /// Gives a window another size.
    pub fn resize(&self, window: Window, (width, height): (u32, u32)) {
        self.x.configure_window(window, &ConfigureWindowAux::new().width(width).height(height)).expect("another size");
        self.settle();
    }

    /// Lays a window of our own over all of another, in front of everything, until [`Display::uncover`].
    pub fn cover(&self, window: Window) -> Window {
        let place = self.x.get_geometry(window).expect("a request").reply().expect("its size");
        let corner =
            self.x.translate_coordinates(window, self.root, 0, 0).expect("a request").reply().expect("its place");
        let cover = self.x.generate_id().expect("an id");
        let settings = CreateWindowAux::new().override_redirect(1).background_pixel(0);
        let (width, height) = (place.width, place.height);
        self.x
            .create_window(
                x11rb::COPY_DEPTH_FROM_PARENT,
                cover,
                self.root,
                corner.dst_x,
                corner.dst_y,
                width,
                height,
                0,
                WindowClass::INPUT_OUTPUT,
                x11rb::COPY_FROM_PARENT,
                &settings,
            )
            .expect("a window");
        self.x.map_window(cover).expect("it on the screen");
        self.x.configure_window(cover, &ConfigureWindowAux::new().stack_mode(StackMode::ABOVE)).expect("it in front");
        self.settle();
        cover
    }

    /// Takes it away again.
    pub fn uncover(&self, cover: Window) {
        self.x.destroy_window(cover).expect("its end");
        self.settle();
    }

    fn fake(&self, events: impl IntoIterator<Item = (u8, u8)>, (x, y): (i16, i16)) {
        for (kind, detail) in events {
            self.x.xtest_fake_input(kind, detail, 0, self.root, x, y, 0).expect("an event");
        }
    }

    /// Waits until the server has done what it was told.
    fn settle(&self) {
        self.x.get_input_focus().expect("a request").reply().expect("the server's answer");
    }

    fn children(&self) -> Vec<Window> {
        self.x.query_tree(self.root).expect("a request").reply().map(|tree| tree.children).unwrap_or_default()
    }

    fn is_mapped(&self, window: Window) -> bool {
        let shown = self.x.get_window_attributes(window).expect("a request").reply();
        shown.is_ok_and(|shown| shown.map_state == MapState::VIEWABLE)
    }

    fn title(&self, window: Window) -> String {
        use x11rb::protocol::xproto::AtomEnum;
        let name = self.x.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 256);
        let name = name.expect("a request").reply().map(|name| name.value).unwrap_or_default();
        String::from_utf8_lossy(&name).into_owned()
    }
}

/// Which key of the keyboard means what, by symbol; what takes no Shift goes first.
fn codes(x: &RustConnection) -> HashMap<u32, Code> {
    let (first, last) = (x.setup().min_keycode, x.setup().max_keycode);
    let map = x.get_keyboard_mapping(first, last - first + 1).expect("a request").reply().expect("the keyboard");
    let per_key = usize::from(map.keysyms_per_keycode);
    let column = |shifted: bool| {
        let symbols = map.keysyms.chunks(per_key).map(move |symbols| symbols.get(usize::from(shifted)).copied());
        (first..=last).zip(symbols).filter_map(move |(key, symbol)| Some((symbol?, Code { key, shifted })))
    };
    column(true).chain(column(false)).collect()
}
