//! A host between `mmsg` and the sandbox: it answers some requests byte by byte, and passes everything else on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::Env;
use super::shop::{Shop, write_message};

/// Gives the n-th request that is meant the n-th answer; the last one again and again.
pub struct Between {
    url: String,
    asked: Arc<AtomicUsize>,
}

struct Script {
    /// What the first line of a request that is meant holds.
    line: String,
    answers: Vec<Vec<u8>>,
    asked: Arc<AtomicUsize>,
    sandbox: String,
    /// Closes connections without having said so.
    in_silence: bool,
}

impl Between {
    /// Answers sends.
    pub fn answers(shop: &Shop, answers: Vec<impl Into<Vec<u8>>>) -> Self {
        Self::answers_to(shop, "/messages ", answers)
    }

    /// Answers requests whose first line holds this.
    pub fn answers_to(shop: &Shop, line: &str, answers: Vec<impl Into<Vec<u8>>>) -> Self {
        Self::start(shop, line, answers.into_iter().map(Into::into).collect(), false)
    }

    /// Passes everything on, and closes each connection in silence after its answer.
    pub fn closes_in_silence(shop: &Shop) -> Self {
        Self::start(shop, "HTTP/1.1", Vec::new(), true)
    }

    fn start(shop: &Shop, line: &str, answers: Vec<Vec<u8>>, in_silence: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let script = Arc::new(Script {
            line: line.to_owned(),
            answers,
            asked: Arc::clone(&asked),
            sandbox: shop.sandbox.url().strip_prefix("http://").unwrap().to_owned(),
            in_silence,
        });
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let script = Arc::clone(&script);
                thread::spawn(move || script.serve(stream));
            }
        });
        Self { url, asked }
    }

    pub fn environment(&self, shop: &Shop) -> Env {
        let env = shop.sandbox.environment().set("MMSG_GRAPH_URL", &self.url);
        write_message(&env, "promo.json", &json!({"text": "Half price this week"}));
        env
    }

    /// How many requests it answered itself.
    pub fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

impl Script {
    /// One request a connection.
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(&stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let (line, rest) = head.split_once("\r\n").unwrap();
        let nth = if line.contains(&self.line) { Some(self.asked.fetch_add(1, Relaxed)) } else { None };
        let answer = if let Some(nth) = nth.filter(|_| !self.answers.is_empty()) {
            self.answers[nth.min(self.answers.len() - 1)].clone()
        } else {
            let mut there = TcpStream::connect(&self.sandbox).unwrap();
            there.write_all(format!("{line}\r\nconnection: close\r\n{rest}").as_bytes()).unwrap();
            there.write_all(&body).unwrap();
            let mut answer = Vec::new();
            there.read_to_end(&mut answer).unwrap();
            if self.in_silence { without_the_close(&answer) } else { answer }
        };
        // A client that left before it was answered is not a fault of this side.
        let _ = (&stream).write_all(&answer);
        if self.in_silence {
            // Busy with something else, as servers are: a client that is quick uses the connection again before it is closed.
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn without_the_close(answer: &[u8]) -> Vec<u8> {
    const CLOSE: &[u8] = b"connection: close\r\n";
    let at = answer.windows(CLOSE.len()).position(|part| part.eq_ignore_ascii_case(CLOSE)).unwrap();
    [&answer[..at], &answer[at + CLOSE.len()..]].concat()
}

/// An answer with this status, headers and body.
pub fn raw(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// The same with a body that is not text.
pub fn raw_bytes(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub fn yes() -> String {
    raw("200 OK", "", r#"{"success":true}"#)
}

pub fn error(status: &str, headers: &str, error: &str) -> String {
    raw(status, headers, &format!(r#"{{"error":{error}}}"#))
}
