//! Whether the person is there: proofs that a program of the same user lacks. High risk takes one in a window, and so does
//! every decision on the command line.

mod passphrase;

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::store::Store;
use gate::approval::{By, Means};
use gate::audit::Record;
use passphrase::{Passphrase, Place, Tries};
pub(crate) use presence::Subject;
use tokio::sync::{Mutex, MutexGuard};
use wire::proof::{Given, ProofView, Secret};
use wire::{Fault, FaultCode};

/// What proofs are measured against.
#[derive(Debug)]
pub(crate) struct Person {
    passphrase: Passphrase,
    audit: AuditLog,
    /// The system asks one thing at a time: two dialogs can't be told apart. On the command line, dialogs that came to
    /// nothing make the next one wait: a program must not be able to ask until somebody gives in.
    asking: Mutex<Tries>,
}

impl Person {
    pub(crate) async fn open(store: Store, audit: AuditLog) -> Result<Self, Fault> {
        let passphrase = Passphrase::open(store).await?;
        Ok(Self { passphrase, audit, asking: Mutex::default() })
    }

    /// How the person could prove to be there now.
    pub(crate) async fn means(&self, subject: &Subject) -> ProofView {
        let no_system = presence::available(subject).await.err();
        let (passphrase, wait_until) = self.passphrase.standing(place(subject)).await;
        ProofView { system: no_system.is_none(), no_system: no_system.unwrap_or_default(), passphrase, wait_until }
    }

    /// Takes a proof for one thing, which the log names.
    ///
    /// # Errors
    /// `ProofMissing` where it is none, and why; `Storage` where that can't be written down: then it is none either.
    pub(crate) async fn prove(&self, given: &Given, subject: &Subject, what: &str) -> Result<Means, Fault> {
        let (means, proved) = match given {
            Given::Passphrase { passphrase } => {
                // What is not even tried is not on record: nobody must be able to fill the log by asking.
                self.passphrase.may_try(place(subject)).await?;
                (Means::Passphrase, self.passphrase.verify(passphrase, place(subject)).await)
            }
            Given::System => (Means::System, self.ask_system(&mut *self.turn(subject)?, subject).await),
        };
        let record = Record::new("proved", now_ms())
            .with("means", means.word())
            .with("what", what)
            .with("result", if proved.is_ok() { "proved" } else { "refused" })
            .with("message", proved.as_ref().err().map(|fault| fault.message.clone()).unwrap_or_default());
        let recorded = self.audit.append(record, Durability::Disk).await;
        proved?;
        recorded.map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))?;
        Ok(means)
    }

    /// The right to have the system ask now.
    fn turn(&self, subject: &Subject) -> Result<MutexGuard<'_, Tries>, Fault> {
        let missing = |why: &str| Fault::new(FaultCode::ProofMissing, why);
        let busy = "The system is asking you about something else already. Answer that first.";
        let tries = self.asking.try_lock().map_err(|_| missing(busy))?;
        match tries.wait(now_ms()).filter(|_| !subject.is_ours()) {
            Some(wait) => Err(missing(&format!("The system was asked in vain too often. Try again in {wait}."))),
            None => Ok(tries),
        }
    }

    async fn ask_system(&self, tries: &mut Tries, subject: &Subject) -> Result<(), Fault> {
        // Counted before: one that is given up half way is one in vain, too.
        let (before, patient) = (*tries, !subject.is_ours());
        if patient {
            *tries = before.wrong_at(now_ms());
        }
        presence::ask(subject).await.map_err(|why| Fault::new(FaultCode::ProofMissing, why))?;
        *tries = if patient { Tries::default() } else { before };
        Ok(())
    }

    /// Chooses the passphrase: a decision, and where there is one it takes that.
    ///
    /// # Errors
    /// `ProofMissing` for a wrong one of now, `Invalid` for one that is too short, `Storage`.
    pub(crate) async fn choose(&self, current: Option<&Secret>, new: &Secret, by: By) -> Result<(), Fault> {
        let place = if by == By::Window { Place::Window } else { Place::CommandLine };
        self.passphrase.may_change(current, new, place).await?;
        let record = Record::new("decided", now_ms())
            .with("decision", "passphrase")
            .with("answered_by", crate::desk::by_word(by));
        let storage = |refusal: gate::permit::Refusal| Fault::new(FaultCode::Storage, refusal.message);
        self.audit.append(record, Durability::Disk).await.map_err(storage)?;
        self.passphrase.change(new).await
    }
}

fn place(subject: &Subject) -> Place {
    if subject.is_ours() { Place::Window } else { Place::CommandLine }
}
