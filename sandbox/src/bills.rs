//! What deliveries cost, and whether budgets, the account's spending limit and its prepaid balance pay for one more.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use clap::Args;

use super::campaigns::Campaign;
use super::chance;
use super::reply::Refusal;
use super::values;
use super::world::World;

/// What a delivery costs and who pays. Amounts are in the currency's smallest unit.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Money")]
pub struct Money {
    /// How far the price of a delivery may be from --cost, up or down.
    #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub cost_spread: f64,
    /// Spending limit of each ad account; sends beyond it are refused (2300056).
    #[arg(long, value_name = "AMOUNT")]
    pub spend_cap: Option<u64>,
    /// Let each ad account pay from a balance of this AMOUNT; sends beyond it are refused (2300058).
    #[arg(long, value_name = "AMOUNT")]
    pub prepaid: Option<u64>,
}

/// Thousandths of the smallest unit, so that sums are exact.
const PARTS: f64 = 1000.0;

/// What a delivery of the person's nth message costs, in thousandths of the smallest unit.
pub fn price(world: &World, token: &str, nth: u64) -> u64 {
    let spread = world.options.money.cost_spread;
    let off =
        if spread > 0.0 { (2.0 * chance::share(world.options.seed, "price", token, nth) - 1.0) * spread } else { 0.0 };
    (world.options.cost * (1.0 + off) * PARTS).round() as u64
}

/// The least and the most that a delivery costs.
pub fn prices(world: &World) -> (f64, f64) {
    let spread = world.options.money.cost_spread;
    let rounded = |price: f64| (price * PARTS).round() / PARTS;
    (rounded(world.options.cost * (1.0 - spread)), rounded(world.options.cost * (1.0 + spread)))
}

/// Thousandths as an amount.
pub fn amount(parts: u64) -> f64 {
    parts as f64 / PARTS
}

/// What all deliveries of this campaign cost, those still on their way included.
pub fn of_campaign(campaign: &Campaign) -> f64 {
    amount(campaign.billed.load(Relaxed))
}

/// What all deliveries of an ad account cost, deleted campaigns included.
pub fn of_account(world: &World, account: &str) -> f64 {
    world.campaigns().all().filter(|(_, ad)| *ad.account == *account).map(|(_, ad)| of_campaign(ad)).sum()
}

/// Pays for a send of this `price`, or refuses it. `send` makes it and says whether it will be delivered: if not, the money stays.
pub fn pay(
    world: &World,
    campaign: &Campaign,
    price: u64,
    now: i64,
    send: impl FnOnce() -> bool,
) -> Result<(), Refusal> {
    // Nobody else pays between the question and the payment.
    let till = world.till.lock().unwrap_or_else(PoisonError::into_inner);
    affordable(world, campaign, amount(price), now)?;
    if send() {
        campaign.billed.fetch_add(price, Relaxed);
    }
    drop(till);
    Ok(())
}

/// Gives the money back for a send that could not be recorded.
pub fn repay(campaign: &Campaign, price: u64) {
    campaign.billed.fetch_sub(price, Relaxed);
}

fn affordable(world: &World, campaign: &Campaign, price: f64, now: i64) -> Result<(), Refusal> {
    let money = &world.options.money;
    for (limit, code) in [(money.prepaid, 2_300_058), (money.spend_cap, 2_300_056)] {
        if limit.is_some_and(|limit| of_account(world, &campaign.account) + price > limit as f64) {
            return Err(Refusal::new(code));
        }
    }
    if !world.options.enforce_budget {
        return Ok(());
    }
    let budgets = campaign.terms().budgets;
    let spent = of_campaign(campaign) + price;
    if budgets.lifetime.is_some_and(|budget| spent > budget as f64) {
        return Err(Refusal::new(2_300_053));
    }
    if let Some(daily) = budgets.daily {
        // The daily budget is an average: each day that has begun adds one to what may be spent.
        let day = world.scaled(Duration::from_hours(24)).max(1);
        let days = (now - campaign.created_at).max(0) / day + 1;
        if spent > daily as f64 * days as f64 {
            let wait = Duration::from_millis(u64::try_from(campaign.created_at + days * day - now).unwrap_or(0));
            return Err(Refusal::new(2_300_054).remaining(wait));
        }
    }
    Ok(())
}
