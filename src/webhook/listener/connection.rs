//! One connection: TLS, then HTTP/1.1, until either side closes it.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::answer::Front;
use super::tls::Tls;
use super::{CLIENT_TIMEOUT, GRACE};

/// The largest buffer of a connection; a longer request head is refused (431).
const BUFFER: usize = 32 << 10;

pub(super) async fn serve(stream: TcpStream, tls: Option<Tls>, front: Arc<Front>, stop: CancellationToken) {
    // Otherwise a response may wait for the client's next packet.
    let _ = stream.set_nodelay(true);
    // A client that does not read its response must not keep the connection.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(CLIENT_TIMEOUT));
    let stream = Box::pin(stream);
    match tls {
        None => speak(stream, &front, &stop).await,
        Some(tls) => {
            tokio::select! {
                shaken = timeout(CLIENT_TIMEOUT, tls.acceptor().accept(stream)) => {
                    if let Ok(Ok(stream)) = shaken {
                        speak(stream, &front, &stop).await;
                    }
                }
                () = stop.cancelled() => {}
            }
        }
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin, front: &Front, stop: &CancellationToken) {
    let service = service_fn(async |request| Ok::<_, Infallible>(front.answer(request).await));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CLIENT_TIMEOUT)
        .max_buf_size(BUFFER)
        // A client may close its sending side after the request.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // A client that goes away or does not send HTTP needs no report.
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(GRACE, connection).await;
        }
    }
}
