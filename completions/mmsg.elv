
use builtin;
use str;

set edit:completion:arg-completer[mmsg] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'mmsg'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'mmsg'= {
            cand --profile 'Profile of the config file to use [env: MMSG_PROFILE]'
            cand --ledger 'Ledger file to use [env: MMSG_LEDGER]'
            cand -o 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --output 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --color 'When to colour [env: NO_COLOR]'
            cand -q 'Say only warnings and errors on stderr'
            cand --quiet 'Say only warnings and errors on stderr'
            cand -v 'Say more on stderr'
            cand --verbose 'Say more on stderr'
            cand --no-input 'Never ask; what needs an answer fails with exit code 9'
            cand -y 'Answer yes to every question'
            cand --yes 'Answer yes to every question'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand init 'Write a profile, step by step'
            cand config 'Show the settings, or the place of the profile file'
            cand completions 'Print a completion script for a shell'
            cand man 'Print the manual page, or write one for each command'
            cand send 'Send a message to a list of subscription tokens (same as message send)'
        }
        &'mmsg;init'= {
            cand --ad-account 'Ad account that pays: digits, with or without act_'
            cand --page 'Page that sends'
            cand --token-env 'Read the access token from this environment variable each time'
            cand --token-file 'Read the access token from this file each time'
            cand --profile 'Profile of the config file to use [env: MMSG_PROFILE]'
            cand --ledger 'Ledger file to use [env: MMSG_LEDGER]'
            cand -o 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --output 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --color 'When to colour [env: NO_COLOR]'
            cand -q 'Say only warnings and errors on stderr'
            cand --quiet 'Say only warnings and errors on stderr'
            cand -v 'Say more on stderr'
            cand --verbose 'Say more on stderr'
            cand --no-input 'Never ask; what needs an answer fails with exit code 9'
            cand -y 'Answer yes to every question'
            cand --yes 'Answer yes to every question'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mmsg;config'= {
            cand --profile 'Profile of the config file to use [env: MMSG_PROFILE]'
            cand --ledger 'Ledger file to use [env: MMSG_LEDGER]'
            cand -o 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --output 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --color 'When to colour [env: NO_COLOR]'
            cand -q 'Say only warnings and errors on stderr'
            cand --quiet 'Say only warnings and errors on stderr'
            cand -v 'Say more on stderr'
            cand --verbose 'Say more on stderr'
            cand --no-input 'Never ask; what needs an answer fails with exit code 9'
            cand -y 'Answer yes to every question'
            cand --yes 'Answer yes to every question'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand show 'Print each setting with its value and its source; secrets stay hidden'
            cand path 'Print the path of the profile file, there or not'
        }
        &'mmsg;config;show'= {
            cand --profile 'Profile of the config file to use [env: MMSG_PROFILE]'
            cand --ledger 'Ledger file to use [env: MMSG_LEDGER]'
            cand -o 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --output 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --color 'When to colour [env: NO_COLOR]'
            cand -q 'Say only warnings and errors on stderr'
            cand --quiet 'Say only warnings and errors on stderr'
            cand -v 'Say more on stderr'
            cand --verbose 'Say more on stderr'
            cand --no-input 'Never ask; what needs an answer fails with exit code 9'
            cand -y 'Answer yes to every question'
            cand --yes 'Answer yes to every question'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mmsg;config;path'= {
            cand --profile 'Profile of the config file to use [env: MMSG_PROFILE]'
            cand --ledger 'Ledger file to use [env: MMSG_LEDGER]'
            cand -o 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --output 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --color 'When to colour [env: NO_COLOR]'
            cand -q 'Say only warnings and errors on stderr'
            cand --quiet 'Say only warnings and errors on stderr'
            cand -v 'Say more on stderr'
            cand --verbose 'Say more on stderr'
            cand --no-input 'Never ask; what needs an answer fails with exit code 9'
            cand -y 'Answer yes to every question'
            cand --yes 'Answer yes to every question'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mmsg;completions'= {
            cand --profile 'Profile of the config file to use [env: MMSG_PROFILE]'
            cand --ledger 'Ledger file to use [env: MMSG_LEDGER]'
            cand -o 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --output 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --color 'When to colour [env: NO_COLOR]'
            cand -q 'Say only warnings and errors on stderr'
            cand --quiet 'Say only warnings and errors on stderr'
            cand -v 'Say more on stderr'
            cand --verbose 'Say more on stderr'
            cand --no-input 'Never ask; what needs an answer fails with exit code 9'
            cand -y 'Answer yes to every question'
            cand --yes 'Answer yes to every question'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mmsg;man'= {
            cand --dir 'Write one page a command into this folder (mmsg.1, mmsg-send.1, …)'
            cand --profile 'Profile of the config file to use [env: MMSG_PROFILE]'
            cand --ledger 'Ledger file to use [env: MMSG_LEDGER]'
            cand -o 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --output 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --color 'When to colour [env: NO_COLOR]'
            cand -q 'Say only warnings and errors on stderr'
            cand --quiet 'Say only warnings and errors on stderr'
            cand -v 'Say more on stderr'
            cand --verbose 'Say more on stderr'
            cand --no-input 'Never ask; what needs an answer fails with exit code 9'
            cand -y 'Answer yes to every question'
            cand --yes 'Answer yes to every question'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mmsg;send'= {
            cand --profile 'Profile of the config file to use [env: MMSG_PROFILE]'
            cand --ledger 'Ledger file to use [env: MMSG_LEDGER]'
            cand -o 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --output 'How data is written to stdout [env: MMSG_OUTPUT]'
            cand --color 'When to colour [env: NO_COLOR]'
            cand -q 'Say only warnings and errors on stderr'
            cand --quiet 'Say only warnings and errors on stderr'
            cand -v 'Say more on stderr'
            cand --verbose 'Say more on stderr'
            cand --no-input 'Never ask; what needs an answer fails with exit code 9'
            cand -y 'Answer yes to every question'
            cand --yes 'Answer yes to every question'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}
