//! The values of one row that the message uses, borrowed where they contain no escapes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use crate::text::is_same_name;

pub type RowValues<'v> = Vec<Option<Cow<'v, str>>>;

/// Reads a row's values for the columns that the message uses and skips the others.
pub struct ColumnReader<'c, 'r, 'v> {
    pub names: &'c [String],
    pub row: &'r mut RowValues<'v>,
    /// Values of columns whose names are those of `names` in another case, or with blanks around them.
    pub alike: &'r mut Vec<(usize, Option<Cow<'v, str>>)>,
}

impl<'v> Visitor<'v> for ColumnReader<'_, '_, 'v> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of columns and values")
    }

    fn visit_map<A: MapAccess<'v>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key_seed(Plain)? {
            let name = name.unwrap_or_default();
            let exact = self.names.binary_search_by(|known| known.as_str().cmp(&name)).ok();
            let mut alike = (0..self.names.len())
                .filter(|index| Some(*index) != exact && is_same_name(&self.names[*index], &name))
                .peekable();
            if exact.is_none() && alike.peek().is_none() {
                fields.next_value::<serde::de::IgnoredAny>()?;
                continue;
            }
            let value = fields.next_value_seed(Plain)?;
            self.alike.extend(alike.map(|index| (index, value.clone())));
            if let Some(index) = exact {
                self.row[index] = value;
            }
        }
        Ok(())
    }
}

/// A value as text, borrowed if the JSON has no escapes; `None` for null.
struct Plain;

impl<'v> DeserializeSeed<'v> for Plain {
    type Value = Option<Cow<'v, str>>;

    fn deserialize<D: Deserializer<'v>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'v> Visitor<'v> for Plain {
    type Value = Option<Cow<'v, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true or false")
    }

    fn visit_borrowed_str<E>(self, value: &'v str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value)))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
