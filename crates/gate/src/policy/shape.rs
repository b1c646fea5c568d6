//! The part of a tool's JSON Schema that Cedar can express, and values of it.
//!
//! What can't be expressed is left out, definition by definition, with the reason; a value that a policy reads and that
//! then can't be typed makes the call impossible to judge, which its caller turns into a deny. Types are taken from
//! the schema's structure only: constraints that narrow a type further are the business of schema validation.

mod value;

pub(super) use value::instant;

use mcp_tools_sdk::description::{Property, PropertyType};
use serde_json::{Map, Value as Json};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Deeper nesting than this is left out.
const MAX_DEPTH: usize = 8;
/// A tool whose schema unfolds to more definitions than this keeps the first ones.
const MAX_DEFINITIONS: usize = 512;

/// A type that Cedar can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `boolean`.
    Bool,
    /// `integer`: 64 bits, signed.
    Long,
    /// `number`: four decimals.
    Decimal,
    /// `string`, enumerations too.
    Text,
    /// `string` of format `date` or `date-time`.
    Moment,
    /// `string` of format `ipv4` or `ipv6`.
    Address,
    /// `array` of one type; order and repetition are not kept.
    Set(Box<Shape>),
    /// `object`.
    Record(Record),
}

/// The fields of an object that can be expressed, and the names of those that can't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) fields: BTreeMap<SmolStr, Field>,
}

/// One field of a [`Record`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// `null` stands for absence.
    nullable: bool,
}

/// A definition that policies can't see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Foreign: path of the argument, its names joined by `.`.
    pub argument: String,
    /// Why, to stand after "it".
    pub why: &'static str,
}

/// Reads the input schema of a tool: what can be expressed, and what is left out.
pub(super) fn read_schema(schema: &Json) -> (Record, Vec<LeftOut>) {
    let mut reader = Reader { root: schema, left: MAX_DEFINITIONS, refs: Vec::new(), left_out: Vec::new() };
    let record = match reader.read(schema, "", 0) {
        Ok((Shape::Record(record), _)) => record,
        Ok(_) => {
            reader.leave_out("", "is not an object");
            Record::default()
        }
        // A schema that says nothing at all takes anything and declares nothing.
        Err(_) if schema.as_object().is_some_and(Map::is_empty) => Record::default(),
        Err(why) => {
            reader.leave_out("", why);
            Record::default()
        }
    };
    (record, reader.left_out)
}

struct Reader<'a> {
    root: &'a Json,
    left: usize,
    refs: Vec<&'a str>,
    left_out: Vec<LeftOut>,
}

const ANYTHING: &str = "takes anything";
const SEVERAL: &str = "takes values of several types";

impl<'a> Reader<'a> {
    fn leave_out(&mut self, argument: &str, why: &'static str) {
        self.left_out.push(LeftOut { argument: argument.to_owned(), why });
    }

    /// The shape of `schema`, and whether `null` is taken as well.
    fn read(&mut self, schema: &'a Json, path: &str, depth: usize) -> Result<(Shape, bool), &'static str> {
        if depth > MAX_DEPTH {
            return Err("is nested too deeply");
        }
        self.left = self.left.checked_sub(1).ok_or("comes after too many others")?;
        let object = schema.as_object().ok_or(ANYTHING)?;
        if let Some(target) = object.get("$ref") {
            return self.follow(target, path, depth);
        }
        match object.get("type") {
            Some(Json::String(one)) => Ok((self.read_type(one, object, path, depth)?, false)),
            Some(Json::Array(many)) => self.read_types(many, object, path, depth),
            Some(_) => Err("has a type that is no type"),
            None => self.read_untyped(object, path, depth),
        }
    }

    fn follow(&mut self, target: &'a Json, path: &str, depth: usize) -> Result<(Shape, bool), &'static str> {
        let target = target.as_str().ok_or("refers to nothing")?;
        let pointer = target.strip_prefix('#').ok_or("refers to another document")?;
        if self.refs.contains(&target) {
            return Err("refers to itself");
        }
        let root = self.root;
        let schema = root.pointer(pointer).ok_or("refers to nothing")?;
        self.refs.push(target);
        let read = self.read(schema, path, depth);
        self.refs.pop();
        read
    }

    fn read_type(
        &mut self,
        name: &str,
        object: &'a Map<String, Json>,
        path: &str,
        depth: usize,
    ) -> Result<Shape, &'static str> {
        Ok(match name {
            "boolean" => Shape::Bool,
            "integer" => Shape::Long,
            "number" => Shape::Decimal,
            "string" => match object.get("format").and_then(Json::as_str) {
                Some("date" | "date-time") => Shape::Moment,
                Some("ipv4" | "ipv6") => Shape::Address,
                _ => Shape::Text,
            },
            "array" if object.contains_key("prefixItems") => return Err("is a list whose places have different types"),
            "array" => match self.read(object.get("items").ok_or("is a list of anything")?, path, depth + 1)? {
                (_, true) => return Err("is a list that may hold null"),
                (element, false) => Shape::Set(Box::new(element)),
            },
            "object" => Shape::Record(self.read_fields(object, path, depth)),
            "null" => return Err("takes only null"),
            _ => return Err("has a type that is no type"),
        })
    }

    fn read_types(
        &mut self,
        many: &'a [Json],
        object: &'a Map<String, Json>,
        path: &str,
        depth: usize,
    ) -> Result<(Shape, bool), &'static str> {
        let mut shapes = Vec::new();
        for name in many.iter().filter_map(Json::as_str).filter(|name| *name != "null") {
            shapes.push(self.read_type(name, object, path, depth)?);
        }
        Ok((join(shapes)?, many.iter().any(|name| name == "null")))
    }

