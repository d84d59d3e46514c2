//! What Meta calls each Page, kept whenever an answer says it: for people who read its ID.

use std::collections::BTreeMap;

use super::database::Ledger;
use super::db::{self, Optional};
use super::error::Result;

impl Ledger {
    /// Keeps a Page's name, if it is a new one.
    pub fn name_page(&mut self, page: &str, name: &str) -> Result<()> {
        if self.page_name(page)?.as_deref() == Some(name) {
            return Ok(());
        }
        self.write(|conn| {
            conn.execute(
                "insert into pages (page, name) values (?1, ?2) on conflict (page) do update set name = excluded.name",
                (page, name),
            )?;
            Ok(())
        })
    }

    /// `None`: Meta was not asked yet.
    pub fn page_name(&self, page: &str) -> Result<Option<String>> {
        self.read(|conn| conn.query_row("select name from pages where page = ?1", [page], |row| row.get(0)).optional())
    }

    /// Of every Page whose name is known.
    pub fn page_names(&self) -> Result<BTreeMap<String, String>> {
        self.read(|conn| {
            conn.prepare_cached("select page, name from pages")?
                .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<db::Result<_>>()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::database::tests::engine::on_both;

    on_both! {
        fn a_page_is_called_as_it_was_last() {
            let folder = tempfile::tempdir().unwrap();
            let mut ledger = Ledger::in_memory(folder.path());
            assert_eq!(ledger.page_name("104").unwrap(), None);
            for name in ["Lotus", "Lotus Flowers", "Lotus Flowers"] {
                ledger.name_page("104", name).unwrap();
                assert_eq!(ledger.page_name("104").unwrap().as_deref(), Some(name));
            }
            ledger.name_page("105", "Rose").unwrap();
            let all = [("104", "Lotus Flowers"), ("105", "Rose")];
            assert_eq!(ledger.page_names().unwrap(), all.map(|(page, name)| (page.to_owned(), name.to_owned())).into());
        }
    }
}
