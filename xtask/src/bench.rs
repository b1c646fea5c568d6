//! The corridor beside the direct connection and the floor, in one run: the figures of a noisy machine mean something
//! only against each other.

use crate::build::{self, Profile};
use crate::place::Place;
use crate::shell::{Steps, cargo, command, read, run};
use crate::test::apart;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Rounds of a run; each figure is the median over them.
pub(crate) const ROUNDS: usize = 7;

/// Calls of a round with one in flight, and with many.
const CALLS: [usize; 2] = [2_000, 20_000];
const IN_FLIGHT: [usize; 2] = [1, 32];

/// How long the broker may take to start, and to trust a server.
const START: Duration = Duration::from_secs(30);

/// Measures, and prints the figures beside their budgets.
pub(crate) fn bench(place: &Place, steps: &mut Steps, rounds: usize) -> Result<()> {
    steps.step("release build", || {
        run(&mut cargo(&place.root, &["build", "--release", "--package", "consentry", "--package", "e2e", "--bins"]))
    })?;
    let table = steps.step("rounds", || {
        let stage = Stage::set(place)?;
        let mut ways = [Way::new("direct"), Way::new("floor"), Way::new("consentry")];
        // The pages and caches of a first run belong to nobody's figures.
        for way in 0..ways.len() {
            stage.client(way, 1, 200)?;
        }
        for round in 1..=rounds.max(1) {
            println!("round {round}");
            // Side by side within a round, so that the machine's moods meet them alike.
            for (way, figures) in ways.iter_mut().enumerate() {
                figures.idle.push(stage.client(way, IN_FLIGHT[0], CALLS[0])?);
                figures.busy.push(stage.client(way, IN_FLIGHT[1], CALLS[1])?);
            }
        }
        Ok(Table { ways, memory: stage.memory()? })
    })?;
    table.print();
    Ok(())
}

/// Provenance: `lab` measures, since only it is built with the gate.
pub(crate) fn origins(place: &Place) -> Result<()> {
    run(&mut cargo(&place.root, &["run", "--release", "--package", "lab", "--", "origins"]))
}

/// The desktop app as people run it: from a request to its card, and what it costs while nothing happens.
pub(crate) fn card(place: &Place, steps: &mut Steps) -> Result<()> {
    build::build(place, steps, Profile::Release)?;
    let programs = place.target.join(Profile::Release.folder());
    steps.step("cards", || {
        let mut bench = command(&place.root, &[programs.join("cardbench")]);
        run(apart(&mut bench, place).env("CONSENTRY_BIN_DIR", &programs))
    })
}

/// The processes a run needs; they end with it.
struct Stage {
    bench: PathBuf,
    consentry: PathBuf,
    home: PathBuf,
    hub: Child,
    broker: Child,
}

impl Stage {
    fn set(place: &Place) -> Result<Self> {
        let programs = place.target.join("release");
        let (bench, consentry) = (programs.join("mcpbench"), programs.join("consentry"));
        let home = std::env::temp_dir().join(format!("consentry-bench-{}", std::process::id()));
        fs::create_dir_all(&home)?;
        let silent = |mut command: Command| command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let socket = home.join("hub.sock");
        let mut hub = command(&home, &[&bench]);
        hub.arg("hub").arg(&socket).arg("--").arg(&bench).arg("server");
        let mut broker = Self::consentry(&consentry, &home, &["broker", "--decisions", "cli"]);
        broker.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
        let stage = Self { hub: silent(hub)?, broker: silent(broker)?, bench, consentry, home };
        stage.appears(&socket)?;
        stage.appears(&stage.home.join("run/broker.sock"))?;
        let server = stage.bench.to_string_lossy().into_owned();
        run(&mut Self::consentry(&stage.consentry, &stage.home, &["server", "add", "null", "--", &server, "server"]))?;
        run(&mut Self::consentry(&stage.consentry, &stage.home, &["server", "trust", "null"]))?;
        Ok(stage)
    }

    fn consentry(program: &Path, home: &Path, words: &[&str]) -> Command {
        let mut command = command(home, &[program]);
        command.args(words).env("CONSENTRY_HOME", home);
        command
    }

