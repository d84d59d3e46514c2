//! What happens to an accepted send, decided at acceptance, so that webhooks and insights agree.

use super::chance;
use super::options::Webhooks;
use super::world::Accepted;

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
    pub fn of(dials: &Webhooks, seed: u64, send: &Accepted) -> Self {
        let share = |what: &str| chance::share(seed, what, &send.token, send.n);
        let of_variant = |own: Option<f64>, ratio: f64| own.filter(|_| send.variant).unwrap_or(ratio);
        let step = i64::try_from(dials.delay.as_millis()).unwrap_or(i64::MAX / 16);
        let at = |steps: i64| Some(send.at.saturating_add(step.saturating_mul(steps)));
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
            if share("read") < of_variant(dials.variant_read, dials.read) {
                fate.read = at(3);
                if share("clicked") < of_variant(dials.variant_clicked, dials.clicked) {
                    fate.clicked = at(4);
                }
            }
        }
        fate
    }
}
