//! The real broker, without a window.

use crate::home::{Home, Ran};
use crate::process::{DEADLINE, Running};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// How long everything may take to end after SIGTERM.
pub const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// `consentry broker` in a home.
pub struct Broker {
    /// The process.
    pub process: Running,
}

impl Broker {
    /// A broker that takes decisions from the command line, ready for work.
    pub fn start(home: &Home) -> Self {
        Self::start_with(home, &["--decisions", "cli", "--preset", "cautious"])
    }

    /// A broker with these arguments, ready for work.
    pub fn start_with(home: &Home, args: &[&str]) -> Self {
        let broker = Self::spawn(home, args);
        broker.wait_until_ready();
        broker
    }

    /// A broker that may or may not come up.
    pub fn spawn(home: &Home, args: &[&str]) -> Self {
        let words = [&["broker"], args].concat();
        Self { process: Running::spawn("the broker", &mut home.consentry(&words)) }
    }

    /// Waits until it says that it is ready; stops the test when it ends instead.
    pub fn wait_until_ready(&self) {
        self.process.stderr.wait_for("the broker is ready", DEADLINE);
    }

    /// Runs a broker that should refuse to start, to its end.
    pub fn refuses(home: &Home, args: &[&str]) -> Ran {
        let words = [&["broker"], args].concat();
        Ran::of("consentry broker", &mut home.consentry(&words), DEADLINE)
    }

    /// SIGTERM; everything must have ended in time. How long it took.
    pub fn stop(&mut self) -> Duration {
        let began = Instant::now();
        self.process.signal(Signal::TERM);
        // What the kernel takes to hand out time on a busy machine is not the broker's.
        self.process.wait(ENDS_WITHIN + Duration::from_secs(3));
        began.elapsed()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The most memory it ever held, in MB.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        kilobytes.unwrap_or(0) / 1024
    }
}
