//! A send that is interrupted: signals, and a reader that goes away.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::common::engine::on_both;
use crate::common::patience::wait_until;
use crate::common::shop::{Shop, people};
use crate::promises::slow_shop;

fn signals_end_it_in_order_with_totals_and_the_command_that_continues() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 143)] {
        let shop = slow_shop(40);
        let list = people(300);
        let text = list.join("\n");
        let started = shop.env.start(&text, &shop.words(&["--concurrency", "6"]));
        shop.sandbox.wait_for_sends(30);
        started.signal(signal);
        let run = started.ends().exits(code).prints_nothing().says("interrupted after");
        let run = run.says(&format!("mmsg send --resume --campaign {}", shop.campaign)).says("totals: ");
        // What was in flight was waited for: nothing is in doubt.
        let asked = shop.sandbox.requests().len();
        assert!(asked < 300, "{run:#?}");
        assert!(run.stderr.contains(&format!("accepted {asked},")), "{asked}: {run:#?}");
        let resumed =
            shop.env.mmsg(["send", "--resume", "--campaign", &shop.campaign, "--rate", "unlimited", "-o", "json"]);
        assert_eq!(resumed.exits(0).json()["unknown"], 0);
        shop.assert_each_once(&list);
        assert_eq!(shop.sandbox.requests().len(), 300);
    }
}

/// `nohup`, and a job in the background of a script.
#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_was_ignored_when_it_began_stays_ignored() {
    let shop = slow_shop(40);
    let list = people(200);
    let plain = shop.env.command(shop.words(&["--concurrency", "6"]));
    let mut command = std::process::Command::new("/usr/bin/env");
    command.arg("--ignore-signal=HUP,INT").arg(plain.get_program()).args(plain.get_args());
    command
        .env_clear()
        .envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(shop.env.path(""));
    let started = shop.env.start_command(&list.join("\n"), command);
    shop.sandbox.wait_for_sends(10);
    started.signal(Signal::HUP);
    started.signal(Signal::INT);
    let asked = shop.sandbox.requests().len() as u64;
    shop.sandbox.wait_for_sends(asked + 60);
    started.signal(Signal::TERM);
    let run = started.ends().exits(143).says("interrupted after");
    let asked = shop.sandbox.requests().len();
    assert!(asked < 200, "{run:#?}");
}

fn a_second_ctrl_c_ends_it_at_once_and_the_rest_is_in_doubt() {
    let shop = Shop::open();
    let list = people(10);
    shop.sandbox.error_tokens([(list[0].clone(), "accepted-hang".to_owned())]);
    let text = list.join("\n");
    let mut started = shop.env.start(&text, &shop.words(&[]));
    shop.sandbox.wait_for_sends(1);
    let begin = std::time::Instant::now();
    // Two that come before the process looks count as one.
    while started.is_running() {
        started.signal(Signal::INT);
        std::thread::sleep(Duration::from_millis(200));
    }
    started.ends().exits(130);
    assert!(begin.elapsed() < Duration::from_secs(20), "it waited for the answer: {:?}", begin.elapsed());
    shop.sandbox.error_tokens([]);
    let totals = shop.totals(&list, &[], 0);
    assert_eq!((&totals["unknown"], &totals["accepted"]), (&json!(1), &json!(9)), "{totals:#}");
    shop.sandbox.assert_nobody_twice();
    assert_eq!(shop.sandbox.requests().len(), 10);
}

fn a_closed_stdout_ends_it_with_141_and_loses_nothing() {
    let shop = slow_shop(5);
    let list = people(3000);
    fs::write(shop.env.path("list.txt"), list.join("\n")).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = shop.env.command(shop.words(&["-o", "ndjson", "list.txt"]));
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    drop(reader);
    let run = shop.env.judge(&child.wait_with_output().unwrap()).exits(141);
    let asked = shop.sandbox.requests().len();
    assert!(asked < 3000, "{run:#?}");
    let totals = shop.totals(&list, &[], 0);
    assert_eq!((&totals["accepted"], &totals["unknown"]), (&json!(3000), &json!(0)));
    shop.assert_each_once(&list);
}

fn ctrl_c_while_the_list_is_read_changes_nothing() {
    let shop = Shop::open();
    // A pipe that somebody keeps open.
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut command = shop.env.command(shop.words(&[]));
    let child = command.stdin(reader).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    writer.write_all((people(5).join("\n") + "\n").as_bytes()).unwrap();
    wait_until("the list is read", || rustix::io::ioctl_fionread(&writer).unwrap() == 0);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::INT).unwrap();
    let begin = std::time::Instant::now();
    let run = shop.env.judge(&child.wait_with_output().unwrap());
    drop(writer);
    assert!(begin.elapsed() < Duration::from_secs(60), "it waited for its input");
    run.exits(130).prints_nothing().says("nothing was changed");
    assert_eq!(shop.sandbox.requests().len(), 0);
    shop.env.mmsg(["send", "--resume"]).exits(0).says("nothing to resume");
}

on_both! {
    signals_end_it_in_order_with_totals_and_the_command_that_continues
    a_second_ctrl_c_ends_it_at_once_and_the_rest_is_in_doubt
    a_closed_stdout_ends_it_with_141_and_loses_nothing
    ctrl_c_while_the_list_is_read_changes_nothing
}
