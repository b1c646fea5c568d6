//! Arguments as values of their [`Shape`], exactly or not at all.

use super::super::reads::Reads;
use super::{Record, Shape};
use cedar_policy_core::ast::{Name, PartialValue, Value};
use cedar_policy_core::extensions::Extensions;
use serde_json::{Map, Value as Json};
use smol_str::SmolStr;

impl Record {
    /// The value that policies see of `object`: of what `reads` names, and nothing else. The error says what can't be
    /// typed, as a sentence whose names are foreign.
    pub(in crate::policy) fn value(&self, object: &Map<String, Json>, reads: &Reads) -> Result<Value, String> {
        let mut pairs: Vec<(SmolStr, Value)> = Vec::new();
        let undeclared = object.keys().find(|k| reads.names(k).is_some() && !self.fields.contains_key(k.as_str()));
        if let Some(name) = undeclared {
            return Err(format!("a policy reads the argument `{name}`, which the tool's schema does not type"));
        }
        for (name, field) in &self.fields {
            let Some(inner) = reads.names(name) else { continue };
            match object.get(name.as_str()) {
                None if field.required => return Err(format!("the argument `{name}` is missing")),
                None => {}
                Some(Json::Null) if field.nullable => {}
                Some(value) => {
                    let value = field.shape.value(value, inner).ok_or_else(|| untyped(name, &field.shape))?;
                    pairs.push((name.clone(), value.map_err(|why| format!("in `{name}`: {why}"))?));
                }
            }
        }
        Ok(Value::record(pairs, None))
    }
}

impl Shape {
    /// `None` where `json` is not of this shape; `Some(Err(_))` where something inside it isn't.
    fn value(&self, json: &Json, reads: &Reads) -> Option<Result<Value, String>> {
        Some(Ok(match (self, json) {
            (Self::Bool, Json::Bool(b)) => Value::from(*b),
            (Self::Long, Json::Number(n)) => Value::from(whole(n)?),
            (Self::Decimal, Json::Number(n)) => call("decimal", Value::from(decimal(n)))?,
            (Self::Text, Json::String(s)) => Value::from(s.as_str()),
            (Self::Moment, Json::String(s)) => call("datetime", Value::from(moment(s)?))?,
            (Self::Address, Json::String(s)) => call("ip", Value::from(s.as_str()))?,
            (Self::Set(element), Json::Array(items)) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    match element.value(item, reads)? {
                        Ok(value) => values.push(value),
                        Err(why) => return Some(Err(why)),
                    }
                }
                Value::set(values, None)
            }
            (Self::Record(record), Json::Object(object)) => return Some(record.value(object, reads)),
            _ => return None,
        }))
    }
}

fn untyped(name: &str, shape: &Shape) -> String {
    let what = match shape {
        Shape::Bool => "true or false",
        Shape::Long => "a whole number of at most 64 bits",
        Shape::Decimal => "a number with at most four decimals",
        Shape::Text => "text",
        Shape::Moment => "a date or a time",
        Shape::Address => "an IP address",
        Shape::Set(_) => "a list of one type",
        Shape::Record(_) => "an object",
    };
    format!("the argument `{name}` is not {what}")
}

/// Milliseconds since 1970-01-01 UTC as Cedar's `datetime`.
pub(in crate::policy) fn instant(ms: i64) -> Option<Value> {
    let epoch = call("datetime", Value::from("1970-01-01"))?;
    extension("offset", &[epoch, call("duration", Value::from(format!("{ms}ms")))?])
}

/// The result of one of Cedar's extension functions, if it takes these arguments.
fn extension(function: &str, arguments: &[Value]) -> Option<Value> {
    let name = Name::parse_unqualified_name(function).ok()?;
    match Extensions::all_available().func(&name).ok()?.call(arguments).ok()? {
        PartialValue::Value(value) => Some(value),
        PartialValue::Residual(_) => None,
    }
}

fn call(function: &str, argument: Value) -> Option<Value> {
    extension(function, &[argument])
}

fn whole(number: &serde_json::Number) -> Option<i64> {
    // 2^53: beyond it a double no longer tells neighbouring integers apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = || number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() <= EXACT);
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
    number.as_i64().or_else(|| if number.is_f64() { float().map(|f| f as i64) } else { None })
}

/// The text of a number as Cedar's `decimal` reads it, which has at least one digit after the point. More than four
/// are refused there: cutting them would judge another number than the one that is sent.
fn decimal(number: &serde_json::Number) -> String {
    if let Some(float) = number.as_f64().filter(|_| number.is_f64()) {
        let text = float.to_string();
        return if text.contains('.') { text } else { format!("{text}.0") };
    }
    format!("{number}.0")
}

/// An RFC 3339 date or time as Cedar's `datetime` reads it: offset without colon, milliseconds of exactly three
/// digits. Finer fractions are cut: no policy distinguishes microseconds.
fn moment(text: &str) -> Option<String> {
    if text.len() == 10 {
        return Some(text.to_owned());
    }
    if !text.is_ascii() || text.len() < 20 {
        return None;
    }
    let (seconds, rest) = text.split_at(19);
    let digits = rest.strip_prefix('.').map_or(0, |r| r.bytes().take_while(u8::is_ascii_digit).count());
    let (fraction, zone) = if digits > 0 { rest[1..].split_at(digits) } else { ("", rest) };
    let fraction = if digits > 0 { format!(".{:0<3}", &fraction[..digits.min(3)]) } else { String::new() };
    let zone = zone.replace(':', "").replace('z', "Z");
    Some(format!("{}{fraction}{zone}", seconds.replace(['t', ' '], "T")))
}
