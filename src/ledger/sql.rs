//! SQL text and values: the numbers of states are written from their enum, in one place.

use super::db::{FromColumn, ToValue, Value};
use super::people::suppression::Suppression;
use super::state::State;
use crate::clock::UnixMillis;
use crate::times::hours::{Minute, Quiet, Zone};

/// SQL with words in braces: `{pending}`, `{claimed}` and so on become the number of that state, further words what is given for
/// them. Filled in by the compiler, because a partial index is used only by a query that has the same literal.
macro_rules! sql {
    ($text:expr $(, $word:ident = $value:expr)* $(,)?) => {{
        const WORDS: &[(&str, &str)] = &[$((stringify!($word), $value)),*];
        const LENGTH: usize = $crate::ledger::sql::length($text, WORDS);
        const BYTES: [u8; LENGTH] = $crate::ledger::sql::fill($text, WORDS);
        const SQL: &str = match std::str::from_utf8(&BYTES) {
            Ok(sql) => sql,
            Err(_) => "",
        };
        SQL
    }};
}
pub(super) use sql;

/// A number of one digit as SQL text.
pub(super) const fn digit(number: i64) -> &'static str {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    DIGITS[number as usize]
}

/// Bytes of the filled text.
pub(super) const fn length(text: &str, words: &[(&str, &str)]) -> usize {
    let (mut at, mut length) = (0, 0);
    while at < text.len() {
        let (piece, next) = piece(text.as_bytes(), at, words);
        length += piece.len();
        at = next;
    }
    length
}

/// The filled text, of the [`length`] that it has.
pub(super) const fn fill<const LENGTH: usize>(text: &str, words: &[(&str, &str)]) -> [u8; LENGTH] {
    let mut filled = [0; LENGTH];
    let (mut at, mut end) = (0, 0);
    while at < text.len() {
        let (piece, next) = piece(text.as_bytes(), at, words);
        let mut byte = 0;
        while byte < piece.len() {
            filled[end] = piece[byte];
            (byte, end) = (byte + 1, end + 1);
        }
        at = next;
    }
    filled
}

/// What is written for the text at `at`, and where the text after it begins. An unclosed brace does not compile.
const fn piece<'t>(text: &'t [u8], at: usize, words: &[(&'t str, &'t str)]) -> (&'t [u8], usize) {
    if text[at] != b'{' {
        return (text.split_at(at).1.split_at(1).0, at + 1);
    }
    let mut end = at;
    while text[end] != b'}' {
        end += 1;
    }
    (meaning(text.split_at(end).0.split_at(at + 1).1, words), end + 1)
}

#[expect(clippy::panic, reason = "evaluated by the compiler: an unknown word does not compile")]
const fn meaning<'t>(word: &[u8], words: &[(&'t str, &'t str)]) -> &'t [u8] {
    let mut place = 0;
    while place < State::ALL.len() {
        if is_same(word, State::ALL[place].name().as_bytes()) {
            return digit(State::ALL[place].number()).as_bytes();
        }
        place += 1;
    }
    place = 0;
    while place < words.len() {
        if is_same(word, words[place].0.as_bytes()) {
            return words[place].1.as_bytes();
        }
        place += 1;
    }
    panic!("unknown word in braces")
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut place = 0;
    while place < one.len() {
        if one[place] != other[place] {
            return false;
        }
        place += 1;
    }
    true
}

/// A count of rows. No count is negative.
pub(super) fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl ToValue for State {
    fn value(&self) -> Value<'_> {
        Value::Int(self.number())
    }
}

impl FromColumn for State {
    fn of(value: Value<'_>) -> Option<Self> {
        let number = i64::of(value)?;
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

impl ToValue for Suppression {
    fn value(&self) -> Value<'_> {
        Value::Text(self.name())
    }
}

impl FromColumn for Suppression {
    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(name) => Some(Self::of_name(name)),
            _ => None,
        }
    }
}

/// Times are stored as milliseconds since 1970.
impl ToValue for UnixMillis {
    fn value(&self) -> Value<'_> {
        Value::Int(self.0)
    }
}

impl FromColumn for UnixMillis {
    fn of(value: Value<'_>) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

impl FromColumn for Zone {
    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(name) => Some(Self::named(name)),
            _ => None,
        }
    }
}

/// What can't be read fails: quiet hours must not be lost.
impl FromColumn for Quiet {
    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Self::parse(text).ok(),
            _ => None,
        }
    }
}

impl FromColumn for Minute {
    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Self::parse(text).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_in_braces_become_numbers_and_fragments() {
        let sql = sql!("select {columns} from sends where state in ({pending}, {unknown})", columns = "id, ä");
        assert_eq!(sql, "select id, ä from sends where state in (0, 5)");
    }
}
