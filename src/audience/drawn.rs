//! What is laid out for people, not for programs: tables that database clients draw, and web pages.
//!
//! A drawn table gives itself away by lines that no list has: rules, borders, record marks, a count of rows. One of a simple form is
//! read: a header, a rule under it, rows, and perhaps a count, which must be right. Anything else is refused whole, with the flag
//! that makes the client write CSV.

use super::shown_file;
use crate::error::{Error, Result};

/// So many lines at the start are looked at before anything is read. Later ones are looked at where they are bad rows.
const LINES: usize = 10;

/// What drew it, as far as we know, and how to get a list instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    what: &'static str,
    hint: &'static str,
    /// A line of it is a rule, not a mark or a count.
    is_table: bool,
}

const PSQL: Drawn = Drawn {
    what: "a table as psql draws it",
    hint: "use psql --csv (without a header: psql --csv --tuples-only)",
    is_table: true,
};
const EXPANDED: Drawn = Drawn {
    what: "one column a line, as psql -x writes it",
    hint: "use psql --csv, without -x and \\x",
    is_table: false,
};
const MYSQL: Drawn = Drawn {
    what: "a table with borders, as mysql, mariadb and bq draw it",
    hint: "use mariadb --batch, mysql --batch, bq --format=csv, or psql --csv",
    is_table: true,
};
const VERTICAL: Drawn = Drawn {
    what: "one column a line, as mysql \\G and mariadb --vertical write it",
    hint: "use mariadb --batch or mysql --batch, without \\G",
    is_table: false,
};
const BOX: Drawn = Drawn {
    what: "a table drawn with lines, as duckdb, sqlite3 and clickhouse-client do",
    hint: "use duckdb -csv, sqlite3 -csv -header, clickhouse-client --format CSVWithNames, or psql --csv",
    is_table: false,
};
const MARKDOWN: Drawn = Drawn {
    what: "a Markdown table",
    hint: "export it as CSV: sqlite3 -csv -header, duckdb -csv, or psql --csv",
    is_table: true,
};
const RULE: Drawn = Drawn {
    what: "a table with a rule under its header, as psql, sqlite3, sqlcmd and sqlplus draw it",
    hint: "use psql --csv, sqlite3 -csv -header, sqlcmd -s, -W -h -1 with --token-column 1, or set markup csv on in sqlplus",
    is_table: true,
};
const COUNT: Drawn = Drawn {
    what: "a client's output, with a count of its rows",
    hint: "use psql --csv, mariadb --batch, sqlite3 -csv -header, or SET NOCOUNT ON in sqlcmd",
    is_table: false,
};
const STATEMENTS: Drawn = Drawn {
    what: "SQL statements",
    hint: "export the rows as CSV: sqlite3 -csv -header, or psql --csv",
    is_table: false,
};
const LINE_MODE: Drawn = Drawn {
    what: "one column a line, as sqlite3 -line writes it",
    hint: "use sqlite3 -csv -header or duckdb -csv",
    is_table: false,
};
const MARKUP: Drawn = Drawn {
    what: "HTML or XML; is it a sign-in or error page?",
    hint: "look at the file; export the list as CSV or JSON",
    is_table: false,
};

/// What an input begins like: a list (`None`), or a table that can be read. Anything else that was drawn is refused.
pub(super) fn find(start: &[u8], file: &str) -> Result<Option<Table>> {
    if start.trim_ascii_start().starts_with(b"<") {
        return Err(refused(MARKUP, file, None));
    }
    let lines = || start.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.trim_ascii().is_empty());
    // A quoted cell may have lines of any kind.
    let unquoted = lines().take_while(|line| !line.contains(&b'"')).take(LINES);
    let drawn: Vec<Option<Drawn>> = unquoted.map(of).collect();
    let Some(first) = lines().next().and_then(statement).or_else(|| drawn.iter().copied().flatten().next()) else {
        return Ok(None);
    };
    // A header with a rule under it, and perhaps a border above. A rule with gaps would need the widths of its columns.
    let is_rule = |index: usize| drawn.get(index).copied().flatten().is_some_and(|drawn| drawn.is_table);
    let border = usize::from(is_rule(0));
    let has_gaps = |line: &[u8]| line.trim_ascii().contains(&b' ') && !line.contains(&b'|');
    if is_rule(border) || !is_rule(border + 1) || lines().nth(border + 1).is_some_and(has_gaps) {
        return Err(refused(first, file, None));
    }
    Ok(Some(Table { drawn: first, rules: 0, rules_above: 1 + border, rows: 0, is_over: false }))
}

/// A table that is read line by line.
#[derive(Debug)]
pub(super) struct Table {
    drawn: Drawn,
    /// Rules met, and how many of them are above the rows.
    rules: usize,
    rules_above: usize,
    rows: u64,
    /// The border below the rows, or their count, was met.
    is_over: bool,
}

impl Table {
    pub(super) fn has_border(&self) -> bool {
        self.rules_above > 1
    }

