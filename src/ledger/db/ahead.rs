//! Questions that are asked before their answers are wanted, so that one trip to a server brings all of them.

use super::value::{Owned, Values};

/// Questions in the order in which they will be asked again: then the answers are on their way. Of no use with a file.
#[derive(Default)]
pub struct Ahead(Vec<Question>);

pub struct Question {
    pub sql: String,
    pub values: Vec<Owned>,
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
