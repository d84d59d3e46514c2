# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mmsg_global_optspecs
    string join \n profile= all-profiles ledger= o/output= q/quiet v/verbose color= no-input y/yes h/help V/version
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

complete -c mmsg -n "__fish_mmsg_needs_command" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_needs_command" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_needs_command" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_needs_command" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_needs_command" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_needs_command" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_needs_command" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_needs_command" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_needs_command" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_needs_command" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_needs_command" -s V -l version -d 'Print version'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "init" -d 'Write a profile, step by step: the ad account, the Page and where the secrets come from'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "config" -d 'Show settings, or the path of the config file'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "profile" -d 'List, choose, add, remove and rename profiles: one for each business'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "status" -d 'Show all businesses on one screen, from their ledgers alone: what waits, what is unknown, what happened today'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "sandbox" -d 'Run a local stand-in for the Graph API, to rehearse without a Meta account'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "demo" -d 'Run a complete example against the sandbox'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "man" -d 'Print the manual page, or write one for each command'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "explain" -d 'Explain a Graph API error code: what it means, what mmsg does and what you can do'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "campaign" -d 'Manage campaigns and see their cost and results'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "message" -d 'Build, check and preview messages'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "send" -d 'Send a message to a list of subscription tokens'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "tokens" -d 'The Page\'s subscribers: fetch, import, list and suppress them'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "audience" -d 'List or delete audiences'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "broadcast" -d 'List broadcasts, or cancel one'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "unknown" -d 'List and settle unknown sends: those that may or may not have been accepted'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "ledger" -d 'Accept a ledger that was restored from a backup'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "webhook" -d 'Receive Meta\'s webhooks: deliveries, reads, clicks, failures, opt-ins'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "why" -d 'Show everything recorded about one recipient: imports, plans, attempts, outcomes and events, newest last'
complete -c mmsg -n "__fish_mmsg_needs_command" -f -a "report" -d 'Show what happened to the messages: accepted, delivered, read, clicked, failed; why, how fast, and at what cost'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l ad-account -d 'Ad account that pays: digits, optionally after act_' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l page -d 'Page that sends' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l token-env -d 'Read the access token from this environment variable on every run' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l token-file -d 'Read the access token from this file on every run' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -f -a "show" -d 'Print each setting with its value and source; secrets are hidden'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and not __fish_seen_subcommand_from show path" -f -a "path" -d 'Print the config file\'s path, even if it does not exist yet'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -f -a "list" -d 'List the profiles: those of the config file, and those of the folder profiles.d beside it'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -f -a "use" -d 'Choose the profile that commands use without --profile'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -f -a "add" -d 'Add a profile, or many from a table; each becomes a file in the folder profiles.d beside the config file'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -f -a "remove" -d 'Remove profiles from the config file and from profiles.d. Their ledgers, and what is at Meta, stay as they are'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and not __fish_seen_subcommand_from list use add remove rename" -f -a "rename" -d 'Rename a profile. Cron jobs that name it must be changed as well'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from use" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l from -d 'Read the profiles from this CSV file; - is stdin' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l page -d 'Page that sends' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l ad-account -d 'Ad account that pays: digits, optionally after act_' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l token-env -d 'Read the access token from this environment variable on every run' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l token-file -d 'Read the access token from this file on every run' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l page-token-env -d 'The same for the Page\'s token' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l page-token-file -d 'The same for the Page\'s token' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l app-secret-env -d 'The same for the app secret' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l app-secret-file -d 'The same for the app secret' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l campaign-name -d 'Default for campaign create --name' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l time-zone -d 'Time zone of the business, such as Europe/Berlin' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l campaign -d 'Default for send --campaign' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l message -d 'Default for send --message' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l if-absent -d 'Leave profiles alone that are there already'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand profile; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -l watch -d 'Redraw every two seconds until Ctrl-C (terminal only)'
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l port -d 'Port to listen on; 0 picks a free one' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l seed -d 'The same seed gives the same credentials, IDs, people and faults' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l ad-account -d 'Ad account; repeat for several. The first one is printed' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l page -d 'Page; repeat for several. The first one is printed' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l currency -d 'Currency of the ad accounts (ISO 4217)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l time-zone -d 'Time zone of the ad accounts' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l account-status -d 'Status of the ad accounts; 1 is active' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l time-scale -d 'Divide the periods of Meta\'s rules by this: with 43200, 12 hours take one second' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l clock-start -d 'Time that the sandbox\'s clock shows at the start, such as 2027-03-13T20:00:00Z; without it, the machine\'s' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l clock-speed -d 'Let the sandbox\'s clock run this much faster: with 60, an hour takes one minute' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l warm-up -d 'How long a new campaign refuses to send, before --time-scale' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l resume-delay -d 'How long an ad, ad set or campaign that was turned on still refuses to send (2300003), before --time-scale' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l campaign-age -d 'How long ago a new campaign says that it was created' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l tier -d 'Apply the rate limits of this access tier' -r -f -a "limited\t'60 points, drained at 0.2 per second, blocked for 300 s'
full\t'9000 points, drained at 30 per second, blocked for 60 s'"
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l ordinary-ads -d 'Ads in the account that are not marketing messages' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l pool-campaigns -d 'Message campaigns in the account whose recipients Meta picks; nothing can be sent with them' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l page-size -d 'Maximum rows per page of a list, whatever limit the caller asks for' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l insights-lag -d 'How far insights lag behind' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l subscribers -d 'Entries of the Page\'s token list' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l custom-audience -d 'People who came through a custom audience: without PSID and eligibility time' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l zones -d 'Time zones of the people, each with its SHARE; those without one divide the rest' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l doubled -d 'Entries of the token list that are another token of somebody listed before' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l expired -d 'People whose token has expired (2300037)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l expiring -d 'People whose token expires within seven days' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l no-expiry -d 'People whose token never expires: its time is 0 or missing' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l ineligible -d 'People who got a message from somebody else before the start, so that they are eligible 1 to 12 hours later (2300035)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l stopped -d 'People who stopped before the start (2300034): the list leaves them out' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l reoptin-disabled -d 'People whose re-opt-in state is DISABLED. They take messages' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l talking -d 'People who talked with the Page in the hour before the start: a `min_conversation_gap_seconds` that reaches back to that refuses the send (2300052)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l audiences -d 'Custom audiences among which --custom-audience divides its people' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l token-page-size -d 'Maximum rows per page of the token list, whatever limit the caller asks for' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l token-queries -d 'Token queries per hour, before --time-scale; more are refused (2300080)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l cost -d 'Price of a delivery, in the currency\'s smallest unit' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l cost-spread -d 'How far the price of a delivery may be from --cost, up or down' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l spend-cap -d 'Spending limit of each ad account; sends beyond it are refused (2300056)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l prepaid -d 'Let each ad account pay from a balance of this AMOUNT; sends beyond it are refused (2300058)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l latency -d 'How long each answer takes' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l latency-jitter -d 'Add up to this much to the latency' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l errors -d 'Faults of sends: 2300034=0.5%,503-html=1%,accepted-2=0.1%,drop=100%*3 (three times)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l read-errors -d 'Faults of reads, with the same names' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l write-errors -d 'Faults of all other writes (create, delete, subscribe), with the same names' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l error-tokens -d 'File with lines of token,fault: these tokens always get that fault' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l lost-replies -d 'Sends that are accepted and recorded, then the connection is cut without a reply' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l hang -d 'Sends that are accepted and recorded, then never answered' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l stuck-cursor -d 'From this row on, the cursor of the token list does not move: every page says that more follow' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l close-idle -d 'Cut a kept-alive connection that was idle for this long when its next request arrives' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l date-skew -d 'Offset of the Date header' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l record -d 'Append one JSON line per accepted send to FILE' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l record-bodies -d 'Whether those lines include the message' -r -f -a "true\t''
false\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l requests -d 'Append one JSON line per request to /messages, refused ones included, to FILE' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l calls -d 'Append one JSON line per request of any kind to FILE: method, path, parameters and status, with secrets hidden' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l truth -d 'Append one JSON line per webhook event, and per POST answered with 200, to FILE' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-url -d 'Post signed webhook events to this URL; without it there are none' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-delay -d 'Time from acceptance to echo, and from each stage to the next, whatever --time-scale' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-batch -d 'Maximum events per POST' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l failed -d 'Accepted sends that fail later' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l echoed -d 'Echoed sends, of those that do not fail' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l delivered -d 'Delivered sends, of those that do not fail' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l read -d 'Read sends, of those delivered' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l clicked -d 'Clicked sends, of those read' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l variant-mark -d 'Mark a variant: messages whose JSON contains this TEXT are read and clicked by shares of their own' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l variant-read -d 'Read sends of the variant, of those delivered; without it, as --read' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l variant-clicked -d 'Clicked sends of the variant, of those read; without it, as --clicked' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-duplicates -d 'Events that arrive twice' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-late -d 'Events that arrive late, by --webhook-late-by' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-late-by -d 'How late they arrive' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-disorder -d 'Events overtaken by later ones' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-lost -d 'Events that are never posted' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-missing-ids -d 'Events whose optional IDs are missing, null or 0' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-envelope -d 'How events are wrapped' -r -f -a "changes\t''
messaging\t''
mixed\t'Each event in one of the two, sometimes with `field` only inside the value'"
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-timestamps -d 'Unit of the timestamps of events' -r -f -a "seconds\t''
millis\t''
odd\t'Eleven digits, as in Meta\'s sample'
mixed\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l webhook-retry-for -d 'How long an event is retried before it is dropped and the app unsubscribed' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l require-proof -d 'Refuse calls without appsecret_proof. A wrong one is always refused'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l require-budget -d 'Refuse campaigns without a budget (2300007)'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l enforce-budget -d 'Refuse sends that a campaign\'s budget does not pay for (2300053 lifetime, 2300054 daily)'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l stall -d 'Answer no request at all'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l hold-webhooks -d 'Keep webhook events back until this is turned off'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l echo-secrets -d 'Repeat the caller\'s token in error messages'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l header-token-only -d 'Take the access token only in the Authorization header'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l force -d 'Append to the file of --record or --calls even if it exists and was not made by mmsg'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand sandbox" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -l keep -d 'Keep the folder with the list, the message and the ledger'
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand completions" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l dir -d 'Write one page per command to this folder (mmsg.1, mmsg-send.1, …)' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand man" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -f -a "create" -d 'Create a campaign. Nothing is sent or charged yet'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -f -a "list" -d 'List the campaigns of the ad account that mmsg can send with, in Graph\'s order'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -f -a "get" -d 'Show one campaign: name, Page, budget, times, status'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -f -a "edit" -d 'Change the budget, the end or the name of a campaign'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -f -a "pause" -d 'Pause campaigns: sends are refused until they are resumed'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -f -a "resume" -d 'Resume paused campaigns'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -f -a "delete" -d 'Delete campaigns permanently. Asks for confirmation unless --yes is given'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -f -a "estimate" -d 'Estimate what a campaign of the Page would reach and cost'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and not __fish_seen_subcommand_from create list get edit pause resume delete estimate insights" -f -a "insights" -d 'Show what Meta reports for a campaign or the whole ad account: delivered, read, clicked, spent'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l name -d 'Name of the campaign [default: the profile\'s, or else the Page and the date]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l daily-budget -d 'Average daily budget, in the currency\'s smallest unit' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l lifetime-budget -d 'Total budget, in the currency\'s smallest unit' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l page -d 'Page that sends [default: the profile\'s]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l pixel-id -d 'Pixel that counts conversions' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l start-time -d 'Start time, at most 30 days from now: ISO 8601 with a zone, or Unix seconds [default: now]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l end-time -d 'End time [default: 30 days after the start with a lifetime budget, none with a daily budget]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l if-absent -d 'Create nothing if the Page has a campaign of this name that has not ended: print that one'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -l all -d 'Include ordinary ads, and message campaigns whose recipients Meta picks'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -l name -d 'New name of the campaign' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -l daily-budget -d 'New average daily budget, in the currency\'s smallest unit' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -l lifetime-budget -d 'New total budget, in the currency\'s smallest unit' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -l end-time -d 'New end: ISO 8601 with a zone, or Unix seconds' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -l daily-budget -d 'Daily budget, in the currency\'s smallest unit' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -l lifetime-budget -d 'Total budget, in the currency\'s smallest unit' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -l page -d 'Page that sends [default: the profile\'s]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -l days -d 'Number of days it runs' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from estimate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -l preset -d 'Named date range' -r -f -a "today\t''
yesterday\t''
this_month\t''
last_month\t''
this_quarter\t''
maximum\t''
data_maximum\t''
last_3d\t''
last_7d\t''
last_14d\t''
last_28d\t''
last_30d\t''
last_90d\t''
last_week_mon_sun\t''
last_week_sun_sat\t''
last_quarter\t''
last_year\t''
this_week_mon_today\t''
this_week_sun_today\t''
this_year\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -l since -d 'First day, such as 2026-11-01' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -l until -d 'Last day' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -l conversions -d 'Include conversions: purchases, leads and others that a pixel counts'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand campaign; and __fish_seen_subcommand_from insights" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -f -a "build" -d 'Build a message from flags, a TOML file or questions, and print the JSON that the API takes'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -f -a "validate" -d 'Check a message against Meta\'s published limits; exit code 5 if Meta would refuse it'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -f -a "preview" -d 'Show a message as people will see it'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -f -a "send" -d 'Send a message to a list of subscription tokens'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -f -a "rules" -d 'Print every limit: id, path, limit, the page it comes from, the code that Meta answers'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and not __fish_seen_subcommand_from build validate preview send rules schema" -f -a "schema" -d 'Print the limits as a JSON Schema (draft 2020-12) for editors'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l from -d 'Build from a TOML file; - for stdin. With --interactive, go on with it' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l example -d 'Print a complete, commented TOML file and end' -r -f -a "text\t''
button\t''
generic\t''
carousel\t''
image-grid\t''
video\t''
media\t''
product\t''
receipt\t''
coupon\t''
quick-replies\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l draft -d 'Where --interactive keeps the draft until the message is done' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l save -d 'Write the message to FILE, once it is complete, instead of printing it' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l template -d 'Template; without it, told by the other flags' -r -f -a "text\t'Plain text'
button\t'Text with up to three buttons'
generic\t'One card, or up to ten side by side'
media\t'One picture or video with buttons'
product\t'Products of the Page\'s catalogue'
receipt\t'A receipt of an order'
coupon\t'A code to copy, with or without a timer'"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l text -d 'The text; with cards a greeting that goes before them, with a coupon the greeting before it' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l title -d 'Title of a card; repeat it for a carousel. Of a coupon: its title' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l subtitle -d 'Subtitle of the card or coupon' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l image-url -d 'Image of the card or coupon' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l image -d 'Image of the card\'s grid; repeat for up to six' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l hero -d 'The large image of the card\'s grid' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l video-id -d 'Video of the card' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l url -d 'Opened by a tap on the card (default_action)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l button -d 'A button that opens a page; cut at the first =' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l postback -d 'A button that sends PAYLOAD to the webhook; cut at the first =' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l app -d 'A button that opens an app: deep links, either may be empty' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l quick-reply -d 'A quick reply: TITLE, TITLE=PAYLOAD, or @phone and @email for what people\'s profiles hold' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l attachment-id -d 'Media template: id of an uploaded attachment' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l media-url -d 'Media template: address of a photo or video on facebook.com' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l media-type -d 'Media template: what it is' -r -f -a "image\t''
video\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l product -d 'Product template: id of a product of the Page\'s catalogue; repeat for more' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l coupon-code -d 'Coupon template: the code to copy' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l coupon-url -d 'Coupon template: where the coupon is used' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l coupon-button -d 'Coupon template: title of the button that opens --coupon-url' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l expire-time -d 'Coupon template: when it ends, with a timer: \'2026-12-24 18:00:00\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l set -d 'Any field of the template, by Meta\'s name: summary.total_cost=56.14' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l interactive -d 'Build by questions on the terminal; the draft is kept in --draft after every answer'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l force -d 'Replace FILE even if it exists'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from build" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from validate" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l save -d 'Write that page to a file (readable by you only)' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l width -d 'Width of the drawing in columns [default: the terminal\'s]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l tokens -d 'Fill the message with a row of this list of recipients' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l row -d 'Which row of --tokens [default: 1]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l value -d 'A value for ${COLUMN}; repeat for more' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l local -d 'Draw it here, without asking Graph; with --save or --open the page is made without Meta\'s frame'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l open -d 'Open a local page with Meta\'s preview and our own rendering in the browser'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l force -d 'Replace FILE even if it exists and was not made by mmsg'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from preview" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l campaign -d 'Campaign to send with: the ID that campaign create printed' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l message -d 'Message JSON, as message build prints it' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l split -d 'Send several messages, each to a share of the recipients, such as a.json=50,b.json=40,holdout=10; nothing is sent to the holdout. Each recipient\'s message is chosen by a hash: the same at every rerun, whoever else is in the list' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l audience -d 'Send to an imported audience' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l token-column -d 'Column with the tokens: a header name, a path into JSON (data.token), or a number for lists without a header' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l delimiter -d 'Column delimiter (one character, or tab), if it is not detected correctly' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l reject -d 'Write bad rows to this CSV file: line, column, reason, the masked row, file' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l sent-before -d 'Only people whose last message was sent before TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l expires-within -d 'Only people whose token expires within DURATION (7d)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l zone -d 'Only people in these time zones (Asia/Manila)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l retry-refused -d 'Retry rows that were refused with these codes' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l max-sends -d 'Stop after N requests (with several profiles: of each); 0 plans and sends nothing' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l rate -d 'Sends per second, auto or unlimited, shared by all runs of the ad account on this ledger; auto starts at 10 and follows Meta\'s usage headers; of several numbers the largest counts [default: auto]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l concurrency -d 'Maximum requests in flight [default: 64]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l wait -d 'Wait for warm-up, budgets and cool-downs instead of ending with exit code 6; without DURATION, wait indefinitely' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l until -d 'Skip recipients who can\'t be messaged before TIME; the broadcast keeps it, also for --resume. none: lift it' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l quiet-hours -d 'Send nothing in these hours of each recipient\'s time zone, such as 21:00-08:00; none: at any hour' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l at -d 'Send nothing before TIME: \'tomorrow 09:00\' or \'friday 09:00\' in the profile\'s time zone, ISO 8601 with a zone, or now' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l at-local -d 'Send to each recipient when it is HH:MM in their time zone for the first time from now on' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l min-gap -d 'Only to people with whom the Page had no conversation for this long; Meta refuses the others (2300052)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l time-zone -d 'Time zone of recipients whose own is not known, such as Europe/Berlin [default: the profile\'s]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l max-spend -d 'Spend at most AMOUNT on the ad account\'s day, in the currency\'s smallest unit (3000 is 30.00 USD); what all other runs on this ledger spend on that day counts. Then the run ends with exit code 6' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l cost-per-delivery -d 'Count a delivery as AMOUNT, in the currency\'s smallest unit, such as 1.4 [default: what one cost so far in the ad account; before the first, Meta\'s upper estimate]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l results -d 'Also write one line per recipient\'s result to FILE (CSV if it ends in .csv, otherwise NDJSON)' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l canary -d 'Send to a few people first: a share such as 1%, or a number. The others follow only if these do well. none: send to everybody at once, also after a canary that stopped' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l canary-wait -d 'How long to wait for webhook events of the canary [default: 10m]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l canary-max-failed -d 'Stop, with exit code 5, if more than this share of the canary is refused, fails or stays unknown; people who opted out, whose token expired or whose region is excluded do not count [default: 5%]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l no-header -d 'The first row is data, even if it looks like a header'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l force -d 'Write to output files that exist and were not made by mmsg'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l strict -d 'Refuse the whole list (exit code 5) if it has one bad row'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l allow-bad-rows -d 'Use the good rows of a list even if more than half of its rows are bad'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l allow-odd-tokens -d 'Accept tokens that look different from the others in the list, or do not look like tokens'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l eligible -d 'Only people who can get a message now'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l never-sent -d 'Only people who never got a message from this ledger'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l not-read -d 'Only people who have not read their last message'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l clicked -d 'Only people who clicked in a message'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l expired -d 'Only people whose token has expired'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l suppressed -d 'Only people to whom nothing is sent'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l dry-run -d 'Show what would happen; nothing is sent or written'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l resume -d 'Continue the unfinished broadcasts of the Page, oldest first; needs no list'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l again -d 'Send the same message again to a list that already received it; cool-downs still apply'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l new-message -d 'Include people who already got a different message of this campaign'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l allow-restored -d 'After a backup was restored: send also to people whom the ledger has not had in this campaign before; they may have got the message already'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l allow-refusals -d 'Do not stop after many refusals'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l canary-without-events -d 'Judge the canary by Meta\'s answers alone, without waiting for webhook events'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from rules" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand message; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l campaign -d 'Campaign to send with: the ID that campaign create printed' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l message -d 'Message JSON, as message build prints it' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l split -d 'Send several messages, each to a share of the recipients, such as a.json=50,b.json=40,holdout=10; nothing is sent to the holdout. Each recipient\'s message is chosen by a hash: the same at every rerun, whoever else is in the list' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l audience -d 'Send to an imported audience' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l token-column -d 'Column with the tokens: a header name, a path into JSON (data.token), or a number for lists without a header' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l delimiter -d 'Column delimiter (one character, or tab), if it is not detected correctly' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l reject -d 'Write bad rows to this CSV file: line, column, reason, the masked row, file' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l sent-before -d 'Only people whose last message was sent before TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l expires-within -d 'Only people whose token expires within DURATION (7d)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l zone -d 'Only people in these time zones (Asia/Manila)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l retry-refused -d 'Retry rows that were refused with these codes' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l max-sends -d 'Stop after N requests (with several profiles: of each); 0 plans and sends nothing' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l rate -d 'Sends per second, auto or unlimited, shared by all runs of the ad account on this ledger; auto starts at 10 and follows Meta\'s usage headers; of several numbers the largest counts [default: auto]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l concurrency -d 'Maximum requests in flight [default: 64]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l wait -d 'Wait for warm-up, budgets and cool-downs instead of ending with exit code 6; without DURATION, wait indefinitely' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l until -d 'Skip recipients who can\'t be messaged before TIME; the broadcast keeps it, also for --resume. none: lift it' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l quiet-hours -d 'Send nothing in these hours of each recipient\'s time zone, such as 21:00-08:00; none: at any hour' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l at -d 'Send nothing before TIME: \'tomorrow 09:00\' or \'friday 09:00\' in the profile\'s time zone, ISO 8601 with a zone, or now' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l at-local -d 'Send to each recipient when it is HH:MM in their time zone for the first time from now on' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l min-gap -d 'Only to people with whom the Page had no conversation for this long; Meta refuses the others (2300052)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l time-zone -d 'Time zone of recipients whose own is not known, such as Europe/Berlin [default: the profile\'s]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l max-spend -d 'Spend at most AMOUNT on the ad account\'s day, in the currency\'s smallest unit (3000 is 30.00 USD); what all other runs on this ledger spend on that day counts. Then the run ends with exit code 6' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l cost-per-delivery -d 'Count a delivery as AMOUNT, in the currency\'s smallest unit, such as 1.4 [default: what one cost so far in the ad account; before the first, Meta\'s upper estimate]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l results -d 'Also write one line per recipient\'s result to FILE (CSV if it ends in .csv, otherwise NDJSON)' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l canary -d 'Send to a few people first: a share such as 1%, or a number. The others follow only if these do well. none: send to everybody at once, also after a canary that stopped' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l canary-wait -d 'How long to wait for webhook events of the canary [default: 10m]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l canary-max-failed -d 'Stop, with exit code 5, if more than this share of the canary is refused, fails or stays unknown; people who opted out, whose token expired or whose region is excluded do not count [default: 5%]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l no-header -d 'The first row is data, even if it looks like a header'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l force -d 'Write to output files that exist and were not made by mmsg'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l strict -d 'Refuse the whole list (exit code 5) if it has one bad row'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l allow-bad-rows -d 'Use the good rows of a list even if more than half of its rows are bad'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l allow-odd-tokens -d 'Accept tokens that look different from the others in the list, or do not look like tokens'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l eligible -d 'Only people who can get a message now'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l never-sent -d 'Only people who never got a message from this ledger'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l not-read -d 'Only people who have not read their last message'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l clicked -d 'Only people who clicked in a message'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l expired -d 'Only people whose token has expired'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l suppressed -d 'Only people to whom nothing is sent'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l dry-run -d 'Show what would happen; nothing is sent or written'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l resume -d 'Continue the unfinished broadcasts of the Page, oldest first; needs no list'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l again -d 'Send the same message again to a list that already received it; cool-downs still apply'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l new-message -d 'Include people who already got a different message of this campaign'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l allow-restored -d 'After a backup was restored: send also to people whom the ledger has not had in this campaign before; they may have got the message already'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l allow-refusals -d 'Do not stop after many refusals'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l canary-without-events -d 'Judge the canary by Meta\'s answers alone, without waiting for webhook events'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -f -a "fetch" -d 'Fetch the Page\'s subscription tokens from Meta into an audience'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -f -a "import" -d 'Import a token list into the ledger as a named audience. It replaces the audience of the same name'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -f -a "list" -d 'List the Page\'s people in the ledger, one token per row'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -f -a "export" -d 'Write the Page\'s people in the ledger to stdout as CSV, or as NDJSON with -o ndjson'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -f -a "suppress" -d 'Suppress people permanently: no broadcast sends to them, whatever list, import or fetch they are in'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -f -a "unsuppress" -d 'Lift suppressions made by `tokens suppress`. Opt-outs stay: only the person ends them'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -f -a "unsubscribe" -d 'Unsubscribe people from the Page\'s marketing messages at Meta'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and not __fish_seen_subcommand_from fetch import list export suppress unsuppress unsubscribe erase" -f -a "erase" -d 'Erase people from the ledger, each with all their tokens'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -l audience -d 'Name of the audience [default: subscribers]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -l custom-audience -d 'Only people of this custom audience; repeat for several' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -l restart -d 'Start from the first page, even if an earlier fetch was interrupted'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -l replace -d 'Replace the audience even if Meta\'s list has no rows'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from fetch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l token-column -d 'Column with the tokens: a header name, a path into JSON (data.token), or a number for lists without a header' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l delimiter -d 'Column delimiter (one character, or tab), if it is not detected correctly' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l reject -d 'Write bad rows to this CSV file: line, column, reason, the masked row, file' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l audience -d 'Name of the audience' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l no-header -d 'The first row is data, even if it looks like a header'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l force -d 'Write to output files that exist and were not made by mmsg'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l strict -d 'Refuse the whole list (exit code 5) if it has one bad row'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l allow-bad-rows -d 'Use the good rows of a list even if more than half of its rows are bad'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l allow-odd-tokens -d 'Accept tokens that look different from the others in the list, or do not look like tokens'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l replace -d 'Replace the audience even if the new list has no rows'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l audience -d 'Only people of this audience' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l sent-before -d 'Only people whose last message was sent before TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l expires-within -d 'Only people whose token expires within DURATION (7d)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l zone -d 'Only people in these time zones (Asia/Manila)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l eligible -d 'Only people who can get a message now'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l never-sent -d 'Only people who never got a message from this ledger'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l not-read -d 'Only people who have not read their last message'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l clicked -d 'Only people who clicked in a message'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l expired -d 'Only people whose token has expired'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l suppressed -d 'Only people to whom nothing is sent'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l count -d 'Print only how many there are'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l audience -d 'Only people of this audience' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l sent-before -d 'Only people whose last message was sent before TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l expires-within -d 'Only people whose token expires within DURATION (7d)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l zone -d 'Only people in these time zones (Asia/Manila)' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l eligible -d 'Only people who can get a message now'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l never-sent -d 'Only people who never got a message from this ledger'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l not-read -d 'Only people who have not read their last message'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l clicked -d 'Only people who clicked in a message'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l expired -d 'Only people whose token has expired'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l suppressed -d 'Only people to whom nothing is sent'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l token -d 'This subscription token, in place of a list; repeat for several' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l token-column -d 'Column with the tokens: a header name, a path into JSON (data.token), or a number for lists without a header' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l delimiter -d 'Column delimiter (one character, or tab), if it is not detected correctly' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l reject -d 'Write bad rows to this CSV file: line, column, reason, the masked row, file' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l reason -d 'Why; tokens list shows it' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l no-header -d 'The first row is data, even if it looks like a header'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l force -d 'Write to output files that exist and were not made by mmsg'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l strict -d 'Refuse the whole list (exit code 5) if it has one bad row'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l allow-bad-rows -d 'Use the good rows of a list even if more than half of its rows are bad'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l allow-odd-tokens -d 'Accept tokens that look different from the others in the list, or do not look like tokens'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from suppress" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l token -d 'This subscription token, in place of a list; repeat for several' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l token-column -d 'Column with the tokens: a header name, a path into JSON (data.token), or a number for lists without a header' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l delimiter -d 'Column delimiter (one character, or tab), if it is not detected correctly' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l reject -d 'Write bad rows to this CSV file: line, column, reason, the masked row, file' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l no-header -d 'The first row is data, even if it looks like a header'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l force -d 'Write to output files that exist and were not made by mmsg'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l strict -d 'Refuse the whole list (exit code 5) if it has one bad row'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l allow-bad-rows -d 'Use the good rows of a list even if more than half of its rows are bad'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l allow-odd-tokens -d 'Accept tokens that look different from the others in the list, or do not look like tokens'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsuppress" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -l token -d 'Subscription token of a person; repeat for several' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -l psid -d 'PSID of a person; repeat for several' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -l phone -d 'Telephone number with its country code (+66812345678); with one --email, of the same person' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -l email -d 'E-mail address; with one --phone, of the same person' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from unsubscribe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand tokens; and __fish_seen_subcommand_from erase" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -f -a "list" -d 'List the Page\'s audiences: how many recipients each has, where it comes from, and when it was last sent to'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and not __fish_seen_subcommand_from list delete" -f -a "delete" -d 'Delete audiences of the Page. Their people stay in the ledger, and so do the broadcasts that were sent to them'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand audience; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -f -a "list" -d 'List the Page\'s broadcasts with their counts, oldest first'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and not __fish_seen_subcommand_from list close" -f -a "close" -d 'Cancel the pending rows of a broadcast'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -l campaign -d 'Only broadcasts of this campaign' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -l all-pages -d 'Cover all Pages in the ledger, not only the Page set by the profile or MMSG_PAGE'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -l all-pages -d 'Cover all Pages in the ledger, not only the Page set by the profile or MMSG_PAGE'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand broadcast; and __fish_seen_subcommand_from close" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -f -a "list" -d 'List the Page\'s unknown sends, one per row, with their tokens'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -f -a "settle" -d 'Settle unknown sends by evidence: webhook events, and the time from which Graph allows the next message'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and not __fish_seen_subcommand_from list settle resolve" -f -a "resolve" -d 'Say what happened to unknown sends'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l token -d 'Only this subscription token' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l broadcast -d 'Only this broadcast' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l campaign -d 'Only this campaign' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l since -d 'Only sends that became unknown at or after TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l until -d 'Only sends that became unknown before TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l why -d 'Only sends whose reason contains TEXT' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l fbtrace -d 'Only this Graph trace ID' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l all-pages -d 'Cover all Pages in the ledger, not only the Page set by the profile or MMSG_PAGE'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l token -d 'Only this subscription token' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l broadcast -d 'Only this broadcast' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l campaign -d 'Only this campaign' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l since -d 'Only sends that became unknown at or after TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l until -d 'Only sends that became unknown before TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l why -d 'Only sends whose reason contains TEXT' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l fbtrace -d 'Only this Graph trace ID' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l events-only -d 'Use only events received so far; do not ask Graph'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l all-pages -d 'Cover all Pages in the ledger, not only the Page set by the profile or MMSG_PAGE'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from settle" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l as -d 'What happened to them' -r -f -a "accepted\t'Meta accepted the message: the send is done'
not-sent\t'Meta did not accept the message: the row is pending again after the recipient\'s cool-down'"
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l token -d 'Only this subscription token' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l broadcast -d 'Only this broadcast' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l campaign -d 'Only this campaign' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l since -d 'Only sends that became unknown at or after TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l until -d 'Only sends that became unknown before TIME' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l why -d 'Only sends whose reason contains TEXT' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l fbtrace -d 'Only this Graph trace ID' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l all -d 'All unknown sends of the Page'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l all-pages -d 'Cover all Pages in the ledger, not only the Page set by the profile or MMSG_PAGE'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand unknown; and __fish_seen_subcommand_from resolve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -f -a "accept-failover" -d 'Accept the server that took the place of the one that the ledger was on, so that nobody gets a message twice'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -f -a "accept-restore" -d 'Accept a ledger that was restored from a backup, so that nobody gets a message twice'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -f -a "backup" -d 'Write a backup of the ledger to a new file, as of one moment, while sends go on'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -f -a "check" -d 'Check that the ledger is whole: its file, its rows, and what it counts. Changes nothing; works while sends are running'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -f -a "copy" -d 'Copy a ledger to a new one, a file or postgres://USER@HOST/DATABASE, and send from the new one from then on'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -f -a "grants" -d 'Print the SQL for two roles on a PostgreSQL server: one that runs, and one that owns the tables and changes them for a newer mmsg'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and not __fish_seen_subcommand_from accept-failover accept-restore backup check copy grants migrate" -f -a "migrate" -d 'Make the tables of the ledger, or change them to what this version of mmsg needs'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -l since -d 'When the other server had everything for the last time; earlier is safe, later is not' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -l nothing-lost -d 'The other server has every commit: it was a synchronous standby, or the old server was shut down first. Changes nothing but that sends are possible again'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-failover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -l since -d 'When the backup was made; earlier is safe, later is not' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -l other-sender -d 'The ledger is complete: something else sends for this Page too, which is why Graph refused people as too early. Changes nothing but that sends are possible again'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from accept-restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l force -d 'Replace FILE if it exists'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from copy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -l runner -d 'Role that sends, receives and reports' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -l owner -d 'Role that owns the tables' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from grants" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -f -a "serve" -d 'Receive Meta\'s webhooks: each is answered 200 once its events are in the ledger'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -f -a "ingest" -d 'Store webhooks that a proxy, a queue or another receiver saved'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -f -a "subscribe" -d 'Subscribe the app to the Page\'s webhooks'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and not __fish_seen_subcommand_from serve ingest subscribe status" -f -a "status" -d 'Check that Meta is still delivering webhook events: the app\'s fields, and the last event received'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l listen -d 'Address and port to listen on; port 0 picks a free one' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l path -d 'Path that Meta posts to' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l tls-cert -d 'Certificate chain, as PEM' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l tls-key -d 'Private key of the certificate, as PEM' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l trusted-proxy -d 'Proxy that names the client in X-Forwarded-For; an address or a network, repeatable' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l opt-ins -d 'Audience that people who opt in are added to' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -l opt-ins -d 'Audience that people who opt in are added to' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from ingest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -l fields -d 'Fields, separated by commas [default: all that mmsg reads]' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -l only -d 'Only these fields; remove all others'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from subscribe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand webhook; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -l all-pages -d 'Cover all Pages in the ledger, not only the Page set by the profile or MMSG_PAGE'
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand why" -s h -l help -d 'Print help'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l campaign -d 'Only this campaign' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l broadcast -d 'Only this broadcast, as broadcast list shows it' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l since -d 'Only messages sent at or after TIME, and what happened to them until now: a time, or a date such as 2026-11-01. Whole hours are counted' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l until -d 'Only messages sent before TIME, or up to the end of a date' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l html -d 'Also write the report as an HTML page (readable only by you)' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l profile -d 'Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as \'shop-*\'' -r
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l ledger -d 'Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER]' -r -F
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -s o -l output -d 'Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT]' -r -f -a "table\t'For people, on a terminal and in a pipe'
json\t'One JSON value'
ndjson\t'One JSON object per line'
csv\t'A header and rows, safe to open in a spreadsheet'"
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l color -d 'When to use color: auto, always or never [env: NO_COLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t''
never\t''"
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l force -d 'Replace FILE even if it exists and was not made by mmsg'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l open -d 'Open the page in the browser'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l watch -d 'Redraw every second while a run is active (terminal only)'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l offline -d 'Do not ask Meta; use only the ledger'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l all-pages -d 'Cover all Pages in the ledger, not only the Page set by the profile or MMSG_PAGE'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l all-profiles -d 'Use every profile: one failure stops only its own profile. For send --resume, status, report, campaign list, broadcast list, unknown list, tokens fetch, webhook status and webhook serve'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -s q -l quiet -d 'Print only warnings and errors'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -s v -l verbose -d 'Print more detail'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -l no-input -d 'Never prompt; anything that needs an answer fails with exit code 9'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -s y -l yes -d 'Answer yes to every question'
complete -c mmsg -n "__fish_mmsg_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