    /// Whether the line is a row, the header included; other lines of the table are not.
    pub(super) fn is_row(&mut self, line: &[u8], number: u64, file: &str) -> Result<bool> {
        if line.trim_ascii().is_empty() {
            return Ok(false);
        }
        let count = std::str::from_utf8(line).ok().and_then(|line| counted(line.trim()));
        match (of(line), count) {
            (_, Some(count)) if self.rules >= self.rules_above && count == self.rows => self.is_over = true,
            (_, Some(count)) => {
                return Err(Error::refused(format!(
                    "the list {} says that it has {count} rows, but {} were read",
                    shown_file(file),
                    self.rows
                ))
                .hint(self.drawn.hint));
            }
            (Some(drawn), None) if drawn.is_table && !self.is_over => {
                self.rules += 1;
                self.is_over = self.rules > self.rules_above;
            }
            (None, None) if !self.is_over => {
                self.rows += u64::from(self.rules >= self.rules_above);
                return Ok(true);
            }
            _ => return Err(refused(self.drawn, file, Some(number))),
        }
        Ok(false)
    }
}

/// Refuses the whole list when this bad row of it is a line of a drawn table.
pub(super) fn refuse_row(row: &[u8], line: u64, file: &str) -> Result<()> {
    of(row).map_or(Ok(()), |drawn| Err(refused(drawn, file, Some(line))))
}

fn refused(drawn: Drawn, file: &str, line: Option<u64>) -> Error {
    let place = line.map(|line| format!(" (line {line})")).unwrap_or_default();
    Error::refused(format!("the list {} is {}{place}", shown_file(file), drawn.what)).hint(drawn.hint)
}

/// What draws such a line; `None` for lines that a list may have.
fn of(line: &[u8]) -> Option<Drawn> {
    let text = std::str::from_utf8(line).ok()?.trim();
    rule(text).or_else(|| mark(text))
}

/// A line of nothing but strokes.
fn rule(text: &str) -> Option<Drawn> {
    let is_box = |c: char| matches!(c, '\u{2500}'..='\u{257f}');
    if text.starts_with(is_box) {
        return Some(BOX);
    }
    let strokes = text.chars().filter(|c| matches!(c, '-' | '=' | '_' | '*')).count();
    if strokes < 3 || !text.chars().all(|c| matches!(c, '-' | '=' | '_' | '+' | '|' | ':' | ' ' | '\t' | ',' | ';')) {
        return None;
    }
    Some(match text.chars().next() {
        Some('|' | ':') => MARKDOWN,
        Some('+') => MYSQL,
        _ if text.contains('+') => PSQL,
        _ if text.contains('|') => MARKDOWN,
        _ => RULE,
    })
}

/// Marks of records, and counts of rows under a table.
fn mark(text: &str) -> Option<Drawn> {
    if text.starts_with("-[ ") || text.starts_with("-[RECORD") {
        return Some(EXPANDED);
    }
    if text.starts_with("***") && text.ends_with("***") && text.contains(". row ") {
        return Some(VERTICAL);
    }
    counted(text).map(|_| COUNT)
}

/// The number in a line that counts the rows above it.
fn counted(text: &str) -> Option<u64> {
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let mut words = inner.unwrap_or(text).split(' ');
    let number = words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
    let rest: Vec<&str> = words.collect();
    let is_count = match rest.as_slice() {
        ["row" | "rows"] => inner.is_some(),
        ["row" | "rows", "affected" | "in" | "selected" | "selected.", ..] => true,
        _ => false,
    };
    is_count.then_some(number)
}

/// A first line that is a statement or one column of a row.
fn statement(line: &[u8]) -> Option<Drawn> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let starts = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if ["insert into ", "create table ", "copy "].into_iter().any(starts) {
        return Some(STATEMENTS);
    }
    let (name, value) = text.split_once(" = ")?;
    (name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !value.is_empty()).then_some(LINE_MODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_drawn_tables_are_known() {
        for (line, drawn) in [
            ("-------------------", RULE),
            ("---------------------+-------", PSQL),
            ("-----------------  ----------", RULE),
            ("-----,----", RULE),
            ("===\t===", RULE),
            ("+-------------------+------+", MYSQL),
            ("|---|---|", MARKDOWN),
            ("| :--- | ---: |", MARKDOWN),
            ("---|---", MARKDOWN),
            ("┌───────────────────┐", BOX),
            ("│ 12348141984909001 │", BOX),
            ("───────────────────", BOX),
            ("-[ RECORD 1 ]------", EXPANDED),
            ("*************************** 1. row ***************************", VERTICAL),
            ("(3 rows)", COUNT),
            ("(1 row)", COUNT),
            ("(3 rows affected)", COUNT),
            ("3 rows in set (0.001 sec)", COUNT),
            ("3 rows selected.", COUNT),
        ] {
            assert_eq!(of(line.as_bytes()), Some(drawn), "{line}");
        }
        for line in [
            "12348141984909001",
            "a-b",
            "--",
            "token",
            "| token | name |",
            "3 rows",
            "x,-,-",
            "",
            "-dash",
            "a=b",
            "***",
        ] {
            assert_eq!(of(line.as_bytes()), None, "{line}");
        }
        assert_eq!(statement(b"INSERT INTO subscribers VALUES('12348141984909001');"), Some(STATEMENTS));
        assert_eq!(statement(b"  token = 12348141984909001"), Some(LINE_MODE));
        assert_eq!(statement(b"token,name"), None);
    }
}