    fn appears(&self, file: &Path) -> Result<()> {
        let start = Instant::now();
        while !file.exists() {
            if start.elapsed() > START {
                bail!("{} did not appear within {} s", file.display(), START.as_secs());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// One run of the client; `way` is the place in the table.
    fn client(&self, way: usize, in_flight: usize, calls: usize) -> Result<Figures> {
        let mut client = command(&self.home, &[&self.bench]);
        client.args(["client", "-n", &calls.to_string(), "-c", &in_flight.to_string(), "-t", "64", "--"]);
        match way {
            0 => client.arg(&self.bench).arg("server"),
            1 => client.arg(&self.bench).arg("bridge").arg(self.home.join("hub.sock")),
            _ => client.arg(&self.consentry).args(["connect", "null"]).env("CONSENTRY_HOME", &self.home),
        };
        let line = read(&mut client)?;
        let value: Value = serde_json::from_str(&line).with_context(|| format!("mcpbench printed {line:?}"))?;
        let number = |name: &str| value[name].as_f64().with_context(|| format!("mcpbench printed no {name}"));
        Ok(Figures { ready: number("ready")?, p50: number("p50")?, p99: number("p99")?, rate: number("calls_per_s")? })
    }

    /// What the broker holds in memory, in MB.
    fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.broker.id())).context("the broker is gone")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel tells no memory")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024.0)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in [&mut self.broker, &mut self.hub] {
            // Nothing of a measurement is worth keeping, and either may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// What one run of the client gave: times in µs, calls per second.
struct Figures {
    ready: f64,
    p50: f64,
    p99: f64,
    rate: f64,
}

/// All runs over one way.
struct Way {
    name: &'static str,
    idle: Vec<Figures>,
    busy: Vec<Figures>,
}

impl Way {
    fn new(name: &'static str) -> Self {
        Self { name, idle: Vec::new(), busy: Vec::new() }
    }
}

/// What a run found.
struct Table {
    ways: [Way; 3],
    memory: f64,
}

impl Table {
    fn print(&self) {
        println!("\n64-byte echo, medians of {} rounds; times in µs", self.ways[0].idle.len());
        println!(
            "{:<10} {:>9} {:>9} {:>9} {:>11} {:>11} {:>11}",
            "", "ready", "p50 of 1", "p99 of 1", "p50 of 32", "p99 of 32", "calls/s"
        );
        for Way { name, idle, busy } in &self.ways {
            println!(
                "{name:<10} {:>9.0} {:>9.0} {:>9.0} {:>11.0} {:>11.0} {:>11.0}",
                median(idle, |run| run.ready),
                median(idle, |run| run.p50),
                median(idle, |run| run.p99),
                median(busy, |run| run.p50),
                median(busy, |run| run.p99),
                median(busy, |run| run.rate),
            );
        }
        println!();
        for budget in self.budgets() {
            println!("{}  {}", if budget.holds { "kept  " } else { "MISSED" }, budget.text);
        }
    }

    fn budgets(&self) -> [Budget; 5] {
        let [_, floor, ours] = &self.ways;
        let p50 = median(&ours.idle, |run| run.p50) / median(&floor.idle, |run| run.p50);
        let rate = median(&ours.busy, |run| run.rate) / median(&floor.busy, |run| run.rate);
        let tail = median(&ours.idle, |run| run.p99) - median(&floor.idle, |run| run.p99);
        let ready = median(&ours.idle, |run| run.ready) / 1000.0;
        let calls: usize = (CALLS[0] + CALLS[1]) * ours.idle.len();
        [
            Budget { holds: p50 <= 1.3, text: format!("p50 {p50:.2} × floor (≤ 1.3)") },
            Budget { holds: rate >= 0.7, text: format!("calls/s at 32 in flight {rate:.2} × floor (≥ 0.7)") },
            Budget { holds: tail <= 1000.0, text: format!("p99 {tail:.0} µs over the floor (≤ 1000)") },
            Budget { holds: ready <= 50.0, text: format!("`connect` ready in {ready:.1} ms (≤ 50)") },
            Budget {
                holds: self.memory <= 80.0,
                text: format!("broker {:.0} MB resident after {calls} calls (≤ 80 after 10,000)", self.memory),
            },
        ]
    }
}

/// One budget and whether it was kept.
struct Budget {
    holds: bool,
    text: String,
}

fn median(runs: &[Figures], pick: impl Fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(pick).collect();
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => (values[count / 2 - 1] + values[count / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let runs = |values: &[f64]| -> Vec<Figures> {
            values.iter().map(|&p50| Figures { ready: 0.0, p50, p99: 0.0, rate: 0.0 }).collect()
        };
        assert!((median(&runs(&[9.0, 1.0, 2.0]), |run| run.p50) - 2.0).abs() < f64::EPSILON);
        assert!((median(&runs(&[4.0, 1.0, 2.0, 9.0]), |run| run.p50) - 3.0).abs() < f64::EPSILON);
    }
}
