//! Rate scores of an ad account: a level that drains, a block when it is full, and the usage headers that show both.

use std::time::Duration;

use serde_json::json;

use super::options::Tier;
use super::reply::Refusal;

const READ: f64 = 1.0;
const WRITE: f64 = 3.0;

#[derive(Clone, Copy, Debug)]
struct Rules {
    top: f64,
    drain_per_second: f64,
    block: Duration,
    name: &'static str,
}

impl Tier {
    const fn rules(self) -> Rules {
        match self {
            Self::Limited => {
                Rules { top: 60.0, drain_per_second: 0.2, block: Duration::from_secs(300), name: "development_access" }
            }
            Self::Full => {
                Rules { top: 9000.0, drain_per_second: 30.0, block: Duration::from_secs(60), name: "standard_access" }
            }
        }
    }
}

/// The score of one ad account. Times are milliseconds since 1970.
#[derive(Debug)]
pub struct Score {
    rules: Rules,
    scale: f64,
    points: f64,
    at: i64,
    blocked_until: i64,
    blocks: u64,
    calls: u64,
}

/// The usage headers after a call.
#[derive(Clone, Debug)]
pub struct Usage {
    pub business: String,
    pub account: Option<String>,
    pub app: String,
}

impl Usage {
    /// The usage of a Page, in percent; when it is used up, for how many milliseconds.
    pub fn of_page(page: &str, percent: u32, blocked: i64) -> Self {
        let business = json!({ page: [{
            "type": "pages",
            "call_count": percent,
            "total_cputime": percent / 4,
            "total_time": percent / 4,
            "estimated_time_to_regain_access": (blocked.max(0) as u64).div_ceil(60_000),
        }] });
        let app = json!({ "call_count": percent / 2, "total_time": percent / 4, "total_cputime": percent / 4 });
        Self { business: business.to_string(), account: None, app: app.to_string() }
    }
}

impl Score {
    pub fn new(tier: Tier, scale: f64, now: i64) -> Self {
        Self { rules: tier.rules(), scale, points: 0.0, at: now, blocked_until: 0, blocks: 0, calls: 0 }
    }

    /// Counts one call. A call during a block costs nothing and is refused.
    pub fn call(&mut self, write: bool, now: i64) -> Result<(), Refusal> {
        self.calls += 1;
        self.drain(now);
        if now < self.blocked_until {
            return Err(self.refusal());
        }
        let cost = if write { WRITE } else { READ };
        if self.points + cost > self.rules.top {
            let block = self.rules.block.as_secs_f64() * 1000.0 / self.scale;
            self.blocked_until = now + block.ceil() as i64;
            self.blocks += 1;
            return Err(self.refusal());
        }
        self.points += cost;
        Ok(())
    }

    fn drain(&mut self, now: i64) {
        let seconds = now.saturating_sub(self.at).max(0) as f64 / 1000.0;
        self.points = (self.points - seconds * self.rules.drain_per_second * self.scale).max(0.0);
        self.at = now;
    }

    /// Meta uses several codes for this; each block uses the next one.
    fn refusal(&self) -> Refusal {
        match self.blocks % 3 {
            1 => Refusal::new(17).subcode(2_446_079),
            2 => Refusal::new(80_004).subcode(2_446_079),
            _ => Refusal::new(613).subcode(1_487_742),
        }
    }

    /// The headers; `None` until enough calls were made for Meta to send them.
    pub fn usage(&self, account: &str, now: i64) -> Option<Usage> {
        if self.calls < 5 {
            return None;
        }
        let percent = (self.points / self.rules.top * 100.0).min(100.0);
        let blocked = (self.blocked_until - now).max(0) as f64 / 1000.0;
        let percent = if blocked > 0.0 { 100.0 } else { percent };
        let empty_in = self.points / (self.rules.drain_per_second * self.scale);
        let whole = percent.floor() as u64;
        let business = json!({ account: [{
            "type": "ads_management",
            "call_count": whole,
            "total_cputime": whole / 4,
            "total_time": whole / 4,
            "estimated_time_to_regain_access": (blocked / 60.0).ceil() as u64,
            "ads_api_access_tier": self.rules.name,
        }] });
        let account = json!({
            "acc_id_util_pct": (percent * 100.0).round() / 100.0,
            "reset_time_duration": empty_in.max(blocked).ceil() as u64,
            "ads_api_access_tier": self.rules.name,
        });
        let app = json!({ "call_count": whole / 2, "total_time": whole / 4, "total_cputime": whole / 4 });
        Some(Usage { business: business.to_string(), account: Some(account.to_string()), app: app.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_drains_and_a_full_one_blocks() {
        let mut score = Score::new(Tier::Limited, 1.0, 0);
        for _ in 0..20 {
            score.call(true, 0).unwrap();
        }
        assert_eq!(score.call(true, 0).unwrap_err().status, 400);
        // Blocked for 300 s, though 20 writes would have drained 60 points by then.
        assert!(score.call(false, 299_999).is_err());
        assert!(score.call(true, 300_000).is_ok());
        // 3 points drain in 15 s; 57 are free.
        let mut score = Score::new(Tier::Limited, 1.0, 0);
        for _ in 0..20 {
            score.call(true, 0).unwrap();
        }
        assert!(score.call(true, 15_000).is_ok());
    }

    #[test]
    fn a_steady_pace_at_the_drain_is_never_refused() {
        let mut score = Score::new(Tier::Full, 1.0, 0);
        for n in 0..100_000 {
            score.call(true, n * 100).unwrap();
        }
    }

    #[test]
    fn the_scale_drains_faster_and_blocks_shorter() {
        let mut score = Score::new(Tier::Limited, 300.0, 0);
        for _ in 0..20 {
            score.call(true, 0).unwrap();
        }
        assert!(score.call(true, 0).is_err());
        assert!(score.call(true, 999).is_err());
        assert!(score.call(true, 1000).is_ok());
        let usage = score.usage("1", 1000).unwrap();
        let account = usage.account.unwrap();
        assert!(account.contains("\"acc_id_util_pct\":5.0"), "{account}");
    }
}
