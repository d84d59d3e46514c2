//! `mmsg man`: the manual, made from the same text as the help.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::for_manual;
use crate::commands::context::Invocation;
use crate::error::{Error, Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Write one page per command to this folder (mmsg.1, mmsg-send.1, …).
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn run(frame: &Invocation<'_>, args: Args, command: clap::Command) -> Result<Exit> {
    match args.dir {
        Some(dir) => write_all(frame, command, &dir)?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .map_err(|error| Error::internal("can't make the manual page").because(&error))?;
            let page = String::from_utf8_lossy(&page).into_owned() + &for_manual("");
            frame.ui.text(page.trim_end())?;
        }
    }
    Ok(Exit::Done)
}

fn write_all(frame: &Invocation<'_>, command: clap::Command, dir: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::usage(format!("can't write the manual to {}", dir.display()))
            .because(&error)
            .hint("choose a folder that you can write to with --dir")
    };
    fs::create_dir_all(dir).map_err(failed)?;
    clap_mangen::generate_to(command.clone(), dir).map_err(failed)?;
    complete(&command, "", dir).map_err(failed)?;
    frame.ui.status(&format!("wrote the manual to {}; read it with man -l {}/mmsg.1", dir.display(), dir.display()));
    Ok(())
}

/// Ends each page with the sections that the help has, too.
fn complete(command: &clap::Command, words: &str, dir: &Path) -> io::Result<()> {
    let name = format!("mmsg {words}").trim_end().replace(' ', "-");
    let mut page = OpenOptions::new().append(true).open(dir.join(format!("{name}.1")))?;
    page.write_all(for_manual(words).as_bytes())?;
    for below in command.get_subcommands() {
        complete(below, format!("{words} {}", below.get_name()).trim_start(), dir)?;
    }
    Ok(())
}
