//! A real terminal for prompts and progress: a pseudo-terminal that is the command's controlling one.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::patience::Patience;
use super::{Env, Run};

const PATIENCE: Duration = Duration::from_secs(90);

/// `mmsg` on a terminal: stdin, stdout and stderr.
pub struct Terminal {
    child: Child,
    keys: File,
    screen: Arc<(Mutex<Screen>, Condvar)>,
}

#[derive(Default)]
struct Screen {
    shown: String,
    /// Up to where [`Terminal::wait_for`] has looked.
    seen: usize,
    closed: bool,
}

impl Env {
    /// Starts `mmsg` on a terminal of 24 lines and this many columns.
    pub fn terminal(&self, columns: u16, args: &[&str]) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let end = || {
            let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
            Stdio::from(OpenOptions::new().read(true).write(true).custom_flags(flags).open(&name).unwrap())
        };
        // setsid makes it the controlling terminal, so that Ctrl-C is a signal. Only Linux has it.
        let mmsg = self.command(args);
        let mut command = if cfg!(target_os = "linux") {
            let mut command = Command::new("setsid");
            command.args(["--ctty", "--"]).arg(mmsg.get_program());
            command
        } else {
            Command::new(mmsg.get_program())
        };
        command.args(mmsg.get_args());
        command.env_clear().envs(mmsg.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(self.path("")).stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();

        let keys = File::from(master);
        let mut output = keys.try_clone().unwrap();
        let screen = Arc::new((Mutex::new(Screen::default()), Condvar::new()));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal without processes answers with an error.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shared.0.lock().unwrap().shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
                shared.1.notify_all();
            }
            shared.0.lock().unwrap().closed = true;
            shared.1.notify_all();
        });
        drop(command);
        Terminal { child, keys, screen }
    }
}

impl Terminal {
    /// Waits until this text appears after what was waited for last.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        let mut screen = self.screen.0.lock().unwrap();
        loop {
            if let Some(at) = screen.shown[screen.seen..].find(text) {
                screen.seen += at + text.len();
                drop(screen);
                return self;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !screen.closed, "no {text:?} on the screen:\n{}", screen.shown);
            screen = self.screen.1.wait_timeout(screen, left).unwrap().0;
        }
    }

    /// Types keys: `\n` is Enter, `\x03` Ctrl-C, `\x04` Ctrl-D.
    pub fn type_keys(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.replace('\n', "\r").as_bytes()).unwrap();
        self
    }

    /// Signals `mmsg`, as a system does that shuts down.
    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self
    }

    /// Waits until the terminal shows no keys by itself any more: a question is read, of a secret or of anything else.
    #[track_caller]
    pub fn wait_until_hidden(&mut self) -> &mut Self {
        let mut patience = Patience::of(PATIENCE);
        while tcgetattr(&self.keys).unwrap().local_modes.contains(LocalModes::ECHO) {
            assert!(patience.lasts(), "the terminal still shows what is typed");
        }
        self
    }

    /// Waits for the end, which leaves the terminal usable. What stood on the screen is in `stdout`.
    #[must_use = "look at how it ended"]
    pub fn end(mut self) -> Run {
        let mut patience = Patience::of(PATIENCE);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if !patience.lasts() {
                self.child.kill().unwrap();
                panic!("it does not end:\n{}", self.screen.0.lock().unwrap().shown);
            }
        };
        let modes = tcgetattr(&self.keys).unwrap().local_modes;
        let usable = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        assert!(modes.contains(usable), "the terminal was left in another mode: {modes:?}");
        let screen = self.screen.0.lock().unwrap();
        let screen = self.screen.1.wait_timeout_while(screen, PATIENCE, |screen| !screen.closed).unwrap().0;
        Run::of(&std::process::Output { status, stdout: screen.shown.clone().into_bytes(), stderr: Vec::new() })
    }
}
