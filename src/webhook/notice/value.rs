//! Values whose type Meta does not keep: numbers or strings for ids and times.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A string or a number, as text; never through a float. `null`, `true`, arrays and objects are nothing.
#[derive(Clone, Copy, Default)]
pub struct Text<'b>(Option<&'b RawValue>);

impl<'de: 'b, 'b> Deserialize<'de> for Text<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw)))
    }
}

impl Text<'_> {
    pub fn text(&self) -> Option<String> {
        let raw = self.0?.get();
        match raw.as_bytes().first()? {
            // Most strings have no escape in them.
            b'"' => {
                let inner = raw.get(1..raw.len().checked_sub(1)?)?;
                if inner.contains('\\') { serde_json::from_str(raw).ok() } else { Some(inner.to_owned()) }
            }
            b'-' | b'0'..=b'9' => Some(raw.to_owned()),
            _ => None,
        }
    }

    /// An id: no empty text, and not the 0 that stands for nobody.
    pub fn id(&self) -> Option<String> {
        self.text().filter(|id| !id.is_empty() && id != "0")
    }
}

/// What has another type than expected is as if it were not there.
pub fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}
