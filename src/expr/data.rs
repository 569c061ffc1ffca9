//! Immutable JSON in the form that expressions work on.

mod serde;

use std::fmt;

use jaq_json::{Map, Num, Rc, Val, read};
use serde_json::Value;

use super::text::readable;

/// A JSON value. Clones share; objects keep the order of their members; integers are exact and a number's text (`1.0`) is kept.
#[derive(Clone, Default, PartialEq)]
pub struct Data(pub(super) Val);

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(String);

/// Deepest nesting that is read; deeper values would overflow the stack of whoever walks them.
pub(super) const DEPTH_MAX: usize = 128;

impl Data {
    #[must_use]
    pub fn null() -> Self {
        Self::default()
    }

    /// From JSON text.
    ///
    /// # Errors
    /// The text is not one JSON value, nests deeper than 128, or has an integer beyond 64 bits: those would be rounded where they are written again,
    /// and a number that silently became another one is worse than an error.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        // jaq reads any bytes within quotes, and a superset of JSON (comments, NaN, byte strings, any key): what it adds is refused.
        std::str::from_utf8(bytes).map_err(|e| ParseError(e.to_string()))?;
        let strict = readable(bytes).map_err(|what| ParseError(format!("it {what}")))?;
        if !strict {
            return Err(ParseError("it has a comment, a byte string, or a `+` or a zero before a number, which are not JSON".to_owned()));
        }
        let val = read::parse_single(bytes).map_err(|e| ParseError(e.to_string()))?;
        super::eval::json_only(&val, DEPTH_MAX).map_err(|what| ParseError(format!("{what} is not JSON")))?;
        Ok(Self(val))
    }

    #[must_use]
    pub fn to_json(&self) -> Value {
        to_json(&self.0)
    }

    pub fn string(text: impl AsRef<str>) -> Self {
        Self(Val::utf8_str(text.as_ref().to_owned()))
    }

    pub fn array(items: impl IntoIterator<Item = Self>) -> Self {
        Self(items.into_iter().map(|item| item.0).collect())
    }

    pub fn object(members: impl IntoIterator<Item = (impl AsRef<str>, Self)>) -> Self {
        Self(Val::obj(members.into_iter().map(|(key, value)| (key_of(key.as_ref()), value.0)).collect()))
    }

    #[must_use]
    pub fn empty_object() -> Self {
        Self(Val::obj(Map::default()))
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.0, Val::Null)
    }

    #[must_use]
    pub fn is_array(&self) -> bool {
        matches!(self.0, Val::Arr(_))
    }

    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self.0, Val::Obj(_))
    }

    #[must_use]
    pub fn is_string(&self) -> bool {
        matches!(self.0, Val::TStr(_))
    }

    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Val::Bool(b) = self.0 { Some(b) } else { None }
    }

    /// An integer, also one that is written `3.0`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        let float = match &self.0 {
            Val::Num(Num::Int(i)) => return i64::try_from(*i).ok(),
            Val::Num(Num::Float(f)) => *f,
            Val::Num(Num::Dec(text)) => text.parse().ok()?,
            _ => return None,
        };
        // Beyond 2^53 a float names no certain integer.
        #[allow(clippy::cast_possible_truncation, reason = "checked: a whole number below 2^53")]
        let whole = float as i64;
        (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(whole)
    }

    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match &self.0 {
            #[allow(clippy::cast_precision_loss, reason = "asked for as a float")]
            Val::Num(Num::Int(i)) => Some(*i as f64),
            Val::Num(Num::Float(f)) => Some(*f),
            Val::Num(Num::Dec(text)) => text.parse().ok(),
            Val::Num(Num::BigInt(big)) => big.to_string().parse().ok(),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Val::TStr(bytes) = &self.0 { std::str::from_utf8(bytes).ok() } else { None }
    }

    /// `null`, `boolean`, `number`, `string`, `array` or `object`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.0 {
            Val::Null => "null",
            Val::Bool(_) => "boolean",
            Val::Num(_) => "number",
            Val::BStr(_) | Val::TStr(_) => "string",
            Val::Arr(_) => "array",
            Val::Obj(_) => "object",
        }
    }

    /// Items of an array, members of an object, 0 for anything else.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Val::Arr(items) => items.len(),
            Val::Obj(members) => members.len(),
            _ => 0,
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        if let Val::Obj(members) = &self.0 { members.get(&key_of(key)).cloned().map(Self) } else { None }
    }

    #[must_use]
    pub fn items(&self) -> Option<impl Iterator<Item = Self> + '_> {
        if let Val::Arr(items) = &self.0 { Some(items.iter().cloned().map(Self)) } else { None }
    }

    /// The item at this place of an array.
    #[must_use]
    pub fn item(&self, index: usize) -> Option<Self> {
        if let Val::Arr(items) = &self.0 { items.get(index).cloned().map(Self) } else { None }
    }

    #[must_use]
    pub fn entries(&self) -> Option<impl Iterator<Item = (String, Self)> + '_> {
        if let Val::Obj(members) = &self.0 { Some(members.iter().map(|(k, v)| (text_of(k), Self(v.clone())))) } else { None }
    }

    /// The same object with one member more, or another value for one; of anything else, an object with this member alone.
    #[must_use]
    pub fn with(&self, key: &str, value: Self) -> Self {
        let mut members = if let Val::Obj(members) = &self.0 { members.clone() } else { Rc::default() };
        Rc::make_mut(&mut members).insert(key_of(key), value.0);
        Self(Val::Obj(members))
    }

    /// Both objects' members, the other's winning; where either is no object, the other.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        let (Val::Obj(members), Val::Obj(more)) = (&self.0, &other.0) else { return other.clone() };
        let mut members = members.clone();
        Rc::make_mut(&mut members).extend(more.iter().map(|(k, v)| (k.clone(), v.clone())));
        Self(Val::Obj(members))
    }

    /// Adds an item to an array, in place where nobody else holds it. Anything else becomes an array of this item.
    pub fn push(&mut self, item: Self) {
        match &mut self.0 {
            Val::Arr(items) => Rc::make_mut(items).push(item.0),
            other => *other = std::iter::once(item.0).collect(),
        }
    }

    /// Bytes of its compact JSON.
    #[must_use]
    pub fn json_len(&self) -> usize {
        struct Count(usize);
        impl fmt::Write for Count {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0 += text.len();
                Ok(())
            }
        }
        let mut count = Count(0);
        // Counting cannot fail.
        let _ = fmt::write(&mut count, format_args!("{self}"));
        count.0
    }

    /// The same value with strings replaced, object keys included, where the function gives another.
    #[must_use]
    pub fn map_strings(&self, change: &mut dyn FnMut(&str) -> Option<String>) -> Self {
        Self(map_strings(&self.0, change))
    }

    /// Calls the function with each string, object keys included.
    pub fn each_string(&self, see: &mut dyn FnMut(&str)) {
        each_string(&self.0, see);
    }
}

