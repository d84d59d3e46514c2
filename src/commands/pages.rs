//! What Pages are called: the one place that says how a Page is shown.

use std::collections::BTreeMap;

use serde::Serialize;

use super::context::Context;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::text;
use crate::ui::table::Record;

/// The column that names a Page.
const COLUMN: &str = "Page";

/// The names that are known.
#[derive(Clone, Debug, Default)]
pub struct PageNames {
    /// By Meta.
    known: BTreeMap<String, String>,
    /// The profile's Page, and what the operator calls it.
    ours: Option<(String, String)>,
}

impl PageNames {
    /// # Errors
    /// Exit 10 when the ledger can't be read.
    pub fn of(context: &Context, ledger: &Ledger) -> Result<Self> {
        Ok(Self::with(context, ledger.page_names()?))
    }

    /// Of these names.
    pub fn with(context: &Context, known: BTreeMap<String, String>) -> Self {
        Self { known, ours: ours(context) }
    }

    /// For a command that needs no ledger: what one in a file says, if it can be read. A server is not asked.
    pub fn at_hand(context: &Context) -> Self {
        let address = &context.settings.ledger.value;
        let ledger = if address.is_server() { None } else { Ledger::open_read_only(address.clone()).ok().flatten() };
        Self::with(context, ledger.and_then(|ledger| ledger.page_names().ok()).unwrap_or_default())
    }

    /// What Meta calls it.
    pub fn name(&self, page: &str) -> Option<&str> {
        self.known.get(page).map(String::as_str)
    }

    /// What people call it: by Meta's name, or else the profile's.
    pub fn called(&self, page: &str) -> Option<&str> {
        let ours = || self.ours.as_ref().filter(|(ours, _)| ours == page).map(|(_, profile)| profile.as_str());
        self.name(page).or_else(ours)
    }

    /// `104 (Lotus Flowers)`.
    pub fn shown(&self, page: &str) -> String {
        text::with_name(page, self.called(page))
    }

    /// A row, with what its Page is called.
    pub fn row<R: OnAPage>(&self, row: R) -> Named<R> {
        let page = row.page();
        let page_name = page.and_then(|page| self.name(page)).map(str::to_owned);
        let shown = page.map(|page| self.shown(page));
        Named { row, page_name, shown }
    }

    pub fn rows<R: OnAPage>(&self, rows: impl IntoIterator<Item = R>) -> Vec<Named<R>> {
        rows.into_iter().map(|row| self.row(row)).collect()
    }
}

/// Keeps what Meta called the profile's Page, if an answer of this command said it.
///
/// # Errors
/// Exit 10 when the ledger can't be written.
pub fn keep(context: &Context, ledger: &mut Ledger) -> Result<()> {
    match (context.page_name(), &context.settings.page) {
        (Some(name), Some(page)) => Ok(ledger.name_page(page.value.as_str(), name)?),
        _ => Ok(()),
    }
}

/// The profile that was chosen, if its name says more than that there is one. Of several, each row names its profile.
fn ours(context: &Context) -> Option<(String, String)> {
    let profile = context.settings.profile.as_ref().filter(|profile| profile.value != "default")?;
    let page = context.settings.page.as_ref().filter(|_| !context.ui.is_of_several())?;
    Some((page.value.as_str().to_owned(), profile.value.clone()))
}

/// A row of something that is a Page's.
pub trait OnAPage: Record {
    fn page(&self) -> Option<&str>;
}

/// A row, and what its Page is called.
#[derive(Clone, Debug, Serialize)]
pub struct Named<R> {
    #[serde(flatten)]
    pub row: R,
    page_name: Option<String>,
    #[serde(skip)]
    shown: Option<String>,
}

impl<R> Named<R> {
    /// How its Page is shown.
    pub fn shown_page(&self) -> &str {
        self.shown.as_deref().unwrap_or("unknown")
    }
}

impl<R: OnAPage> Record for Named<R> {
    const PLURAL: &'static str = R::PLURAL;
    const COLUMNS: &'static [&'static str] = R::COLUMNS;
    const EXPENDABLE: &'static [&'static str] = R::EXPENDABLE;

    fn columns() -> Vec<&'static str> {
        R::columns()
    }

    fn keys() -> Vec<&'static str> {
        [R::keys(), vec!["page_name"]].concat()
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = self.row.cells();
        let place = R::columns().iter().position(|column| *column == COLUMN);
        if let (Some(cell), Some(shown)) = (place.and_then(|place| cells.get_mut(place)), &self.shown) {
            cell.clone_from(shown);
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        page: Option<String>,
    }

    impl Record for Row {
        const PLURAL: &'static str = "rows";
        const COLUMNS: &'static [&'static str] = &["n", "Page"];
        const KEYS: &'static [&'static str] = &["page"];

        fn cells(&self) -> Vec<String> {
            vec!["1".to_owned(), self.page.clone().unwrap_or_else(|| "-".to_owned())]
        }
    }

    impl OnAPage for Row {
        fn page(&self) -> Option<&str> {
            self.page.as_deref()
        }
    }

    #[test]
    fn metas_name_comes_before_the_profiles_and_json_has_only_metas() {
        let pair = |(one, two): (&str, &str)| (one.to_owned(), two.to_owned());
        let names =
            PageNames { known: [("1", "Lotus"), ("2", "Rose")].map(pair).into(), ours: Some(pair(("3", "shop"))) };
        let both = PageNames { ours: Some(pair(("2", "shop"))), ..names.clone() };
        for (names, page, shown, name) in [
            (&names, Some("1"), "1 (Lotus)", Some("Lotus")),
            (&names, Some("3"), "3 (shop)", None),
            (&names, Some("4"), "4", None),
            (&names, None, "-", None),
            (&both, Some("2"), "2 (Rose)", Some("Rose")),
        ] {
            let row = names.row(Row { page: page.map(str::to_owned) });
            assert_eq!(row.cells(), ["1", shown]);
            assert_eq!(serde_json::to_value(&row).unwrap(), serde_json::json!({ "page": page, "page_name": name }));
        }
        assert_eq!(Named::<Row>::keys(), ["page", "page_name"]);
    }
}
