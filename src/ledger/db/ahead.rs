//! Questions that are asked before their answers are wanted, so that one trip to a server brings all of them.

use super::value::{Value, Values};

/// Questions in the order in which they will be asked again: then the answers are on their way. Of no use with a file.
#[derive(Default)]
pub struct Ahead(Vec<Question>);

pub struct Question {
    pub sql: String,
    pub values: Vec<Owned>,
}

/// A value for which nobody has to wait.
#[derive(Clone)]
pub enum Owned {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Ahead {
    pub fn ask(&mut self, sql: impl Into<String>, values: impl Values) {
        self.0.push(Question { sql: sql.into(), values: owned(values) });
    }

    pub fn questions(&self) -> &[Question] {
        &self.0
    }
}

pub fn owned(values: impl Values) -> Vec<Owned> {
    values.lend(|values| values.iter().copied().map(Owned::from).collect())
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(n) => Self::Int(n),
            Value::Real(number) => Self::Real(number),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Blob(bytes) => Self::Blob(bytes.to_owned()),
        }
    }
}

impl Owned {
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(n) => Value::Int(*n),
            Self::Real(number) => Value::Real(*number),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}
