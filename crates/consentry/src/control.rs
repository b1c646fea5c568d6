//! One conversation with the broker over its control socket.

use crate::proof;
use bridge::frame::{Lines, write_line};
use bridge::{Hello, hello};
use broker::Home;
use std::io;
use std::time::Duration;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use wire::control::{Reply, Request};
use wire::proof::{Given, ProofView};
use wire::{Fault, FaultCode};

/// The longest answer that is read, in bytes.
const MAX_REPLY: usize = 256 * 1024 * 1024;

/// How long the broker may take for one answer: trusting a server may take 30 s, reading a long log some more.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection to the broker of a home.
pub(crate) struct Control {
    lines: Lines<OwnedReadHalf>,
    out: OwnedWriteHalf,
}

impl Control {
    /// Connects to the broker that runs for this home. Only `connect` may start one.
    ///
    /// # Errors
    /// `NoBroker` when none runs.
    pub(crate) async fn open(home: &Home) -> Result<Self, Fault> {
        let stream = bridge::connect(&home.socket()).await.map_err(|error| no_broker(home, &error))?;
        let (read, mut out) = stream.into_split();
        let mut lines = Lines::new(read);
        lines.set_limit(MAX_REPLY);
        let hello = Hello::Control { version: hello::VERSION };
        tokio::io::AsyncWriteExt::write_all(&mut out, &hello.line()).await.map_err(|error| lost(&error))?;
        Ok(Self { lines, out })
    }

    /// Connects to the broker of this user's home.
    ///
    /// # Errors
    /// As [`Control::open`], or when there is no home.
    pub(crate) async fn find() -> Result<Self, Fault> {
        Self::open(&Home::find()?).await
    }

