//! What an ad account spends, and how much of it a run may still claim.
//!
//! Every claim under a ceiling reserves what a delivery costs, in the transaction that makes it. What is reserved is not kept as a sum:
//! it is counted from the sends themselves, so that a request that came back, a failure that a webhook reported or a send that was settled
//! gives its money back by itself, and runs without a ceiling count as well. What Meta said was spent on a day is a row; it is locked
//! while a run claims, so that on a server no two runs take the same money.

use jiff::civil::Date;

use super::database::Ledger;
use super::db::{self, Conn, Optional};
use super::error::Result;
use super::events::stage::Stage;
use super::sql::{sql, unsigned};
use super::state::State;
use super::tally::What;
use crate::campaign::{Amount, Currency};
use crate::clock::UnixMillis;
use crate::times::day::Day;
use crate::times::hours::Zone;

/// What a run may spend.
#[derive(Clone, Copy, Debug)]
pub struct Ceiling {
    /// What is reserved for one delivery.
    pub each: Amount,
    pub currency: Option<Currency>,
    /// The ad account's.
    pub zone: Zone,
    /// On each of the account's days.
    pub daily: Option<Amount>,
    /// From the beginning of this day on, for as long as the run goes on.
    pub in_all: Option<(Amount, Day)>,
}

/// Which of its ceilings a run is nearest to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichCeiling {
    Daily,
    InAll,
}

/// How an ad account stands under one ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    pub which: WhichCeiling,
    pub limit: Amount,
    pub each: Amount,
    pub currency: Option<Currency>,
    /// The first day that counts.
    pub since: Date,
    /// When the account's next day begins.
    pub next_day: UnixMillis,
    /// What Meta said was spent.
    pub told: Amount,
    /// Sends that were or may have been accepted or are on their way, and did not fail.
    pub sends: u64,
    /// Of these, those that a webhook reported as delivered.
    pub delivered: u64,
}

impl Spending {
    /// What is known to be spent: by Meta's figures, or by the deliveries that webhooks reported.
    pub fn spent(&self) -> Amount {
        self.told.max(self.each.times(self.delivered.min(self.sends)))
    }

    /// What else may come to be spent.
    pub fn reserved(&self) -> Amount {
        self.each.times(self.sends).minus(self.spent())
    }

    pub fn left(&self) -> Amount {
        self.limit.minus(self.spent()).minus(self.reserved())
    }

    /// How many more may be claimed.
    pub fn affords(&self) -> u64 {
        self.left().holds(self.each)
    }
}

impl Ceiling {
    /// The same for a claim: on a server, nobody else reads it for one before the transaction ends.
    pub(super) fn hold(
        &self,
        conn: &Conn,
        ad_account: &str,
        now: UnixMillis,
        more: i64,
    ) -> db::Result<Option<Spending>> {
        hold(conn, ad_account, Day::at(now, self.zone))?;
        self.tightest(conn, ad_account, now, more)
    }

    /// The ceiling that leaves least, with so many more sends than the ledger has.
    fn tightest(&self, conn: &Conn, ad_account: &str, now: UnixMillis, more: i64) -> db::Result<Option<Spending>> {
        let today = Day::at(now, self.zone);
        let mut tightest = None::<Spending>;
        let daily = self.daily.map(|limit| (WhichCeiling::Daily, limit, today));
        for (which, limit, since) in
            daily.into_iter().chain(self.in_all.map(|(limit, day)| (WhichCeiling::InAll, limit, day)))
        {
            let (told, sends, delivered) = count(conn, ad_account, since)?;
            let spending = Spending {
                which,
                limit,
                each: self.each,
                currency: self.currency,
                since: since.date,
                next_day: today.ends,
                told,
                sends: unsigned(sends + more),
                delivered,
            };
            if tightest.is_none_or(|other| spending.affords() < other.affords()) {
                tightest = Some(spending);
            }
        }
        Ok(tightest)
    }
}

/// Locks the account's row of this day, which is made if there is none.
fn hold(conn: &Conn, ad_account: &str, day: Day) -> db::Result<()> {
    if !conn.is_server() {
        return Ok(());
    }
    let mut lock = conn.prepare_cached("select spent from spending where ad_account = ?1 and day = ?2 for update")?;
    if lock.query_row((ad_account, day.begins), |row| row.get::<i64>(0)).optional()?.is_none() {
        tell(conn, ad_account, day, Amount::default())?;
        lock.query_row((ad_account, day.begins), |row| row.get::<i64>(0))?;
    }
    Ok(())
}

/// Keeps what Meta says, unless it said more before.
fn tell(conn: &Conn, ad_account: &str, day: Day, spent: Amount) -> db::Result<()> {
    let parts = i64::try_from(spent.0).unwrap_or(i64::MAX);
    conn.prepare_cached(
        "insert into spending (ad_account, day, spent) values (?1, ?2, ?3)
         on conflict (ad_account, day) do update set spent = case when excluded.spent > spending.spent then excluded.spent
           else spending.spent end",
    )?
    .execute((ad_account, day.begins, parts))
    .map(drop)
}

/// What Meta said was spent from this day on; sends that cost or may cost something; those that were delivered.
///
/// Sums are by the hour, so where a day begins within one, that hour counts as a whole.
fn count(conn: &Conn, ad_account: &str, since: Day) -> db::Result<(Amount, i64, u64)> {
    let told = conn
        .prepare_cached(
            "select coalesce(cast(sum(spent) as bigint), 0) from spending where ad_account = ?1 and day >= ?2",
        )?
        .query_row((ad_account, since.begins), |row| row.get(0).map(unsigned))?;
    let claimed: i64 = conn
        .prepare_cached(sql!(
            "select coalesce(cast(sum(s.n) as bigint), 0) from broadcasts b join states s on s.broadcast = b.id
             where b.ad_account = ?1 and s.state = {claimed}"
        ))?
        .query_row([ad_account], |row| row.get(0))?;
    let [accepted, unknown] = [State::Accepted, State::Unknown].map(|state| What::State(state).name());
    let [failed, delivered] = [Stage::Failed, Stage::Delivered].map(|stage| What::Of(stage).name());
    let (answered, delivered): (i64, i64) = conn
        .prepare_cached(
            "select coalesce(cast(sum(case c.what when ?5 then -c.n when ?6 then 0 else c.n end) as bigint), 0),
                    coalesce(cast(sum(case c.what when ?6 then c.n else 0 end) as bigint), 0)
             from broadcasts b join counters c on c.broadcast = b.id
             where b.ad_account = ?1 and c.hour >= ?2 and c.what in (?3, ?4, ?5, ?6)",
        )?
        .query_row((ad_account, since.begins.hour(), accepted, unknown, failed, delivered), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok((Amount(told), claimed + answered, unsigned(delivered)))
}

impl Ledger {
    /// Keeps what Meta says was spent on this day so far.
    pub fn told_spending(&mut self, ad_account: &str, day: Day, spent: Amount) -> Result<()> {
        self.write(|conn| Ok(tell(conn, ad_account, day, spent)?))
    }

    /// How an account stands under the ceiling that leaves least; `None` without one.
    pub fn spending(&self, ad_account: &str, ceiling: &Ceiling, now: UnixMillis) -> Result<Option<Spending>> {
        self.read(|conn| ceiling.tightest(conn, ad_account, now, 0))
    }
}
