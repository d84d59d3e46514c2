//! A throwaway PostgreSQL server from Debian's package: started by the first test of a process that asks, and gone with the process. Each
//! test gets a database of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Where Debian puts the programs of each version.
const PACKAGES: &str = "/usr/lib/postgresql";

/// Longer than a loaded machine takes to start a server.
const PATIENCE: Duration = Duration::from_secs(120);

/// For tests, which crash no machine: a killed server loses nothing of it.
const QUICK: &str = "-c fsync=off -c full_page_writes=off -c autovacuum=off -c shared_buffers=32MB";

/// Starts the server, stops it when the test's process is gone, and takes its folder away. `again`: starts it again if it was killed. If a
/// fourth word names the folder of another server's socket, it follows that one. Further words are the server's, and `LIBRARY` is loaded
/// before it.
const SUPERVISOR: &str = r#"
    programs=$1 folder=$2 again=$3 follows=$4
    shift 4
    if [ -n "$follows" ]; then
        "$programs/pg_basebackup" -h "$follows" -U postgres -D "$folder/data" -R -c fast --no-sync >"$folder/initdb.log" 2>&1 || exit 1
    else
        "$programs/initdb" -D "$folder/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || exit 1
    fi
    # A test that was killed may have left it standing still.
    trap 'kill -CONT $server $(cat /proc/$server/task/$server/children); kill -INT $server; wait $server; rm -rf "$folder"; exit 0' INT TERM
    while :; do
        LD_PRELOAD=$LIBRARY "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= \
            -c wal_retrieve_retry_interval=100ms -c max_connections=300 -c lock_timeout=0 "$@" >>"$folder/server.log" 2>&1 &
        server=$!
        wait $server
        [ -e "$folder/dead" ] && { rm -rf "$folder"; exit 0; }
        [ "$again" = again ] || exit 1
        sleep 0.1
    done
"#;

/// How a server is started.
#[derive(Clone, Copy)]
pub struct Start<'s> {
    /// Words of `postgres`.
    words: &'s str,
    /// Again if it was killed.
    again: bool,
    /// The folder of the socket of a server that it follows.
    follows: Option<&'s Path>,
    /// As in `name=value`.
    settings: &'s [&'s str],
    /// A small library that is loaded before it.
    preload: Option<&'s Path>,
}

impl<'s> Start<'s> {
    pub const fn with(settings: &'s [&'s str]) -> Self {
        Self { words: QUICK, again: false, follows: None, settings, preload: None }
    }

    pub fn behind(preload: &'s Path) -> Self {
        Self { preload: Some(preload), ..Self::default() }
    }
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self::with(&[])
    }
}

/// A running server.
struct Cluster {
    programs: PathBuf,
    /// Of its socket and its data.
    folder: PathBuf,
}

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| Cluster::start(Start::default()));
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A database that no other test uses.
#[derive(Clone)]
pub struct Database {
    name: String,
    cluster: &'static Cluster,
}

impl Database {
    pub fn new() -> Self {
        Self::like("template1")
    }

    /// With all that the one of this name holds, to which nobody is connected.
    pub fn like(template: &str) -> Self {
        let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        CLUSTER.succeeds("createdb", &["--template", template, &name]);
        Self { name, cluster: &CLUSTER }
    }

    /// On a server that no other test uses, and that may be killed: see [`Database::crash`].
    pub fn alone() -> Self {
        Self::alone_with(QUICK)
    }

    /// The same with these settings, as words of `postgres`.
    pub fn alone_with(words: &str) -> Self {
        Self::started(Start { words, ..Start::default() })
    }

    /// The same in another way.
    pub fn started(start: Start<'_>) -> Self {
        let cluster = Box::leak(Box::new(Cluster::start(Start { again: true, ..start })));
        Self { name: "postgres".to_owned(), cluster }
    }

    /// The same database on another server, which follows this one.
    pub fn follower(&self) -> Self {
        let start = Start { again: true, follows: Some(&self.cluster.folder), ..Start::default() };
        Self { name: self.name.clone(), cluster: Box::leak(Box::new(Cluster::start(start))) }
    }