fn key_of(key: &str) -> Val {
    Val::utf8_str(key.to_owned())
}

fn text_of(key: &Val) -> String {
    if let Val::TStr(bytes) = key { String::from_utf8_lossy(bytes).into_owned() } else { key.to_string() }
}

pub(super) fn map_strings(val: &Val, change: &mut dyn FnMut(&str) -> Option<String>) -> Val {
    match val {
        Val::TStr(bytes) => match std::str::from_utf8(bytes).ok().and_then(change) {
            Some(text) => Val::utf8_str(text),
            None => val.clone(),
        },
        Val::Arr(items) => items.iter().map(|item| map_strings(item, change)).collect(),
        Val::Obj(members) => Val::obj(members.iter().map(|(k, v)| (map_strings(k, change), map_strings(v, change))).collect()),
        other => other.clone(),
    }
}

fn each_string(val: &Val, see: &mut dyn FnMut(&str)) {
    match val {
        Val::TStr(bytes) => see(&String::from_utf8_lossy(bytes)),
        Val::Arr(items) => items.iter().for_each(|item| each_string(item, see)),
        Val::Obj(members) => members.iter().for_each(|(key, value)| {
            each_string(key, see);
            each_string(value, see);
        }),
        _ => {}
    }
}

/// Visits a value and all in it with its depth, without the machine's stack: inside an evaluation values nest as deep as fuel allows.
pub(super) fn each_node<E>(val: &Val, mut see: impl FnMut(&Val, usize) -> Result<(), E>) -> Result<(), E> {
    see(val, 0)?;
    let mut open = match val {
        Val::Arr(_) | Val::Obj(_) => vec![(val, 1)],
        _ => return Ok(()),
    };
    while let Some((parent, depth)) = open.pop() {
        let mut child = |val| {
            see(val, depth)?;
            if matches!(val, Val::Arr(_) | Val::Obj(_)) {
                open.push((val, depth + 1));
            }
            Ok(())
        };
        match parent {
            Val::Arr(items) => items.iter().try_for_each(&mut child)?,
            // Keys that are no strings exist only inside an evaluation.
            Val::Obj(members) => members.iter().try_for_each(|(key, val)| child(key).and_then(|()| child(val)))?,
            _ => {}
        }
    }
    Ok(())
}

fn to_json(val: &Val) -> Value {
    match val {
        Val::Null => Value::Null,
        Val::Bool(b) => Value::Bool(*b),
        Val::Num(Num::Int(i)) => Value::from(*i),
        Val::Num(Num::Float(f)) => Value::from(*f),
        Val::Num(number) => serde_json::from_str(&number.to_string()).unwrap_or(Value::Null),
        Val::BStr(bytes) | Val::TStr(bytes) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        Val::Arr(items) => Value::Array(items.iter().map(to_json).collect()),
        Val::Obj(members) => Value::Object(members.iter().map(|(k, v)| (text_of(k), to_json(v))).collect()),
    }
}

fn from_json(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(b) => Val::Bool(*b),
        Value::Number(number) => from_number(number),
        Value::String(text) => Val::utf8_str(text.clone()),
        Value::Array(items) => items.iter().map(from_json).collect(),
        Value::Object(members) => Val::obj(members.iter().map(|(k, v)| (key_of(k), from_json(v))).collect()),
    }
}

fn from_number(number: &serde_json::Number) -> Val {
    if let Some(int) = number.as_i64().and_then(|i| isize::try_from(i).ok()) {
        return Val::from(int);
    }
    match number.as_u64() {
        Some(unsigned) => Val::Num(Num::from_integral(unsigned)),
        // Written out, so that `1.0` stays `1.0`.
        None => Val::Num(Num::Dec(Rc::new(number.to_string()))),
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<&Value> for Data {
    fn from(value: &Value) -> Self {
        Self(from_json(value))
    }
}

impl From<Value> for Data {
    fn from(value: Value) -> Self {
        Self(from_json(&value))
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Self(Val::utf8_str(text))
    }
}

impl From<bool> for Data {
    fn from(truth: bool) -> Self {
        Self(Val::Bool(truth))
    }
}

impl From<i64> for Data {
    fn from(number: i64) -> Self {
        Self(Val::Num(Num::from_integral(number)))
    }
}

impl From<f64> for Data {
    fn from(number: f64) -> Self {
        Self(Val::from(number))
    }
}
