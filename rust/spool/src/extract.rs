//! One pass over the JSON of an event: validates all of it and extracts the few fields the spool needs.

use crate::field::Field;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Maximum nesting depth. `serde_json` stops at 128 by itself; the limit is set here so that it is part of the
/// protocol, not of a library. Without a limit, 37 KB of brackets overflow the stack of a recursive parser.
pub const MAX_DEPTH: u8 = 100;

/// The fields the spool needs. Of duplicate keys the last one counts, as in most parsers.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
pub struct EventFields<'a> {
    pub kind: Field<'a>,
    pub title: Field<'a>,
    pub description: Field<'a>,
    pub source: Field<'a>,
    pub task_id: Field<'a>,
    pub event_id: Field<'a>,
    pub correlation_id: Field<'a>,
    pub parent_event_id: Field<'a>,
    pub timestamp: Field<'a>,
    /// `data` is present and neither an object nor null.
    pub data_is_invalid: bool,
    pub severity: Field<'a>,
    pub priority: Field<'a>,
    /// A known key that occurs more than once.
    pub duplicate_key: Option<&'static str>,
    /// The text is an object.
    pub is_object: bool,
}

/// Extract the fields of a JSON text.
pub fn extract(text: &str) -> serde_json::Result<EventFields<'_>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let fields = deserializer.deserialize_any(EventSeed)?;
    deserializer.end()?;
    Ok(fields)
}

/// The keys of the fields that are extracted.
pub const EVENT_KEYS: [&str; 10] = [
    "type",
    "title",
    "description",
    "source",
    "task_id",
    "event_id",
    "correlation_id",
    "parent_event_id",
    "timestamp",
    "data",
];

struct EventSeed;

impl<'de> Visitor<'de> for EventSeed {
    type Value = EventFields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EventFields<'de>, A::Error> {
        let mut fields = EventFields {
            is_object: true,
            ..EventFields::default()
        };
        let mut seen = [false; EVENT_KEYS.len()];
        while let Some(key) = map.next_key_seed(KnownKey(&EVENT_KEYS))? {
            let Some(index) = key else {
                map.next_value_seed(IgnoredValue(1))?;
                continue;
            };
            if std::mem::replace(&mut seen[index], true) {
                fields.duplicate_key = Some(EVENT_KEYS[index]);
            }
            let field = match EVENT_KEYS[index] {
                "type" => &mut fields.kind,
                "title" => &mut fields.title,
                "description" => &mut fields.description,
                "source" => &mut fields.source,
                "task_id" => &mut fields.task_id,
                "event_id" => &mut fields.event_id,
                "correlation_id" => &mut fields.correlation_id,
                "parent_event_id" => &mut fields.parent_event_id,
                "timestamp" => &mut fields.timestamp,
                _ => {
                    let data = map.next_value_seed(DataSeed)?;
                    fields.data_is_invalid = data.is_invalid;
                    (fields.severity, fields.priority) = (data.severity, data.priority);
                    continue;
                }
            };
            *field = map.next_value_seed(KeptValue(1))?;
        }
        Ok(fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<EventFields<'de>, A::Error> {
        while seq.next_element_seed(IgnoredValue(1))?.is_some() {}
        Ok(EventFields::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<EventFields<'de>, E> {
        Ok(EventFields::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<EventFields<'de>, E> {
        Ok(EventFields::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<EventFields<'de>, E> {
        Ok(EventFields::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<EventFields<'de>, E> {
        Ok(EventFields::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<EventFields<'de>, E> {
        Ok(EventFields::default())
    }

    fn visit_unit<E>(self) -> Result<EventFields<'de>, E> {
        Ok(EventFields::default())
    }
}

/// A key, as its index in a list of known ones.
struct KnownKey(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KnownKey {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KnownKey {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|known| *known == key))
    }
}

/// A value that is kept; the number is its depth.
struct KeptValue(u8);

impl<'de> DeserializeSeed<'de> for KeptValue {
    type Value = Field<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for KeptValue {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Field<'de>, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Field<'de>, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Field<'de>, E> {
        Ok(Field::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Field<'de>, E> {
        Ok(Field::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Field<'de>, E> {
        Ok(Field::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Field<'de>, E> {
        Ok(Field::Scalar(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Field<'de>, E> {
        Ok(Field::Missing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Field<'de>, A::Error> {
        IgnoredValue(self.0).visit_seq(seq).map(|()| Field::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field<'de>, A::Error> {
        IgnoredValue(self.0).visit_map(map).map(|()| Field::Nested)
    }
}

/// `data`, of which two fields are kept.
struct DataSeed;

#[derive(Default)]
struct DataFields<'a> {
    is_invalid: bool,
    severity: Field<'a>,
    priority: Field<'a>,
}

const DATA_KEYS: [&str; 2] = ["severity", "priority"];

impl<'de> DeserializeSeed<'de> for DataSeed {
    type Value = DataFields<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DataSeed {
    type Value = DataFields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = DataFields::default();
        while let Some(key) = map.next_key_seed(KnownKey(&DATA_KEYS))? {
            match key {
                Some(0) => fields.severity = map.next_value_seed(KeptValue(2))?,
                Some(_) => fields.priority = map.next_value_seed(KeptValue(2))?,
                None => map.next_value_seed(IgnoredValue(2))?,
            }
        }
        Ok(fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        IgnoredValue(1).visit_seq(seq).map(|()| invalid_data())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(invalid_data())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(invalid_data())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(invalid_data())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(invalid_data())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(invalid_data())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(DataFields::default())
    }
}

fn invalid_data<'a>() -> DataFields<'a> {
    DataFields {
        is_invalid: true,
        ..DataFields::default()
    }
}

/// Any value, validated (escapes, numbers, depth) and dropped; the number is its depth.
#[derive(Clone, Copy)]
struct IgnoredValue(u8);

impl IgnoredValue {
    fn below<E: Error>(self) -> Result<Self, E> {
        if self.0 >= MAX_DEPTH {
            return Err(E::custom(format_args!(
                "nested deeper than {MAX_DEPTH} levels"
            )));
        }
        Ok(Self(self.0 + 1))
    }
}

impl<'de> DeserializeSeed<'de> for IgnoredValue {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for IgnoredValue {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let below = self.below()?;
        while seq.next_element_seed(below)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let below = self.below()?;
        while map.next_key::<IgnoredKey>()?.is_some() {
            map.next_value_seed(below)?;
        }
        Ok(())
    }
}

/// A key, validated (escapes too) and dropped.
struct IgnoredKey;

impl<'de> serde::Deserialize<'de> for IgnoredKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(IgnoredValue(0)).map(|()| Self)
    }
}
