complete --keep-order --exclusive --command mmsg --arguments "(MMSG_COMPLETE=fish mmsg -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
