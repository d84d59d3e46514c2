//! `cargo bench --bench status -- [--businesses N] [--sends N]`
//!
//! Makes so many profiles, and by SQL a ledger with so many sends of theirs, and prints how long `mmsg status` takes: the best and the worst
//! of ten.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a developer's tool, which may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn main() {
    let number = |flag: &str, default: u64| {
        let mut arguments = std::env::args().skip_while(|word| word != flag);
        arguments.nth(1).map_or(default, |value| value.parse().unwrap())
    };
    let (businesses, sends) = (number("--businesses", 1000), number("--sends", 3_000_000));
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/mmsg/profiles.d");
    fs::create_dir_all(&folder).unwrap();
    for business in 1..=businesses {
        let file = folder.join(format!("shop-{business:05}.toml"));
        fs::write(
            &file,
            format!("page = {business}\nad_account = {business}\ntoken = {{ env = 'SHOP_{business}' }}\n"),
        )
        .unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::write(home.path().join("list"), "10000000000001\n10000000000002\n").unwrap();
    let made = mmsg(home.path(), &["tokens", "import", "list", "--audience", "first", "--profile", "shop-00001"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let ledger = home.path().join(".local/share/mmsg/ledger.db");
    fill(&ledger, businesses, sends);
    let mut took: Vec<Duration> = (0..10)
        .map(|_| {
            let begin = Instant::now();
            let run = mmsg(home.path(), &["status"]);
            let took = begin.elapsed();
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
            assert_eq!(run.stdout.iter().filter(|byte| **byte == b'\n').count() as u64, businesses + 2);
            took
        })
        .collect();
    took.sort();
    let ms = |at: usize| took[at].as_secs_f64() * 1e3;
    let size = fs::metadata(&ledger).unwrap().len() >> 20;
    println!(
        "status of {businesses} businesses and {sends} sends ({size} MiB): best {:.0} ms, median {:.0} ms, worst {:.0} ms",
        ms(0),
        ms(5),
        ms(9)
    );
}

fn mmsg(home: &Path, words: &[&str]) -> std::process::Output {
    let path = |below: &str| home.join(below);
    Command::new(env!("CARGO_BIN_EXE_mmsg"))
        .args(words)
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", path(".config"))
        .env("XDG_DATA_HOME", path(".local/share"))
        .current_dir(home)
        .output()
        .unwrap()
}

/// Three broadcasts for each business: two that are done, and one that half waits. Each was sent in five hours, the last of them now.
fn fill(ledger: &Path, businesses: u64, sends: u64) {
    let conn = rusqlite::Connection::open(ledger).unwrap();
    let (broadcasts, each) = (businesses * 3, (sends / (businesses * 3)).max(2));
    conn.execute_batch(&format!(
        "pragma synchronous = off;
         begin;
         create temp table b as with recursive n(i) as (select 1 union all select i + 1 from n where i < {broadcasts}) select i from n;
         create temp table s as with recursive n(i) as (select 1 union all select i + 1 from n where i < {each}) select i from n;
         insert into broadcasts (id, page, ad_account, campaign, fingerprint, repeat, message, created_at)
           select i, cast((i + 2) / 3 as text), 'act_' || ((i + 2) / 3), 'c' || i, cast(i as blob), 0, '{{}}', 0 from b;
         insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at) select i, i, '-', {each}, x'00', 0, 1 from b;
         insert into sends (broadcast, recipient, listing, state, not_before, claimed_at, finished_at)
           select b.i, b.i * {each} + s.i, b.i, case when b.i % 3 = 0 and s.i > {each} / 2 then 0 else 2 end, s.i,
             unixepoch() * 1000, unixepoch() * 1000 from b, s;
         insert into states (broadcast, state, n) select broadcast, state, count(*) from sends group by broadcast, state;
         insert into counters (broadcast, hour, what, n)
           select b.i, unixepoch() / 3600 - h.i, w.what, 7 from b, (select i from s where i <= 5) h,
             (select 'after.read.' || i as what from s where i <= 24 union all values ('accepted'), ('refused'), ('delivered'), ('read')) w;
         commit;"
    ))
    .unwrap();
}
