//! What a report is asked for.

use crate::campaign::read_time;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::error::Result;
use crate::graph::codes;
use crate::ledger::Ledger;
use crate::ledger::events::Policy;
use crate::ledger::funnel::{Counted, Coverage, Hours};
use crate::report::policy::in_time;
use crate::report::{PolicyNotice, Report, ReportInput};
use crate::webhook::notice::{Enforcement, enforcement};

/// What a report is asked for.
pub struct Asked {
    pub coverage: Coverage,
    pub hours: Hours,
}

impl Asked {
    pub fn report(&self, context: &Context, ledger: &Ledger) -> Result<(Report, Counted)> {
        let counted = ledger.counted(&self.coverage, self.hours)?;
        let input = ReportInput { made_at: context.now_of(ledger)?, coverage: &self.coverage, hours: self.hours };
        let mut report = Report::of(&input, &counted);
        let names = PageNames::of(context, ledger)?;
        if let Some(page) = &report.page {
            report.page_name = names.name(page).map(str::to_owned);
            report.page_called = names.called(page).map(str::to_owned);
        }
        for refusal in &mut report.refusals {
            let row = refusal.code.and_then(|code| codes::lookup(code, None));
            refusal.name = row.and_then(|row| row.name).map(str::to_owned);
            refusal.meaning = row.map(|row| row.meaning.to_owned());
        }
        let (page, from) = self.policy_range(&counted);
        let found = ledger.policies(page.as_deref())?.into_iter().map(notice).collect();
        report.policy = in_time(found, from, self.hours.until());
        Ok((report, counted))
    }

    /// Of which Page policy notices are shown, and since when: for one campaign or broadcast since there is one.
    fn policy_range(&self, counted: &Counted) -> (Option<String>, Option<UnixMillis>) {
        if self.coverage.is_of_whole_page() {
            return (self.coverage.page.clone(), self.hours.since());
        }
        let page = counted.broadcasts.first().map(|first| first.page.clone());
        let first = counted.broadcasts.iter().map(|broadcast| broadcast.created_at).min();
        (page, self.hours.since().max(first))
    }
}

fn notice(policy: Policy) -> PolicyNotice {
    let Enforcement { action, reason, until } = enforcement(&policy.raw);
    let until = until.as_deref().and_then(read_time);
    PolicyNotice { page: policy.page, at: policy.at, action, reason, until }
}
