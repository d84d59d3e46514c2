//! Layouts that database clients gave the same three subscribers: `tests/fixtures/lists`, written by its `make.sh`.

use super::*;

const TOKENS: [&str; 3] = ["12348141984909001", "12348141984909008", "12348141984909015"];

fn folder() -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lists")
}

/// Layouts that are read as they are: all three tokens, and nothing else.
const READ: [&str; 47] = [
    "csvlook-text-one",
    "duckdb-column-one",
    "duckdb-csv-all",
    "duckdb-csv-one",
    "duckdb-json-all",
    "duckdb-json-one",
    "duckdb-jsonlines-all",
    "duckdb-jsonlines-one",
    "duckdb-list-all",
    "duckdb-list-one",
    "duckdb-markdown-all",
    "duckdb-markdown-one",
    "duckdb-table-all",
    "duckdb-table-one",
    "firebird-one",
    "isql-delimited-all",
    "litecli-all",
    "litecli-csv-all",
    "litecli-table-all",
    "mariadb-batch-all",
    "mariadb-batch-no-names-one",
    "mariadb-batch-one",
    "mariadb-table-all",
    "mariadb-table-one",
    "psql-aligned-all",
    "psql-aligned-one",
    "psql-border-all",
    "psql-csv-all",
    "psql-csv-one",
    "psql-json-rows-all",
    "psql-tuples-only-one",
    "psql-unaligned-tuples-only-one",
    "sqlite3-column-one",
    "sqlite3-csv-all",
    "sqlite3-csv-one",
    "sqlite3-json-all",
    "sqlite3-json-one",
    "sqlite3-list-all",
    "sqlite3-list-one",
    "sqlite3-markdown-all",
    "sqlite3-markdown-one",
    "sqlite3-no-header-one",
    "sqlite3-table-all",
    "sqlite3-table-one",
    "sqlite3-tabs-all",
    "sqlite3-tabs-one",
    "sqlite3-tcl-one",
];

/// A header and no rows.
const NOBODY: [&str; 2] = ["psql-aligned-none", "psql-csv-none"];

/// Layouts that are refused, and a word of the error or of its hint.
const REFUSED: [(&str, &str); 43] = [
    ("csvlook-all", "separators into the token"),
    ("duckdb-box-all", "duckdb -csv"),
    ("duckdb-box-one", "duckdb -csv"),
    ("duckdb-column-all", "sqlite3 -csv"),
    ("duckdb-cut-one", "duckdb -csv"),
    ("duckdb-default-all", "duckdb -csv"),
    ("duckdb-line-all", "duckdb -csv"),
    ("duckdb-line-one", "duckdb -csv"),
    ("firebird-all", "rule under its header"),
    ("isql-all", "table with borders"),
    ("isql-one", "table with borders"),
    ("mariadb-html-all", "HTML"),
    ("mariadb-table-no-names-one", "mariadb --batch"),
    ("mariadb-table-none", "zero bytes"),
    ("mariadb-verbose-one", "rule under its header"),
    ("mariadb-vertical-all", "mariadb --batch"),
    ("mariadb-xml-all", "XML"),
    ("psql-aligned-twice", "psql --csv"),
    ("psql-asciidoc-one", "not valid JSON"),
    ("psql-copy-all", "--token-column"),
    ("psql-expanded-all", "psql --csv"),
    ("psql-html-all", "HTML"),
    ("psql-json-aligned-all", "--token-column"),
    ("psql-latex-one", "does not look like a list of subscription tokens"),
    ("psql-unaligned-all", "psql --csv"),
    ("psql-unaligned-tuples-only-all", "--token-column"),
    ("psql-unicode-one", "psql --csv"),
    ("psql-wrapped-all", "psql --csv"),
    ("sqlite3-ascii-all", "--token-column"),
    ("sqlite3-ascii-one", "control character"),
    ("sqlite3-box-all", "sqlite3 -csv"),
    ("sqlite3-box-one", "sqlite3 -csv"),
    ("sqlite3-column-all", "sqlite3 -csv"),
    ("sqlite3-dump", "does not look like a list of subscription tokens"),
    ("sqlite3-html-all", "HTML"),
    ("sqlite3-html-one", "HTML"),
    ("sqlite3-insert-all", "sqlite3 -csv"),
    ("sqlite3-insert-one", "sqlite3 -csv"),
    ("sqlite3-line-all", "sqlite3 -csv"),
    ("sqlite3-line-one", "sqlite3 -csv"),
    ("sqlite3-quote-all", "--token-column"),
    ("sqlite3-quote-one", "no quotes"),
    ("sqlite3-tcl-all", "lone quote"),
];

#[test]
fn every_layout_of_every_client_is_read_right_or_refused() {
    for name in READ {
        let list = all(std::fs::read(folder().join(format!("{name}.txt"))).unwrap());
        assert_eq!(list.tokens(), TOKENS, "{name}");
        assert_eq!(list.tally.bad, 0, "{name}: {:?}", list.faults());
        if name.ends_with("-all") {
            assert_eq!(list.tally.columns, ["first_name", "city"], "{name}");
            assert!(
                list.values()[0].starts_with(r#"{"first_name":"Anna","city":"Rom""#),
                "{name}: {:?}",
                list.values()
            );
        }
    }
    for name in NOBODY {
        let list = all(std::fs::read(folder().join(format!("{name}.txt"))).unwrap());
        assert!(list.tally.empty_header_only, "{name}");
    }
    for (name, reason) in REFUSED {
        let (exit, message) = refused(std::fs::read(folder().join(format!("{name}.txt"))).unwrap());
        assert!(matches!(exit, Exit::Refused | Exit::Usage), "{name}: {message}");
        assert!(message.contains(reason), "{name}: {message}");
    }
}

#[test]
fn no_layout_makes_a_person_of_anything_else() {
    let mut files = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".txt").map(str::to_owned))
        else {
            continue;
        };
        let known = READ.iter().chain(&NOBODY).chain(REFUSED.iter().map(|(name, _)| name));
        assert_eq!(known.filter(|known| **known == name).count(), 1, "{name} is not in one table");
        files += 1;
        let bytes = std::fs::read(&path).unwrap();
        for token_column in [None, Some("token"), Some("1")] {
            for no_header in [false, true] {
                let token_column = token_column.map(str::to_owned);
                let options = ReadOptions { token_column, no_header, ..ReadOptions::default() };
                // The first column of a table with borders is before them.
                let Ok(list) = drip(&[&bytes], 999, &options, Columns::All) else { continue };
                let strangers: Vec<_> = list.tokens().into_iter().filter(|token| !TOKENS.contains(token)).collect();
                assert!(strangers.is_empty(), "{name} {options:?}: {strangers:?}");
            }
        }
    }
    assert_eq!(files, 92);
}
