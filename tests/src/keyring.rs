//! A keychain of the test's own: gnome-keyring on a private D-Bus.

use crate::home::Home;
use crate::process::{DEADLINE, Lines, Running};
use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

/// A bus and the keychain on it; both end with the value.
pub struct Keyring {
    _bus: Running,
    _daemon: Running,
    address: String,
}

impl Keyring {
    /// Starts both and gives their address to the home. `None`, with the reason printed, where they are not installed.
    pub fn start(home: &mut Home) -> Option<Self> {
        for program in ["dbus-daemon", "dbus-send", "gnome-keyring-daemon"] {
            if !installed(program) {
                crate::skip(&format!("{program} is not installed"));
                return None;
            }
        }
        let configuration = home.root().join("bus.conf");
        std::fs::write(&configuration, bus_configuration(home)).expect("the configuration of the bus");
        let mut command = home.command("dbus-daemon");
        command.args(["--nofork", "--nopidfile", "--print-address=1"]);
        command.arg(format!("--config-file={}", configuration.display()));
        let mut bus = Running::spawn("dbus-daemon", &mut command);
        let line = Lines::read("dbus-daemon", bus.stdout()).next(Instant::now() + DEADLINE);
        let address = String::from_utf8(line.unwrap_or_default()).unwrap_or_default().trim().to_owned();
        assert!(!address.is_empty(), "the bus gave no address: {}", bus.stderr.text());
        home.set_env("DBUS_SESSION_BUS_ADDRESS", &address);
        let daemon = unlocked(home);
        let keyring = Self { _bus: bus, _daemon: daemon, address };
        keyring.wait_until_ready(home);
        Some(keyring)
    }

    /// The address of the bus.
    pub fn address(&self) -> &str {
        &self.address
    }

    fn wait_until_ready(&self, home: &Home) {
        let until = Instant::now() + DEADLINE;
        loop {
            let asked = home
                .command("dbus-send")
                .args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
                .args(["org.freedesktop.Secret.Service.ReadAlias", "string:default"])
                .output();
            // Until a default collection is there, the first secret would ask for a password in a window.
            if asked.is_ok_and(|out| out.status.success() && String::from_utf8_lossy(&out.stdout).contains("login")) {
                return;
            }
            assert!(Instant::now() < until, "the keychain did not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A bus without service files: nothing is started on it but what the test starts.
fn bus_configuration(home: &Home) -> String {
    format!(
        "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
         <policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>\
         <allow own='*'/></policy></busconfig>",
        home.root().join("bus").display()
    )
}

fn unlocked(home: &Home) -> Running {
    let mut command = home.command("gnome-keyring-daemon");
    command.args(["--unlock", "--components=secrets", "--foreground"]);
    let mut daemon = Running::spawn("gnome-keyring-daemon", &mut command);
    let _ = daemon.stdin().write_all(b"a password for tests");
    daemon
}

fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}
