//! The HTTP server that Meta posts to: every limit a stranger may try, and 200 only for what is in the ledger.
//!
//! A request passes `connection` (TLS, timeouts), `answer` (which path, whose signature) and `body` (limits); what its notice
//! holds goes to the `desk`, whose thread alone writes.

mod answer;
mod body;
mod connection;
mod counts;
mod desk;
mod place;
pub mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::secret::Secret;
use crate::webhook::signature::Keys;
use answer::Front;
pub use counts::{Answered, Counts};
use desk::Desk;
use tls::Tls;

/// How long a client may take for a handshake, a head, a body, or for reading an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long requests in flight have once nothing new is accepted: longer than any answer takes.
const GRACE: Duration = Duration::from_secs(6);

/// The largest body; Meta's largest batch is about 1000 events.
const BODY_LIMIT: usize = 4 << 20;

/// All bodies that are being read at once.
const BODIES_LIMIT: usize = 128 << 20;

/// Connections that wait to be accepted; the system may allow less.
const BACKLOG: u32 = 4096;

/// Wait before the next try where no connection can be accepted: a close frees a descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a listener is made of.
pub struct Options {
    /// `address:port`; port 0 takes a free one.
    pub listen: String,
    /// The path that Meta posts to.
    pub path: String,
    /// What Meta's check of the address must name; without it every check is refused.
    pub verify_token: Option<Secret>,
    /// One of them has signed every notice.
    pub app_secrets: Vec<Secret>,
    pub tls: Option<Tls>,
    /// Connections at once; more wait.
    pub connections: usize,
    /// The audience that people who opt in join.
    pub opt_ins: String,
    /// How long a send in doubt blocks its person, for runs found dead.
    pub cool_down: Duration,
}

/// What a listener has to say while it works.
#[derive(Debug)]
pub enum Said {
    Answered(Answered),
    /// Nothing can be stored; every post is refused with 503 until [`Said::LedgerBack`].
    LedgerDown(Error),
    LedgerBack,
    /// The ledger is well, and one post can't be stored all the same.
    Unstorable(Error),
    /// No connection can be accepted, for now.
    NotAccepting(io::Error),
}

/// Takes what is said; called from several threads.
pub type Say = Arc<dyn Fn(Said) + Send + Sync>;

/// A socket that is bound, and the thread that writes.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    front: Arc<Front>,
    desk: Desk,
    tls: Option<Tls>,
    connections: usize,
}

impl Listener {
    /// Binds the address and starts the thread that owns the ledger.
    ///
    /// # Errors
    /// Exit 7 when the address can't be had.
    pub async fn bind(options: Options, ledger: Ledger, say: Say) -> Result<Self> {
        let failed = |error: io::Error| {
            Error::network(format!("can't listen on {}", options.listen))
                .because(&error)
                .hint("choose another --listen ADDRESS:PORT; port 0 takes a free one")
        };
        let socket = listen(&options.listen).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let counts = Arc::new(counts::Shared::default());
        let desk = Desk::open(ledger, options.opt_ins, options.cool_down, Arc::clone(&counts), Arc::clone(&say))?;
        let front = Front {
            path: options.path,
            verify_token: options.verify_token,
            keys: Keys::new(&options.app_secrets),
            bodies: Arc::new(Semaphore::new(BODIES_LIMIT)),
            desk: desk.counter(),
            counts,
            say,
        };
        Ok(Self {
            socket,
            address,
            front: Arc::new(front),
            desk,
            tls: options.tls,
            connections: options.connections.max(1),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes the counts since they were last taken.
    pub fn counts(&self) -> impl Fn() -> Counts + Send + Sync + use<> {
        let counts = Arc::clone(&self.front.counts);
        move || counts.take()
    }

    /// Serves until `stop`; then requests in flight are answered, and everything taken is in the ledger.
    ///
    /// # Errors
    /// Exit 10 when the ledger is down at the end.
    pub async fn serve(self, stop: CancellationToken) -> Result<()> {
        let tasks = TaskTracker::new();
        let room = Arc::new(Semaphore::new(self.connections));
        let ended = self.desk.ended();
        let accepting = async {
            let mut failing = false;
            loop {
                // Nothing closes this semaphore.
                let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
                match self.socket.accept().await {
                    Ok((stream, _)) => {
                        failing = false;
                        let (front, tls, stop) = (Arc::clone(&self.front), self.tls.clone(), stop.clone());
                        tasks.spawn(async move {
                            connection::serve(stream, tls, front, stop).await;
                            drop(place);
                        });
                    }
                    // The client went away while it waited.
                    Err(error) if is_the_clients(&error) => {}
                    Err(error) => {
                        if !std::mem::replace(&mut failing, true) {
                            (self.front.say)(Said::NotAccepting(error));
                        }
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = ended.cancelled() => stop.cancel(),
            () = accepting => {}
        }
        drop(self.socket);
        tasks.close();
        // Each connection ends within its grace.
        tasks.wait().await;
        drop(self.front);
        self.desk.close().await
    }
}

/// Listens on the first address of the name that can be had.
async fn listen(name: &str) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "no such address");
    for address in tokio::net::lookup_host(name).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart must not wait for connections of the one before to be forgotten.
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
