//! `mcpbench`: what stands between a client and a server costs. Standard library only, so that it costs nothing itself.
//!
//! ```text
//! mcpbench server                                    an MCP server on stdio whose one tool, a read, echoes its text
//! mcpbench client [-n CALLS] [-c IN_FLIGHT] [-t BYTES] -- COMMAND…
//!                                                    calls the tool through COMMAND; prints one JSON line, times in µs
//! mcpbench hub SOCKET -- COMMAND…                    runs COMMAND for each connection and copies bytes both ways
//! mcpbench bridge SOCKET                             copies stdio to SOCKET and back
//! ```
//!
//! `bridge` to `hub` to `server` is the floor of any broker in a process of its own: its hops, and no work.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks on its standard streams")]

use serde_json::{Value, json};
use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

type Done = Result<(), Box<dyn Error>>;

const USAGE: &str = "usage: mcpbench server | client [-n CALLS] [-c IN_FLIGHT] [-t BYTES] -- COMMAND… | hub SOCKET -- COMMAND… | bridge SOCKET";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["server"] => serve(io::stdin().lock(), io::stdout().lock()),
        ["client", rest @ ..] => Load::parse(rest).and_then(|load| load.measure()),
        ["hub", socket, "--", command @ ..] => hub(socket, command),
        ["bridge", socket] => bridge(socket),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("mcpbench: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Answers until its input ends.
fn serve(input: impl BufRead, mut output: impl Write) -> Done {
    for line in input.lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let Some(id) = request.get("id") else { continue };
        let reply = match answer(&request) {
            Some(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            None => json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no such method"}}),
        };
        writeln!(output, "{reply}")?;
        output.flush()?;
    }
    Ok(())
}

fn answer(request: &Value) -> Option<Value> {
    let params = &request["params"];
    match request["method"].as_str()? {
        "initialize" => Some(json!({
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "mcpbench", "version": env!("CARGO_PKG_VERSION")},
        })),
        "ping" => Some(json!({})),
        "tools/list" => Some(json!({"tools": [{
            "name": "echo",
            "description": "Gives back the text it is given.",
            "inputSchema": {
                "type": "object",
                "properties": {"text": {"type": "string"}},
                "required": ["text"],
                "additionalProperties": false,
            },
            "annotations": {"readOnlyHint": true, "destructiveHint": false, "openWorldHint": false},
        }]})),
        "tools/call" => {
            Some(json!({"content": [{"type": "text", "text": params["arguments"]["text"]}], "isError": false}))
        }
        _ => None,
    }
}

/// How many calls, how many of them at once, how much text in each, through what.
struct Load<'words> {
    calls: usize,
    in_flight: usize,
    bytes: usize,
    command: &'words [&'words str],
}

impl<'words> Load<'words> {
    fn parse(mut words: &'words [&'words str]) -> Result<Self, Box<dyn Error>> {
        let mut load = Load { calls: 1000, in_flight: 1, bytes: 64, command: &[] };
        loop {
            match words {
                ["-n", number, rest @ ..] => (load.calls, words) = (number.parse()?, rest),
                ["-c", number, rest @ ..] => (load.in_flight, words) = (number.parse()?, rest),
                ["-t", number, rest @ ..] => (load.bytes, words) = (number.parse()?, rest),
                ["--", command @ ..] if !command.is_empty() => {
                    load.command = command;
                    return Ok(load);
                }
                _ => return Err(USAGE.into()),
            }
        }
    }

    /// Opens the connection, makes all calls, prints the figures.
    fn measure(&self) -> Done {
        let start = Instant::now();
        let mut peer = Peer::spawn(self.command)?;
        let hello = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "mcpbench", "version": env!("CARGO_PKG_VERSION")},
        });
        peer.request("initialize", &hello)?;
        let ready = start.elapsed();
        peer.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        let listed = peer.request("tools/list", &json!({}))?;
        if !listed["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == "echo")) {
            return Err("the server lists no tool `echo`; is it trusted?".into());
        }
        let start = Instant::now();
        let mut times = self.call(&mut peer)?;
        let whole = start.elapsed();
        times.sort_unstable();
        let at = |share: f64| {
            let index = (times.len().saturating_sub(1) as f64 * share).round() as usize;
            times.get(index).map_or(0.0, micros)
        };
        let rate = self.calls as f64 / whole.as_secs_f64();
        println!(
            "{}",
            json!({"calls": self.calls, "in_flight": self.in_flight, "ready": micros(&ready), "p50": at(0.5), "p90": at(0.9),
                "p99": at(0.99), "calls_per_s": rate})
        );
        peer.close()
    }

    /// Keeps `in_flight` calls open until all were answered; gives how long each took.
    fn call(&self, peer: &mut Peer) -> Result<Vec<Duration>, Box<dyn Error>> {
        let text = "x".repeat(self.bytes);
        let mut sent = Vec::with_capacity(self.calls);
        let mut times = Vec::with_capacity(self.calls);
        while times.len() < self.calls {
            while sent.len() < self.calls && sent.len() - times.len() < self.in_flight {
                sent.push(Instant::now());
                peer.call_echo(sent.len() - 1, &text)?;
            }
            let reply = peer.receive()?;
            let number =
                reply["id"].as_u64().and_then(|id| usize::try_from(id).ok()).and_then(|id| id.checked_sub(FIRST_CALL));
            let Some(start) = number.and_then(|number| sent.get(number)) else { continue };
            if reply["result"]["content"][0]["text"].as_str() != Some(&text) {
                return Err(format!("a call came back as something else: {reply}").into());
            }
            times.push(start.elapsed());
        }
        Ok(times)
    }
}

