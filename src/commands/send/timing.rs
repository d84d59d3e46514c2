//! At which hours a broadcast may go out: flags, over what its ledger keeps of it.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::campaign::CampaignFacts;
use crate::campaign::parse_time;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::ledger::broadcasts::Broadcast;
use crate::times::hours::{Hours, Local, Minute, Quiet, Zone};
use crate::times::{moment, parse_duration};

/// These stay with the broadcast: the same command and --resume obey them until others are given.
#[derive(clap::Args, Debug)]
pub struct TimingArgs {
    /// Send nothing in these hours of each recipient's time zone, such as 21:00-08:00; none: at any hour.
    #[arg(long, value_name = "FROM-TO", value_parser = QuietChoice::parse, conflicts_with = "resume")]
    quiet_hours: Option<QuietChoice>,
    /// Send nothing before TIME: 'tomorrow 09:00' or 'friday 09:00' in the profile's time zone, ISO 8601 with a zone, or now.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["resume", "at_local"])]
    at: Option<String>,
    /// Send to each recipient when it is HH:MM in their time zone for the first time from now on.
    #[arg(long, value_name = "HH:MM", value_parser = Minute::parse, conflicts_with = "resume")]
    at_local: Option<Minute>,
    /// Only to people with whom the Page had no conversation for this long; Meta refuses the others (2300052). none: to everybody.
    #[arg(long, value_name = "DURATION", value_parser = gap, conflicts_with = "resume")]
    min_gap: Option<u32>,
    /// Time zone of recipients whose own is not known, such as Europe/Berlin [default: the profile's].
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse, conflicts_with = "resume")]
    time_zone: Option<Zone>,
}

#[derive(Clone, Copy, Debug)]
enum QuietChoice {
    None,
    Hours(Quiet),
}

impl QuietChoice {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "none" { Ok(Self::None) } else { Quiet::parse(text).map(Self::Hours) }
    }
}

/// Whole seconds above 0; 0 lifts the gap that a broadcast has.
fn gap(text: &str) -> Result<u32, String> {
    if text == "none" {
        return Ok(0);
    }
    let gap: Duration = parse_duration(text)?;
    match u32::try_from(gap.as_secs()) {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => Err(format!("\"{text}\" is too short or too long: use at least 1s and at most 100 years")),
    }
}

const HOW_TO_TYPE: &str = "use 'tomorrow 09:00', 'friday 09:00', '2026-12-01 09:00' or 2026-12-01T09:00:00+07:00";

/// After which time nothing goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Only the campaign's end counts.
    None,
    At(UnixMillis),
}

/// The same as it is typed: some times need a time zone, and what day it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UntilChoice {
    None,
    At(UnixMillis),
    Typed(String),
}

impl UntilChoice {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        if let Ok(at) = parse_time(text) {
            return Ok(Self::At(at));
        }
        match moment::parse(text, &TimeZone::UTC, UnixMillis(0)) {
            Some(_) => Ok(Self::Typed(text.to_owned())),
            None => Err(format!("{text:?} is not a time: {HOW_TO_TYPE}")),
        }
    }
}

impl Until {
    /// What holds for a broadcast that has `kept` one.
    pub fn over(given: Option<Self>, kept: Option<UnixMillis>) -> Option<UnixMillis> {
        match given {
            Some(Self::At(at)) => Some(at),
            Some(Self::None) => None,
            None => kept,
        }
    }
}

/// What the flags say; `None` where they leave it as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    quiet: Option<QuietChoice>,
    at: Option<UnixMillis>,
    local: Option<Local>,
    min_gap: Option<u32>,
    fallback: Option<Zone>,
}

impl TimingArgs {
    /// # Errors
    /// A time that is past or not understood, or hours without a time zone.
    pub fn read(&self, context: &Context, now: UnixMillis) -> Result<Timing> {
        let zone = self.zone(context);
        let at = self.at.as_deref().map(|text| at(context, text, zone, now)).transpose()?;
        let needs_zone = matches!(self.quiet_hours, Some(QuietChoice::Hours(_))) || self.at_local.is_some();
        if needs_zone && zone.is_none() {
            return Err(no_zone("people whose time zone is not known need one; nothing was planned or sent"));
        }
        let local = self.at_local.map(|minute| Local { minute, since: now });
        Ok(Timing { quiet: self.quiet_hours, at, local, min_gap: self.min_gap, fallback: zone })
    }

