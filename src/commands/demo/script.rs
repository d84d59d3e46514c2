//! What the demo shows, in order.

use std::fmt::Write as _;
use std::path::Path;

use clap::Parser;
use mmsg_sandbox::Options;

use crate::error::{Error, Exit, Result};

/// The sandbox, as an operator would start it.
///
/// A reply is lost only after the send was recorded: each unknown send of the ledger is in the sandbox's record.
pub const SANDBOX: &str = "mmsg sandbox --seed 7 --subscribers 600 --latency 20ms \\
    --lost-replies 1% --errors 2300034=1%,2300037=0.5%,2300042=0.5% \\
    --insights-lag 0 --hold-webhooks --webhook-url http://{receiver}/webhook --webhook-delay 1s \\
    --webhook-duplicates 5% --webhook-disorder 10% --webhook-missing-ids 10%";

/// The webhook receiver, which runs in the background.
pub const RECEIVER: &str = "mmsg webhook serve --listen {receiver}";

/// Stops the receiver.
pub const STOP_RECEIVER: &str = "kill $!";

/// The options of [`SANDBOX`]. `receiver`: address and port for webhook events.
pub fn options(receiver: &str) -> Result<Options> {
    let line = SANDBOX.replace("{receiver}", receiver);
    let words = line.split_whitespace().filter(|word| *word != "\\").skip(1);
    Options::try_parse_from(words).map_err(|error| Error::internal(error.to_string()))
}

/// A command and its exit code.
pub struct DemoStep {
    /// As it is typed; `{campaign}` stands for the ID of the newest campaign.
    pub line: &'static str,
    pub ends: Exit,
}

pub enum Part {
    Remark(&'static str),
    Step(DemoStep),
    /// The sandbox posts the events that it held back.
    Events,
}

/// All parts, in order.
pub fn parts() -> Vec<Part> {
    use Part::Remark;
    let done = |line| Part::Step(DemoStep { line, ends: Exit::Done });
    // Some rows wait: those people can't get a message yet.
    let waits = |line| Part::Step(DemoStep { line, ends: Exit::NotYet });
    // Some got no clear reply.
    let leaves_unknown = |line| Part::Step(DemoStep { line, ends: Exit::Doubt });
    vec![
        Remark("A campaign with a total budget of 30 dollars. Nothing is sent or charged yet."),
        done("mmsg campaign create --name 'Spring sale' --lifetime-budget 3000"),
        done("mmsg campaign list"),
        Remark("A message, checked against Meta's limits before anything is sent. Each ${code} comes from the list."),
        done(
            "mmsg message build --title 'Spring sale' \\
    --subtitle '{{first_name}}, your code is ${code}' \\
    --image-url https://shop.example/tea.jpg \\
    --button 'Shop now=https://shop.example/spring' --save promo.json",
        ),
        done("mmsg message validate promo.json"),
        done("mmsg message preview promo.json --local --value code=TEA-0001 --width 34"),
        done("mmsg message preview promo.json"),
        Remark(
            "A list, exported from a database or a spreadsheet: two people are in it twice, and two tokens are damaged.",
        ),
        done("head -n 3 tokens.csv"),
        done("mmsg tokens import tokens.csv --audience customers --reject bad.csv"),
        done("cut -c -74 bad.csv"),
        Remark("What would this send? A dry run writes nothing."),
        done("mmsg send --campaign {campaign} --message promo.json --audience customers --dry-run"),
        Remark("The first 20, to check that all is well. Exit code 6 means that rows are waiting."),
        waits("mmsg send --campaign {campaign} --message promo.json --audience customers --max-sends 20"),
        Remark("Now everyone. Meta allows about 10 sends per second; the sandbox allows more."),
        leaves_unknown("mmsg send --campaign {campaign} --message promo.json --audience customers --rate 400"),
        Remark("Some replies were lost. These people may have got the message, so it is not sent again automatically."),
        done("mmsg unknown list"),
        Remark(
            "A webhook event proves that a message was accepted. Until one comes, Graph can be asked when the person may get \
             the next message.",
        ),
        done("mmsg unknown settle"),
        Remark(
            "Now the sandbox sends the webhook events, which it held back until here so that there was something to settle.",
        ),
        Part::Events,
        Remark("The same command again, as after a crash or from a second crontab: no request is made."),
        waits("mmsg send --campaign {campaign} --message promo.json --audience customers --rate 400"),
        Remark(
            "What happened to the messages, as the webhook events say, next to Meta's own figures; then the same as HTML.",
        ),
        done("mmsg report --campaign {campaign}"),
        done("mmsg report --campaign {campaign} --html report.html > /dev/null"),
        Remark("Another campaign for the same people. Meta allows one message per 12 hours, so all of them wait."),
        done("mmsg campaign create --name 'Spring sale, again' --daily-budget 500"),
        waits("mmsg send --campaign {campaign} --message promo.json tokens.csv --reject bad.csv"),
        Remark("Both broadcasts. Then the second campaign is deleted, and its waiting rows are cancelled."),
        done("mmsg broadcast list"),
        done("mmsg campaign delete {campaign} --yes"),
        done("mmsg broadcast list"),
    ]
}

/// Writes the sandbox's subscribers as a list that an operator might have.
pub fn write_list(path: &Path, tokens: &[String]) -> Result<()> {
    let mut csv = String::from("token,city,code\n");
    let cities = ["Chiang Mai", "Khon Kaen", "Phuket", "Hat Yai"];
    let mut row = |token: &str, n: usize| {
        // Writing to a String can't fail.
        let _ = writeln!(csv, "{token},{},TEA-{n:04}", cities.get(n % cities.len()).copied().unwrap_or_default());
    };
    for (n, token) in tokens.iter().enumerate() {
        row(token, n + 1);
        match n {
            100 | 400 => row(token, n + 1),
            200 => row("7.12E+17", n + 1),
            300 => row("", n + 1),
            _ => {}
        }
    }
    std::fs::write(path, csv).map_err(|error| Error::ledger(format!("can't write {}", path.display())).because(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Deferred, Standalone, Word};

    #[test]
    fn the_sandbox_is_the_one_that_is_shown() {
        let line = SANDBOX.replace("{receiver}", "127.0.0.1:8080");
        let words = line.split_whitespace().filter(|word| *word != "\\");
        let cli = Cli::try_parse_from(words).unwrap();
        let Word::Standalone(Standalone::Sandbox(Deferred(args))) = cli.word else { panic!("{SANDBOX}") };
        assert_eq!(format!("{:?}", args.options), format!("{:?}", options("127.0.0.1:8080").unwrap()));
    }

    #[test]
    fn no_fault_takes_a_reply_without_recording_the_send() {
        let dials = options("127.0.0.1:8080").unwrap().dials;
        assert!(dials.hang == 0.0 && !dials.stall && dials.hold_webhooks && dials.close_idle.is_none());
        let errors = SANDBOX.split("--errors ").nth(1).unwrap().split_whitespace().next().unwrap();
        for fault in errors.split(',') {
            // A code about a person is a definite answer.
            assert!(fault.starts_with("23000"), "{fault}");
        }
    }
}
