//! Whether the person is there: proofs that a program of the same user lacks. High risk takes one in a window, and so does
//! every decision on the command line.

mod passphrase;
mod system;

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::store::Store;
use gate::approval::{By, Means};
use gate::audit::Record;
use passphrase::{Passphrase, Place};
pub(crate) use system::{Subject, own_subject};
use wire::proof::{Given, ProofView, Secret};
use wire::{Fault, FaultCode};

/// What proofs are measured against.
#[derive(Debug)]
pub(crate) struct Person {
    passphrase: Passphrase,
    audit: AuditLog,
    /// The system asks one thing at a time: two dialogs can't be told apart.
    asking: tokio::sync::Mutex<()>,
}

impl Person {
    pub(crate) async fn open(store: Store, audit: AuditLog) -> Result<Self, Fault> {
        let passphrase = Passphrase::open(store).await?;
        Ok(Self { passphrase, audit, asking: tokio::sync::Mutex::default() })
    }

    /// How the person could prove to be there now.
    pub(crate) async fn means(&self, subject: &Subject) -> ProofView {
        let no_system = system::available(subject).await.err();
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
                (Means::Passphrase, self.passphrase.verify(passphrase, place(subject)).await)
            }
            Given::System => (Means::System, self.ask_system(subject).await),
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

    async fn ask_system(&self, subject: &Subject) -> Result<(), Fault> {
        let Ok(_one) = self.asking.try_lock() else {
            let why = "The system is asking you about something else already. Answer that first.";
            return Err(Fault::new(FaultCode::ProofMissing, why));
        };
        system::ask(subject).await.map_err(|why| Fault::new(FaultCode::ProofMissing, why))
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
