//! Many businesses with their own account, Page, campaign and people on one ledger.

use std::collections::BTreeMap;
use std::fs;

use mmsg_sandbox::Options;
use serde_json::{Value, json};

use super::sandbox::Sandbox;
use super::shop::write_message;
use super::{Env, Run, SUBSCRIPTION_TOKEN, TOKEN};

pub fn account(shop: usize) -> String {
    format!("20000000000{shop:04}")
}

pub fn page(shop: usize) -> String {
    format!("30000000000{shop:04}")
}

pub fn name(shop: usize) -> String {
    format!("shop-{shop:02}")
}

/// Nothing is sent.
pub struct Fleet {
    pub sandbox: Sandbox,
    pub env: Env,
    pub campaigns: Vec<String>,
    pub people: Vec<Vec<String>>,
}

/// A profile, line by line.
pub type Profile = BTreeMap<&'static str, String>;

impl Fleet {
    /// With a campaign for each, and its people planned.
    pub fn of(shops: usize, people: impl Fn(usize) -> usize, change: impl FnOnce(&mut Options)) -> Self {
        let mut fleet = Self::with_profiles(shops, change);
        for shop in 0..shops {
            let tokens: Vec<_> =
                (0..people(shop)).map(|person| format!("{SUBSCRIPTION_TOKEN}{shop:03}{person:03}")).collect();
            let campaign = fleet.plan(shop, &tokens);
            fleet.campaigns.push(campaign);
            fleet.people.push(tokens);
        }
        fleet
    }

    /// Profiles, a message, and nothing else.
    pub fn with_profiles(shops: usize, change: impl FnOnce(&mut Options)) -> Self {
        let sandbox = Sandbox::with(|options| {
            options.ad_accounts = (0..shops).map(account).collect();
            options.pages = (0..shops).map(page).collect();
            change(options);
        });
        let mut env = sandbox.environment();
        for variable in
            ["MMSG_TOKEN", "MMSG_PAGE_TOKEN", "MMSG_APP_SECRET", "MMSG_AD_ACCOUNT", "MMSG_PAGE", "MMSG_GRAPH_URL"]
        {
            env = env.unset(variable);
        }
        write_message(&env, "promo.json", &json!({"text": "Half price this week"}));
        let fleet = Self { sandbox, env, campaigns: Vec::new(), people: Vec::new() };
        fleet.profiles(shops, |_, _| {});
        fleet
    }

    /// Creates a campaign of this business and plans its people; the campaign.
    pub fn plan(&self, shop: usize, people: &[String]) -> String {
        let profile = name(shop);
        let created = ["campaign", "create", "--lifetime-budget", "3000", "-o", "json", "--profile", &profile];
        let campaign = self.env.mmsg(created).exits(0).json()["id"].as_str().unwrap().to_owned();
        let words =
            ["send", "--profile", &profile, "--campaign", &campaign, "--message", "promo.json", "--max-sends", "0"];
        let _ = self.env.mmsg_reading(people.join("\n"), words).exits(6);
        campaign
    }

    /// Writes the profiles anew, changed.
    pub fn profiles(&self, shops: usize, change: impl Fn(usize, &mut Profile)) {
        let mut text = String::new();
        for shop in 0..shops {
            let mut profile = Profile::from([
                ("token", format!("'{TOKEN}'")),
                ("ad_account", format!("'{}'", account(shop))),
                ("page", format!("'{}'", page(shop))),
                ("graph_url", format!("'{}'", self.sandbox.url())),
            ]);
            change(shop, &mut profile);
            text.push_str(&format!("[profiles.{}]\n", name(shop)));
            profile.iter().for_each(|(key, value)| text.push_str(&format!("{key} = {value}\n")));
        }
        let file = self.env.profile_file();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub fn resume(&self, args: &[&str]) -> Run {
        self.env.mmsg(["send", "--resume", "--rate", "unlimited"].iter().chain(args))
    }

    /// Fails unless the people of these businesses got one message each, and nobody else any.
    #[track_caller]
    pub fn assert_each_once(&self, shops: impl IntoIterator<Item = usize>) {
        let mut want: Vec<_> = shops.into_iter().flat_map(|shop| self.people[shop].clone()).collect();
        let mut got = self.sandbox.accepted();
        want.sort();
        got.sort();
        assert_eq!(got, want);
    }
}

/// The exit code of each profile.
pub fn codes(totals: &Value) -> BTreeMap<String, u64> {
    let rows = totals["profiles"].as_array().unwrap().iter();
    rows.map(|row| (row["profile"].as_str().unwrap().to_owned(), row["exit_code"].as_u64().unwrap())).collect()
}
