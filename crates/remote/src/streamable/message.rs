//! What must be known of a message to carry it: whether it wants an answer or is one, and to which id. Its bytes stay.

use bytes::Bytes;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use wire::text::escaped;

/// The longest id, in bytes as written: ids are kept while a request is open.
const MAX_ID: usize = 1024;

/// The most messages in one batch (revision 2025-03-26).
const MOST_IN_BATCH: usize = 1_000;

/// The most characters of a server's error message that are passed on in a sentence of ours.
const MOST_WORDS: usize = 300;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// A message of ours.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The id as written, where it is a request.
    pub(super) id: Option<Box<str>>,
    /// The method; none where it is an answer.
    pub(super) method: Option<String>,
}

impl Outgoing {
    /// Looks at a message of ours; an error says why it is none.
    pub(super) fn read(frame: &[u8]) -> Result<Self, String> {
        let envelope: Envelope<'_> =
            serde_json::from_slice(frame).map_err(|_| "what should be sent is no message".to_owned())?;
        let id = envelope.id.filter(|_| envelope.method.is_some()).map(RawValue::get);
        if id.is_some_and(|id| id.len() > MAX_ID) {
            return Err(format!("its id has more than {MAX_ID} bytes"));
        }
        if envelope.method.is_none() && (envelope.id.is_none() || envelope.result.is_some() == envelope.error.is_some())
        {
            return Err("what should be sent is neither request nor notification nor answer".into());
        }
        Ok(Self { id: id.map(Into::into), method: envelope.method.map(Cow::into_owned) })
    }
}

/// An id however it is spelled: `"a"` and `"\u0061"` are one.
pub(super) fn key(id: &str) -> Option<String> {
    serde_json::from_str::<Value>(id).ok().map(|id| id.to_string())
}

/// A message of the server's.
#[derive(Debug)]
pub(super) struct Heard {
    /// Its bytes.
    pub(super) raw: Bytes,
    /// The id it answers, as [`key`] spells it.
    pub(super) answers: Option<String>,
    /// Whether it carries a result.
    pub(super) is_result: bool,
}

/// The messages in a body or an event: one, or those of a batch. `None` where there is anything else in it.
pub(super) fn messages(body: &Bytes) -> Option<Vec<Heard>> {
    if body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[') {
        let batch: Batch<'_> = serde_json::from_slice(body).ok()?;
        return batch.0.into_iter().map(|one| heard(body.slice_ref(one.get().as_bytes()))).collect();
    }
    Some(vec![heard(body.clone())?])
}

fn heard(raw: Bytes) -> Option<Heard> {
    // An array would do for the derived reader too: it takes fields by their place.
    if raw.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return None;
    }
    let envelope: Envelope<'_> = serde_json::from_slice(&raw).ok()?;
    let is_answer = envelope.method.is_none();
    let id = envelope.id.map(RawValue::get).filter(|id| is_answer && id.len() <= MAX_ID);
    let (answers, is_result) = (id.and_then(key), envelope.result.is_some());
    Some(Heard { raw, answers, is_result })
}

/// `result.protocolVersion` of an answer.
pub(super) fn revision(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        result: Initialized,
    }
    #[derive(Deserialize)]
    struct Initialized {
        #[serde(rename = "protocolVersion")]
        version: String,
    }
    serde_json::from_slice::<Answer>(answer).ok().map(|answer| answer.result.version)
}

/// `error.message` of a body, as it may stand in a sentence.
pub(super) fn error_words(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refused {
        error: Words,
    }
    #[derive(Deserialize)]
    struct Words {
        message: String,
    }
    let words = serde_json::from_slice::<Refused>(body).ok()?.error.message;
    Some(escaped(&words.chars().take(MOST_WORDS).collect::<String>()))
}

/// The parts of an array, of at most [`MOST_IN_BATCH`].
struct Batch<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Batch<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Batch<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a batch of messages")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
                let mut out = Vec::new();
                while let Some(part) = parts.next_element::<&RawValue>()? {
                    if out.len() == MOST_IN_BATCH {
                        return Err(A::Error::custom("too many messages"));
                    }
                    out.push(part);
                }
                Ok(Batch(out))
            }
        }
        reader.deserialize_seq(Parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Option<Vec<Heard>> {
        messages(&Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn an_id_is_found_however_it_is_spelled_and_the_bytes_stay() {
        let text = " {\"result\" : 1.50,\"id\":\"\\u0061\" }";
        let one = all(text).unwrap().remove(0);
        assert_eq!(one.answers, key("\"a\""));
        assert_eq!(one.raw, text.as_bytes());
        assert_eq!(all(r#"{"id":1,"method":"ping"}"#).unwrap()[0].answers, None, "a request is no answer");
        assert_eq!(all(r#"{"id":null,"error":{}}"#).unwrap()[0].answers, None);
    }

    #[test]
    fn a_batch_is_taken_apart_and_anything_else_is_no_message() {
        let two = all(r#"[ {"id":1, "result":{}} ,{"method":"x"}]"#).unwrap();
        assert_eq!(two[0].raw, &br#"{"id":1, "result":{}}"#[..]);
        assert_eq!(two[1].raw, &br#"{"method":"x"}"#[..]);
        for bad in ["", "7", "[7]", "[1,null,{},{}]", "{\"id\":1,\"id\":2}", "{", "[[]]", "<html>"] {
            assert!(all(bad).is_none(), "{bad}");
        }
        assert!(all(&format!("[{}{{}}]", "{},".repeat(MOST_IN_BATCH))).is_none());
    }

    #[test]
    fn only_messages_are_sent() {
        for bad in ["", "[]", "{}", "{\"id\":1}", "[{\"method\":\"x\"}]", "{\"id\":1,\"result\":1,\"error\":{}}"] {
            assert!(Outgoing::read(bad.as_bytes()).is_err(), "{bad}");
        }
        let long = format!("{{\"method\":\"x\",\"id\":\"{}\"}}", "x".repeat(MAX_ID));
        assert!(Outgoing::read(long.as_bytes()).is_err());
        assert_eq!(Outgoing::read(br#"{"method":"x","id":7}"#).unwrap().id.as_deref(), Some("7"));
        assert_eq!(Outgoing::read(br#"{"result":{},"id":7}"#).unwrap().id, None);
    }
}
