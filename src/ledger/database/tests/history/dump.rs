//! What a ledger holds, in words that are the same on each engine.

use std::collections::HashMap;

use crate::ledger::Ledger;
use crate::ledger::tables::TABLES;

/// All tables, with names in place of the ids that each engine gives in its own way.
pub fn dump(ledger: &Ledger) -> Vec<String> {
    let words = |sql: &str| -> Vec<Vec<String>> {
        let mut statement = ledger.conn.prepare_cached(sql).unwrap();
        statement.query_map((), |row| Ok(row.words())).unwrap().map(Result::unwrap).collect()
    };
    let mut names: HashMap<(&str, String), String> = HashMap::new();
    // Who was erased has no token.
    for (rank, row) in words("select id, token from recipients order by id").into_iter().enumerate() {
        let name = if row[1] == r#"Text("")"# { format!("erased {rank}") } else { row[1].clone() };
        names.insert(("recipient", row[0].clone()), name);
    }
    for (table, column) in
        [("broadcasts", "broadcast"), ("listings", "listing"), ("runs", "run"), ("audiences", "audience")]
    {
        for (rank, row) in words(&format!("select id from {table} order by id")).into_iter().enumerate() {
            names.insert((column, row[0].clone()), format!("{column} {rank}"));
        }
    }
    for row in words("select id, recipient, broadcast from sends") {
        let (person, broadcast) = (&names[&("recipient", row[1].clone())], &names[&("broadcast", row[2].clone())]);
        let name = format!("{person} in {broadcast}");
        names.insert(("send", row[0].clone()), name);
    }
    let mut all = Vec::new();
    for table in &TABLES {
        let sql = match table.name {
            // A server has a row for each run.
            "states" => "select broadcast, state, cast(sum(n) as bigint) from states group by 1, 2 having sum(n) <> 0"
                .to_owned(),
            "counters" => {
                "select broadcast, hour, what, cast(sum(n) as bigint) from counters group by 1, 2, 3 having sum(n) <> 0"
                    .to_owned()
            }
            name => format!("select {} from {name}", table.columns.join(", ")),
        };
        let mut rows: Vec<String> = words(&sql)
            .into_iter()
            .map(|row| {
                let columns = table.columns.iter().zip(row).filter(|(column, _)| !matches!(**column, "uuid" | "step"));
                let named = columns.filter_map(|(column, word)| match *column {
                    "id" => None,
                    column => Some(match names.get(&(column, word.clone())) {
                        Some(name) => format!("{column}={name}"),
                        None => format!("{column}={word}"),
                    }),
                });
                format!("{}: {}", table.name, named.collect::<Vec<_>>().join(" "))
            })
            .collect();
        rows.sort();
        all.extend(rows);
    }
    // The newest time moves once a second, by whichever step comes then.
    all.extend(words("select gate, graph_host from ledger").into_iter().map(|row| row.join(" ")));
    // In which order people were met, and rows of a broadcast go out.
    for (column, order) in
        [("recipient", "select id from recipients order by id"), ("send", "select id from sends order by id")]
    {
        all.extend(words(order).into_iter().map(|row| names[&(column, row[0].clone())].clone()));
    }
    all
}
