//! One process from start to end: time, processor time, memory.

use std::fs;
use std::io::{Read, Seek};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::row::{Bar, Row, median};
use crate::shop::Shop;

/// How often the peak of a running process is read; growth at its very end is missed.
const LOOK: Duration = Duration::from_millis(5);

/// What a process used.
pub struct Used {
    pub wall: f64,
    /// Seconds of all its threads, user and system; in steps of 10 ms.
    pub cpu: f64,
    pub peak_mib: f64,
}

/// Runs a command to its end; its exit code must be `want`.
pub fn run(command: &mut Command, want: i32) -> Used {
    let mut errors = tempfile::tempfile().unwrap();
    command.stdin(Stdio::null()).stderr(errors.try_clone().unwrap());
    let begin = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let over = AtomicBool::new(false);
    let (wall, peak_mib) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| peak(child.id(), &over));
        // Not reaped yet, so that its processor time can still be read.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        rustix::io::retry_on_intr(|| waitid(WaitId::Pid(Pid::from_child(&child)), options)).unwrap();
        let wall = begin.elapsed();
        over.store(true, Relaxed);
        watch.thread().unpark();
        (wall.as_secs_f64(), watch.join().unwrap())
    });
    let cpu = processor_time(child.id());
    let status = child.wait().unwrap();
    if status.code() != Some(want) {
        let mut text = String::new();
        errors.rewind().unwrap();
        errors.read_to_string(&mut text).unwrap();
        panic!("{command:?}: {status}, exit {want} expected: {text}");
    }
    Used { wall, cpu, peak_mib }
}

fn peak(process: u32, over: &AtomicBool) -> f64 {
    let path = format!("/proc/{process}/status");
    let mut peak: f64 = 0.0;
    while !over.load(Relaxed) {
        let status = fs::read_to_string(&path).unwrap_or_default();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = peak.max(kib.map_or(0.0, |kib| kib.parse().unwrap()));
        std::thread::park_timeout(LOOK);
    }
    peak / 1024.0
}

pub fn processor_time(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let ticks: f64 = rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    ticks / rustix::param::clock_ticks_per_second() as f64
}

/// `start`
pub fn start(shop: &Shop) -> Vec<Row> {
    let walls: Vec<f64> = (0..20 * shop.plan.rounds)
        .map(|_| run(Command::new(env!("CARGO_BIN_EXE_mmsg")).arg("--version").stdout(Stdio::null()), 0).wall * 1e3)
        .collect();
    let note = format!("median of {}", walls.len());
    vec![Row::new("mmsg --version", median(walls), " ms", Bar::AtMost(5.0)).note(note)]
}
