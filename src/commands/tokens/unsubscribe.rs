//! `mmsg tokens unsubscribe`.

use serde::Serialize;

use super::token;
use crate::commands::changes::{self, ToAsk};
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::error::{Error, Exit, Result};
use crate::graph::{self, Call, Leaver};
use crate::ledger::leave::Left;
use crate::text::{count, thousands};
use crate::ui::table::Record;

/// Unsubscribe people from the Page's marketing messages at Meta.
///
/// Needs the Page's token. Only the people themselves can subscribe again. The ledger keeps it as an opt-out, for all tokens of the person.
/// Meta alone knows whose telephone number or address it is: of these the ledger hears by webhook, or when Meta refuses a send.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Subscription token of a person; repeat for several.
    #[arg(long = "token", value_name = "TOKEN", value_parser = token)]
    tokens: Vec<String>,
    /// PSID of a person; repeat for several.
    #[arg(long = "psid", value_name = "PSID", value_parser = psid)]
    psids: Vec<String>,
    /// Telephone number with its country code (+66812345678); with one --email, of the same person.
    #[arg(long = "phone", value_name = "NUMBER", value_parser = phone)]
    phones: Vec<String>,
    /// E-mail address; with one --phone, of the same person.
    #[arg(long = "email", value_name = "ADDRESS", value_parser = email)]
    emails: Vec<String>,
}

fn psid(text: &str) -> Result<String, String> {
    let is_id = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "0";
    if is_id { Ok(text.to_owned()) } else { Err("a PSID has digits only".to_owned()) }
}

/// Its digits: spaces, hyphens, brackets and the plus are left out. A number without a country code can't be guessed.
fn phone(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|c| !" -()+.".contains(*c)).collect();
    let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && !digits.starts_with('0') {
        Ok(digits)
    } else {
        Err("write it with its country code, like +66812345678".to_owned())
    }
}

fn email(text: &str) -> Result<String, String> {
    let text = text.trim().to_lowercase();
    let is_address = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if is_address { Ok(text) } else { Err("this is not an e-mail address".to_owned()) }
}

/// `rows` is how many people Meta was asked for, `invalid` how many of them it could not use.
#[derive(Clone, Debug, Serialize)]
struct UnsubscribeRow {
    rows: u64,
    invalid: u64,
    /// Tokens that the ledger keeps as opted out.
    opted_out: u64,
}

impl Record for UnsubscribeRow {
    const PLURAL: &'static str = "people";
    const COLUMNS: &'static [&'static str] = &["rows", "invalid", "opted out"];
    const KEYS: &'static [&'static str] = &["rows", "invalid", "opted_out"];

    fn cells(&self) -> Vec<String> {
        [self.rows, self.invalid, self.opted_out].map(thousands).to_vec()
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let page = context.page()?;
    let leavers = leavers(&args);
    if leavers.is_empty() {
        return Err(Error::usage("nobody is named").hint("use --token, --psid, --phone or --email"));
    }
    let rows = leavers.len() as u64;
    let people = count(rows, "person", "people");
    let question =
        format!("Unsubscribe {people} from Page {} at Meta?", PageNames::at_hand(context).shown(page.as_str()));
    context.ui.confirm(&question, &format!("unsubscribing {people}"))?;
    let graph = context.page_graph(&page).await?;
    let mut ledger = context.open_ledger()?;
    let what = format!("{people} of Page {page}");
    let to_ask = ToAsk {
        call: Call::Unsubscribe { page: page.clone(), people: leavers.len() },
        command: "tokens unsubscribe",
        what: &what,
    };
    let (change, answer) = changes::ask(context, &mut ledger, to_ask, graph.unsubscribe(&page, &leavers)).await?;
    let mut keep = |what: &str| -> Result<Left> {
        let now = context.now_of(&ledger)?;
        Ok(ledger.keep_unsubscribed(page.as_str(), &args.tokens, &args.psids, now, (&change, what))?)
    };
    match answer {
        Ok(invalid) => {
            let unused =
                if invalid == 0 { String::new() } else { format!(", {} not used by Meta", thousands(invalid)) };
            let Left { tokens } = keep(&format!("{what}{unused}"))?;
            context.ui.object(&UnsubscribeRow { rows, invalid, opted_out: tokens })?;
            let contacts = leavers.iter().filter(|leaver| matches!(leaver, Leaver::Contact { .. })).count() as u64;
            if contacts > 0 {
                context.ui.status(&format!(
                    "{} by telephone number or address: the ledger hears who it is by webhook, or when Meta refuses a send",
                    count(contacts, "person is named", "people are named")
                ));
            }
            if invalid == 0 {
                return Ok(Exit::Done);
            }
            let of = count(rows, "row", "rows");
            context.ui.warn(&format!("Meta could not use {} of {of}, and does not say which", thousands(invalid)));
            context.ui.hint(
                "check the numbers, addresses and PSIDs; recipients named by a token are suppressed in the ledger",
            );
            Ok(Exit::PartlyRefused)
        }
        Err(error @ graph::Error::Unclear { .. }) => {
            // Whoever wants to leave gets nothing more, whatever became of the request.
            let Left { tokens } = keep(&format!("{what}, Meta's answer was lost"))?;
            if tokens > 0 {
                let kept = count(tokens, "token is", "tokens are");
                context.ui.status(&format!("{kept} opted out in the ledger all the same"));
            }
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Each person once. One number and one address are of one person.
fn leavers(args: &Args) -> Vec<Leaver> {
    let unique = |all: &[String]| {
        let mut all = all.to_vec();
        all.sort();
        all.dedup();
        all
    };
    let (phones, emails) = (unique(&args.phones), unique(&args.emails));
    let mut leavers: Vec<Leaver> = unique(&args.tokens).into_iter().map(Leaver::Token).collect();
    leavers.extend(unique(&args.psids).into_iter().map(Leaver::Psid));
    match (&phones[..], &emails[..]) {
        ([phone], [email]) => {
            leavers.push(Leaver::Contact { phone: Some(phone.clone()), email: Some(email.clone()) });
        }
        _ => {
            leavers.extend(phones.into_iter().map(|phone| Leaver::Contact { phone: Some(phone), email: None }));
            leavers.extend(emails.into_iter().map(|email| Leaver::Contact { phone: None, email: Some(email) }));
        }
    }
    leavers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_need_their_country_and_addresses_a_host() {
        for (text, read) in [
            ("+66 81-234 5678", Some("66812345678")),
            ("1 (555) 000.0042", Some("15550000042")),
            ("0812345678", None),
            ("12345", None),
            ("66812x45678", None),
        ] {
            assert_eq!(phone(text).ok().as_deref(), read, "{text}");
        }
        for (text, read) in [
            (" Ann@Example.com", Some("ann@example.com")),
            ("ann@example", None),
            ("@example.com", None),
            ("a b@example.com", None),
        ] {
            assert_eq!(email(text).ok().as_deref(), read, "{text}");
        }
        assert!(psid("0").is_err() && psid("6x").is_err() && psid("61").is_ok());
    }

    #[test]
    fn one_number_and_one_address_are_of_one_person() {
        let args = |phones: &[&str], emails: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
            Args { tokens: owned(&["t", "t"]), psids: Vec::new(), phones: owned(phones), emails: owned(emails) }
        };
        assert_eq!(leavers(&args(&["661"], &["a@b.c"])).len(), 2);
        assert_eq!(leavers(&args(&["661", "662"], &["a@b.c"])).len(), 4);
        assert_eq!(leavers(&args(&[], &[])), [Leaver::Token("t".to_owned())]);
    }
}
