//! What ends a command's help and its manual page: examples, and for `mmsg` itself exit codes, files and environment.

use std::fmt::Write as _;

use clap::Command;

/// A command, and below it its examples, indented; none is wider than a terminal of 80 columns. A command that only has others below it has none.
const EXAMPLES: &str = include_str!("examples.txt");

/// The one table of exit codes.
const EXIT_CODES: &str = include_str!("../../docs/exit-codes.md");

const FILES: [(&str, &str); 4] = [
    ("~/.config/mmsg/config.toml", "profiles and what they share; mmsg config path prints where it is"),
    ("~/.config/mmsg/profiles.d/*.toml", "further profiles, one in each file"),
    ("~/.local/share/mmsg/ledger.db", "the ledger, unless a profile, MMSG_LEDGER or --ledger names another"),
    ("runs/", "beside the ledger: who is at work, and how far the ledger is; keep it with the ledger"),
];

const ENVIRONMENT: [(&str, &str); 12] = [
    ("MMSG_PROFILE", "profile to use, as --profile"),
    ("MMSG_CONFIG", "path of the config file"),
    ("MMSG_LEDGER", "ledger to use, as --ledger"),
    ("MMSG_OUTPUT", "format of the data, as --output"),
    ("MMSG_TOKEN, MMSG_PAGE_TOKEN", "access token; the Page's own token"),
    ("MMSG_APP_SECRET, MMSG_VERIFY_TOKEN", "the app's secret; what Meta's check of a webhook address must bring"),
    ("MMSG_AD_ACCOUNT, MMSG_PAGE", "who pays; who sends"),
    ("MMSG_API_VERSION, MMSG_GRAPH_URL", "version and host of the Graph API"),
    ("PGPASSWORD", "password of a ledger's server that has none in its address"),
    ("NO_COLOR, CLICOLOR_FORCE", "no colors; colors without a terminal, too"),
    ("COLUMNS, TERM, LC_ALL, LANG", "width and abilities of the terminal"),
    ("HTTPS_PROXY, NO_PROXY", "proxy on the way to Meta, and hosts that need none"),
];

/// The command with its sections at the end of its help, and those below it with theirs; `words` are its own.
pub fn with_sections(command: Command, words: &str) -> Command {
    let section = match words {
        "" => format!("mmsg help COMMAND shows the help of a command.\n\n{}", of_all()),
        words => examples_of(words).map(|lines| format!("Examples:\n{lines}")).unwrap_or_default(),
    };
    let command = if section.is_empty() { command } else { command.after_help(section) };
    command.mut_subcommands(|below| {
        let words = format!("{words} {}", below.get_name()).trim_start().to_owned();
        with_sections(below, &words)
    })
}

/// The same sections for a manual page.
pub fn for_manual(words: &str) -> String {
    let mut page = String::new();
    let mut section = |title: &str, text: &str| {
        // A String takes everything.
        let _ = write!(page, ".SH {title}\n.nf\n{}\n.fi\n", for_roff(text));
    };
    if words.is_empty() {
        section("\"EXIT STATUS\"", &exit_codes());
        section("FILES", &aligned(&FILES));
        section("ENVIRONMENT", &aligned(&ENVIRONMENT));
    } else if let Some(lines) = examples_of(words) {
        section("EXAMPLES", &lines);
    }
    page
}

fn of_all() -> String {
    format!("Exit status:\n{}\n\nFiles:\n{}\n\nEnvironment:\n{}", exit_codes(), aligned(&FILES), aligned(&ENVIRONMENT))
}

/// The lines below a command.
fn examples_of(words: &str) -> Option<String> {
    let mut lines = EXAMPLES.lines().skip_while(|line| *line != words).skip(1);
    let found: Vec<&str> = lines.by_ref().take_while(|line| line.starts_with("  ")).collect();
    (!found.is_empty()).then(|| found.join("\n"))
}

