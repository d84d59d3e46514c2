//! `mmsg man`: the manual, made from the same text as the help.

use std::fs;
use std::path::{Path, PathBuf};

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
            frame.ui.text(String::from_utf8_lossy(&page).trim_end())?;
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
    clap_mangen::generate_to(command, dir).map_err(failed)?;
    frame.ui.status(&format!("wrote the manual to {}; read it with man -l {}/mmsg.1", dir.display(), dir.display()));
    Ok(())
}
