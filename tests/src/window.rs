//! The desktop app and its windows, used as a person uses them: found, read and clicked through WebDriver.
//!
//! The driver starts the app, so both live in one process group; a click is the driver's, made at the element's place
//! on the page, and it fails where something covers the element.

use crate::home::Home;
use crate::process::{DEADLINE, Running, ends, until};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::future::Future;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The app, its windows, and the driver between us and them.
pub struct App {
    runtime: Runtime,
    client: Client,
    driver: Running,
    pid: Pid,
}

/// One window of the app: the one the driver looks at, until another is asked for.
pub struct Page<'a> {
    app: &'a App,
}

impl App {
    /// Starts the app in a home, on the display and the bus of the environment.
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        let port = free_port();
        let mut command = home.command("WebKitWebDriver");
        command.arg(format!("--port={port}")).env("TAURI_WEBVIEW_AUTOMATION", "true").env("GDK_BACKEND", "x11");
        for name in ["DISPLAY", "XAUTHORITY"].into_iter().filter(|_| !home.has_env("DISPLAY")) {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        let driver = Running::spawn("WebKitWebDriver", &mut command);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        until("the driver to listen", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
        let client = runtime.block_on(connect(port, arguments));
        let pid = child_of(driver.pid());
        Self { runtime, client, driver, pid }
    }

    /// The app's process.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// What the app wrote to stderr.
    pub fn stderr(&self) -> String {
        self.driver.stderr.text()
    }

    /// The window with this label, once there is one.
    pub fn window(&self, label: &str) -> Page<'_> {
        until(&format!("the window {label}"), || {
            let handles = self.wait("the list of windows", self.client.windows());
            handles.into_iter().map(|handle| self.look_at(handle)).find(|page| page.label() == label)
        })
    }

    /// Ends the app as the end of a login would, and returns how long it took.
    pub fn stop(self) -> Duration {
        let start = Instant::now();
        // One that has ended already will do.
        let _ = kill_process(self.pid, Signal::TERM);
        assert!(ends(self.pid(), DEADLINE), "the app did not end; it said: {}", self.stderr());
        start.elapsed()
    }

    fn look_at(&self, handle: fantoccini::wd::WindowHandle) -> Page<'_> {
        self.wait("a look at a window", self.client.switch_to_window(handle));
        Page { app: self }
    }

    fn wait<T>(&self, what: &str, future: impl Future<Output = Result<T, CmdError>>) -> T {
        match self.runtime.block_on(async { tokio::time::timeout(DEADLINE, future).await }) {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => panic!("{what} failed: {error}; the app said: {}", self.stderr()),
            Err(_) => panic!("{what} took too long; the app said: {}", self.stderr()),
        }
    }
}

impl Page<'_> {
    /// Whether the window is on the screen.
    pub fn is_visible(&self) -> bool {
        self.run("return document.visibilityState") == "visible"
    }

    /// Waits until there is an element for this CSS selector that can be pressed, and clicks on it.
    pub fn click(&self, selector: &str) {
        let element = until(&format!("{selector} to be pressed"), || {
            self.try_element(selector)
                .filter(|element| self.app.runtime.block_on(element.is_enabled()).unwrap_or(false))
        });
        self.app.wait("a click", element.click());
    }

    /// Clicks on such an element if it is on the page and can be pressed. Whether it was.
    pub fn try_click(&self, selector: &str) -> bool {
        self.try_element(selector).is_some_and(|element| self.app.runtime.block_on(element.click()).is_ok())
    }

    /// Waits until a script, the body of a function, gives `true`.
    pub fn wait_until(&self, what: &str, script: &str) {
        let limit = Instant::now() + DEADLINE;
        until(what, || {
            let holds = self.run(script) == true;
            let shown = || self.run("return document.body.innerText");
            assert!(holds || Instant::now() < limit, "waited too long for {what}; the page says {}", shown());
            holds.then_some(())
        });
    }

    /// What a script, the body of a function, returns.
    pub fn run(&self, script: &str) -> Value {
        self.app.wait("a script", self.app.client.execute(script, Vec::new()))
    }

    /// A picture of the page, once it has painted what it holds, as a PNG file.
    pub fn screenshot(&self, file: &Path) {
        let painted = "const done = arguments[0]; document.fonts.ready.then(() => \
                       requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true), 60))))";
        self.app.wait("a painted page", self.app.client.execute_async(painted, Vec::new()));
        let picture = self.app.wait("a picture", self.app.client.screenshot());
        std::fs::write(file, picture).unwrap_or_else(|error| panic!("{} can't be written: {error}", file.display()));
    }

    fn label(&self) -> String {
        let label = self.run("return window.__TAURI_INTERNALS__?.metadata.currentWindow.label ?? null");
        label.as_str().unwrap_or_default().to_owned()
    }

    fn try_element(&self, selector: &str) -> Option<Element> {
        self.app.wait("a look", self.app.client.find_all(Locator::Css(selector))).into_iter().next()
    }
}

async fn connect(port: u16, arguments: &[&str]) -> Client {
    let options = json!({ "binary": crate::binary("consentry-desktop"), "args": arguments });
    let wanted = json!({ "webkitgtk:browserOptions": options });
    let Value::Object(wanted) = wanted else { unreachable!("an object was written") };
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(wanted);
    let connected = tokio::time::timeout(DEADLINE, builder.connect(&format!("http://127.0.0.1:{port}"))).await;
    connected.expect("the app in time").unwrap_or_else(|error| panic!("the app can't be driven: {error}"))
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its number").port()
}

/// The program that the driver started.
fn child_of(parent: u32) -> Pid {
    let list = format!("/proc/{parent}/task/{parent}/children");
    until("the app's process", || {
        let children = std::fs::read_to_string(&list).unwrap_or_default();
        children.split_whitespace().next()?.parse().ok().and_then(Pid::from_raw)
    })
}
