//! What happens to an accepted send, decided at acceptance, so that webhooks and insights agree.

use super::chance;
use super::options::Webhooks;

/// When each stage comes, in milliseconds since 1970; `None` if it never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    pub echoed: Option<i64>,
    pub delivered: Option<i64>,
    pub read: Option<i64>,
    pub clicked: Option<i64>,
    pub failed: Option<i64>,
}

impl Fate {
    pub fn of(dials: &Webhooks, seed: u64, token: &str, n: u64, accepted_at: i64) -> Self {
        let share = |what: &str| chance::share(seed, what, token, n);
        let step = i64::try_from(dials.delay.as_millis()).unwrap_or(i64::MAX / 16);
        let at = |steps: i64| Some(accepted_at.saturating_add(step.saturating_mul(steps)));
        let mut fate = Self::default();
        if share("failed") < dials.failed {
            fate.failed = at(1);
            return fate;
        }
        if share("echoed") < dials.echoed {
            fate.echoed = at(1);
        }
        if share("delivered") < dials.delivered {
            fate.delivered = at(2);
            if share("read") < dials.read {
                fate.read = at(3);
                if share("clicked") < dials.clicked {
                    fate.clicked = at(4);
                }
            }
        }
        fate
    }
}
