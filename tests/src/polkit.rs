//! The real polkit on a bus of its own, and a person at its dialog. Needs root: polkit believes no other user who says that
//! a password was right.

use crate::home::Home;
use crate::process::{DEADLINE, Lines, Running, Written, until};
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};
use std::time::Instant;
use zbus::zvariant::Value;

/// Whom everything runs as: polkit asks root nothing.
const NOBODY: u32 = 65_534;
/// What distributions install ours as.
const ACTIONS: &str = "/usr/share/polkit-1/actions/app.consentry.policy";

/// The bus and the daemon.
pub struct Polkit {
    _bus: Running,
    _daemon: Running,
    address: String,
    bin: PathBuf,
}

/// The program that asks for passwords, for one process.
pub struct Agent {
    _process: Running,
    said: Lines,
    answers: ChildStdin,
}

/// What it was asked.
pub struct Dialog {
    /// The action.
    pub action: String,
    cookie: String,
    /// What the person reads.
    pub message: String,
}

impl Polkit {
    /// In a home that belongs to a user whom polkit asks. `None`, with the reason printed, where a part is missing.
    pub fn start(home: &mut Home) -> Option<Self> {
        let daemon = ["/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd"].into_iter().find(|p| Path::new(p).exists());
        let (Some(daemon), true, true) = (daemon, crate::is_root(), Path::new(ACTIONS).exists()) else {
            crate::skip("polkit with Consentry’s actions, or root, is missing");
            return None;
        };
        let address = format!("unix:path={}", home.root().join("system-bus").display());
        let configuration = home.root().join("system-bus.conf");
        let written = format!(
            "<busconfig><type>system</type><listen>{address}</listen><auth>EXTERNAL</auth><policy context='default'>\
             <allow user='*'/><allow own='*'/><allow send_destination='*'/><allow receive_sender='*'/></policy></busconfig>"
        );
        std::fs::write(&configuration, written).expect("the configuration of the bus");
        let mut command = home.command("dbus-daemon");
        command.args(["--nofork", "--nopidfile", "--print-address=1"]);
        command.arg(format!("--config-file={}", configuration.display()));
        let mut bus = Running::spawn("dbus-daemon", &mut command);
        Lines::read("dbus-daemon", bus.stdout()).next(Instant::now() + DEADLINE).expect("the bus");
        home.set_env("DBUS_SYSTEM_BUS_ADDRESS", &address);
        let mut daemon = Running::spawn("polkitd", &mut home.command(daemon));
        Written::read(daemon.stdout()).wait_for("Acquired the name", DEADLINE);
        let bin = home.root().join("bin");
        std::fs::create_dir(&bin).expect("a folder for programs");
        let own = |name: &str| crate::own_bin_dir().join(name);
        for program in [crate::binary("consentry"), own("polkit_agent"), own("fixture")] {
            let name = program.file_name().expect("a program has a name").to_owned();
            std::fs::copy(&program, bin.join(name)).expect("a program that the user can run");
        }
        give_away(home.root());
        Some(Self { _bus: bus, _daemon: daemon, address, bin })
    }

    /// A program of ours, as that user.
    pub fn command(&self, home: &Home, program: &str, words: &[&str]) -> Command {
        let mut command = home.command("setpriv");
        let user = NOBODY.to_string();
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--"]);
        command.arg(self.bin.join(program)).args(words);
        command
    }

    /// What was made in the home since belongs to the user, too.
    pub fn give_away_anew(&self, home: &Home) {
        give_away(home.root());
    }

    /// Where programs stand that the user can run.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// A client of that user's: a program that the broker can look at.
    pub fn client(&self, home: &Home, server: &str) -> Command {
        let mut command = home.command("setpriv");
        let user = NOBODY.to_string();
        let script = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))";
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--", "/usr/bin/python3", "-c", script]);
        command.arg(self.bin.join("consentry")).args(["connect", server]);
        command
    }

    /// Runs a command of ours that takes a proof, and gives it.
    pub fn confirmed(&self, home: &Home, words: &[&str]) {
        let (mut running, mut agent) = self.on_terminal(home, words);
        let stdout = Written::read(running.stdout());
        let dialog = agent.asked();
        self.password_was_right(&dialog);
        agent.answer("yes");
        let code = running.wait(DEADLINE).code();
        assert_eq!(code, Some(0), "{words:?}: {}", stdout.whole(DEADLINE));
    }

    /// A command of ours on a terminal, and who is asked for its password: it goes on once that is there.
    pub fn on_terminal(&self, home: &Home, words: &[&str]) -> (Running, Agent) {
        let (program, user) = (self.bin.join("consentry"), NOBODY.to_string());
        // The shell becomes the command, so that polkit knows whose agent it is.
        let pid_file = home.work().join("pid");
        let _none_before = std::fs::remove_file(&pid_file);
        let line = format!("echo $$ > {}; read go; exec {} {}", pid_file.display(), program.display(), words.join(" "));
        let mut command = home.command("setpriv");
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--", "script", "-qefc"]);
        command.arg(format!("sh -c '{line}'")).arg("/dev/null");
        let mut running = Running::spawn("a command on a terminal", &mut command);
        let pid = until("the shell on the terminal", || {
            std::fs::read_to_string(&pid_file).ok().filter(|pid| pid.ends_with('\n'))
        });
        let mut agent = Running::spawn("polkit_agent", &mut self.command(home, "polkit_agent", &[pid.trim()]));
        let (answers, lines) = (agent.stdin(), Lines::read("polkit_agent", agent.stdout()));
        let mut agent = Agent { _process: agent, said: lines, answers };
        assert_eq!(agent.asked().action, "registered");
        writeln!(running.stdin(), "go").expect("the terminal");
        (running, agent)
    }

    /// Tells polkit what the helper that checks passwords would tell it: that it was right.
    pub fn password_was_right(&self, dialog: &Dialog) {
        let bus = zbus::blocking::connection::Builder::address(self.address.as_str()).expect("an address");
        let bus = bus.build().expect("the bus");
        let identity: (&str, HashMap<&str, Value<'_>>) = ("unix-user", HashMap::from([("uid", NOBODY.into())]));
        let (at, interface) = ("/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority");
        let said = (NOBODY, dialog.cookie.as_str(), identity);
        bus.call_method(Some("org.freedesktop.PolicyKit1"), at, Some(interface), "AuthenticationAgentResponse2", &said)
            .expect("polkit listens");
    }
}

impl Agent {
    /// The next that it is asked, or told.
    pub fn asked(&mut self) -> Dialog {
        let line = self.said.next(Instant::now() + DEADLINE).expect("the agent says something");
        let line = String::from_utf8(line).expect("text");
        let mut parts = line.trim_end().splitn(3, '\t').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        Dialog { action: part(), cookie: part(), message: part() }
    }

    /// Closes the dialog so.
    pub fn answer(&mut self, how: &str) {
        writeln!(self.answers, "{how}").expect("the agent listens");
    }
}

/// All of it belongs to the user from now on.
fn give_away(folder: &Path) {
    let user = NOBODY.to_string();
    let given = Command::new("chown").args(["-R", &format!("{user}:{user}")]).arg(folder).status();
    assert!(given.is_ok_and(|status| status.success()), "{} can't be given away", folder.display());
}
