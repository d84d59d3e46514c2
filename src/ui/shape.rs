//! Which columns and rows of a list are printed, and in which order: one mechanism for all lists and formats.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::table::{Record, plain};
use crate::error::{Error, Result};
use crate::text::nearest;

/// Of each of them: one for all would also be that of the flags that follow in a command.
const HEADING: &str = "List options";

/// The flags of every list.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Shape {
    /// Print only these columns, in this order: names of the table or JSON keys, separated by commas.
    #[arg(long, help_heading = HEADING, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Sort by this column; with - before its name, the largest first.
    #[arg(long, help_heading = HEADING, value_name = "COLUMN", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Print at most this many rows.
    #[arg(long, help_heading = HEADING, value_name = "N")]
    limit: Option<usize>,
}

/// A column that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Of the table, by its place.
    Cell(usize),
    /// A JSON key, by its place in [`Record::keys`].
    Key(usize),
}

/// A [`Shape`] for one kind of record.
#[derive(Clone, Debug)]
pub struct Picked {
    pub columns: Option<Vec<Pick>>,
    /// And whether the largest comes first.
    pub sort: Option<(Pick, bool)>,
    pub limit: Option<usize>,
}

impl Shape {
    /// Whether nothing was asked for.
    pub fn is_all(&self) -> bool {
        self.columns.is_empty() && self.sort.is_none() && self.limit.is_none()
    }

    /// Whether rows must be seen together before the first is printed.
    pub fn sorts(&self) -> bool {
        self.sort.is_some()
    }

    /// Finds the columns; `is_table`: names of the table come first, and else only JSON keys count.
    ///
    /// # Errors
    /// Exit 2 for a column that the record does not have.
    pub fn pick<R: Record>(&self, is_table: bool) -> Result<Picked> {
        let (names, keys) = (R::columns(), R::keys());
        let find = |asked: &str| find(asked, &names, &keys, is_table);
        let columns = if self.columns.is_empty() {
            None
        } else {
            Some(self.columns.iter().map(|asked| find(asked)).collect::<Result<_>>()?)
        };
        let sort = match self.sort.as_deref().map(|asked| (asked.strip_prefix('-').unwrap_or(asked), asked)) {
            // Data sorts better than what is shown of it, whatever the format.
            Some((name, asked)) => Some((by_key(name, &keys).map_or_else(|| find(name), Ok)?, name != asked)),
            None => None,
        };
        Ok(Picked { columns, sort, limit: self.limit })
    }
}

/// `next run at`, `next_run_at` and `Next-Run-At` are one name.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.trim().to_lowercase().replace(['_', '-'], " ");
    plain(one) == plain(other)
}

fn by_key(asked: &str, keys: &[&str]) -> Option<Pick> {
    keys.iter().position(|key| is_same(key, asked)).map(Pick::Key)
}

fn find(asked: &str, names: &[&str], keys: &[&str], is_table: bool) -> Result<Pick> {
    let by_name = || names.iter().position(|name| is_same(name, asked)).map(Pick::Cell).filter(|_| is_table);
    if let Some(found) = by_name().or_else(|| by_key(asked, keys)) {
        return Ok(found);
    }
    let known: Vec<&str> = if is_table { [names, keys].concat() } else { keys.to_vec() };
    let meant = nearest(asked, &known).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    let shown = if is_table { names } else { keys };
    Err(Error::usage(format!("there is no column {asked:?} in this list"))
        .hint(format!("{meant}its columns are {}", shown.join(", "))))
}

/// A row as data and as cells.
pub struct Row {
    pub value: Map<String, Value>,
    pub cells: Vec<String>,
}

impl Picked {
    /// Sorts and cuts the rows.
    pub fn arrange(&self, rows: &mut Vec<Row>, keys: &[&str]) {
        if let Some((pick, largest_first)) = self.sort {
            rows.sort_by(|a, b| {
                let (a, b) = (value(a, pick, keys), value(b, pick, keys));
                match (a.is_null(), b.is_null()) {
                    // What has no value comes last, either way.
                    (true, true) => Ordering::Equal,
                    (true, false) => Ordering::Greater,
                    (false, true) => Ordering::Less,
                    (false, false) if largest_first => compare(&b, &a),
                    (false, false) => compare(&a, &b),
                }
            });
        }
        if let Some(limit) = self.limit {
            rows.truncate(limit);
        }
    }

    /// The data of these columns only.
    pub fn project(&self, mut value: Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
        let Some(columns) = &self.columns else { return value };
        let keys = columns.iter().filter_map(|pick| match pick {
            Pick::Key(place) => keys.get(*place),
            Pick::Cell(_) => None,
        });
        keys.map(|key| ((*key).to_owned(), value.remove(*key).unwrap_or_default())).collect()
    }

    /// The header of these columns in a table.
    pub fn names<'n>(&self, names: &[&'n str], keys: &[&'n str]) -> Vec<&'n str> {
        let Some(columns) = &self.columns else { return names.to_vec() };
        let name = |pick: &Pick| match pick {
            Pick::Cell(place) => names.get(*place),
            Pick::Key(place) => keys.get(*place),
        };
        columns.iter().filter_map(name).copied().collect()
    }

    /// The cells of these columns.
    pub fn cells(&self, row: Row, keys: &[&str]) -> Vec<String> {
        let Some(columns) = &self.columns else { return row.cells };
        let cell = |pick: &Pick| match pick {
            Pick::Cell(place) => row.cells.get(*place).cloned().unwrap_or_default(),
            Pick::Key(_) => plain(&value(&row, *pick, keys)),
        };
        columns.iter().map(cell).collect()
    }
}

