//! One connection: TLS, then HTTP/1.1, until either side closes it.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::answer::Front;
use super::door::Guest;
use super::tls::Tls;
use super::{BODY_LIMIT, CLIENT_TIMEOUT, GRACE};

/// The largest buffer of a connection; a longer request head is refused (431).
const BUFFER: usize = 16 << 10;

/// How much of what a client still sends after a refusal is taken in. Closing at once would take the answer from a client that
/// has not read it yet.
const REST: u64 = 2 * BODY_LIMIT as u64;

pub(super) async fn serve(
    stream: TcpStream,
    guest: Guest,
    tls: Option<Tls>,
    front: Arc<Front>,
    stop: CancellationToken,
) {
    let serving = async {
        // Who sends nothing costs no buffer.
        let spoke = tokio::select! {
            spoke = timeout(CLIENT_TIMEOUT, stream.readable()) => matches!(spoke, Ok(Ok(()))),
            () = stop.cancelled() => false,
        };
        if spoke {
            Box::pin(listen(stream, &guest, tls, &front, &stop)).await;
        }
    };
    tokio::select! {
        () = serving => {}
        () = guest.must_leave() => {}
    }
}

async fn listen(stream: TcpStream, guest: &Guest, tls: Option<Tls>, front: &Front, stop: &CancellationToken) {
    // Otherwise a response may wait for the client's next packet.
    let _ = stream.set_nodelay(true);
    // A client that does not read its response must not keep the connection.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(CLIENT_TIMEOUT));
    let stream = Box::pin(stream);
    match tls {
        None => speak(stream, guest, front, stop).await,
        Some(tls) => {
            tokio::select! {
                shaken = timeout(CLIENT_TIMEOUT, tls.acceptor().accept(stream)) => {
                    if let Ok(Ok(stream)) = shaken {
                        speak(stream, guest, front, stop).await;
                    }
                }
                () = stop.cancelled() => {}
            }
        }
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin, guest: &Guest, front: &Front, stop: &CancellationToken) {
    let service =
        service_fn(|request| Box::pin(async move { Ok::<_, Infallible>(front.answer(request, guest).await) }));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CLIENT_TIMEOUT)
        .max_buf_size(BUFFER)
        // A client may close its sending side after the request.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A client that goes away or does not send HTTP needs no report.
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => {
            if ended.is_ok() {
                tokio::select! {
                    () = see_off(connection.into_parts().io.into_inner()) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
        () = stop.cancelled() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            let _ = timeout(GRACE, connection).await;
        }
    }
}

/// Closes our side, and takes in what the client still sends.
async fn see_off(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let rest = async {
        if stream.shutdown().await.is_ok() {
            let _ = tokio::io::copy(&mut stream.take(REST), &mut tokio::io::sink()).await;
        }
    };
    let _ = timeout(CLIENT_TIMEOUT, rest).await;
}
