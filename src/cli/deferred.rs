//! Arguments of a command that are made once it is typed: most command lines name one command of seventy.

use clap::error::Result;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Id};

/// The same arguments, made later.
#[derive(Debug)]
pub struct Deferred<A>(pub A);

impl<A: FromArgMatches> FromArgMatches for Deferred<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self> {
        A::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self> {
        A::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<()> {
        self.0.update_from_arg_matches(matches)
    }

    fn update_from_arg_matches_mut(&mut self, matches: &mut ArgMatches) -> Result<()> {
        self.0.update_from_arg_matches_mut(matches)
    }
}

impl<A: Args> Args for Deferred<A> {
    fn group_id() -> Option<Id> {
        A::group_id()
    }

    fn augment_args(command: Command) -> Command {
        command.defer(with_its_own::<A>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        A::augment_args_for_update(command)
    }
}

/// The global flags are there already by then, and help shows sections in the order of their flags: its own come first.
fn with_its_own<A: Args>(command: Command) -> Command {
    let global = command.get_arguments().count();
    let command = A::augment_args(command);
    let mut arguments: Vec<Arg> = command.get_arguments().cloned().collect();
    arguments.rotate_left(global);
    let mut arguments = arguments.into_iter();
    command.mut_args(|argument| arguments.next().unwrap_or(argument))
}

#[cfg(test)]
mod tests {
    use crate::cli::{command, parser};

    #[test]
    fn a_line_makes_the_flags_of_the_command_that_it_names() {
        let mut tree = parser();
        assert!(tree.try_get_matches_from_mut(["mmsg", "status"]).is_ok());
        let made = tree.get_subcommands().filter(|below| below.get_arguments().any(|flag| !flag.is_global_set()));
        assert_eq!(made.map(clap::Command::get_name).collect::<Vec<_>>(), ["status"]);
    }

    #[test]
    fn its_own_flags_come_before_the_global_ones() {
        for below in command().get_subcommands() {
            let flags = below.get_arguments().filter(|flag| flag.get_id() != "help");
            assert!(flags.is_sorted_by_key(clap::Arg::is_global_set), "{}", below.get_name());
        }
    }
}
