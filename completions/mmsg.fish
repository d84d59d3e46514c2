# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mmsg_global_optspecs
    string join \n profile= ledger= o/output= q/quiet v/verbose color= no-input y/yes h/help V/version
end

function __fish_mmsg_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mmsg_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mmsg_using_subcommand
    set -l cmd (__fish_mmsg_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mmsg -n "__fish_mmsg_needs_command" -l profile -d 'Profile of the config file to use [env: MMSG_PROFILE]' -r
complete -c mmsg -n "__fish_mmsg_needs_command" -l ledger -d 'Ledger file to use [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_needs_command" -s o -l output -d 'How data is written to stdout [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe alike'
json\t'One JSON value'
ndjson\t'One JSON object a line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_needs_command" -l color -d 'When to colour [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_needs_command" -s q -l quiet -d 'Say only warnings and errors on stderr'
complete -c mmsg -n "__fish_mmsg_needs_command" -s v -l verbose -d 'Say more on stderr'
complete -c mmsg -n "__fish_mmsg_needs_command" -l no-input -d 'Never ask; what needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_needs_command" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_needs_command" -s V -l version -d 'Print version'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "init" -d 'Write a profile, step by step'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "config" -d 'Show the settings, or the place of the profile file'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "man" -d 'Print the manual page, or write one for each command'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "send" -d 'Send a message to a list of subscription tokens (same as message send)'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l ad-account -d 'Ad account that pays: digits, with or without act_' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l page -d 'Page that sends' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l token-env -d 'Read the access token from this environment variable each time' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l token-file -d 'Read the access token from this file each time' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l profile -d 'Profile of the config file to use [env: MMSG_PROFILE]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l ledger -d 'Ledger file to use [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s o -l output -d 'How data is written to stdout [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe alike'
json\t'One JSON value'
ndjson\t'One JSON object a line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l color -d 'When to colour [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s q -l quiet -d 'Say only warnings and errors on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s v -l verbose -d 'Say more on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l no-input -d 'Never ask; what needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -l profile -d 'Profile of the config file to use [env: MMSG_PROFILE]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -l ledger -d 'Ledger file to use [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s o -l output -d 'How data is written to stdout [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe alike'
json\t'One JSON value'
ndjson\t'One JSON object a line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -l color -d 'When to colour [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s q -l quiet -d 'Say only warnings and errors on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s v -l verbose -d 'Say more on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -l no-input -d 'Never ask; what needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -f -a "show" -d 'Print each setting with its value and its source; secrets stay hidden'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -f -a "path" -d 'Print the path of the profile file, there or not'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -l profile -d 'Profile of the config file to use [env: MMSG_PROFILE]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -l ledger -d 'Ledger file to use [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s o -l output -d 'How data is written to stdout [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe alike'
json\t'One JSON value'
ndjson\t'One JSON object a line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to colour [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only warnings and errors on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask; what needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -l profile -d 'Profile of the config file to use [env: MMSG_PROFILE]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -l ledger -d 'Ledger file to use [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s o -l output -d 'How data is written to stdout [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe alike'
json\t'One JSON value'
ndjson\t'One JSON object a line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'When to colour [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Say only warnings and errors on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Say more on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -l no-input -d 'Never ask; what needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -l profile -d 'Profile of the config file to use [env: MMSG_PROFILE]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -l ledger -d 'Ledger file to use [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s o -l output -d 'How data is written to stdout [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe alike'
json\t'One JSON value'
ndjson\t'One JSON object a line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -l color -d 'When to colour [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s q -l quiet -d 'Say only warnings and errors on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s v -l verbose -d 'Say more on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -l no-input -d 'Never ask; what needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l dir -d 'Write one page a command into this folder (mmsg.1, mmsg-send.1, …)' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l profile -d 'Profile of the config file to use [env: MMSG_PROFILE]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l ledger -d 'Ledger file to use [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s o -l output -d 'How data is written to stdout [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe alike'
json\t'One JSON value'
ndjson\t'One JSON object a line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l color -d 'When to colour [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s q -l quiet -d 'Say only warnings and errors on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s v -l verbose -d 'Say more on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l no-input -d 'Never ask; what needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l profile -d 'Profile of the config file to use [env: MMSG_PROFILE]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l ledger -d 'Ledger file to use [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s o -l output -d 'How data is written to stdout [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe alike'
json\t'One JSON value'
ndjson\t'One JSON object a line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l color -d 'When to colour [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s q -l quiet -d 'Say only warnings and errors on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s v -l verbose -d 'Say more on stderr'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l no-input -d 'Never ask; what needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s h -l help -d 'Print help (see more with \'--help\')'
