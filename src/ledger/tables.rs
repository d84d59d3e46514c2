//! Every table of a ledger, the same on every engine: for whoever counts or copies all of it.

/// A table; its first `key` columns are its primary key.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
    pub key: usize,
}

/// What a row names stands in a table before it. The row of the ledger itself, `ledger`, is none of these.
pub const TABLES: [Table; 21] = [
    Table {
        name: "recipients",
        key: 1,
        columns: &[
            "id",
            "key",
            "token",
            "page",
            "blocked_until",
            "blocked_until_before_claim",
            "next_eligible_at",
            "expires_at",
            "time_zone",
            "psid",
            "suppressed",
            "suppressed_at",
            "opt_at",
            "opted_out",
            "optin_at",
            "reoptin",
            "note",
            "erased_at",
        ],
    },
    Table { name: "audiences", key: 1, columns: &["id", "page", "name", "rows", "imported_at", "source"] },
    Table { name: "audience_rows", key: 2, columns: &["audience", "recipient", "row_values"] },
    Table {
        name: "fetches",
        key: 1,
        columns: &["audience", "asked", "cursor", "begun_at", "pages", "rows", "unreadable", "folded", "new", "erased"],
    },
    Table {
        name: "broadcasts",
        key: 1,
        columns: &[
            "id",
            "page",
            "ad_account",
            "campaign",
            "fingerprint",
            "repeat",
            "message",
            "new_message",
            "created_at",
            "finished_at",
            "quiet_hours",
            "opens_at",
            "local_time",
            "local_since",
            "time_zone",
            "min_gap",
            "split",
            "closes_at",
            "campaign_name",
            "label",
        ],
    },
    Table {
        name: "listings",
        key: 1,
        columns: &["id", "broadcast", "source", "rows", "rows_hash", "created_at", "planned_at"],
    },
    Table {
        name: "runs",
        key: 1,
        columns: &["id", "uuid", "broadcast", "host", "pid", "started_at", "ended_at", "why", "step"],
    },
    Table {
        name: "sends",
        key: 1,
        columns: &[
            "id",
            "broadcast",
            "recipient",
            "listing",
            "state",
            "not_before",
            "laters",
            "first_later_at",
            "row_values",
            "reason",
            "run",
            "claimed_at",
            "finished_at",
            "tracking_id",
            "http_status",
            "code",
            "subcode",
            "fbtrace_id",
            "attempts",
            "echoed_at",
            "delivered_at",
            "read_at",
            "clicked_at",
            "failed_at",
            "failure",
            "attribution",
            "arm",
        ],
    },
    Table {
        name: "canaries",
        key: 1,
        columns: &["broadcast", "asked", "wait", "max_failed", "hears", "listing", "sent_at", "passed_at"],
    },
    Table { name: "listing_rows", key: 2, columns: &["listing", "send"] },
    Table { name: "counters", key: 3, columns: &["broadcast", "hour", "what", "n"] },
    Table { name: "states", key: 2, columns: &["broadcast", "state", "n"] },
    Table {
        name: "pace",
        key: 1,
        columns: &[
            "ad_account",
            "rate",
            "usage",
            "next_at",
            "paused_until",
            "refusals",
            "updated_at",
            "fixed_rate",
            "fixed_asked_at",
            "fixed_next_at",
        ],
    },
    Table { name: "spending", key: 2, columns: &["ad_account", "day", "spent"] },
    Table { name: "audit", key: 1, columns: &["id", "at", "who", "command", "what"] },
    Table {
        name: "events",
        key: 1,
        columns: &[
            "id",
            "key",
            "kind",
            "page",
            "recipient",
            "campaign",
            "tracking_id",
            "mid",
            "occurred_at",
            "received_at",
            "send",
            "how",
            "raw",
            "detail",
        ],
    },
    Table {
        name: "attempts",
        key: 1,
        columns: &["id", "send", "claimed_at", "finished_at", "outcome", "reason", "code", "subcode", "fbtrace_id"],
    },
    Table { name: "deletions", key: 1, columns: &["id", "uuid", "ad_account", "campaign", "who", "started_at"] },
    Table {
        name: "edits",
        key: 1,
        columns: &["id", "uuid", "ad_account", "campaign", "edit", "changes_budget", "done", "who", "started_at"],
    },
    Table { name: "choices", key: 2, columns: &["page", "psid", "at", "opted_out"] },
    Table { name: "pages", key: 1, columns: &["page", "name"] },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ledger::Ledger;
    use crate::ledger::db::Conn;

    /// Columns of a table, and how many of them are its key.
    fn columns(conn: &Conn, table: &str) -> (BTreeSet<String>, Vec<String>) {
        let mut statement = conn.prepare_cached("select name, pk from pragma_table_info(?1) order by pk").unwrap();
        let all: Vec<(String, i64)> =
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        let key = all.iter().filter(|(_, place)| *place > 0).map(|(name, _)| name.clone()).collect();
        (all.into_iter().map(|(name, _)| name).collect(), key)
    }

    #[test]
    fn every_table_and_column_is_here() {
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
        let mut here: BTreeSet<String> = TABLES.iter().map(|table| table.name.to_owned()).collect();
        here.insert("ledger".to_owned());
        assert_eq!(here, tables);
        for table in &TABLES {
            let (all, key) = columns(&ledger.conn, table.name);
            assert_eq!(
                table.columns.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(),
                all,
                "{}",
                table.name
            );
            assert_eq!(table.columns[..table.key], key, "{}", table.name);
        }
    }
}