    /// # Errors
    /// A time that needs a time zone, and there is none.
    pub fn until(&self, context: &Context, given: Option<&UntilChoice>, now: UnixMillis) -> Result<Option<Until>> {
        let until = match given {
            None => return Ok(None),
            Some(UntilChoice::None) => Until::None,
            Some(UntilChoice::At(at)) => Until::At(*at),
            Some(UntilChoice::Typed(text)) => Until::At(typed(context, "--until", text, self.zone(context), now)?),
        };
        // No error: a nightly command is given again after its time has passed, to end what still waits.
        if let Until::At(at) = until
            && at <= now
        {
            context.ui.warn(&format!(
                "--until {at} is in the past: it is {now} now; nothing is sent, and recipients who wait are skipped"
            ));
        }
        Ok(Some(until))
    }

    fn zone(&self, context: &Context) -> Option<Zone> {
        self.time_zone.or(context.settings.time_zone.as_ref().map(|zone| zone.value))
    }
}

fn no_zone(why: &str) -> Error {
    Error::config(why).hint("set time_zone in the profile, or pass --time-zone, such as Europe/Berlin")
}

fn at(context: &Context, text: &str, zone: Option<Zone>, now: UnixMillis) -> Result<UnixMillis> {
    if text.trim() == "now" {
        return Ok(UnixMillis(0));
    }
    let at = match parse_time(text) {
        Ok(at) => at,
        Err(_) => typed(context, "--at", text, zone, now)?,
    };
    if at <= now {
        return Err(Error::usage(format!("--at {text:?} is in the past: that was {at}, and it is {now} now"))
            .hint("leave --at out to send at once"));
    }
    Ok(at)
}

/// A moment as people write it, in the zone of the command.
fn typed(context: &Context, flag: &str, text: &str, zone: Option<Zone>, now: UnixMillis) -> Result<UnixMillis> {
    let known = zone.and_then(|zone| zone.time_zone());
    let Some(moment) = moment::parse(text, known.as_ref().unwrap_or(&TimeZone::UTC), now) else {
        return Err(Error::usage(format!("{flag} {text:?} is not a time")).hint(HOW_TO_TYPE));
    };
    if known.is_none() {
        return Err(no_zone(&format!("{flag} {text:?} needs a time zone; nothing was planned or sent")));
    }
    if let Some(note) = moment.note {
        context.ui.warn(&format!("{flag} {text:?}: {note}"));
    }
    Ok(moment.at)
}

impl Timing {
    /// Refuses a start that comes too late for everybody.
    pub fn refuse_end(&self, campaign: &CampaignFacts, until: Option<Until>) -> Result<()> {
        let Some(at) = self.at else { return Ok(()) };
        let by_flag = Until::over(until, None);
        let (end, what, later) = match (by_flag, campaign.end) {
            (Some(until), ends) if at >= until && ends.is_none_or(|ends| until <= ends) => {
                (until, "--until passes", "a later --until".to_owned())
            }
            (_, Some(ends)) if at >= ends => {
                let edit = format!("a later end: mmsg campaign edit {} --end-time TIME", campaign.id);
                (ends, "the campaign ends", edit)
            }
            _ => return Ok(()),
        };
        Err(Error::usage(format!("--at is {at}, but nothing is sent after {end}, when {what}"))
            .hint(format!("choose an earlier --at, or {later}")))
    }

    /// The hours of a broadcast that is new.
    pub fn hours_of_new(&self) -> Hours {
        self.over_hours(Hours::default())
    }

    /// The hours and the gap of a broadcast, with what the flags change about them.
    pub fn over(&self, broadcast: &Broadcast) -> (Hours, Option<u32>) {
        (self.over_hours(broadcast.hours), self.min_gap.or(broadcast.min_gap).filter(|gap| *gap > 0))
    }

    fn over_hours(&self, before: Hours) -> Hours {
        let mut hours = before;
        match self.quiet {
            Some(QuietChoice::Hours(quiet)) => hours.quiet = Some(quiet),
            Some(QuietChoice::None) => hours.quiet = None,
            None => {}
        }
        // The same command again goes on with the day that it began with.
        if self.local.map(|local| local.minute) != before.local.map(|local| local.minute) && self.local.is_some() {
            hours.local = self.local;
        }
        if let Some(at) = self.at {
            (hours.not_before, hours.local) = (at, None);
        }
        if let Some(zone) = self.fallback.filter(|_| hours.quiet.is_some() || hours.local.is_some()) {
            hours.fallback = zone;
        }
        hours
    }
}

/// Says at which hours a broadcast goes out, if not at any.
pub fn tell(context: &Context, broadcast: &Broadcast) {
    if let Some(hours) = shown(&broadcast.hours) {
        context.ui.status(&format!("hours of broadcast {}: {hours}", broadcast.id));
    }
}

