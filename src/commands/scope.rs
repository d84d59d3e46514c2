//! Which Page a command covers: the selected one, unless all Pages in the ledger are asked for.

use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::error::{Error, Result};
use crate::text;

#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct ScopeArgs {
    /// Cover all Pages in the ledger, not only the Page set by the profile or MMSG_PAGE.
    #[arg(long)]
    all_pages: bool,
}

impl ScopeArgs {
    /// The Page to narrow to; `None` for all Pages in the ledger.
    pub fn page(self, context: &Context) -> Option<&str> {
        selected(context).filter(|_| !self.all_pages)
    }

    pub fn is_all(self) -> bool {
        self.all_pages
    }

    /// Of several profiles each shows its own Page.
    ///
    /// # Errors
    /// Exit 2.
    pub fn refuse_all(self) -> Result<()> {
        if !self.all_pages {
            return Ok(());
        }
        Err(Error::usage("--all-pages can't be used with several profiles: each shows its own Page")
            .hint("leave out --all-pages, or use one profile"))
    }

    /// Refuses something that was named but belongs to another Page.
    ///
    /// # Errors
    /// Exit 5.
    pub fn refuse_other(self, context: &Context, what: &str, page: &str, nothing: &str) -> Result<()> {
        match self.page(context) {
            Some(ours) if ours != page => Err(of_other_page(context, what, page, ours, nothing)
                .hint("choose that Page's profile with --profile, or pass --all-pages")),
            _ => Ok(()),
        }
    }

    /// Says how many rows of other Pages a list leaves out.
    pub fn tell_hidden(self, context: &Context, hidden: u64, one: &str, many: &str) {
        if hidden > 0 {
            let rows = text::count(hidden, one, many);
            context.ui.status(&format!("not shown: {rows} of other Pages; --all-pages shows all Pages"));
        }
    }
}

fn selected(context: &Context) -> Option<&str> {
    context.settings.page.as_ref().map(|page| page.value.as_str())
}

/// Refuses a campaign of another Page than the selected one; `nothing` says what was not done.
///
/// # Errors
/// Exit 5.
pub fn refuse_other_page(context: &Context, campaign: &str, page: Option<&str>, nothing: &str) -> Result<()> {
    match (page, selected(context)) {
        (Some(theirs), Some(ours)) if theirs != ours => {
            Err(of_other_page(context, &format!("campaign {campaign}"), theirs, ours, nothing)
                .hint("choose that Page's profile with --profile, or use another campaign"))
        }
        _ => Ok(()),
    }
}

fn of_other_page(context: &Context, what: &str, theirs: &str, ours: &str, nothing: &str) -> Error {
    let names = PageNames::at_hand(context);
    let (theirs, ours) = (names.shown(theirs), names.shown(ours));
    Error::refused(format!("{what} belongs to Page {theirs}, and the profile's Page is {ours}; {nothing}"))
}
