//! Parses the process's arguments into a [`Cli`], or into what is printed instead.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{FromArgMatches, ValueEnum};

use super::global::GlobalArgs;
use super::{Cli, command, parser, with_sections};
use crate::config::environment::{Environment, names};
use crate::error::{Error, Result};
use crate::ui::{ColorChoice, Format, UiOptions};

/// Parses the arguments, the program's name first. The `Ui` options are valid even when the arguments are wrong, so that a script
/// that asked for JSON gets its error as JSON.
pub fn parse(arguments: &[OsString], environment: &Environment) -> (UiOptions, Result<Cli, clap::Error>) {
    let early = foresee(arguments);
    let choice = match early.color {
        ColorChoice::Auto => clap::ColorChoice::Auto,
        ColorChoice::Always => clap::ColorChoice::Always,
        ColorChoice::Never => clap::ColorChoice::Never,
    };
    let words = asked_for_help(arguments);
    let mut matches = parser().color(choice).try_get_matches_from(&words);
    // Most commands show no help: what ends it is put together for those that do.
    if matches.as_ref().is_err_and(is_help) {
        matches = with_sections(command(), "").color(choice).try_get_matches_from(&words);
    }
    let mut cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    if let Ok(cli) = &mut cli
        && early.profile.len() > cli.global.profile.len()
    {
        // The parser keeps only those behind the last word of the command.
        cli.global.profile.clone_from(&early.profile);
    }
    let global = cli.as_ref().map_or(&early, |cli| &cli.global);
    (ui_options(global, environment), cli)
}

fn is_help(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
}

/// `mmsg help WORD…` is `mmsg WORD… --help`.
fn asked_for_help(arguments: &[OsString]) -> Vec<OsString> {
    match arguments {
        [program, help, words @ ..] if help == "help" => {
            [std::slice::from_ref(program), words, &[OsString::from("--help")]].concat()
        }
        arguments => arguments.to_vec(),
    }
}

fn ui_options(global: &GlobalArgs, environment: &Environment) -> UiOptions {
    let set = |name: &str| environment.raw(name).is_some_and(|value| !value.is_empty());
    let is_dumb = environment.raw("TERM").is_some_and(|term| term == "dumb");
    let number = |name: &str| environment.raw(name)?.to_str()?.parse().ok();
    UiOptions {
        format: global.output.or_else(|| format_of(environment).ok().flatten()).unwrap_or_default(),
        color: global.color,
        no_color: set(names::NO_COLOR) || is_dumb,
        force_color: set(names::CLICOLOR_FORCE)
            && environment.raw(names::CLICOLOR_FORCE).is_none_or(|value| value != "0"),
        utc: global.utc,
        ascii: !speaks_utf8(environment),
        dumb: is_dumb,
        columns: number(names::COLUMNS),
        quiet: global.quiet,
        no_input: global.no_input,
        yes: global.yes,
    }
}

/// Whether the terminal shows UTF-8: the first of the variables that is set says it.
fn speaks_utf8(environment: &Environment) -> bool {
    let value = |name| environment.raw(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(value);
    locale.is_some_and(|locale| {
        let locale = locale.to_string_lossy().to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The format that `MMSG_OUTPUT` asks for.
///
/// # Errors
/// Exit 3 if it is not a format.
pub fn format_of(environment: &Environment) -> Result<Option<Format>> {
    let Some(text) = environment.text(names::OUTPUT)? else { return Ok(None) };
    match Format::from_str(&text, true) {
        Ok(format) => Ok(Some(format)),
        Err(_) => Err(Error::config(format!("{} is not a valid output format: \"{text}\"", names::OUTPUT))
            .hint("use table, json, ndjson or csv")),
    }
}

/// Finds `--output`, `--color` and `--profile` in arguments that may otherwise be wrong.
fn foresee(arguments: &[OsString]) -> GlobalArgs {
    let mut global = GlobalArgs::default();
    let mut words = arguments.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name @ ("--output" | "--color" | "--profile" | "-o"), value)) => (name, Some(value)),
            _ if matches!(word, "--output" | "--color" | "--profile" | "-o") => (word, words.next()),
            _ => match word.strip_prefix("-o") {
                Some(value) => ("-o", Some(value)),
                None => continue,
            },
        };
        let value = value.unwrap_or_default();
        if name == "--profile" {
            global.profile.push(value.to_owned());
        } else if name == "--color" {
            global.color = ColorChoice::from_str(value, true).unwrap_or_default();
        } else {
            global.output = Format::from_str(value, true).ok();
        }
    }
    global
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_command_tree_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn a_wrong_command_keeps_the_format_asked_for() {
        for line in ["mmsg send --nope -o json", "mmsg -ojson nope", "mmsg --output=json", "mmsg nope --output json"] {
            let (options, cli) = parse(&words(line), &Environment::default());
            assert!(cli.is_err(), "{line}");
            assert_eq!(options.format, Format::Json, "{line}");
        }
        let environment = Environment::default().with(names::OUTPUT, "ndjson");
        assert_eq!(parse(&words("mmsg nope"), &environment).0.format, Format::Ndjson);
        assert_eq!(parse(&words("mmsg config path -o csv"), &environment).0.format, Format::Csv);
    }

    #[test]
    fn no_profile_is_lost_wherever_it_stands() {
        for line in [
            "mmsg --profile a send --resume --profile b",
            "mmsg send --profile=a --resume --profile b",
            "mmsg --profile a --profile=b send --resume",
        ] {
            let (_, cli) = parse(&words(line), &Environment::default());
            assert_eq!(cli.unwrap().global.profile, ["a", "b"], "{line}");
        }
    }

    #[test]
    fn the_terminal_is_what_its_variables_say() {
        let options = |variables: &[(&str, &str)]| {
            let environment = variables.iter().fold(Environment::default(), |all, (name, value)| all.with(name, value));
            parse(&words("mmsg status"), &environment).0
        };
        for (variables, ascii) in [
            (vec![], true),
            (vec![("LANG", "C")], true),
            (vec![("LANG", "en_US.UTF-8")], false),
            (vec![("LANG", "en_US.UTF-8"), ("LC_ALL", "POSIX")], true),
            (vec![("LANG", "C"), ("LC_CTYPE", "C.utf8"), ("LC_ALL", "")], false),
        ] {
            assert_eq!(options(&variables).ascii, ascii, "{variables:?}");
        }
        let forced = |value| options(&[("CLICOLOR_FORCE", value)]).force_color;
        assert_eq!([forced("1"), forced("0"), forced("")], [true, false, false]);
        let dumb = options(&[("TERM", "dumb")]);
        assert!(dumb.dumb && dumb.no_color);
        assert!(parse(&words("mmsg status --utc"), &Environment::default()).0.utc);
    }

    #[test]
    fn global_flags_stand_anywhere() {
        for line in
            ["mmsg -o json --quiet config path", "mmsg config -o json path --quiet", "mmsg config path -qo json"]
        {
            let (options, cli) = parse(&words(line), &Environment::default());
            assert!(cli.is_ok(), "{line}");
            assert!(options.quiet && options.format == Format::Json, "{line}");
        }
    }
}