fn micros(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Ids from here on belong to calls of the tool.
const FIRST_CALL: usize = 1000;

/// The process the client talks to.
struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    line: String,
    last_id: usize,
}

impl Peer {
    fn spawn(command: &[&str]) -> Result<Self, Box<dyn Error>> {
        let (input, output, child) = spawn(command)?;
        Ok(Self { child, input: Some(input), output: BufReader::new(output), line: String::new(), last_id: 0 })
    }

    fn send(&mut self, message: &Value) -> Done {
        let input = self.input.as_mut().ok_or("the connection is closed")?;
        Ok(input.write_all(format!("{message}\n").as_bytes())?)
    }

    fn call_echo(&mut self, number: usize, text: &str) -> Done {
        let id = FIRST_CALL + number;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": text}}}))
    }

    fn receive(&mut self) -> Result<Value, Box<dyn Error>> {
        self.line.clear();
        if self.output.read_line(&mut self.line)? == 0 {
            return Err("the connection ended early".into());
        }
        Ok(serde_json::from_str(&self.line)?)
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<Value, Box<dyn Error>> {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        loop {
            let mut reply = self.receive()?;
            if reply["id"] == json!(id) {
                return match reply.get("error") {
                    Some(error) => Err(format!("{method} was answered with {error}").into()),
                    None => Ok(reply["result"].take()),
                };
            }
        }
    }

    /// Ends the input and waits for the process to go.
    fn close(mut self) -> Done {
        self.input = None;
        self.child.wait()?;
        Ok(())
    }
}

fn spawn(command: &[&str]) -> Result<(ChildStdin, ChildStdout, Child), Box<dyn Error>> {
    let (program, words) = command.split_first().ok_or(USAGE)?;
    let mut child = Command::new(program).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(input), Some(output)) => Ok((input, output, child)),
        _ => Err("the process has no streams".into()),
    }
}

/// Serves connections until it is killed.
fn hub(socket: &str, command: &[&str]) -> Done {
    for connection in UnixListener::bind(socket)?.incoming() {
        let connection = connection?;
        let (input, output, mut child) = spawn(command)?;
        let upwards = connection.try_clone()?;
        std::thread::spawn(move || copy(upwards, input));
        std::thread::spawn(move || {
            copy(output, connection);
            // It ends with its input; what it says of itself then is of no interest.
            let _ = child.wait();
        });
    }
    Ok(())
}

fn bridge(socket: &str) -> Done {
    let stream = UnixStream::connect(socket)?;
    let upwards = stream.try_clone()?;
    std::thread::spawn(move || {
        copy(io::stdin(), &upwards);
        let _ = upwards.shutdown(std::net::Shutdown::Write);
    });
    copy(stream, io::stdout());
    Ok(())
}

/// Copies what comes, at once, until either side ends.
fn copy(mut from: impl Read, mut to: impl Write) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}
