//! The README's crontab, run as cron would, week after week. What was sent is counted at the sandbox.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use serde_json::json;

use crate::common::engine::on_both;
use crate::common::shop::{Shop, people};
use crate::common::{Run, repository};

/// The commands of the README's crontab.
fn crontab() -> Vec<String> {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let block = readme.split("```crontab\n").nth(1).unwrap().split("```").next().unwrap();
    let command = |line: &str| line.split_whitespace().skip(5).collect::<Vec<_>>().join(" ");
    block.lines().map(command).collect()
}

/// A shop whose profile `shop` has a campaign and a message, as the README's cron section assumes.
fn shop() -> Shop {
    let mut shop = Shop::with(|options| options.time_scale = 1e6);
    let env = shop.sandbox.environment();
    let message = env.path("promo.json");
    shop.env = env.profiles(&format!(
        "[profiles.shop.send]\ncampaign = '{}'\nmessage = '{}'\nrate = 'unlimited'\n",
        shop.campaign,
        message.display()
    ));
    shop
}

/// Runs a line of the crontab in a shell. `psql` prints the day's list, but only as CSV.
fn cron(shop: &Shop, line: &str, list: &[String]) -> Run {
    let bin = shop.env.path("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        symlink(shop.env.command(["--version"]).get_program(), bin.join("mmsg")).unwrap();
        let psql = bin.join("psql");
        fs::write(&psql, "#!/bin/sh\n[ \"$1 $2 $3\" = '--csv -c list' ] && cat list.csv\n").unwrap();
        fs::set_permissions(&psql, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(shop.env.path("list.csv"), format!("token\n{}\n", list.join("\n"))).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env_clear().current_dir(shop.env.path(""));
    let mmsg = shop.env.command(["send"]);
    shell.envs(mmsg.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("TODAYS_LIST", "list").env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    shop.env.judge(&shell.output().unwrap())
}

fn two_mondays_with_two_messages_reach_everybody_twice() {
    let (shop, list) = (shop(), people(20));
    let [monday, resume] = &crontab()[..] else { panic!("the crontab has two lines") };
    shop.message("promo.json", &json!({"text": "The first week"}));
    cron(&shop, monday, &list).exits(0);
    // Cron fires twice, and the other job runs beside.
    cron(&shop, monday, &list).exits(0).says("nothing to send: 20 recipients have this message already; --again");
    cron(&shop, resume, &list).exits(0);
    assert_eq!(shop.sandbox.accepted().len(), 20);
    shop.let_hours_pass(7 * 24);
    shop.message("promo.json", &json!({"text": "The second week"}));
    cron(&shop, monday, &list).exits(0);
    assert_eq!(shop.sandbox.accepted().len(), 40);
    let texts: Vec<String> = shop.sandbox.record().iter().map(|line| line["message"]["text"].to_string()).collect();
    assert_eq!(texts.iter().filter(|text| text.contains("second")).count(), 20);
}

fn a_second_monday_without_the_flag_is_not_silent() {
    let (shop, list) = (shop(), people(20));
    let monday = crontab()[0].replace(" --new-message", "");
    shop.message("promo.json", &json!({"text": "The first week"}));
    cron(&shop, &monday, &list).exits(0);
    shop.let_hours_pass(7 * 24);
    shop.message("promo.json", &json!({"text": "The second week"}));
    let run = cron(&shop, &format!("{monday} --quiet"), &list).exits(8);
    run.says("20 of 20 recipients were skipped: 20 already got another message of this campaign (--new-message");
    assert_eq!(shop.sandbox.requests().len(), 20);
    // New people come in; as long as most are left out, it says so.
    let more: Vec<String> = people(50).split_off(20);
    cron(&shop, &monday, &[&list[..], &more[..]].concat()).exits(0);
    assert_eq!(shop.sandbox.requests().len(), 50);
}

fn the_same_message_every_week_needs_again() {
    let (shop, list) = (shop(), people(20));
    let monday = crontab()[0].replace("--new-message", "--again");
    shop.message("promo.json", &json!({"text": "Every week"}));
    cron(&shop, &monday, &list).exits(0);
    shop.let_hours_pass(7 * 24);
    cron(&shop, &monday, &list).exits(0);
    assert_eq!(shop.sandbox.accepted().len(), 40);
}

on_both! {
    two_mondays_with_two_messages_reach_everybody_twice
    a_second_monday_without_the_flag_is_not_silent
    the_same_message_every_week_needs_again
}