    /// Stops all processes of the server, as if its machine stood still, as long as the value lives.
    pub fn freeze(&self) -> Frozen<'_> {
        self.signal_all(rustix::process::Signal::STOP);
        Frozen(self)
    }

    fn signal_all(&self, signal: rustix::process::Signal) {
        let mut processes: Vec<u32> = vec![self.cluster.process().unwrap().parse().unwrap()];
        // First the one that makes others.
        while let Some(process) = processes.pop() {
            // One may end meanwhile.
            let _ = rustix::process::kill_process(pid(process), signal);
            let children = format!("/proc/{process}/task/{process}/children");
            let children = fs::read_to_string(children).unwrap_or_default();
            processes.extend(children.split_whitespace().map(|child| child.parse::<u32>().unwrap()));
        }
    }

    /// The folder of the socket, in which the data is.
    pub fn folder(&self) -> &Path {
        &self.cluster.folder
    }

    /// Who may connect and how, from now on.
    pub fn admit(&self, rules: &str) {
        fs::write(self.cluster.folder.join("data/pg_hba.conf"), format!("local all postgres trust\n{rules}")).unwrap();
        self.reload();
    }

    /// Changes a setting.
    pub fn set(&self, name: &str, value: &str) {
        self.ask(&format!("alter system set {name} = '{value}'"));
        self.reload();
    }

    fn reload(&self) {
        let loaded = "select extract(epoch from pg_conf_load_time()) * 1000000";
        let before = self.ask(loaded);
        self.ask("select pg_reload_conf()");
        let begin = Instant::now();
        while self.ask(loaded) == before {
            assert!(begin.elapsed() < PATIENCE, "PostgreSQL does not read its settings");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Gives a file to the user as whom the server runs, in its folder; where it is there.
    pub fn give(&self, file: &Path) -> PathBuf {
        let own = self.cluster.folder.join(file.file_name().unwrap());
        fs::copy(file, &own).unwrap();
        fs::set_permissions(&own, Permissions::from_mode(0o600)).unwrap();
        if let Some((user, group)) = other_user() {
            chown(&own, Some(user), Some(group)).unwrap();
        }
        own
    }

    /// All of it as SQL.
    pub fn dump(&self) -> String {
        self.cluster.succeeds("pg_dump", &[&self.name])
    }

    /// Reads a dump.
    pub fn restore(&self, dump: &str) {
        let file = self.cluster.folder.join("dump.sql");
        fs::write(&file, dump).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let file = file.to_str().unwrap();
        self.cluster.succeeds("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file, &self.name]);
    }

    /// Kills the server for good.
    pub fn die(&self) {
        fs::write(self.cluster.folder.join("dead"), "").unwrap();
        self.kill();
        let begin = Instant::now();
        while self.cluster.is_ready() {
            assert!(begin.elapsed() < PATIENCE, "PostgreSQL is still there");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Has a server that follows another one follow nobody any more: it can be written to from then on.
    pub fn promote(&self) {
        assert_eq!(self.ask("select pg_promote()"), "t");
    }

    fn kill(&self) -> String {
        let process = self.cluster.process().unwrap();
        rustix::process::kill_process(pid(process.parse().unwrap()), rustix::process::Signal::KILL).unwrap();
        process
    }

    /// Kills the server, and waits until another one has recovered its data.
    pub fn crash(&self) {
        let killed = self.kill();
        let begin = Instant::now();
        while self.cluster.process().is_none_or(|now| now == killed) || !self.cluster.is_ready() {
            assert!(begin.elapsed() < PATIENCE, "PostgreSQL did not start again");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// As it is given to `--ledger`.
    pub fn address(&self) -> String {
        format!("postgres://postgres@/{}?host={}", self.name, self.cluster.folder.display())
    }

    /// Where it is asked.
    pub fn socket(&self) -> PathBuf {
        self.cluster.folder.join(".s.PGSQL.5432")
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a script by `psql`, as it would be typed.
    pub fn script(&self, sql: &str) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, sql.as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        self.cluster.succeeds("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", path, &self.name]);
    }

    /// `psql`, by the way of this folder's socket.
    pub fn psql(&self, folder: &Path) -> Command {
        let mut psql = Command::new(self.cluster.programs.join("psql"));
        psql.arg("-h").arg(folder).args(["-U", "postgres", "-X", "-q", "-d", &self.name]);
        psql
    }

    /// What `psql` prints: the judge's own look, by none of our code.
    pub fn ask(&self, sql: &str) -> String {
        let args = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.name];
        self.cluster.succeeds("psql", &args).trim_end().to_owned()
    }
}

/// A server that stands still.
pub struct Frozen<'d>(&'d Database);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.signal_all(rustix::process::Signal::CONT);
    }
}

impl Cluster {
    fn start(start: Start<'_>) -> Self {
        let programs = programs();
        // Not in a folder of this user alone: the server may run as another.
        let folder = tempfile::Builder::new().prefix("mmsg-postgres-").tempdir_in(place(start.words)).unwrap().keep();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let mut supervisor = Command::new("setpriv");
        // The server refuses to run as root.
        if let Some((user, group)) = other_user() {
            chown(&folder, Some(user), Some(group)).unwrap();
            supervisor.args([&format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups"]);
        }
        supervisor
            .args(["--pdeathsig=TERM", "sh", "-c", SUPERVISOR, "postgres-of-tests"])
            .arg(&programs)
            .arg(&folder)
            .arg(if start.again { "again" } else { "once" })
            .arg(start.follows.unwrap_or(Path::new("")))
            .args(start.words.split_whitespace())
            .args(start.settings.iter().flat_map(|setting| ["-c", setting]))
            .env("LIBRARY", "");
        if let Some(preload) = start.preload {
            let own = folder.join("library.so");
            fs::copy(preload, &own).unwrap();
            fs::set_permissions(&own, Permissions::from_mode(0o755)).unwrap();
            supervisor.env("LIBRARY", own).env("DISK_IS_FULL", folder.join("full"));
        }
        supervisor.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (say, hear) = mpsc::channel();
        // Its parent is a thread: one that lives as long as the process.
        thread::spawn(move || say.send(supervisor.status()));
        let cluster = Self { programs, folder };
        let begin = Instant::now();
        while !cluster.is_ready() {
            let ended = hear.try_recv().ok();
            if ended.is_some() || begin.elapsed() > PATIENCE {
                let log = |name: &str| fs::read_to_string(cluster.folder.join(name)).unwrap_or_default();
                panic!("PostgreSQL did not start ({ended:?}):\n{}{}", log("initdb.log"), log("server.log"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        cluster
    }

    fn process(&self) -> Option<String> {
        self.told(0)
    }

    /// Whether it takes connections, for all that it says itself.
    fn is_ready(&self) -> bool {
        self.told(7).is_some_and(|state| matches!(state.trim(), "ready" | "standby"))
    }

    /// A line of the file that a server keeps of itself.
    fn told(&self, line: usize) -> Option<String> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        file.lines().nth(line).map(str::to_owned)
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        Command::new(self.programs.join(program))
            .arg("-h")
            .arg(&self.folder)
            .args(["-U", "postgres"])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn succeeds(&self, program: &str, args: &[&str]) -> String {
        let output = self.run(program, args);
        assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Where a server keeps its files. One that syncs nothing does it in memory, where there is much of that: a new database is 300 files.
fn place(words: &str) -> &'static str {
    const MEMORY: &str = "/dev/shm";
    const ENOUGH: u64 = 4 << 30;
    let room = rustix::fs::statvfs(MEMORY).map_or(0, |place| place.f_bavail * place.f_frsize);
    if words.contains("fsync=off") && room > ENOUGH { MEMORY } else { "/tmp" }
}

/// Those of the newest version.
fn programs() -> PathBuf {
    let versions = fs::read_dir(PACKAGES).into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = versions.filter(|path| path.join("bin/initdb").exists()).max_by_key(|path| version(path));
    let Some(newest) = newest else {
        panic!("PostgreSQL is not installed: tests/run installs Debian's package postgresql")
    };
    newest.join("bin")
}

fn version(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.parse().ok()
}

fn pid(number: u32) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(number.try_into().unwrap()).unwrap()
}

/// As whom the server runs if it can't as this user: it refuses to run as root.
pub fn other_user() -> Option<(u32, u32)> {
    rustix::process::geteuid().is_root().then(user_of_package)
}

/// The user that the package made.
fn user_of_package() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let Some(user) = user else { panic!("the user postgres of Debian's package is missing") };
    let mut numbers = user.split(':').skip(1).map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}
