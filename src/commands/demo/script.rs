//! What the demo shows, in order.

use std::fmt::Write as _;
use std::path::Path;

use clap::Parser;
use mmsg_sandbox::Options;

use crate::error::{Error, Exit, Result};

/// The sandbox as one would start it by hand.
///
/// Replies are lost after the send was recorded: each unknown send of the ledger is in the sandbox's record.
pub const SANDBOX: &str = "mmsg sandbox --seed 7 --subscribers 600 --latency 20ms \\
    --lost-replies 1% --errors 2300034=1%,2300037=0.5%,2300042=0.5% \\
    --webhook-url http://{receiver}/webhook --webhook-delay 1s \\
    --webhook-duplicates 5% --webhook-disorder 10% --webhook-missing-ids 10%";

/// The receiver of webhooks, which runs beside the rest.
pub const RECEIVER: &str = "mmsg webhook serve --listen {receiver}";

/// The last command stops it.
pub const STOP_RECEIVER: &str = "kill $!";

/// The options of [`SANDBOX`]. `receiver`: address and port that webhooks are posted to.
pub fn options(receiver: &str) -> Result<Options> {
    let line = SANDBOX.replace("{receiver}", receiver);
    let words = line.split_whitespace().filter(|word| *word != "\\").skip(1);
    Options::try_parse_from(words).map_err(|error| Error::internal(error.to_string()))
}

/// A command and how it must end.
pub struct Step {
    /// As it is typed; `{campaign}` stands for the id of the newest campaign.
    pub line: &'static str,
    pub ends: Exit,
}

pub enum Part {
    Remark(&'static str),
    Step(Step),
}

/// The parts, one after the other.
pub fn parts() -> Vec<Part> {
    use Part::Remark;
    let done = |line| Part::Step(Step { line, ends: Exit::Done });
    // Some people can't get a message yet, so their rows wait.
    let waits = |line| Part::Step(Step { line, ends: Exit::NotYet });
    vec![
        Remark("A campaign: 30 dollars in all. Nothing is sent, nothing is charged yet."),
        done("mmsg campaign create --name 'Spring sale' --lifetime-budget 3000"),
        done("mmsg campaign list"),
        Remark("A message, checked against Meta's limits before anything leaves. Each ${code} comes from the list."),
        done(
            "mmsg message build --title 'Spring sale' \\
    --subtitle '{{first_name}}, your code is ${code}' \\
    --image-url https://shop.example/tea.jpg \\
    --button 'Shop now=https://shop.example/spring' > promo.json",
        ),
        done("mmsg message validate promo.json"),
        done("mmsg message preview promo.json --local --value code=TEA-0001 --width 34"),
        done("mmsg message preview promo.json"),
        Remark(
            "A list, out of a database or a spreadsheet: two people stand in it twice, and two tokens were spoiled.",
        ),
        done("head -n 3 tokens.csv"),
        done("mmsg tokens import tokens.csv --audience customers --reject bad.csv"),
        done("cut -c -74 bad.csv"),
        Remark("What would happen? A dry run leaves no trace."),
        done("mmsg send --campaign {campaign} --message promo.json --audience customers --dry-run"),
        Remark("Twenty first, to see that all is well. Exit code 6 says that rows wait."),
        waits("mmsg send --campaign {campaign} --message promo.json --audience customers --max-sends 20"),
        Remark("Now everybody. Meta's pace is about 10 a second; the sandbox takes more."),
        waits("mmsg send --campaign {campaign} --message promo.json --audience customers --rate 400"),
        Remark("Replies that were lost: these people may have the message, so nobody sends it again by itself."),
        done("mmsg unknown list"),
        Remark(
            "An event proves a message, whatever became of the reply. Before one comes, Graph can be asked when the person may \
             get the next.",
        ),
        done("mmsg unknown settle"),
        Remark("The same line again, as after a crash or from two crontabs: not one request."),
        waits("mmsg send --campaign {campaign} --message promo.json --audience customers --rate 400"),
        Remark(
            "What became of the messages, as the receiver heard it, beside what Meta counts; and the same as a page.",
        ),
        done("sleep 4; mmsg report --campaign {campaign}"),
        done("mmsg report --campaign {campaign} --html report.html > /dev/null"),
        Remark("Another campaign for the same people: Meta allows one message in 12 hours, so all of them wait."),
        done("mmsg campaign create --name 'Spring sale, again' --daily-budget 500"),
        waits("mmsg send --campaign {campaign} --message promo.json tokens.csv --reject bad.csv"),
        Remark("Both campaigns; then the second one goes, and its rows with it."),
        done("mmsg broadcast list"),
        done("mmsg campaign delete {campaign} --yes"),
        done("mmsg broadcast list"),
    ]
}

/// Writes the list of the sandbox's subscribers as an operator might have it.
pub fn write_list(path: &Path, tokens: &[String]) -> Result<()> {
    let mut csv = String::from("token,city,code\n");
    let cities = ["Chiang Mai", "Khon Kaen", "Phuket", "Hat Yai"];
    let mut row = |token: &str, n: usize| {
        // A String takes everything.
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
    use crate::cli::{Cli, Standalone, Word};

    #[test]
    fn the_sandbox_is_the_one_that_is_shown() {
        let line = SANDBOX.replace("{receiver}", "127.0.0.1:8080");
        let words = line.split_whitespace().filter(|word| *word != "\\");
        let cli = Cli::try_parse_from(words).unwrap();
        let Word::Standalone(Standalone::Sandbox(args)) = cli.word else { panic!("{SANDBOX}") };
        assert_eq!(format!("{:?}", args.options), format!("{:?}", options("127.0.0.1:8080").unwrap()));
    }

    #[test]
    fn no_fault_takes_a_reply_without_recording_the_send() {
        let dials = options("127.0.0.1:8080").unwrap().dials;
        assert!(dials.hang == 0.0 && !dials.stall && dials.close_idle.is_none());
        let errors = SANDBOX.split("--errors ").nth(1).unwrap().split_whitespace().next().unwrap();
        for fault in errors.split(',') {
            // Graph's answers about a person are clear ones.
            assert!(fault.starts_with("23000"), "{fault}");
        }
    }
}
