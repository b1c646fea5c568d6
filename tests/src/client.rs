//! An MCP client of our own, over the stdio of `consentry connect`: it can be polite, and it can be anything else.

use crate::home::Home;
use crate::process::{DEADLINE, Lines, Running};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{ChildStdin, Command, ExitStatus};
use std::time::{Duration, Instant};

/// The handshake revisions Consentry speaks, oldest first.
pub const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its bytes, without the line end.
    pub raw: String,
    /// What they say.
    pub value: Value,
}

/// A client connected to one server.
pub struct McpClient {
    /// `consentry connect`.
    pub process: Running,
    input: Option<ChildStdin>,
    lines: Lines,
    /// Received and not yet looked for.
    inbox: Vec<Message>,
    next_id: u64,
}

impl McpClient {
    /// Starts `consentry connect SERVER`; nothing is said yet.
    pub fn open(home: &Home, server: &str) -> Self {
        Self::open_with(home, &[server])
    }

    /// Starts `consentry connect ARGS…`; nothing is said yet.
    pub fn open_with(home: &Home, args: &[&str]) -> Self {
        Self::over(&mut home.consentry(&[&["connect"], args].concat()))
    }

    /// Starts `consentry connect SERVER` as the child of another program, which then is the client, not this test.
    pub fn open_under(home: &Home, server: &str) -> Self {
        let script = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))";
        let mut command = home.command("python3");
        command.args(["-c", script]).arg(crate::binary("consentry")).args(["connect", server]);
        Self::over(&mut command)
    }

    /// Speaks to any program that speaks MCP on its stdio.
    pub fn over(command: &mut Command) -> Self {
        let mut process = Running::spawn("connect", command);
        let input = Some(process.stdin());
        let lines = Lines::read("connect", process.stdout());
        Self { process, input, lines, inbox: Vec::new(), next_id: 1 }
    }

    /// Connects and shakes hands.
    pub fn connect(home: &Home, server: &str) -> Self {
        let mut client = Self::open(home, server);
        client.shake_hands("2025-06-18");
        client
    }

    /// A program that Consentry asks about: connects under another one, shakes hands while `answer` lets it in, and
    /// waits until it sees tools.
    pub fn let_in(home: &Home, server: &str, answer: impl FnOnce(&Value)) -> Self {
        let mut client = Self::open_under(home, server);
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test client", "version": "1"},
        });
        let id = client.request("initialize", hello);
        answer(&home.question("client"));
        client.reply(&id);
        client.notify("notifications/initialized", Value::Null);
        // Until it was let in it saw no tools; that it may look again follows the yes.
        while client.tools().is_empty() {
            client.notification("notifications/tools/list_changed");
        }
        client
    }

    /// `initialize` and `notifications/initialized`; the result of the first.
    pub fn shake_hands(&mut self, revision: &str) -> Value {
        let reply = self.ask(
            "initialize",
            json!({
                "protocolVersion": revision,
                "capabilities": {"roots": {"listChanged": true}, "sampling": {}, "elicitation": {}},
                "clientInfo": {"name": "test client", "version": "1"},
            }),
        );
        self.notify("notifications/initialized", Value::Null);
        assert!(reply["result"].is_object(), "initialize failed: {reply}; {}", self.process.stderr.text());
        reply["result"].clone()
    }

    /// Sends bytes as they are. A peer that is gone is no fault here: what it left behind shows it.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(bytes).and_then(|()| input.flush());
        }
    }

    /// Sends one message as a line.
    pub fn send(&mut self, message: &Value) {
        self.send_bytes(format!("{message}\n").as_bytes());
    }

    /// Sends a notification; `null` for no params.
    pub fn notify(&mut self, method: &str, params: Value) {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(&message);
    }

    /// Sends a request and returns its id; `null` for no params.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = json!(self.next_id);
        self.next_id += 1;
        self.request_as(&id, method, params);
        id
    }

    /// Sends a request with an id of the caller's choice.
    pub fn request_as(&mut self, id: &Value, method: &str, params: Value) {
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(&message);
    }

    /// Begins a call of a tool and returns its id.
    pub fn begin(&mut self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Takes a call back.
    pub fn cancel(&mut self, id: &Value) {
        self.notify("notifications/cancelled", json!({"requestId": id, "reason": "no longer needed"}));
    }

    /// Asks and waits for the reply, whole.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.reply(&id).value
    }

    /// Calls a tool and waits for the reply, whole.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let id = self.begin(tool, arguments);
        self.reply(&id).value
    }

    /// The names of the tools that are listed, over all pages.
    pub fn tools(&mut self) -> Vec<String> {
        self.definitions().iter().filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect()
    }

    /// The definitions of the tools that are listed, over all pages.
    pub fn definitions(&mut self) -> Vec<Value> {
        let mut tools = Vec::new();
        let mut params = Value::Null;
        for _ in 0..100 {
            let reply = self.ask("tools/list", params);
            let page = reply["result"]["tools"].as_array().unwrap_or_else(|| panic!("no list of tools: {reply}"));
            tools.extend(page.iter().cloned());
            let Some(cursor) = reply["result"].get("nextCursor") else { return tools };
            params = json!({"cursor": cursor});
        }
        panic!("the list of tools never ends");
    }

    /// Waits for the reply to a request.
    pub fn reply(&mut self, id: &Value) -> Message {
        self.wait_for(|message| message.get("method").is_none() && message.get("id") == Some(id))
    }

    /// Waits for the reply to a request; `None` when the other side ended instead.
    pub fn try_reply(&mut self, id: &Value) -> Option<Message> {
        let is_reply = |message: &Message| message.value.get("method").is_none() && message.value.get("id") == Some(id);
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(place) = self.inbox.iter().position(is_reply) {
                return Some(self.inbox.remove(place));
            }
            let line = self.lines.next(until)?;
            self.keep(&line);
        }
    }

    /// Waits for a notification.
    pub fn notification(&mut self, method: &str) -> Message {
        self.wait_for(|message| message["method"] == method && message.get("id").is_none())
    }

    /// Waits for a message; others that come first are kept.
    pub fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Message {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(place) = self.inbox.iter().position(|message| wanted(&message.value)) {
                return self.inbox.remove(place);
            }
            let Some(line) = self.lines.next(until) else {
                let kept: Vec<&str> = self.inbox.iter().map(|message| message.raw.as_str()).collect();
                panic!("connect ended first: {}; kept: {kept:.2000?}", self.process.stderr.text());
            };
            self.keep(&line);
        }
    }

    /// Everything that arrives until a ping is answered, in order: what came before the answer, came before it.
    pub fn settle(&mut self) -> Vec<Message> {
        let id = self.request("ping", Value::Null);
        self.reply(&id);
        std::mem::take(&mut self.inbox)
    }

    /// Whether the other side still answers: `Some` with all that came until it did, `None` if it ended instead.
    pub fn survives(&mut self) -> Option<Vec<Message>> {
        let id = self.request("ping", Value::Null);
        let until = Instant::now() + DEADLINE;
        while let Some(line) = self.lines.next(until) {
            self.keep(&line);
            if self.inbox.last().is_some_and(|message| message.value.get("id") == Some(&id)) {
                return Some(std::mem::take(&mut self.inbox));
            }
        }
        None
    }

    /// All that still arrives until the other side ends.
    pub fn drain(&mut self) -> Vec<Message> {
        let until = Instant::now() + DEADLINE;
        while let Some(line) = self.lines.next(until) {
            self.keep(&line);
        }
        std::mem::take(&mut self.inbox)
    }

    /// What arrives within a while, where nothing should.
    pub fn arrives_within(&mut self, within: Duration) -> Vec<Message> {
        while let Some(line) = self.lines.poll(within) {
            self.keep(&line);
        }
        std::mem::take(&mut self.inbox)
    }

    /// Whether a reply has come, without waiting for it.
    pub fn has_reply(&mut self, id: &Value) -> bool {
        while let Some(line) = self.lines.poll(Duration::ZERO) {
            self.keep(&line);
        }
        self.inbox.iter().any(|message| message.value.get("method").is_none() && message.value.get("id") == Some(id))
    }

    /// Closes our side and waits for the end.
    pub fn leave(&mut self) -> ExitStatus {
        self.input = None;
        self.process.wait(DEADLINE)
    }

    /// Ends at once, as a client that crashed.
    pub fn vanish(&mut self) {
        self.process.kill();
    }

    /// stdout of `connect` carries MCP only: a line that is no JSON-RPC message stops the test.
    fn keep(&mut self, line: &[u8]) {
        let raw = String::from_utf8(line.to_vec()).unwrap_or_else(|_| panic!("connect wrote bytes that are no text"));
        let raw = raw.trim_end_matches('\n').to_owned();
        let value: Value =
            serde_json::from_str(&raw).unwrap_or_else(|error| panic!("connect wrote no JSON ({error}): {raw:.500}"));
        assert_eq!(value["jsonrpc"], "2.0", "connect wrote no JSON-RPC: {raw:.500}");
        self.inbox.push(Message { raw, value });
    }
}

/// The text of a tool's result.
pub fn text(reply: &Value) -> &str {
    reply["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {reply}"))
}

/// Whether a call was carried out and went well.
pub fn went_well(reply: &Value) -> bool {
    reply["result"].is_object() && reply["result"]["isError"] != json!(true)
}

/// What was said where a call failed or was refused, as an error or as a result that is one. Stops the test otherwise.
pub fn refusal(reply: &Value) -> String {
    let said = if reply["error"].is_object() {
        reply["error"]["message"].as_str()
    } else {
        assert_eq!(reply["result"]["isError"], json!(true), "this should have been refused: {reply:.1000}");
        reply["result"]["content"][0]["text"].as_str()
    };
    let said = said.unwrap_or_else(|| panic!("refused without a word: {reply}")).to_owned();
    assert!(said.len() > 10, "refused without a sentence: {said:?}");
    said
}

/// What was said where a call ended in a JSON-RPC error with this code.
pub fn error(reply: &Value, code: i64) -> String {
    assert_eq!(reply["error"]["code"], json!(code), "another reply was expected: {reply:.1000}");
    refusal(reply)
}
