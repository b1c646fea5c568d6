//! What decides. Pure: no clock, no disk, no network, no async; time comes in as an argument.
//!
//! One call, in reading order: a [`call::Call`] by a [`client::Client`] names a pinned [`tool::Tool`]; [`inspect`]
//! looks at its arguments; [`provenance`] tells where they came from; [`policy`] says which consent it needs; [`permit::judge`] turns that into a permit, a
//! question or a refusal; a question lives in [`approval`] until a person ended it, who may [`edit`] the call before; an
//! answer may be remembered as a [`grant`]; [`release`] lets the result back;
//! [`audit`] is the record that all of it leaves behind.

pub mod approval;
pub mod audit;
pub mod call;
pub mod client;
pub mod edit;
pub mod grant;
pub mod inspect;
pub mod meaning;
pub mod permit;
pub mod policy;
pub mod provenance;
pub mod release;
pub mod token;
pub mod tool;
