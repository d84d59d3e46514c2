//! The README's recipes: its crontab, run as cron would, week after week, and its pipes from databases. What was sent is counted at the sandbox.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::common::Run;
use crate::common::documents::document;
use crate::common::engine::on_both;
use crate::common::shop::{Shop, people};

/// The commands of the README's crontab.
fn crontab() -> Vec<String> {
    let block = document("README.md").section("### From cron").blocks_of("crontab").remove(0).text;
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

/// Runs a line of a recipe in a shell, with these programs besides `mmsg`: a name, and what `sh` does for it.
fn types(shop: &Shop, line: &str, programs: &[(&str, &str)]) -> Run {
    let bin = shop.env.path("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
    }
    for (name, script) in programs {
        let program = bin.join(name);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env_clear().current_dir(shop.env.path(""));
    let mmsg = shop.env.command(["send"]);
    shell.envs(mmsg.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // Not by a link in the home folder, all files of which are read for secrets at the end of a test.
    let built = Path::new(mmsg.get_program()).parent().unwrap();
    shell.env("TODAYS_LIST", "list").env("PATH", format!("{}:{}:/usr/bin:/bin", bin.display(), built.display()));
    shop.env.judge(&shell.output().unwrap())
}

/// Runs a line of the crontab. `psql` prints the day's list, but only as CSV.
fn cron(shop: &Shop, line: &str, list: &[String]) -> Run {
    fs::write(shop.env.path("list.csv"), format!("token\n{}\n", list.join("\n"))).unwrap();
    types(shop, line, &[("psql", "[ \"$1 $2 $3\" = '--csv -c list' ] && cat list.csv")])
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

/// The blocks of "From a database", line by line. Each program prints only if it is called as its own manual says: `bq` takes `--format`
/// before its command, and prints 100 rows unless it is told of more.
fn pipes_from_databases_reach_everybody_once() {
    let (shop, list) = (shop(), people(180));
    shop.message("promo.json", &json!({"text": "Hello ${first_name}"}));
    let [psql, bq] = [&list[..20], &list[20..180]];
    let named = |people: &[String]| people.iter().map(|token| format!("{token},Ada\n")).collect::<String>();
    fs::write(shop.env.path("psql.csv"), format!("token,first_name\n{}", named(psql))).unwrap();
    let json = |people: &[String]| {
        people.iter().map(|token| json!({"token": token, "first_name": "Ada"}).to_string() + "\n").collect::<String>()
    };
    fs::write(shop.env.path("1.json"), json(&bq[..100])).unwrap();
    fs::write(shop.env.path("2.json"), json(&bq[100..])).unwrap();
    let programs = [
        ("psql", "[ \"$1 $2\" = '--csv -c' ] && [ \"$4\" = shop ] && cat psql.csv"),
        (
            "bq",
            "case \"$*\" in
             '--quiet --format=csv query --use_legacy_sql=false --max_rows=1000000 select token'*) echo token; sed 's/^{\"token\":\"//; s/\".*//' 1.json ;;
             'extract --destination_format=NEWLINE_DELIMITED_JSON --compression=GZIP shop.lapsed gs://shop-lists/lapsed-*.json.gz')
               gzip -c 1.json > lapsed-000.json.gz && gzip -c 2.json > lapsed-001.json.gz ;;
             *) echo \"bq is not called like that: $*\" >&2; exit 1 ;;
             esac",
        ),
        ("gcloud", "[ \"$*\" = 'storage cat gs://shop-lists/lapsed-*.json.gz' ] && cat lapsed-*.json.gz"),
    ];
    let blocks = document("README.md").section("### From a database").blocks_of("sh");
    let [straight, exported] = &blocks[..] else { panic!("two blocks") };
    let mut straight = straight.text.lines();
    types(&shop, straight.next().unwrap(), &programs).exits(0);
    shop.assert_each_once(psql);
    // A list of tokens alone is for a message without values.
    shop.message("promo.json", &json!({"text": "Hello"}));
    types(&shop, &format!("{} --new-message", straight.next().unwrap()), &programs).exits(0);
    shop.assert_each_once(&list[..120]);
    for line in exported.text.lines() {
        types(&shop, line, &programs).exits(0);
    }
    shop.assert_each_once(&list);
    assert_eq!(straight.next(), None);
}

on_both! {
    pipes_from_databases_reach_everybody_once
    two_mondays_with_two_messages_reach_everybody_twice
    a_second_monday_without_the_flag_is_not_silent
    the_same_message_every_week_needs_again
}
