//! What a report is asked for.

use crate::commands::context::Context;
use crate::error::Result;
use crate::graph::codes;
use crate::ledger::Ledger;
use crate::ledger::funnel::{Counted, Coverage, Hours};
use crate::report::{Report, ReportInput};

/// What a report is asked for.
pub struct Asked {
    pub coverage: Coverage,
    pub hours: Hours,
}

impl Asked {
    pub fn report(&self, context: &Context, ledger: &Ledger) -> Result<(Report, Counted)> {
        let counted = ledger.counted(&self.coverage, self.hours)?;
        let input = ReportInput { made_at: context.clock.now(), coverage: &self.coverage, hours: self.hours };
        let mut report = Report::of(&input, &counted);
        for refusal in &mut report.refusals {
            let row = refusal.code.and_then(|code| codes::lookup(code, None));
            refusal.name = row.and_then(|row| row.name).map(str::to_owned);
            refusal.meaning = row.map(|row| row.meaning.to_owned());
        }
        Ok((report, counted))
    }
}
