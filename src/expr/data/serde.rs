//! Data by serde: written as it is, read no deeper than it may nest.

use std::fmt;

use jaq_json::{Num, Val};
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DEPTH_MAX, Data, from_number, text_of};

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Val::Arr(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items.iter() {
                    seq.serialize_element(&Self(item.clone()))?;
                }
                seq.end()
            }
            Val::Obj(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members.iter() {
                    map.serialize_entry(&text_of(key), &Self(value.clone()))?;
                }
                map.end()
            }
            Val::BStr(_) => Err(S::Error::custom("a byte string is not JSON")),
            _ => self.to_json().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Any { depth: 0 }.deserialize(deserializer)
    }
}

/// Any JSON value at a depth.
struct Any {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Data;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Data, D::Error> {
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom(format!("nested deeper than {DEPTH_MAX}")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Data, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Data, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Data, E> {
        Ok(Data(Val::Num(Num::from_integral(number))))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Data, E> {
        Ok(serde_json::Number::from_f64(number).map_or_else(Data::null, |n| Data(from_number(&n))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Data, E> {
        Ok(text.into())
    }

    fn visit_unit<E>(self) -> Result<Data, E> {
        Ok(Data::null())
    }

    fn visit_none<E>(self) -> Result<Data, E> {
        Ok(Data::null())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Data, D::Error> {
        DeserializeSeed::deserialize(self, deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Data, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self { depth: self.depth + 1 })? {
            items.push(item);
        }
        Ok(Data::array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            members.push((key, map.next_value_seed(Self { depth: self.depth + 1 })?));
        }
        Ok(Data::object(members))
    }
}
