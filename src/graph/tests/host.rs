//! A host for tests that answers byte by byte as told and keeps every request it got.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::clock::Clock;
use crate::endpoint::{ApiVersion, GraphUrl};
use crate::graph::{Access, Graph, Tls};
use crate::secret::{Redactor, Secret};

pub const TOKEN: &str = "EAABtestToken";

/// Where nobody listens: no system gives this port out, and tests are given theirs by the system.
pub const NOBODY: &str = "http://127.0.0.1:1";

/// What the host does with one request.
#[derive(Clone)]
pub enum Play {
    /// Writes these bytes and closes.
    Close(String),
    /// Writes these bytes and keeps the connection.
    Keep(String),
    /// Closes without a word.
    Cut,
    /// Says nothing for this long.
    Hang(Duration),
}

pub struct Host {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// Plays one item a request; the last one again and again.
    pub fn plays(script: Vec<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, script) = (Arc::clone(&seen), script.clone());
                thread::spawn(move || serve(stream, &seen, &script));
            }
        });
        Self { address, requests }
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// A client of this host.
    pub fn graph(&self) -> Graph {
        Graph::new(self.access(), Clock::system()).unwrap()
    }

    pub fn access(&self) -> Access {
        access(&format!("http://{}", self.address))
    }
}

pub fn access(url: &str) -> Access {
    let (token, secret) = (Secret::new(TOKEN), Secret::new("testAppSecret"));
    Access {
        graph_url: GraphUrl::parse(url).unwrap(),
        api_version: ApiVersion::parse("v26.0").unwrap(),
        redactor: Redactor::new([token.clone(), secret]),
        token,
        app_secret: None,
        tls: Tls::default(),
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>, script: &[Play]) {
    while let Some(request) = read_request(&mut stream) {
        let play = {
            let mut seen = seen.lock().unwrap();
            seen.push(request);
            script[(seen.len() - 1).min(script.len() - 1)].clone()
        };
        match play {
            Play::Close(bytes) => {
                stream.write_all(bytes.as_bytes()).unwrap();
                return;
            }
            Play::Keep(bytes) => stream.write_all(bytes.as_bytes()).unwrap(),
            Play::Cut => return,
            Play::Hang(time) => thread::sleep(time),
        }
    }
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head + std::str::from_utf8(&body).unwrap())
}

/// An answer with its length.
pub fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
