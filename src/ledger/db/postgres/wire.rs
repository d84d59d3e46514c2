//! The way to a server. Whoever waits for an answer drives it: between two threads each question and each answer would wait for a processor.
//! It needs no runtime, so that whoever asks may be a task.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Connection};

use super::answers::lock;
use super::silence::Drive;
use super::tls::Secret;
use crate::ledger::address::server::Host;

/// What is read and written without waiting.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    stream: Stream,
    /// The system had no room for what was to be written.
    is_full: AtomicBool,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Tries each address of a name, each for so long.
    pub fn connect(host: &Host, port: u16, patience: Duration) -> io::Result<Self> {
        match host {
            Host::Name(name) => {
                let mut failed = None;
                for address in (name.as_str(), port).to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, patience) {
                        Ok(stream) => {
                            stream.set_nonblocking(true)?;
                            stream.set_nodelay(true)?;
                            return Ok(Self::of(Stream::Tcp(stream)));
                        }
                        Err(error) => failed = Some(error),
                    }
                }
                Err(failed.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
            }
            Host::Socket(folder) => {
                let stream = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))?;
                stream.set_nonblocking(true)?;
                Ok(Self::of(Stream::Unix(stream)))
            }
        }
    }

    fn of(stream: Stream) -> Self {
        Self(Arc::new(Inner { stream, is_full: AtomicBool::new(false) }))
    }

    /// A server that is gone is found out when it was silent for so long, and asked so often whether it is there.
    pub fn keep_alive(&self, silence: Duration, keepalive: &socket2::TcpKeepalive) -> io::Result<()> {
        let Stream::Tcp(stream) = &self.0.stream else { return Ok(()) };
        let socket = socket2::SockRef::from(stream);
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(silence))?;
        #[cfg(not(target_os = "linux"))]
        let _ = silence;
        socket.set_tcp_keepalive(keepalive)
    }

    /// Waits at most so long until something can be received, or sent if there was no room for it.
    fn wait(&self, at_most: Duration) {
        let full = self.0.is_full.load(Ordering::Relaxed);
        let flags = if full { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        // Whatever it is, a wait that was cut off or failed is one that ended early.
        let _ = poll(&mut [PollFd::new(&self.0.stream, flags)], Timespec::try_from(at_most).ok().as_ref());
    }

    /// What it is that something else waits for: until then, or the end of its patience.
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

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
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
        let read = at_once(|| match &self.0.stream {
            Stream::Tcp(stream) => (&mut &*stream).read(room),
            Stream::Unix(stream) => (&mut &*stream).read(room),
        });
        read.map_ok(|n| buf.advance(n))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = at_once(|| match &self.0.stream {
            Stream::Tcp(stream) => (&mut &*stream).write(bytes),
            Stream::Unix(stream) => (&mut &*stream).write(bytes),
        });
        self.0.is_full.store(written.is_pending(), Ordering::Relaxed);
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let how = std::net::Shutdown::Write;
        Poll::Ready(match &self.0.stream {
            Stream::Tcp(stream) => stream.shutdown(how),
            Stream::Unix(stream) => stream.shutdown(how),
        })
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
