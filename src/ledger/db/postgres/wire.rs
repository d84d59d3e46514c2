//! The way to a server. Whoever waits for an answer drives it: between two threads each question and each answer would wait for a processor.
//! It needs no runtime, so that whoever asks may be a task.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, SockAddr, TcpKeepalive, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Connection};

use super::answers::lock;
use super::silence::Drive;
use super::tls::Secret;
use crate::ledger::address::server::Host;

/// A server that is silent is asked whether it is there after so long, …
const ASKED_AFTER: Duration = Duration::from_secs(10);
/// … and then so often, this many times, …
const ASKED_AGAIN: Duration = Duration::from_secs(5);
const TIMES: u32 = 3;
/// … until it is gone.
const SILENCE: Duration = Duration::from_secs(25);

/// What is read and written without waiting.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    socket: socket2::Socket,
    /// The system had no room for what was to be written.
    is_full: AtomicBool,
}

impl Socket {
    /// Tries each address of a name, each for so long.
    pub fn connect(host: &Host, port: u16, patience: Duration) -> io::Result<Self> {
        let socket = match host {
            Host::Name(name) => {
                let mut tried = Err(io::ErrorKind::AddrNotAvailable.into());
                for address in (name.as_str(), port).to_socket_addrs()? {
                    tried = tcp(address, patience);
                    if tried.is_ok() {
                        break;
                    }
                }
                tried?
            }
            Host::Socket(folder) => {
                let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
                socket.connect(&SockAddr::unix(folder.join(format!(".s.PGSQL.{port}")))?)?;
                socket
            }
        };
        socket.set_nonblocking(true)?;
        Ok(Self(Arc::new(Inner { socket, is_full: AtomicBool::new(false) })))
    }

    /// Waits at most so long until something can be received, or sent if there was no room for it.
    fn wait(&self, at_most: Duration) {
        let full = self.0.is_full.load(Ordering::Relaxed);
        let flags = if full { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        // Whatever it is, a wait that was cut off or failed is one that ended early.
        let _ = poll(&mut [PollFd::new(&self.0.socket, flags)], Timespec::try_from(at_most).ok().as_ref());
    }

    /// Waits for what this socket brings; `None`: not within this time.
    pub fn complete<F: Future>(&self, future: F, patience: Duration) -> Option<F::Output> {
        let begun = Instant::now();
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(output);
            }
            if woken.is_again() {
                continue;
            }
            let left = patience.checked_sub(begun.elapsed())?;
            self.wait(left);
        }
    }
}

fn tcp(address: SocketAddr, patience: Duration) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.connect_timeout(&address.into(), patience)?;
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SILENCE))?;
    socket.set_tcp_keepalive(
        &TcpKeepalive::new().with_time(ASKED_AFTER).with_interval(ASKED_AGAIN).with_retries(TIMES),
    )?;
    Ok(socket)
}

/// Tries until no signal is in the way; what would have to wait is pending.
fn at_once<T>(mut work: impl FnMut() -> io::Result<T>) -> Poll<io::Result<T>> {
    loop {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            done => return Poll::Ready(done),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let room = buf.initialize_unfilled();
        at_once(|| (&self.0.socket).read(room)).map_ok(|n| buf.advance(n))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = at_once(|| (&self.0.socket).write(bytes));
        self.0.is_full.store(written.is_pending(), Ordering::Relaxed);
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.socket.shutdown(Shutdown::Write))
    }
}

/// There is something to do without the server.
#[derive(Default)]
struct Woken(AtomicBool);

impl Woken {
    fn is_again(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Driven = Connection<Socket, Secret<Socket>>;

/// A connection, as long as there is one.
pub struct Wire {
    socket: Socket,
    /// `None`: it has ended, which the client is told.
    connection: Mutex<Option<Driven>>,
    woken: Arc<Woken>,
    /// Whether the server warned since this was last set to `false`.
    warned: Arc<AtomicBool>,
}

impl Wire {
    pub fn new(socket: Socket, connection: Driven, warned: Arc<AtomicBool>) -> Self {
        Self { socket, connection: Mutex::new(Some(connection)), woken: Arc::default(), warned }
    }
}

impl Drive for Wire {
    fn push(&self) {
        let mut connection = lock(&self.connection);
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut context = Context::from_waker(&waker);
        loop {
            let Some(driven) = connection.as_mut() else { return };
            self.woken.is_again();
            match driven.poll_message(&mut context) {
                Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => {
                    if notice.parsed_severity() == Some(Severity::Warning) {
                        self.warned.store(true, Ordering::Relaxed);
                    }
                }
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(_)) | None) => *connection = None,
                Poll::Pending if self.woken.is_again() => {}
                Poll::Pending => return,
            }
        }
    }

    fn wait(&self, at_most: Duration) {
        match self.woken.is_again() {
            true => {}
            // Nothing comes any more.
            false if lock(&self.connection).is_none() => thread::sleep(at_most),
            false => self.socket.wait(at_most),
        }
    }
}

impl Drop for Wire {
    /// The client is gone: the server is told.
    fn drop(&mut self) {
        self.push();
    }
}
