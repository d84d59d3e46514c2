//! What Meta is asked to change is in the ledger before it is asked.

use super::context::Context;
use crate::error::Result;
use crate::graph::{self, Call, Fault};
use crate::ledger::audited::Asked;
use crate::ledger::{Ledger, failpoint};

/// A change, as Graph's errors and as `mmsg audit` tell it.
pub struct ToAsk<'a> {
    pub call: Call,
    pub command: &'a str,
    pub what: &'a str,
}

/// Writes down the change, asks for it, and forgets it if Meta certainly did not do it. Whoever gets the answer writes down what became of it;
/// otherwise the ledger says that it was asked for.
///
/// # Errors
/// Exit 10 when the ledger can't be written: Meta is not asked then.
pub async fn ask<T>(
    context: &Context,
    ledger: &mut Ledger,
    ToAsk { call, command, what }: ToAsk<'_>,
    request: impl Future<Output = graph::Result<T>>,
) -> Result<(Asked, graph::Result<T>)> {
    let begun = context
        .now_of(ledger)
        .and_then(|now| Ok(ledger.begin_change(now, &context.operator(), command, what)?))
        .map_err(|error| error.within("nothing was asked of Meta"))?;
    let answer = with_fail_points(call, request).await;
    if answer.as_ref().is_err_and(|error| !matches!(error, graph::Error::Unclear { .. })) {
        // Where that fails, the line stays and says that there is no answer; what Meta said is told in any case.
        let _ = ledger.drop_change(&begun);
    }
    Ok((begun, answer))
}

/// The request, between its fail-points.
pub async fn with_fail_points<T>(call: Call, request: impl Future<Output = graph::Result<T>>) -> graph::Result<T> {
    let host = || "Graph".to_owned();
    if let Err(error) = failpoint::hit("request.before") {
        return Err(graph::Error::Failed { call, host: host(), fault: Fault::NotSent(error.to_string()) });
    }
    let answer = request.await?;
    match failpoint::hit("request.after") {
        Ok(()) => Ok(answer),
        Err(error) => Err(graph::Error::Unclear { call, host: host(), fault: Fault::Lost(error.to_string()) }),
    }
}
