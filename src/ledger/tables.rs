//! Every table of a ledger, the same on every engine: for whoever counts all of it.

/// What a row names stands in a table before it. The row of the ledger itself, `ledger`, is none of these.
pub const TABLES: [&str; 18] = [
    "recipients",
    "audiences",
    "audience_rows",
    "fetches",
    "broadcasts",
    "listings",
    "runs",
    "sends",
    "listing_rows",
    "counters",
    "states",
    "pace",
    "audit",
    "events",
    "attempts",
    "deletions",
    "edits",
    "choices",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ledger::Ledger;

    #[test]
    fn every_table_is_here() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::in_memory(folder.path());
        let tables: BTreeSet<String> = ledger
            .conn
            .prepare_cached("select name from sqlite_schema where type = 'table' and name not like 'sqlite%'")
            .unwrap()
            .query_map((), |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let here: BTreeSet<String> = TABLES.iter().chain(&["ledger"]).map(|name| (*name).to_owned()).collect();
        assert_eq!(here, tables);
    }
}
