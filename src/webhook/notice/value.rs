//! Objects and values whose form varies in Meta's notices: ids and times as numbers or strings, duplicate keys.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json;

/// A JSON object. Of duplicate keys the last one counts, as in nearly every parser.
pub struct Object<'b>(Vec<(Cow<'b, str>, &'b RawValue)>);

impl<'b> Object<'b> {
    /// `None` for anything but an object.
    pub fn of(raw: &'b RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// A member; `null` counts as missing.
    pub fn get(&self, name: &str) -> Option<&'b RawValue> {
        let (_, value) = self.0.iter().rev().find(|(key, _)| key == name)?;
        (value.get() != "null").then_some(*value)
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn value(&self, name: &str) -> Scalar<'b> {
        Scalar(self.get(name))
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).text()
    }

    /// An id; `None` if it is empty or 0, or holds what no id of Meta's does: not every database can store a NUL.
    pub fn id(&self, name: &str) -> Option<String> {
        self.text(name).filter(|id| !id.is_empty() && id != "0" && id.bytes().all(|byte| byte.is_ascii_graphic()))
    }

    /// `None` if it is not an array.
    pub fn array(&self, name: &str) -> Option<Vec<&'b RawValue>> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }
}

impl<'de: 'b, 'b> Deserialize<'de> for Object<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(12);
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Members).map(Self)
    }
}

/// A key, borrowed if it contains no escapes.
#[derive(Deserialize)]
struct Key<'b>(#[serde(borrow)] Cow<'b, str>);

/// A string or a number as text, never converted to a float. `null`, booleans, arrays and objects give no text.
#[derive(Clone, Copy, Default)]
pub struct Scalar<'b>(Option<&'b RawValue>);

impl Scalar<'_> {
    pub fn text(&self) -> Option<String> {
        json::text(self.0?)
    }
}
