//! The values of a row, checked against the message.

use crate::ledger::judge::Decision;
use crate::ledger::state::Skip;

/// Checks the values of a row against the message of its arm: `Err` is the reason to skip it.
pub type CheckValues<'a> = dyn FnMut(Option<i64>, Option<&str>) -> Result<(), (Skip, Option<String>)> + 'a;

/// A row that may go out must have values that the message can use.
pub fn with_values(
    decision: Decision,
    arm: Option<i64>,
    values: Option<&str>,
    check: &mut CheckValues<'_>,
) -> Decision {
    match decision {
        Decision::Now | Decision::Later { .. } | Decision::OffHours { .. } => match check(arm, values) {
            Ok(()) => decision,
            Err((skip, detail)) => Decision::Never { skip, detail },
        },
        never @ Decision::Never { .. } => never,
    }
}
