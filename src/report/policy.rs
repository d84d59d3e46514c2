//! What Meta did about a Page because of its policies.

use serde::Serialize;

use crate::clock::UnixMillis;

/// Meta's words: a Page can't send until it is unblocked.
const BLOCK: &str = "block";
const UNBLOCK: &str = "unblock";

/// One notice from Meta.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyNotice {
    pub page: Option<String>,
    pub at: UnixMillis,
    /// `warning`, `block` or `unblock`; `None` where Meta's words were not understood.
    pub action: Option<String>,
    pub reason: Option<String>,
    /// When a block ended or ends, if Meta told.
    pub until: Option<UnixMillis>,
}

impl PolicyNotice {
    fn is(&self, action: &str) -> bool {
        self.action.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(action))
    }

    pub fn action(&self) -> &str {
        self.action.as_deref().unwrap_or("not understood")
    }

    pub fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or("-")
    }

    pub fn until(&self) -> String {
        match self.until {
            Some(until) => until.to_string(),
            None if self.is(BLOCK) => "not told".to_owned(),
            None => "-".to_owned(),
        }
    }
}

/// Of notices in the order of time, those between two times, and each block from before that had not ended. A block ends when Meta
/// said so, or when it lifts it.
pub fn in_time(mut notices: Vec<PolicyNotice>, from: Option<UnixMillis>, to: Option<UnixMillis>) -> Vec<PolicyNotice> {
    for at in 0..notices.len() {
        let (before, after) = notices.split_at_mut(at + 1);
        let Some(block) = before.last_mut().filter(|notice| notice.is(BLOCK)) else { continue };
        let lifted = after.iter().find(|later| later.page == block.page && later.is(UNBLOCK)).map(|later| later.at);
        block.until = [block.until, lifted].into_iter().flatten().min();
    }
    notices.retain(|notice| {
        let goes_on = notice.is(BLOCK) && notice.until.is_none_or(|until| from.is_none_or(|from| until > from));
        (goes_on || from.is_none_or(|from| notice.at >= from)) && to.is_none_or(|to| notice.at < to)
    });
    notices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(page: &str, at: i64, action: &str, until: Option<i64>) -> PolicyNotice {
        PolicyNotice {
            page: Some(page.to_owned()),
            at: UnixMillis(at),
            action: Some(action.to_owned()),
            reason: None,
            until: until.map(UnixMillis),
        }
    }

    #[test]
    fn notices_of_the_time_and_blocks_that_went_on_are_shown() {
        let all = vec![
            notice("1", 10, "warning", None),
            notice("1", 20, "block", None),
            notice("2", 25, "block", Some(90)),
            notice("2", 30, "BLOCK", Some(27)),
            notice("1", 40, "unblock", None),
            notice("1", 50, "block", None),
            notice("1", 60, "a new word", None),
        ];
        // From, to: when what is shown happened, and until when.
        for (from, to, shown) in [
            (
                None,
                None,
                vec![(10, None), (20, Some(40)), (25, Some(90)), (30, Some(27)), (40, None), (50, None), (60, None)],
            ),
            (Some(35), None, vec![(20, Some(40)), (25, Some(90)), (40, None), (50, None), (60, None)]),
            (Some(40), Some(50), vec![(25, Some(90)), (40, None)]),
            (Some(90), None, vec![(50, None)]),
            (None, Some(20), vec![(10, None)]),
        ] {
            let found: Vec<_> = in_time(all.clone(), from.map(UnixMillis), to.map(UnixMillis))
                .iter()
                .map(|notice| (notice.at.0, notice.until.map(|until| until.0)))
                .collect();
            assert_eq!(found, shown, "{from:?} {to:?}");
        }
        let said: Vec<String> = all.iter().map(PolicyNotice::until).collect();
        assert_eq!((said[0].as_str(), said[1].as_str()), ("-", "not told"));
    }
}
