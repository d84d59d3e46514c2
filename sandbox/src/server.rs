//! Sockets: accepts connections, reads whole requests, and answers or cuts them as the outcome says.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, HeaderValue, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

use super::chance;
use super::clock;
use super::dials::Dials;
use super::removed::{self, Removed};
use super::reply::{Outcome, Reply};
use super::route::{self, Call};
use super::world::World;

const BODY_LIMIT: usize = 8 << 20;
const HANG: Duration = Duration::from_mins(2);

/// Makes hyper close a connection without an answer.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// One kept-alive connection.
#[derive(Debug, Default)]
struct Line {
    used: AtomicBool,
    answered_at: AtomicI64,
}

/// Serves until the world's token is cancelled.
pub async fn run(listener: TcpListener, world: Arc<World>) {
    loop {
        let stream = tokio::select! {
            () = world.cancel.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match stream {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, Arc::clone(&world)));
            }
            // Out of file descriptors: wait until one is closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection(stream: TcpStream, world: Arc<World>) {
    let _ = stream.set_nodelay(true);
    let line = Line::default();
    let service = service_fn(|request| handle(&world, &line, request));
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => {}
        () = world.cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(Duration::from_millis(200), connection).await;
        }
    }
}

async fn handle(world: &World, line: &Line, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let control = route::is_control(path);
    let nth = if control { 0 } else { world.stats.requests.fetch_add(1, Relaxed) };
    let dials = world.dials();
    let (began, latency) = (Instant::now(), latency(world, &dials, nth));
    if let Some(idle) = dials.close_idle.filter(|_| !control && line.used.load(Relaxed)) {
        let waited = world.clock.real() - line.answered_at.load(Relaxed);
        if u128::try_from(waited).unwrap_or(0) >= idle.as_millis() {
            // The worst moment: the request was sent, nothing happened, and the client can't know.
            world.stats.cut_idle.fetch_add(1, Relaxed);
            return Err(Cut);
        }
    }
    let body = to_bytes(Body::new(body), BODY_LIMIT).await.map_err(|_| Cut)?;
    if !control {
        if dials.stall {
            world.cancel.cancelled().await;
            return Err(Cut);
        }
        // Half of it before the call takes effect and half after, so that a client can be killed on either side.
        if !latency.is_zero() {
            sleep_until(began + latency / 2).await;
        }
    }
    let header = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let call = Call {
        method: head.method.clone(),
        path,
        query: head.uri.query().unwrap_or_default(),
        authorization: header(AUTHORIZATION),
        removed: Removed {
            if_none_match: head.headers.contains_key(removed::IF_NONE_MATCH),
            method_override: head.headers.contains_key(removed::METHOD_OVERRIDE),
        },
        content_type: header(CONTENT_TYPE).unwrap_or_default(),
        body,
        nth,
    };
    let answered = route::answer(world, &dials, &call);
    if !control && !latency.is_zero() {
        sleep_until(began + latency).await;
    }
    let (reply, cut) = match answered.outcome {
        Outcome::Answer(reply) => (reply, false),
        Outcome::Cut(reply) => (reply, true),
        Outcome::Drop => return Err(Cut),
        Outcome::Hang => {
            tokio::select! {
                () = tokio::time::sleep(HANG) => {}
                () = world.cancel.cancelled() => {}
            }
            return Err(Cut);
        }
    };
    line.used.store(true, Relaxed);
    line.answered_at.store(world.clock.real(), Relaxed);
    let mut response = response(world, path, reply, cut);
    if let Some(usage) = answered.usage {
        put(&mut response, "x-business-use-case-usage", &usage.business);
        if let Some(account) = usage.account {
            put(&mut response, "x-ad-account-usage", &account);
        }
        put(&mut response, "x-app-usage", &usage.app);
    }
    Ok(response)
}

/// How long answering this request takes in all.
fn latency(world: &World, dials: &Dials, nth: u64) -> Duration {
    if dials.latency_jitter.is_zero() {
        return dials.latency;
    }
    dials.latency + dials.latency_jitter.mul_f64(chance::share(world.options.seed, "jitter", "", nth))
}

fn response(world: &World, path: &str, reply: Reply, cut: bool) -> Response<Body> {
    let whole = reply.body.len();
    let body = if cut { half(&reply.body) } else { Body::from(reply.body) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    if cut {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(whole.max(2)));
    }
    if let Some(to) = reply.location.and_then(|to| HeaderValue::from_str(&to).ok()) {
        headers.insert(LOCATION, to);
    }
    let trace = world.trace();
    put(&mut response, "facebook-api-version", route::version_used(path));
    put(&mut response, "x-fb-trace-id", &trace[..11]);
    put(&mut response, "x-fb-debug", &trace);
    put(&mut response, "x-fb-rev", "1030184427");
    let skew = world.options.date_skew;
    if !skew.is_zero() || world.clock.is_own() {
        let now = clock::timestamp(world.now());
        let date = now.saturating_add(skew).unwrap_or(now).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(DATE, date);
        }
    }
    response
}

fn put(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// Half a body, then an error: hyper cuts the connection once that half is sent.
fn half(whole: &Bytes) -> Body {
    let half = whole.slice(..whole.len() / 2);
    Body::from_stream(futures_util::stream::unfold(Some(half), |left| async move {
        match left {
            Some(half) => Some((Ok(half), None)),
            None => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Err(Cut), None))
            }
        }
    }))
}
