//! The calling program: what the operating system proved of it, beside what it says of itself.

use crate::call::Digest;

/// A client as one process: (pid, start time) is the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The proved program's path.
    pub program: String,
    /// SHA-256 of the program, hex.
    pub sha256: String,
    /// For interpreters: the script it runs.
    pub script: Option<String>,
    /// The proved identity: program and script with their hashes.
    pub identity: Digest,
    /// Its process id.
    pub pid: u32,
    /// When the process started, in the kernel's clock ticks since boot.
    pub start_time: u64,
    /// The programs above it, nearest first.
    pub parents: Vec<String>,
    /// Foreign: what it calls itself (`--client`, `clientInfo`).
    pub claimed: Option<String>,
}

impl Client {
    /// A short name from what was proved: the script's or the program's file name.
    pub fn name(&self) -> &str {
        let path = self.script.as_deref().unwrap_or(&self.program);
        path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or(path)
    }

    /// The instance, for scopes that end with the process.
    pub fn instance(&self) -> String {
        format!("{}-{}", self.pid, self.start_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_by_what_was_proved() {
        let mut client = Client {
            program: "/usr/bin/node".into(),
            sha256: String::new(),
            script: None,
            identity: Digest([0; 32]),
            pid: 7,
            start_time: 9,
            parents: vec![],
            claimed: Some("Claude Desktop".into()),
        };
        assert_eq!(client.name(), "node");
        client.script = Some("/opt/agent/cli.js".into());
        assert_eq!(client.name(), "cli.js");
        assert_eq!(client.instance(), "7-9");
    }
}