fn value(row: &Row, pick: Pick, keys: &[&str]) -> Value {
    match pick {
        Pick::Key(place) => keys.get(place).and_then(|key| row.value.get(*key)).cloned().unwrap_or_default(),
        Pick::Cell(place) => row.cells.get(place).map_or(Value::Null, |cell| Value::from(cell.as_str())),
    }
}

/// Numbers by size, also those that are written as text; other texts by their letters.
fn compare(one: &Value, other: &Value) -> Ordering {
    if let (Some(one), Some(other)) = (one.as_f64(), other.as_f64()) {
        return one.total_cmp(&other);
    }
    let (one, other) = (plain(one), plain(other));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    if digits(&one) && digits(&other) {
        // Of any length: IDs don't fit into a number.
        let bare = |text: &str| text.replace(',', "").trim_start_matches('0').to_owned();
        let (one, other) = (bare(&one), bare(&other));
        return one.len().cmp(&other.len()).then_with(|| one.cmp(&other));
    }
    one.to_lowercase().cmp(&other.to_lowercase()).then_with(|| one.cmp(&other))
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Shop;

    impl Record for Shop {
        const PLURAL: &'static str = "shops";
        const COLUMNS: &'static [&'static str] = &["name", "Page", "budget", "next run at"];
        const KEYS: &'static [&'static str] = &["name", "page_id", "daily_budget", "next_run_at"];

        fn cells(&self) -> Vec<String> {
            Vec::new()
        }
    }

    fn shape(columns: &str, sort: &str) -> Shape {
        let columns = columns.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Shape { columns, sort: Some(sort.to_owned()).filter(|sort| !sort.is_empty()), limit: None }
    }

    #[test]
    fn a_column_is_found_by_its_name_or_key_and_a_wrong_one_is_answered() {
        let columns =
            |text: &str, is_table| shape(text, "").pick::<Shop>(is_table).map(|picked| picked.columns.unwrap());
        assert_eq!(
            columns("Next-Run-At,page,daily_budget", true).unwrap(),
            [Pick::Cell(3), Pick::Cell(1), Pick::Key(2)]
        );
        assert_eq!(columns("next run at,page_id", false).unwrap(), [Pick::Key(3), Pick::Key(1)]);
        let error = columns("budget", false).unwrap_err();
        assert_eq!(error.message(), "there is no column \"budget\" in this list");
        assert!(error.hint_text().unwrap().contains("its columns are name, page_id"), "{:?}", error.hint_text());
        let typo = columns("nmae", true).unwrap_err();
        assert!(typo.hint_text().unwrap().starts_with("did you mean name?"), "{:?}", typo.hint_text());
        assert!(shape("", "bugdet").pick::<Shop>(true).is_err());
    }

    fn rows(values: &[Value]) -> Vec<Row> {
        let row = |value: &Value| Row {
            value: json!({ "name": value, "page_id": 1 }).as_object().unwrap().clone(),
            cells: vec![plain(value), "1".to_owned()],
        };
        values.iter().map(row).collect()
    }

    #[test]
    fn rows_are_sorted_by_what_they_are() {
        for (values, sort, want) in [
            (vec![json!(10), json!(9), json!(null), json!(-1)], "name", "-1 9 10 "),
            (vec![json!(10), json!(9), json!(null), json!(-1)], "-name", "10 9 -1 "),
            (vec![json!("120283923210160581"), json!("9")], "name", "9 120283923210160581"),
            (vec![json!("b"), json!("B"), json!("a")], "name", "a B b"),
            (
                vec![json!("2026-11-02T00:00:00Z"), json!("2026-11-01T00:00:00Z")],
                "-name",
                "2026-11-02T00:00:00Z 2026-11-01T00:00:00Z",
            ),
            (vec![json!(true), json!(false)], "name", "false true"),
        ] {
            let picked = shape("", sort).pick::<Shop>(true).unwrap();
            let mut all = rows(&values);
            picked.arrange(&mut all, &Shop::keys());
            let got: Vec<String> = all.into_iter().map(|row| plain(&row.value["name"])).collect();
            assert_eq!(got.join(" "), want, "{sort}");
        }
        let mut all = rows(&[json!(3), json!(1), json!(2)]);
        let first = Shape { limit: Some(2), ..shape("", "name") };
        first.pick::<Shop>(false).unwrap().arrange(&mut all, &Shop::keys());
        assert_eq!(all.iter().map(|row| row.value["name"].clone()).collect::<Vec<_>>(), [json!(1), json!(2)]);
    }

    #[test]
    fn columns_come_as_they_were_asked_for() {
        let keys = Shop::keys();
        let picked = shape("page_id,name", "").pick::<Shop>(false).unwrap();
        let row = rows(&[json!("a")]).remove(0);
        assert_eq!(Value::from(picked.project(row.value, &keys)).to_string(), r#"{"page_id":1,"name":"a"}"#);
        let picked = shape("daily budget,name", "").pick::<Shop>(true).unwrap();
        assert_eq!(picked.names(&Shop::columns(), &keys), ["daily_budget", "name"]);
        assert_eq!(picked.cells(rows(&[json!("a")]).remove(0), &keys), ["", "a"]);
    }
}