    /// Sends a request without waiting for its answer.
    ///
    /// # Errors
    /// When the broker is gone.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<(), Fault> {
        let line = serde_json::to_vec(request).map_err(|error| Fault::new(FaultCode::Internal, error.to_string()))?;
        write_line(&mut self.out, &line).await.map_err(|error| lost(&error))
    }

    /// The next line from the broker, however long it takes; `None` when it closed the connection.
    ///
    /// # Errors
    /// The broker's own fault, or when it can't be understood.
    pub(crate) async fn next(&mut self) -> Result<Option<Reply>, Fault> {
        let Some(line) = self.lines.next().await.map_err(|error| lost(&error))? else { return Ok(None) };
        let line = line.within_limit().map_err(|fault| Fault::new(FaultCode::Internal, fault.to_string()))?;
        match serde_json::from_slice(&line) {
            Ok(Reply::Fault(fault)) => Err(fault),
            Ok(reply) => Ok(Some(reply)),
            Err(_) => Err(Fault::new(
                FaultCode::Internal,
                "The broker's answer was not understood: it may be of another version. Restart Consentry.",
            )),
        }
    }

    /// Asks and waits for the answer. A decision that is not taken here is asked again with a proof, where there is a
    /// person to give one.
    ///
    /// # Errors
    /// The broker's own fault, or when it is gone or does not answer.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Reply, Fault> {
        match self.ask_unproved(request).await {
            Err(fault) if fault.code == FaultCode::NotHere => {
                // A broker that tells nothing takes nothing.
                let means = self.proof_means().await.map_err(|_| fault.clone())?;
                match proof::given(&means)? {
                    Some(given) => self.ask_proved(given, request.clone()).await,
                    None => Err(fault),
                }
            }
            other => other,
        }
    }

    /// How the person could prove to be there.
    ///
    /// # Errors
    /// As [`Control::ask`].
    pub(crate) async fn proof_means(&mut self) -> Result<ProofView, Fault> {
        match self.ask_unproved(&Request::ProofMeans).await? {
            Reply::ProofMeans(means) => Ok(means),
            other => Err(unexpected(&other)),
        }
    }

    async fn ask_proved(&mut self, given: Given, request: Request) -> Result<Reply, Fault> {
        self.ask_unproved(&Request::Proved { given, request: Box::new(request) }).await
    }

    /// Asks for something to be done, with its proof.
    ///
    /// # Errors
    /// As [`Control::ask`].
    pub(crate) async fn order_proved(&mut self, given: Given, request: Request) -> Result<(), Fault> {
        match self.ask_proved(given, request).await? {
            Reply::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    async fn ask_unproved(&mut self, request: &Request) -> Result<Reply, Fault> {
        self.send(request).await?;
        let reply = tokio::time::timeout(PATIENCE, self.next()).await.map_err(|_| {
            Fault::new(FaultCode::Internal, format!("The broker did not answer within {} seconds.", PATIENCE.as_secs()))
        })??;
        reply.ok_or_else(stopped)
    }

    /// Asks for something to be done that has nothing to answer.
    ///
    /// # Errors
    /// As [`Control::ask`].
    pub(crate) async fn order(&mut self, request: &Request) -> Result<(), Fault> {
        match self.ask(request).await? {
            Reply::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }
}

/// The broker ended while we were talking to it.
pub(crate) fn stopped() -> Fault {
    Fault::new(FaultCode::NoBroker, "The broker stopped.")
}

/// The broker answered something that does not belong to the question.
pub(crate) fn unexpected(reply: &Reply) -> Fault {
    let kind = serde_json::to_value(reply).ok().and_then(|value| value.get("reply").map(ToString::to_string));
    let kind = kind.unwrap_or_default();
    Fault::new(FaultCode::Internal, format!("The broker gave an answer of another kind ({kind}). Restart Consentry."))
}

/// Why the broker's socket did not take us.
pub(crate) fn no_broker(home: &Home, error: &io::Error) -> Fault {
    if is_absent(error) {
        let hint = "Start the Consentry app, or run `consentry broker`.";
        return Fault::new(FaultCode::NoBroker, format!("no broker is running for {}. {hint}", home.data.display()));
    }
    Fault::new(FaultCode::Storage, format!("The broker's socket {} can't be used: {error}.", home.socket().display()))
}

/// Whether nobody listens at the socket.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn lost(error: &io::Error) -> Fault {
    Fault::new(FaultCode::NoBroker, format!("The connection to the broker was lost: {error}."))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use bridge::Listener;

    /// A broker that gives these answers, one line after another, to the first peer, and then leaves.
    pub(crate) fn scripted(replies: Vec<Reply>) -> (tempfile::TempDir, Home, tokio::task::JoinHandle<Vec<Request>>) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        let listener = Listener::bind(&home.socket()).unwrap();
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (read, mut out) = stream.into_split();
            let mut lines = Lines::new(read);
            assert_eq!(Hello::read(&mut lines).await.unwrap(), Hello::Control { version: hello::VERSION });
            let mut asked = Vec::new();
            for reply in replies {
                let line = lines.next().await.unwrap().unwrap().within_limit().unwrap();
                asked.push(serde_json::from_slice(&line).unwrap());
                write_line(&mut out, &serde_json::to_vec(&reply).unwrap()).await.unwrap();
            }
            asked
        });
        (folder, home, serving)
    }

    #[tokio::test]
    async fn a_question_gets_its_answer_and_a_fault_is_a_failure() {
        let fault = Fault::new(FaultCode::NotHere, "Decisions are taken in Consentry's windows.");
        let (_folder, home, serving) = scripted(vec![Reply::Done, Reply::Fault(fault.clone())]);
        let mut control = Control::open(&home).await.unwrap();
        let reject = Request::Reject { id: "x".into(), reason: None };
        control.order(&reject).await.unwrap();
        let approve = Request::Approve { id: "x".into(), digest: "d".into(), remember: None, set: Vec::new() };
        assert_eq!(control.order(&approve).await.unwrap_err(), fault);
        assert_eq!(serving.await.unwrap(), [reject, approve]);
        assert_eq!(control.ask(&Request::Status).await.unwrap_err().code, FaultCode::NoBroker, "it left");
    }

    #[tokio::test]
    async fn without_a_broker_it_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        let absent = Control::open(&home).await.err().unwrap();
        assert!(absent.code == FaultCode::NoBroker && absent.message.contains("no broker is running"), "{absent}");
        std::fs::create_dir_all(&home.run).unwrap();
        drop(std::os::unix::net::UnixListener::bind(home.socket()).unwrap());
        assert_eq!(Control::open(&home).await.err().unwrap().code, FaultCode::NoBroker, "a socket left by a dead one");
    }
}
