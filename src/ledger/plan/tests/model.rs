//! What is planned, in the words of the design.

use super::*;

#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub(super) blocked_until: UnixMillis,
    pub(super) suppressed: bool,
    pub(super) expires_at: Option<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct ModelRow {
    pub(super) state: State,
    pub(super) not_before: UnixMillis,
    pub(super) skip: Option<Skip>,
    pub(super) value: u8,
    pub(super) never: bool,
    /// The list whose value stands.
    pub(super) owner: usize,
}

/// What is planned, in the words of the design.
#[derive(Default)]
pub(super) struct Model {
    pub(super) now: UnixMillis,
    pub(super) people: HashMap<u8, Person>,
    pub(super) rows: BTreeMap<(usize, u8), ModelRow>,
    pub(super) planned: BTreeSet<(usize, usize)>,
}

impl Model {
    fn decide(
        &self,
        broadcast: usize,
        person: u8,
        value: u8,
        never: bool,
        end: Option<UnixMillis>,
    ) -> (State, UnixMillis, Option<Skip>) {
        let known = self.people.get(&person).cloned().unwrap_or_default();
        // Broadcasts 0 and 1 are two messages of one campaign.
        let rival = [Some(1), Some(0), None][broadcast].and_then(|other: usize| self.rows.get(&(other, person)));
        let reached = rival.is_some_and(|row| matches!(row.state, State::Accepted | State::Unknown));
        let skip = if known.suppressed {
            Some(Skip::Suppressed)
        } else if known.expires_at.is_some_and(|at| at <= self.now) {
            Some(Skip::Expired)
        } else if reached {
            Some(Skip::OtherMessage)
        } else if never {
            Some(Skip::NeverAvailable)
        } else if end.is_some_and(|end| end <= self.now.max(known.blocked_until)) {
            Some(Skip::Ended)
        } else if value == UNUSABLE {
            Some(Skip::MissingValue)
        } else {
            None
        };
        match skip {
            Some(skip) => (State::Skipped, UnixMillis(0), Some(skip)),
            None if known.blocked_until > self.now => (State::Pending, known.blocked_until, None),
            None => (State::Pending, UnixMillis(0), None),
        }
    }

    pub(super) fn plan(
        &mut self,
        broadcast: usize,
        at: usize,
        list: &List,
        cut: Option<usize>,
        end: Option<UnixMillis>,
    ) {
        let again = self.planned.contains(&(broadcast, at));
        if again && cut.is_some() {
            return;
        }
        let mut seen = BTreeSet::new();
        for (person, value) in list.iter().take(cut.unwrap_or(usize::MAX)) {
            if !seen.insert(*person) {
                continue;
            }
            let old = self.rows.get(&(broadcast, *person)).cloned();
            let (value, owner, never) = match &old {
                None => (*value, at, false),
                Some(row) if !matches!(row.state, State::Pending | State::Skipped) => continue,
                Some(row) if !self.planned.contains(&(broadcast, row.owner)) => {
                    // A list that was cut off fixed nothing; continued, it leaves what waits as it is.
                    if row.owner == at && row.state == State::Pending {
                        continue;
                    }
                    (*value, at, row.never)
                }
                // A planned row that waits is as it was, and so are the values of a skipped one where they can be used.
                Some(row) if row.state == State::Pending => continue,
                Some(row) if row.value == UNUSABLE => (if again { row.value } else { *value }, row.owner, row.never),
                Some(row) => (row.value, row.owner, row.never),
            };
            let (state, not_before, skip) = self.decide(broadcast, *person, value, never, end);
            self.rows.insert((broadcast, *person), ModelRow { state, not_before, skip, value, never, owner });
        }
        if cut.is_none() {
            self.planned.insert((broadcast, at));
        }
    }
}
