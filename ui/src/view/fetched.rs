//! A list that the app is asked for again whenever questions or grants change.

use super::shell::Heard;
use crate::backend::call;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::Command;

/// The list, empty until it is there, and why the app last refused something about it. It is set only where it is
/// another than before.
pub(crate) fn listed<C, T>(ask: C) -> (RwSignal<Vec<T>>, RwSignal<Option<Fault>>)
where
    C: Command<Reply = Vec<T>> + Clone + 'static,
    T: PartialEq + Send + Sync + 'static,
{
    let (found, fault) = (RwSignal::new(Vec::new()), RwSignal::new(None::<Fault>));
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.grants.track();
        heard.inbox.track();
        let ask = ask.clone();
        spawn_local(async move {
            match call(ask).await {
                Ok(list) if found.try_with_untracked(|had| *had == list) == Some(true) => {}
                Ok(list) => drop(found.try_set(list)),
                Err(refused) => drop(fault.try_set(Some(refused))),
            }
        });
    });
    (found, fault)
}
