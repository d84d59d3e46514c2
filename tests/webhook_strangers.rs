//! Strangers who hold thousands of connections, are slow, or forge signatures: Meta's posts are answered all the same, in bounded
//! memory.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::common::APP_SECRET;
use crate::common::receiver::{Client, Receiver, environment, get, notice, post, signature};

/// What the receiver may use at its peak.
/// 128 MiB, less the 20 MiB that a release build's program takes; a debug build's takes twice that.
const MEMORY_KIB: u64 = 108 << 10;
/// Meta gives up after this.
const META_WAITS: Duration = Duration::from_secs(5);
const FORGERS: usize = 200;
/// Of all forgers together.
const FORGED_PER_SECOND: usize = 32 << 20;

/// Both ends of each connection are files: ours are in this process.
fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

fn connect(port: u16) -> Option<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_write_timeout(Some(Duration::from_secs(1))).ok()?;
    Some(stream)
}

fn head(length: usize) -> String {
    let signed = signature("another body", APP_SECRET);
    format!("POST /webhook HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: {signed}\r\ncontent-length: {length}\r\n\r\n")
}

/// One client that posts bodies of 4 MiB with a wrong signature, a piece now and then, until it is over.
fn forge(port: u16, is_over: &AtomicBool, sent: &AtomicUsize) {
    const PIECE: usize = 16 << 10;
    let (length, pause) = (4 << 20, Duration::from_secs_f64((PIECE * FORGERS) as f64 / FORGED_PER_SECOND as f64));
    let piece = vec![b'x'; PIECE];
    while !is_over.load(Ordering::Relaxed) {
        let Some(mut stream) = connect(port) else { continue };
        if stream.write_all(head(length).as_bytes()).is_err() {
            continue;
        }
        for _ in 0..length / PIECE {
            if is_over.load(Ordering::Relaxed) || stream.write_all(&piece).is_err() {
                break;
            }
            sent.fetch_add(PIECE, Ordering::Relaxed);
            std::thread::sleep(pause);
        }
    }
}

/// Ends the forgers, whatever became of the test.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Posts on a new connection each time and on one that is kept, and returns how long each took.
fn posts_of_meta(receiver: &Receiver<'_>, count: usize) -> Vec<Duration> {
    let mut kept = receiver.connect();
    (0..count)
        .map(|n| {
            let begin = Instant::now();
            let request = post(&notice(n * 100..n * 100 + 100), APP_SECRET);
            let answer = if n % 2 == 0 {
                receiver.asks(&request)
            } else {
                kept.send(&request);
                kept.answer().unwrap()
            };
            assert_eq!(answer, (200, "ok".to_owned()), "post {n} after {:?}", begin.elapsed());
            begin.elapsed()
        })
        .collect()
}

#[test]
fn strangers_by_the_thousand_keep_nobody_out() {
    raise_limit();
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let (port, is_over, forged) = (receiver.port(), AtomicBool::new(false), AtomicUsize::new(0));
    let mut took = std::thread::scope(|scope| {
        let _over = Over(&is_over);
        for _ in 0..FORGERS {
            scope.spawn(|| forge(port, &is_over, &forged));
        }
        let silent: Vec<TcpStream> = (0..9000).filter_map(|_| connect(port)).collect();
        assert_eq!(silent.len(), 9000);
        // Slow heads, bodies and readers.
        let mut slow: Vec<TcpStream> = (0..600).filter_map(|_| connect(port)).collect();
        for (n, stream) in slow.iter_mut().enumerate() {
            let text = match n % 3 {
                0 => format!("GET /healthz HTTP/1.1\r\nx: {}", "y".repeat(12 << 10)),
                1 => head(4 << 20) + &"z".repeat(20_000),
                _ => get("/healthz").repeat(500),
            };
            let _ = stream.write_all(text.as_bytes());
        }
        let took = posts_of_meta(&receiver, 200);
        // The forgers were at it all the time.
        while forged.load(Ordering::Relaxed) < FORGED_PER_SECOND {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(receiver.posts(&notice([1_000_000])), 200);
        took
    });
    took.sort();
    let (p99, longest) = (took[took.len() * 99 / 100], took[took.len() - 1]);
    let peak = receiver.process.peak_kib() - receiver.process.program_kib();
    println!("p99 {p99:?}, longest {longest:?}, peak {peak} KiB, {} MB forged", forged.into_inner() / 1_000_000);
    assert!(longest < META_WAITS, "{longest:?}");
    assert!(peak < MEMORY_KIB, "{peak} KiB");
    assert_eq!(receiver.events(), 20_001);
}

#[test]
fn a_body_that_is_refused_while_it_is_sent_gets_its_answer() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let length = (4 << 20) + 1;
    let body = " ".repeat(length);
    let unsigned = format!("POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
    let elsewhere = unsigned.replace("/webhook", "/");
    for (head, status) in [(head(length), 413), (unsigned, 401), (elsewhere, 404)] {
        for _ in 0..5 {
            let mut stream = connect(receiver.port()).unwrap();
            stream.set_write_timeout(None).unwrap();
            // All of it, before the answer is read.
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).expect("no broken pipe");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
    }
}

#[test]
fn a_proxys_clients_are_told_apart_by_what_it_names() {
    let env = environment();
    env.mmsg(["webhook", "serve", "--trusted-proxy", "somewhere"]).exits(2).says("such as 10.0.0.7");
    let receiver = Receiver::start(&env, &["--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8"]);
    let forwarded = |request: Vec<u8>, client: &str| {
        String::from_utf8(request).unwrap().replacen("host: ", &format!("x-forwarded-for: {client}\r\nhost: "), 1)
    };
    // Meta was here. Then strangers fill what they may use, through the same proxy.
    let meta =
        |n: usize| receiver.asks(forwarded(post(&notice([n]), APP_SECRET), "203.0.113.9, 10.0.0.1").as_bytes()).0;
    assert_eq!(meta(0), 200);
    let half = "x".repeat(2 << 20);
    let strangers: Vec<Client> = (0..16)
        .map(|_| {
            let mut client = receiver.connect();
            client.send(forwarded(head(4 << 20).into_bytes(), "203.0.113.9, 198.51.100.1").as_bytes());
            client.send(half.as_bytes());
            client
        })
        .collect();
    for n in 1..20 {
        let mut large = notice([n]);
        large.push_str(&" ".repeat(3 << 20));
        let request = forwarded(post(&large, APP_SECRET), "203.0.113.9");
        assert_eq!(receiver.asks(request.as_bytes()).0, 200, "post {n}");
    }
    drop(strangers);
    assert_eq!(receiver.events(), 20);
}
