//! Progress on stderr: a bar on a terminal, one line a minute elsewhere, nothing with `--quiet`.
