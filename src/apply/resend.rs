//! Sends one invitation again: the only call that is made although it is known to have been made.

use super::step::{Trace, intent, outcome};
use super::stop::Stopped;
use crate::api::{Call, Invite, Writer};
use crate::desired::Person;
use crate::ledger::{Action, Intent, Meaning, RunWriter};

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resent {
    /// It was sent.
    Sent,
    /// The service sends none to this address.
    Refused,
}

/// Sends the invitation of `person` again.
///
/// # Errors
/// What cannot be recorded is not sent, and the service may fail.
pub async fn resend(person: &Person, writer: &Writer, run: &RunWriter) -> Result<Resent, Stopped> {
    let call = Call::invite(&Invite {
        email: &person.email,
        first_name: &person.first_name,
        last_name: &person.last_name,
        projects: &person.access,
    });
    let intent =
        Intent { again: true, ..intent(&call, Action::Invite, &person.email, person.access.clone()) };
    let seq = run.intent(intent).await.map_err(Stopped::Ledger)?;
    let answer = writer.send(&call).await;
    let trace = Trace::of(seq, &answer);
    let (meaning, result) = match answer {
        Ok(_) => (Meaning::Invited, Ok(Resent::Sent)),
        Err(error) if error.refused().is_some_and(|refusal| refusal.status == 409) => {
            (Meaning::AddressTaken, Ok(Resent::Refused))
        }
        Err(error) if error.may_have_been_processed() => {
            (Meaning::Unknown, Err(Stopped::Service(Box::new(error))))
        }
        Err(error) => (Meaning::Refused, Err(Stopped::Service(Box::new(error)))),
    };
    let detail = result.as_ref().err().map(ToString::to_string);
    run.outcome(outcome(trace, meaning, detail)).await.map_err(Stopped::Ledger)?;
    result
}
