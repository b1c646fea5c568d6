//! What may go back to a client. For now every inspected result is released as it came; what stands is that nothing
//! reaches a client that has not passed here.

use crate::inspect::{self, Finding};
use bytes::Bytes;

/// Proof that these very bytes may go to the client.
#[derive(Debug)]
pub struct Released {
    bytes: Bytes,
    findings: Vec<Finding>,
}

impl Released {
    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What inspection saw in them.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// Inspects what a server sent (a result, an error, the parameters of a notification) and releases it.
pub fn release(raw: Bytes) -> Released {
    let findings = inspect::result(&raw);
    Released { bytes: raw, findings }
}
