//! The usual beginning: a home, a broker, a trusted server.

use crate::client::{refusal, went_well};
use crate::{Broker, Fixture, Home, McpClient, Person, Ran, Say, Watch};
use crate::{process::DEADLINE, watch};
use serde_json::Value;

/// A broker that decides from the command line, with one server named `notes` that is trusted.
pub struct Scene {
    // Dropped in this order: the broker first, so that it can't start anything while the rest goes.
    /// The broker.
    pub broker: Broker,
    /// The server.
    pub server: Fixture,
    /// The home.
    pub home: Home,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// With a server that behaves.
    pub fn new() -> Self {
        Self::lying(&[])
    }

    /// With a server that behaves like this from its start.
    pub fn lying(lies: &[&str]) -> Self {
        Self::within(Home::new(), lies)
    }

    /// In a home that was prepared.
    pub fn within(home: Home, lies: &[&str]) -> Self {
        let scene = Self::untrusted(home, lies);
        scene.server.trust(&scene.home);
        scene
    }

    /// The same, before the server is trusted.
    pub fn untrusted(home: Home, lies: &[&str]) -> Self {
        let broker = Broker::start(&home);
        Self::with(broker, home, lies)
    }

    /// A broker that asks by flow.
    pub fn balanced() -> Self {
        Self::balanced_in(Home::new())
    }

    /// The same, in a home that was prepared.
    pub fn balanced_in(home: Home) -> Self {
        Self::started(home, &["--decisions", "cli", "--preset", "balanced"])
    }

    /// With a broker that has these arguments.
    pub fn started(home: Home, args: &[&str]) -> Self {
        let scene = Self::with(Broker::start_with(&home, args), home, &[]);
        scene.server.trust(&scene.home);
        scene
    }

    fn with(broker: Broker, home: Home, lies: &[&str]) -> Self {
        let server = Fixture::lying(&home, "notes", lies);
        server.add(&home);
        Self { broker, server, home }
    }

    /// A client that shook hands.
    pub fn client(&self) -> McpClient {
        McpClient::connect(&self.home, &self.server.name)
    }

    /// Watches the questions.
    pub fn watch(&self) -> Watch {
        Watch::start(&self.home)
    }

    /// Somebody who answers.
    pub fn person(&self, answer: impl FnMut(&Value) -> Say + Send + 'static) -> Person {
        Person::start(&self.home, answer)
    }

    /// Says yes.
    pub fn approve(&self, question: &Value) -> Ran {
        Ran::of("approvals approve", &mut watch::approve(&self.home, question), DEADLINE)
    }

    /// Says no.
    pub fn reject(&self, question: &Value) -> Ran {
        Ran::of("approvals reject", &mut watch::reject(&self.home, question), DEADLINE)
    }

    /// Calls a tool that asks, and answers: yes, and the call goes well, or no, and it is refused.
    pub fn answer(&self, watch: &mut Watch, client: &mut McpClient, (tool, arguments): (&str, Value), yes: bool) {
        let asked = client.begin(tool, arguments);
        let question = watch.question(tool);
        if yes {
            self.approve(&question).succeeded();
            assert!(went_well(&client.reply(&asked).value));
        } else {
            self.reject(&question).succeeded();
            refusal(&client.reply(&asked).value);
        }
    }

    /// A path for a note, in the work folder.
    pub fn note(&self, name: &str) -> String {
        self.home.work().join(name).to_string_lossy().into_owned()
    }

    /// What the log holds of this name with the first entry of this kind.
    pub fn logged(&self, kind: &str, name: &str) -> Value {
        let entries = self.home.audit();
        let seq = entries.iter().find(|e| e["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))["seq"].to_string();
        let detail = self.home.json(&["audit", "show", &seq]).succeeded().value();
        let bodies = detail["bodies"].as_array().expect("bodies");
        let found = bodies.iter().find(|body| body[0] == name).unwrap_or_else(|| panic!("no {name}: {detail}"));
        serde_json::from_str(found[1].as_str().expect("text")).expect("JSON")
    }
}
