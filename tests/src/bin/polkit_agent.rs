//! The program of a desktop that polkit has ask for passwords, without a desktop: it registers for one process, says on
//! stdout what it is asked, and lets a line on stdin decide what becomes of it: `yes` (whoever runs as root told polkit
//! by then), `wrong`, `cancel`. Without a line the dialog stays open.
#![expect(clippy::print_stdout, reason = "what it is asked is its output")]

use std::collections::HashMap;
use std::future::poll_fn;
use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use zbus::blocking::{Connection, connection};
use zbus::zvariant::{OwnedValue, Value};

const PATH: &str = "/agent";

struct Agent {
    answer: Arc<Mutex<Answer>>,
}

/// The line on stdin, once it is there, and whoever waits for it.
#[derive(Default)]
struct Answer {
    line: Option<String>,
    waits: Option<Waker>,
}

impl Answer {
    /// Reads it in a thread of its own: polkit may take the question back meanwhile.
    fn awaited() -> Arc<Mutex<Self>> {
        let answer = Arc::new(Mutex::new(Self::default()));
        let read = answer.clone();
        std::thread::spawn(move || {
            let mut line = String::new();
            if matches!(std::io::stdin().lock().read_line(&mut line), Ok(1..)) {
                let mut answer = read.lock().unwrap_or_else(PoisonError::into_inner);
                answer.line = Some(line);
                if let Some(waits) = answer.waits.take() {
                    waits.wake();
                }
            }
        });
        answer
    }
}

#[zbus::interface(name = "org.freedesktop.PolicyKit1.AuthenticationAgent")]
impl Agent {
    async fn begin_authentication(
        &self,
        action: String,
        message: String,
        _icon: String,
        _details: HashMap<String, String>,
        cookie: String,
        _identities: Vec<(String, HashMap<String, OwnedValue>)>,
    ) -> zbus::fdo::Result<()> {
        println!("{action}\t{cookie}\t{message}");
        let line = poll_fn(|context| {
            let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
            match answer.line.take() {
                Some(line) => Poll::Ready(line),
                None => {
                    answer.waits = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await;
        match line.trim() {
            "cancel" => Err(zbus::fdo::Error::Failed("cancelled".into())),
            _ => Ok(()),
        }
    }

    fn cancel_authentication(&self, cookie: String) {
        println!("cancelled\t{cookie}\t");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let process: u32 = std::env::args().nth(1).ok_or("which process?")?.parse()?;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let started: u64 = stat.rsplit(')').next().and_then(|rest| rest.split(' ').nth(20)).ok_or("stat")?.parse()?;
    let user = i32::try_from(rustix::process::getuid().as_raw())?;
    let bus: Connection =
        connection::Builder::system()?.serve_at(PATH, Agent { answer: Answer::awaited() })?.build()?;
    let subject: (&str, HashMap<&str, Value<'_>>) = (
        "unix-process",
        HashMap::from([("pid", process.into()), ("start-time", started.into()), ("uid", user.into())]),
    );
    let authority = "org.freedesktop.PolicyKit1";
    let (at, interface) = ("/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority");
    bus.call_method(Some(authority), at, Some(interface), "RegisterAuthenticationAgent", &(subject, "C", PATH))?;
    println!("registered\t\t");
    std::thread::park();
    Ok(())
}