/// `not from 21:00 to 08:00 in each recipient's time zone (Europe/Berlin if not known)`; `None`: at any hour.
pub fn shown(hours: &Hours) -> Option<String> {
    let Hours { quiet, not_before, local, fallback } = hours;
    let theirs = [
        local.map(|local| format!("from {} on", local.minute)),
        quiet.map(|quiet| format!("not from {}", quiet.to_string().replace('-', " to "))),
    ];
    let theirs = theirs.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let whole = (*not_before > UnixMillis(0)).then(|| format!("not before {not_before}"));
    let theirs = (!theirs.is_empty())
        .then(|| format!("{theirs} in each recipient's time zone ({} if not known)", fallback.name()));
    let parts: Vec<String> = whole.into_iter().chain(theirs).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hours_of_a_broadcast_are_one_sentence() {
        let quiet = Quiet::parse("21:00-08:00").ok();
        let local = Some(Local { minute: Minute::parse("09:00").unwrap(), since: UnixMillis(0) });
        let hours = Hours { fallback: Zone::named("Europe/Berlin"), ..Hours::default() };
        let not_before = UnixMillis(1_796_083_200_000);
        let theirs = "in each recipient's time zone (Europe/Berlin if not known)";
        for (hours, text) in [
            (hours, None),
            (Hours { not_before, ..hours }, Some("not before 2026-12-01T00:00:00Z".to_owned())),
            (Hours { quiet, ..hours }, Some(format!("not from 21:00 to 08:00 {theirs}"))),
            (
                Hours { quiet, local, not_before, ..hours },
                Some(format!("not before 2026-12-01T00:00:00Z; from 09:00 on, not from 21:00 to 08:00 {theirs}")),
            ),
        ] {
            assert_eq!(shown(&hours), text);
        }
    }

    #[test]
    fn a_broadcast_keeps_its_end_until_another_one_is_given() {
        let at = UnixMillis(1_796_083_200_000);
        for (text, choice) in [
            ("none", UntilChoice::None),
            ("2026-12-01T00:00:00Z", UntilChoice::At(at)),
            ("tomorrow 18:00", UntilChoice::Typed("tomorrow 18:00".to_owned())),
        ] {
            assert_eq!(UntilChoice::parse(text), Ok(choice));
        }
        for text in ["never", "tomorrow", "yesterday 18:00", "tomorrow 25:00"] {
            assert!(UntilChoice::parse(text).unwrap_err().contains("is not a time: use 'tomorrow 09:00'"), "{text}");
        }
        for (given, kept, holds) in [
            (None, None, None),
            (None, Some(at), Some(at)),
            (Some(Until::None), Some(at), None),
            (Some(Until::At(at)), None, Some(at)),
        ] {
            assert_eq!(Until::over(given, kept), holds, "{given:?} {kept:?}");
        }
    }

    #[test]
    fn flags_change_what_they_name_and_leave_the_rest() {
        let quiet = |text: &str| Quiet::parse(text).unwrap();
        let local =
            |minute: &str, since| Some(Local { minute: Minute::parse(minute).unwrap(), since: UnixMillis(since) });
        let zone = Zone::named("Europe/Berlin");
        let before = Hours {
            quiet: Some(quiet("21:00-08:00")),
            not_before: UnixMillis(5),
            local: local("09:00", 7),
            fallback: zone,
        };
        let none = Timing::default();
        assert_eq!(none.over_hours(before), before);
        assert_eq!(none.hours_of_new(), Hours::default());
        for (timing, after) in [
            (Timing { quiet: Some(QuietChoice::None), ..none }, Hours { quiet: None, ..before }),
            (
                Timing { quiet: Some(QuietChoice::Hours(quiet("22:00-06:00"))), ..none },
                Hours { quiet: Some(quiet("22:00-06:00")), ..before },
            ),
            // A rerun a day later does not begin anew.
            (Timing { local: local("09:00", 99), ..none }, before),
            (Timing { local: local("10:00", 99), ..none }, Hours { local: local("10:00", 99), ..before }),
            (Timing { at: Some(UnixMillis(8)), ..none }, Hours { not_before: UnixMillis(8), local: None, ..before }),
            (Timing { fallback: Some(Zone::named("UTC")), ..none }, Hours { fallback: Zone::named("UTC"), ..before }),
        ] {
            assert_eq!(timing.over_hours(before), after, "{timing:?}");
        }
        // A profile's zone alone changes nothing.
        assert_eq!(Timing { fallback: Some(zone), ..none }.hours_of_new(), Hours::default());
        assert_eq!((gap("2h"), gap("none")), (Ok(7200), Ok(0)));
        assert!(gap("0s").is_err() && gap("500ms").is_err() && gap("x").is_err());
    }
}