    /// A definition without `type`: one that lists its values, its variants or its properties.
    fn read_untyped(
        &mut self,
        object: &'a Map<String, Json>,
        path: &str,
        depth: usize,
    ) -> Result<(Shape, bool), &'static str> {
        let values = object.get("enum").and_then(Json::as_array).map(Vec::as_slice);
        if let Some(values) = values.or(object.get("const").map(std::slice::from_ref)) {
            let shapes = values.iter().filter(|v| !v.is_null()).map(shape_of_value).collect::<Result<Vec<_>, _>>()?;
            return Ok((join(shapes)?, values.iter().any(Json::is_null)));
        }
        if object.contains_key("properties") {
            return Ok((Shape::Record(self.read_fields(object, path, depth)), false));
        }
        let variants = ["anyOf", "oneOf"].iter().find_map(|key| object.get(*key)).and_then(Json::as_array);
        if let Some(variants) = variants {
            let (nulls, others): (Vec<_>, Vec<_>) = variants
                .iter()
                .partition(|v| v.get("type").is_some_and(|t| t == "null") || v.get("const") == Some(&Json::Null));
            let mut nullable = !nulls.is_empty();
            let mut shapes = Vec::new();
            for variant in others {
                let (shape, null) = self.read(variant, path, depth + 1)?;
                nullable |= null;
                shapes.push(shape);
            }
            return Ok((join(shapes)?, nullable));
        }
        match object.get("allOf").and_then(Json::as_array).map(Vec::as_slice) {
            Some([only]) => self.read(only, path, depth + 1),
            Some(_) => Err("combines several definitions"),
            None => Err(ANYTHING),
        }
    }

    fn read_fields(&mut self, object: &'a Map<String, Json>, path: &str, depth: usize) -> Record {
        let required = object.get("required").and_then(Json::as_array);
        let mut record = Record::default();
        for (name, schema) in object.get("properties").and_then(Json::as_object).into_iter().flatten() {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match self.read(schema, &inner, depth + 1) {
                Ok((shape, nullable)) => {
                    let required = !nullable && required.is_some_and(|r| r.iter().any(|n| n.as_str() == Some(name)));
                    record.fields.insert(name.as_str().into(), Field { shape, required, nullable });
                }
                Err(why) => self.leave_out(&inner, why),
            }
        }
        record
    }
}

fn shape_of_value(value: &Json) -> Result<Shape, &'static str> {
    match value {
        Json::String(_) => Ok(Shape::Text),
        Json::Bool(_) => Ok(Shape::Bool),
        Json::Number(n) if n.is_i64() => Ok(Shape::Long),
        Json::Number(_) => Ok(Shape::Decimal),
        _ => Err("lists values that are lists or objects"),
    }
}

/// One shape for all of `shapes`, where that loses nothing that matters.
fn join(shapes: Vec<Shape>) -> Result<Shape, &'static str> {
    shapes
        .into_iter()
        .try_fold(None, |joined: Option<Shape>, shape| match (joined, shape) {
            (None, shape) => Ok(Some(shape)),
            (Some(a), b) if a == b => Ok(Some(a)),
            (Some(Shape::Long | Shape::Decimal), Shape::Long | Shape::Decimal) => Ok(Some(Shape::Decimal)),
            (Some(Shape::Text | Shape::Moment | Shape::Address), Shape::Text | Shape::Moment | Shape::Address) => {
                Ok(Some(Shape::Text))
            }
            _ => Err(SEVERAL),
        })?
        .ok_or(ANYTHING)
}

impl Record {
    /// The properties for the schema generator; `mangle` gives each name a Cedar identifier.
    pub(super) fn properties(&self, mangle: &mut impl FnMut(&SmolStr) -> SmolStr) -> Vec<Property> {
        let property = |(name, field): (&SmolStr, &Field)| {
            Property::new(mangle(name), field.required, field.shape.property_type(mangle), None)
        };
        self.fields.iter().map(property).collect()
    }
}

impl Shape {
    fn property_type(&self, mangle: &mut impl FnMut(&SmolStr) -> SmolStr) -> PropertyType {
        match self {
            Self::Bool => PropertyType::Bool,
            Self::Long => PropertyType::Integer,
            Self::Decimal => PropertyType::Number,
            Self::Text => PropertyType::String,
            Self::Moment => PropertyType::Datetime,
            Self::Address => PropertyType::IpAddr,
            Self::Set(element) => PropertyType::Array { element_ty: Box::new(element.property_type(mangle)) },
            Self::Record(record) => {
                PropertyType::Object { properties: record.properties(mangle), additional_properties: None }
            }
        }
    }
}

#[cfg(test)]
mod tests;
