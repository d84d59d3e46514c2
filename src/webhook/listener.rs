//! The HTTP server that Meta posts to: it limits what strangers can do, and answers 200 only for what is in the ledger.
//!
//! A connection passes the `door` (how many, of whom); a request passes `connection` (TLS, timeouts), `answer` (path, signature) and
//! `body` (limits, and its share of the `room`); its events go to the `recorder`, whose thread is the only one that writes.

mod address;
mod answer;
mod body;
mod connection;
mod counts;
mod door;
mod ledger_file;
mod metrics;
mod recorder;
mod room;
mod routes;
pub mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::{Error, Result};
use crate::ledger::{self, Ledger};
use crate::secret::Secret;
pub use address::Net;
use answer::Front;
pub use counts::{Answered, ListenerCounts};
use door::Door;
use recorder::Recorder;
use room::Room;
use routes::Routes;
use tls::Tls;

/// How long a client may take for a handshake, a request head, a body, or for reading a response.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests in flight may take after shutdown begins: longer than any response takes.
const GRACE: Duration = Duration::from_secs(6);

/// The largest body; Meta's largest batch is about 1000 events.
const BODY_LIMIT: usize = 4 << 20;

/// The total size of all bodies being read at once.
const BODIES_LIMIT: usize = 20 << 20;

/// Of it, what is kept for clients whose last signature was right: two of the largest bodies.
const BODIES_KEPT: usize = 2 * BODY_LIMIT;

/// Connections waiting to be accepted; the system may allow fewer.
const BACKLOG: u32 = 4096;

/// Pause before the next attempt when no connection can be accepted: a closed connection frees a descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The configuration of a listener.
pub struct Options {
    /// `address:port`; port 0 picks a free one.
    pub listen: String,
    /// The path that Meta posts to.
    pub path: String,
    /// The tokens that Meta's verification request may have; without any, every verification is refused.
    pub verify_tokens: Vec<Secret>,
    /// Whose notices are taken.
    pub businesses: Vec<Business>,
    pub tls: Option<Tls>,
    /// Concurrent connections. With more, strangers are sent away, the oldest first.
    pub connections: usize,
    /// Proxies that name the client in `X-Forwarded-For`.
    pub proxies: Vec<Net>,
    /// The audience that people who opt in join.
    pub opt_ins: String,
}

/// Whose notices are taken, and where they go.
pub struct Business {
    /// Without one, its ledger gets what is of no other Page.
    pub page: Option<String>,
    /// A notice must be signed with one of these.
    pub app_secrets: Vec<Secret>,
    /// The place of its ledger.
    pub ledger: usize,
}

/// A ledger, and the cool-down of a recipient whose send became unknown because its run died.
pub type WithCoolDown = (Ledger, Duration);

/// What the listener reports while it runs.
#[derive(Debug)]
pub enum Status {
    Answered(Answered),
    /// Nothing can be stored; every POST is answered 503 until [`Status::LedgerBack`].
    LedgerDown(ledger::error::Error),
    LedgerBack,
    /// One POST can't be stored, although the ledger can be written.
    Unstorable(ledger::error::Error),
    /// No connection can be accepted at the moment.
    NotAccepting(io::Error),
}

/// Receives the status; called from several threads.
pub type OnStatus = Arc<dyn Fn(Status) + Send + Sync>;

/// A bound socket, and for each ledger the thread that writes to it.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    front: Arc<Front>,
    recorders: Vec<Recorder>,
    tls: Option<Tls>,
    door: Arc<Door>,
}

impl Listener {
    /// Binds the address and starts the threads that own the ledgers.
    ///
    /// # Errors
    /// Exit 7 if the address can't be used.
    pub async fn bind(options: Options, ledgers: Vec<WithCoolDown>, on_status: OnStatus) -> Result<Self> {
        let failed = |error: io::Error| {
            Error::network(format!("can't listen on {}", options.listen))
                .because(&error)
                .hint("choose another --listen ADDRESS:PORT; port 0 picks a free one")
        };
        let socket = listen(&options.listen).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let counts = Arc::new(counts::Shared::default());
        let open = |(ledger, cool_down)| {
            Recorder::open(ledger, options.opt_ins.clone(), cool_down, Arc::clone(&counts), Arc::clone(&on_status))
        };
        let recorders: Vec<Recorder> = ledgers.into_iter().map(open).collect::<ledger::error::Result<_>>()?;
        let front = Front {
            path: options.path,
            verify_tokens: options.verify_tokens,
            routes: Routes::new(&options.businesses),
            room: Arc::new(Room::new(BODIES_LIMIT, BODIES_KEPT)),
            recorders: recorders.iter().map(Recorder::inbox).collect(),
            counts,
            on_status,
        };
        Ok(Self {
            socket,
            address,
            front: Arc::new(front),
            recorders,
            tls: options.tls,
            door: Arc::new(Door::new(options.connections.max(1), options.proxies)),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns a function that takes the counts since its last call.
    pub fn counts(&self) -> impl Fn() -> ListenerCounts + Send + Sync + use<> {
        let (counts, door) = (Arc::clone(&self.front.counts), Arc::clone(&self.door));
        move || ListenerCounts { sent_away: door.sent_away(), ..counts.take() }
    }

    /// Serves until `stop`; then answers requests in flight and stores everything that was received.
    ///
    /// # Errors
    /// Exit 10 if the ledger can't be written at the end.
    pub async fn serve(self, stop: CancellationToken) -> Result<()> {
        let tasks = TaskTracker::new();
        // Each ends only after an error.
        let mut ended: FuturesUnordered<_> =
            self.recorders.iter().map(|recorder| recorder.ended().cancelled_owned()).collect();
        let accepting = async {
            let mut failing = false;
            loop {
                match self.socket.accept().await {
                    Ok((stream, peer)) => {
                        failing = false;
                        if let Some(guest) = self.door.admit(peer.ip()) {
                            let (front, tls, stop) = (Arc::clone(&self.front), self.tls.clone(), stop.clone());
                            tasks.spawn(connection::serve(stream, guest, tls, front, stop));
                        }
                    }
                    // The client went away while waiting.
                    Err(error) if is_the_clients(&error) => {}
                    Err(error) => {
                        if !std::mem::replace(&mut failing, true) {
                            (self.front.on_status)(Status::NotAccepting(error));
                        }
                        self.door.make_room();
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            Some(()) = ended.next() => stop.cancel(),
            never = accepting => never,
        }
        drop(self.socket);
        tasks.close();
        // Each connection ends within its grace period.
        tasks.wait().await;
        drop(self.front);
        // All of them, whatever becomes of one.
        let mut closed = Ok(());
        for recorder in self.recorders {
            let one = recorder.close().await;
            closed = closed.and(one);
        }
        Ok(closed?)
    }
}

/// Listens on the first usable address of the name.
async fn listen(name: &str) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "no such address");
    for address in tokio::net::lookup_host(name).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart must not wait until connections of the previous process have timed out.
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
