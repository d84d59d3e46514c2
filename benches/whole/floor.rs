//! The floor server does the least that a Graph host can do, in a process of its own, so that the client is the bottleneck. It
//! has one thread and checks nothing; a send gets a tracking ID, a read gets an object that passes for a campaign of [`PAGE`].

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{BufRead, BufReader, Write};
use std::pin::Pin;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures_timer::Delay;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Makes this program the server; the latency in milliseconds follows.
pub const WORD: &str = "floor-server";
pub const PAGE: &str = "4242";

const CAMPAIGN: &str = r#"{"id":"1","name":"floor","adset":{"id":"9","name":"floor","lifetime_budget":"3000"},
"campaign":{"id":"8","name":"floor","is_message_campaign":true},"creative":{"id":"5","actor_id":"4242"}}"#;

/// A running server; dropping this stops it.
pub struct Floor {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    port: u16,
}

/// The sends that the server has answered.
pub struct Sends {
    /// Seconds from the first to the last.
    pub spread: f64,
    /// The server's mean time from a whole request to its answer, in milliseconds.
    pub took: f64,
}

impl Floor {
    pub fn start(latency: Duration) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(WORD).arg(latency.as_millis().to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut floor = Self { child, questions, answers, port: 0 };
        floor.port = floor.answer().parse().unwrap();
        floor
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The sends since the last call, by the server's own count, which must be `want`.
    pub fn sends(&mut self, want: usize) -> Sends {
        self.questions.write_all(b"\n").unwrap();
        let answer = self.answer();
        let numbers: Vec<u64> = answer.split(' ').map(|number| number.parse().unwrap()).collect();
        let [count, first, last, took] = *numbers.as_slice() else { panic!("{answer}") };
        assert_eq!(count, want as u64, "requests that reached the server, and the number expected");
        Sends { spread: last.saturating_sub(first) as f64 / 1e6, took: took as f64 / count.max(1) as f64 / 1e3 }
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Default)]
struct Tally {
    /// In total.
    sends: AtomicU64,
    /// Microseconds; 0 if there is none yet.
    first: AtomicU64,
    last: AtomicU64,
    /// The sum over all sends since the last report.
    took: AtomicU64,
}

impl Tally {
    /// Counts a send that came at `received` and is answered now; returns its number.
    fn count(&self, begin: Instant, received: Instant) -> u64 {
        let now = begin.elapsed().as_micros() as u64;
        self.last.store(now, Relaxed);
        self.took.fetch_add(received.elapsed().as_micros() as u64, Relaxed);
        let _ = self.first.compare_exchange(0, now, Relaxed, Relaxed);
        self.sends.fetch_add(1, Relaxed)
    }
}

/// Serves until stdin ends. Prints the port, then for each line of stdin: the sends since the previous line, when the first
/// and the last of them were answered, and the sum of their times.
pub fn serve(latency_ms: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        let tally = Arc::new(Tally::default());
        let (end, mut ended) = oneshot::channel::<Infallible>();
        let asked = Arc::clone(&tally);
        std::thread::spawn(move || answer_questions(&asked, end));
        let begin = Instant::now();
        loop {
            let (stream, _) = tokio::select! {
                _ = &mut ended => return,
                accepted = listener.accept() => accepted.unwrap(),
            };
            tokio::spawn(connection(stream, Arc::clone(&tally), begin, Duration::from_millis(latency_ms)));
        }
    });
}

/// Drops `_end` when stdin ends.
fn answer_questions(tally: &Tally, _end: oneshot::Sender<Infallible>) {
    let mut told = 0;
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        let sends = tally.sends.load(Relaxed);
        let (first, last) = (tally.first.swap(0, Relaxed), tally.last.load(Relaxed));
        println!("{} {first} {last} {}", sends - told, tally.took.swap(0, Relaxed));
        told = sends;
    }
}

async fn connection(stream: TcpStream, tally: Arc<Tally>, begin: Instant, latency: Duration) {
    stream.set_nodelay(true).unwrap();
    let service = service_fn(|request| answer(&tally, begin, latency, request));
    // A client may disconnect at any time.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    tally: &Tally,
    begin: Instant,
    latency: Duration,
    request: Request<Incoming>,
) -> Result<Response<String>, hyper::Error> {
    let is_send = request.method() == Method::POST && request.uri().path().ends_with("/messages");
    let mut body = request.into_body();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        frame?;
    }
    let received = Instant::now();
    if !latency.is_zero() {
        // Tokio's timer is one to two milliseconds late, which would count against the client.
        Delay::new(latency).await;
    }
    let text = if is_send {
        let n = tally.count(begin, received);
        format!(r#"{{"success":true,"marketing_message_tracking_id":"98ecd977-245a-4ec0-a8e0-{n:012x}"}}"#)
    } else {
        CAMPAIGN.to_owned()
    };
    let mut response = Response::new(text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
