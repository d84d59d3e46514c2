//! The way to a PostgreSQL server: it passes bytes on, cuts connections where a test wants it, and can lead to another server from some
//! moment on, as a name or an address that is moved.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;

use super::cluster::Database;

/// What becomes of the commit of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It does not arrive, and the server sees that the connection is gone.
    Before,
    /// It arrives, and its answer does not.
    After,
    /// It does not arrive, and the server goes on to wait for it.
    HalfBefore,
    /// It arrives, its answer does not, and the server goes on to wait for more.
    HalfAfter,
}

pub const CUTS: [Cut; 4] = [Cut::Before, Cut::After, Cut::HalfBefore, Cut::HalfAfter];

pub struct Wire {
    folder: tempfile::TempDir,
    database: String,
    way: Arc<Way>,
}

struct Way {
    /// The server's socket.
    to: Mutex<PathBuf>,
    /// Each so manieth commit of a step is cut; 0 is none.
    every: AtomicUsize,
    commits: AtomicUsize,
    cuts: Mutex<Vec<Cut>>,
    /// Nothing is passed on, and nobody is told.
    is_black_hole: AtomicBool,
    /// Those that are open.
    open: Mutex<Vec<UnixStream>>,
    /// Connections to a server that waits for a client which is gone.
    kept: Mutex<Vec<UnixStream>>,
}

impl Wire {
    pub fn to(database: &Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let way = Arc::new(Way {
            to: Mutex::new(database.socket()),
            every: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
            cuts: Mutex::default(),
            is_black_hole: AtomicBool::new(false),
            open: Mutex::default(),
            kept: Mutex::default(),
        });
        let served = Arc::clone(&way);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                serve(client, &served);
            }
        });
        Self { folder, database: database.name().to_owned(), way }
    }

    /// As it is given to `--ledger`.
    pub fn address(&self) -> String {
        format!("postgres://postgres@/{}?host={}", self.database, self.folder.path().display())
    }

    /// Cuts each so manieth commit of a step, in all ways in turn.
    pub fn cut_every(&self, commits: usize) {
        self.way.every.store(commits, Relaxed);
    }

    /// What was cut so far.
    pub fn cuts(&self) -> Vec<Cut> {
        self.way.cuts.lock().unwrap().clone()
    }

    /// From now on it leads to this server; what is connected is cut off.
    pub fn lead_to(&self, database: &Database) {
        self.lead(database.socket());
    }

    /// From now on all that is said is swallowed, both ways, and all connections stay; so do new ones.
    pub fn swallow(&self) {
        self.way.is_black_hole.store(true, Relaxed);
    }

    /// From now on nobody is there.
    pub fn lead_to_nobody(&self) {
        self.lead(self.folder.path().join("nobody"));
    }

    fn lead(&self, socket: PathBuf) {
        *self.way.to.lock().unwrap() = socket;
        self.way.is_black_hole.store(false, Relaxed);
        for stream in self.way.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// One connection.
struct Connection {
    client: UnixStream,
    server: UnixStream,
    way: Arc<Way>,
    /// What the server says is not passed on any more; the connection ends with the answer to a commit.
    swallows: AtomicBool,
    /// The server goes on to wait.
    keeps_server: AtomicBool,
}

fn serve(client: UnixStream, way: &Arc<Way>) {
    // The client sees that nobody is there.
    let Ok(server) = UnixStream::connect(&*way.to.lock().unwrap()) else { return };
    way.open.lock().unwrap().extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
    let connection = Arc::new(Connection {
        client,
        server,
        way: Arc::clone(way),
        swallows: AtomicBool::new(false),
        keeps_server: AtomicBool::new(false),
    });
    let answers = Arc::clone(&connection);
    thread::spawn(move || {
        let _ = connection.pass_questions();
        if !connection.swallows.load(Relaxed) {
            connection.end();
        }
    });
    thread::spawn(move || {
        let _ = answers.pass_answers();
        answers.end();
    });
}

impl Connection {
    fn pass_questions(&self) -> std::io::Result<()> {
        let (mut from, mut to) = (&self.client, &self.server);
        // The first message has no kind.
        let mut has_kind = false;
        let mut is_step = false;
        loop {
            let mut head = vec![0; if has_kind { 5 } else { 4 }];
            from.read_exact(&mut head)?;
            let length = u32::from_be_bytes(head[head.len() - 4..].try_into().unwrap()) as usize;
            let mut body = vec![0; length - 4];
            from.read_exact(&mut body)?;
            if has_kind && head[0] == b'Q' {
                let text = String::from_utf8_lossy(&body);
                if text.starts_with("begin") {
                    is_step = text.contains("_shared") && !text.contains("synchronous_commit");
                } else if text.contains("commit") && is_step && self.is_cut(&mut to, &head, &body)? {
                    return Ok(());
                }
            }
            has_kind = true;
            if self.way.is_black_hole.load(Relaxed) {
                continue;
            }
            to.write_all(&head)?;
            to.write_all(&body)?;
        }
    }

    /// Whether this commit of a step is the end of it.
    fn is_cut(&self, to: &mut &UnixStream, head: &[u8], body: &[u8]) -> std::io::Result<bool> {
        let every = self.way.every.load(Relaxed);
        if every == 0 || !(self.way.commits.fetch_add(1, Relaxed) + 1).is_multiple_of(every) {
            return Ok(false);
        }
        let mut cuts = self.way.cuts.lock().unwrap();
        let cut = CUTS[cuts.len() % CUTS.len()];
        cuts.push(cut);
        if matches!(cut, Cut::HalfBefore | Cut::HalfAfter) {
            self.keeps_server.store(true, Relaxed);
            self.way.kept.lock().unwrap().push(self.server.try_clone()?);
        }
        if matches!(cut, Cut::After | Cut::HalfAfter) {
            self.swallows.store(true, Relaxed);
            to.write_all(head)?;
            to.write_all(body)?;
        }
        Ok(true)
    }

    fn pass_answers(&self) -> std::io::Result<()> {
        let (mut from, mut to) = (&self.server, &self.client);
        let mut part = [0; 16 * 1024];
        loop {
            let length = from.read(&mut part)?;
            if length == 0
                || (self.swallows.load(Relaxed) && memchr::memmem::find(&part[..length], b"COMMIT").is_some())
            {
                return Ok(());
            }
            if !self.swallows.load(Relaxed) && !self.way.is_black_hole.load(Relaxed) {
                to.write_all(&part[..length])?;
            }
        }
    }

    fn end(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        if !self.keeps_server.load(Relaxed) {
            let _ = self.server.shutdown(Shutdown::Both);
        }
    }
}