/// Codes and what to do, without the marks of the document.
fn exit_codes() -> String {
    let rows = EXIT_CODES.lines().filter(|line| line.starts_with("| ")).skip(1);
    let rows = rows.filter_map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let (code, name, what) = (cells.next()?, cells.next()?, cells.next()?);
        // Reasons and pointers stand in the document.
        let what = what.split([';', ':']).next()?.replace('`', "");
        Some((format!("{code:>3}  {name}"), what))
    });
    let rows: Vec<(String, String)> = rows.collect();
    aligned(&rows.iter().map(|(code, what)| (code.as_str(), what.as_str())).collect::<Vec<_>>())
}

fn aligned(rows: &[(&str, &str)]) -> String {
    let widest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter().map(|(name, text)| format!("  {name:widest$}  {text}")).collect::<Vec<_>>().join("\n")
}

/// Nothing in it is an order to the formatter.
fn for_roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::environment::names;

    /// Its examples are those of its own text.
    const HAS_ITS_OWN: &str = "message build";

    /// The words of a line as a shell has them.
    fn words_of(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
        for c in line.chars() {
            match (quote, c) {
                (None, '\'' | '"') => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                (Some(open), c) if open == c => quote = None,
                (None, c) if c.is_whitespace() => words.extend(word.take()),
                (_, c) => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }

    /// Every command that has none below it.
    fn leaves(command: &Command, words: &str, found: &mut Vec<String>) {
        if !command.has_subcommands() {
            found.push(words.to_owned());
        }
        for below in command.get_subcommands() {
            leaves(below, format!("{words} {}", below.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn every_command_has_examples_of_its_own_that_can_be_typed() {
        let mut all = Vec::new();
        leaves(&crate::cli::command(), "", &mut all);
        assert!(all.len() > 60, "{}", all.len());
        for command in all.iter().filter(|command| *command != HAS_ITS_OWN) {
            let lines = examples_of(command).unwrap_or_else(|| panic!("no examples of {command}"));
            for line in lines.replace("\\\n", "").lines() {
                let ours = line.split('|').map(str::trim).find(|part| part.starts_with("mmsg ")).unwrap();
                let words = words_of(ours.split(" > ").next().unwrap());
                assert!(words[1..].join(" ").starts_with(command.as_str()), "{line}");
                let parsed = crate::cli::command().try_get_matches_from(&words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
        assert!(EXAMPLES.lines().all(|line| line.len() <= 80));
        let named = EXAMPLES.lines().filter(|line| !line.is_empty() && !line.starts_with(' '));
        for command in named {
            assert!(all.iter().any(|known| known == command), "{command} is not a command");
        }
    }

    #[test]
    fn the_variables_and_codes_are_all_there() {
        let text = of_all();
        for name in [names::PROFILE, names::TOKEN, names::PAGE_TOKEN, names::APP_SECRET, names::VERIFY_TOKEN]
            .into_iter()
            .chain([names::AD_ACCOUNT, names::PAGE, names::API_VERSION, names::GRAPH_URL, names::LEDGER, names::CONFIG])
            .chain([names::OUTPUT, names::PGPASSWORD, names::NO_COLOR, names::CLICOLOR_FORCE, names::COLUMNS])
        {
            assert!(text.contains(name), "{name}");
        }
        for code in ["  0  done", "  6  not yet", " 11  doubt", "143  terminated"] {
            assert!(text.contains(code), "{code}: {text}");
        }
        assert!(!text.contains('`') && !text.contains("]("), "{text}");
    }

    #[test]
    fn a_manual_page_ends_with_them_and_nothing_of_it_is_an_order() {
        assert!(for_manual("").contains(".SH \"EXIT STATUS\"\n.nf\n"));
        let send = for_manual("send");
        assert!(send.starts_with(".SH EXAMPLES\n.nf\n  mmsg send \\-\\-campaign"), "{send}");
        assert!(send.lines().filter(|line| line.starts_with('.')).count() == 3 && !send.contains("\n'"), "{send}");
    }
}
