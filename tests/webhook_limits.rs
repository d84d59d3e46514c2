//! Clients that are slow, half gone, too big, too many or in a hurry: each is dealt with, and posts go on.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use crate::common::APP_SECRET;
use crate::common::patience::wait_until;
use crate::common::receiver::{Client, Receiver, environment, get, notice, post, signature};
use crate::common::repository;

const HEAD: &str = "POST /webhook HTTP/1.1\r\nhost: test\r\n";

#[test]
fn a_body_beyond_the_limit_is_refused_by_its_promise_and_by_its_bytes() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let signed = format!("{HEAD}x-hub-signature-256: {}\r\n", signature("", APP_SECRET));
    let mut client = receiver.connect();
    client.send(format!("{signed}content-length: 4194305\r\n\r\n").as_bytes());
    assert_eq!(client.answer().unwrap().0, 413);
    // Without a promise: chunks, until it is too much.
    let mut client = receiver.connect();
    client.send(format!("{signed}transfer-encoding: chunked\r\n\r\n").as_bytes());
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
    for _ in 0..4 {
        client.send(chunk.as_bytes());
    }
    client.send(b"1\r\nx\r\n0\r\n\r\n");
    assert_eq!(client.answer().unwrap().0, 413);
    // A body just within it is taken, in chunks too.
    let mut body = notice([1]);
    body.push_str(&" ".repeat(4 << 20));
    body.truncate(4 << 20);
    assert_eq!(receiver.posts(&body), 200);
    let small = notice([2]);
    let head =
        format!("{HEAD}x-hub-signature-256: {}\r\ntransfer-encoding: chunked\r\n\r\n", signature(&small, APP_SECRET));
    assert_eq!(receiver.asks(format!("{head}{:x}\r\n{small}\r\n0\r\n\r\n", small.len()).as_bytes()).0, 200);
    // A head without end.
    let mut client = receiver.connect();
    client.send(format!("GET /healthz HTTP/1.1\r\nx: {}", "y".repeat(100_000)).as_bytes());
    assert_eq!(client.answer().unwrap().0, 431);
    assert_eq!(receiver.events(), 2);
}

#[test]
fn slow_clients_are_cut_off_and_posts_go_on() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let file = |name: &str| repository("tests/fixtures/tls").join(name).to_str().unwrap().to_owned();
    let other = environment();
    let with_tls = Receiver::start(&other, &["--tls-cert", &file("cert.pem"), "--tls-key", &file("key.pem")]);
    let body = notice([1]);
    let signed = format!("{HEAD}x-hub-signature-256: {}\r\n", signature(&body, APP_SECRET));

    let mut idle = receiver.connect();
    let mut half_a_head = receiver.connect();
    half_a_head.send(HEAD.as_bytes());
    let mut half_a_body = receiver.connect();
    half_a_body.send(format!("{signed}content-length: {}\r\n\r\n{}", body.len(), &body[..20]).as_bytes());
    let mut drips = receiver.connect();
    drips.send(format!("{signed}content-length: {}\r\n\r\n", body.len()).as_bytes());
    let mut gone = receiver.connect();
    gone.send(format!("{signed}content-length: {}\r\n\r\n{}", body.len(), &body[..20]).as_bytes());
    gone.half_close();
    let mut no_handshake = with_tls.connect();
    let mut deaf = receiver.connect();

    std::thread::scope(|scope| {
        scope.spawn(|| {
            for byte in body.bytes().take(150) {
                drips.send(&[byte]);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        // Asks and asks, and never reads an answer.
        scope.spawn(|| deaf.send(get("/healthz").repeat(200_000).as_bytes()));
        for n in 2..30 {
            assert_eq!(receiver.posts(&notice([n])), 200);
        }
        assert_eq!(gone.answer().map(|(status, _)| status), Some(400), "what broke off is refused at once");
        assert_eq!(half_a_body.answer().map(|(status, _)| status), Some(408));
        assert_eq!(half_a_body.answer(), None);
        for client in [&mut half_a_head, &mut idle, &mut no_handshake] {
            assert_eq!(client.answer(), None, "it is still open");
        }
        assert_eq!(receiver.posts(&notice([30])), 200);
    });
    assert_eq!(drips.answer().map(|(status, _)| status), Some(408), "a byte now and then is not progress");
    assert_eq!(receiver.events(), 29);
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let mut client = receiver.connect();
    let mut bytes = Vec::new();
    for n in 0..50 {
        bytes.extend(post(&notice([n]), APP_SECRET));
        bytes.extend(get("/healthz").into_bytes());
    }
    // A refusal closes the connection.
    bytes.extend(get("/webhook?hub.mode=x").into_bytes());
    client.send(&bytes);
    // Nothing more is asked, and everything asked is answered.
    client.half_close();
    for n in 0..50 {
        assert_eq!(client.answer().unwrap().0, 200, "post {n}");
        assert_eq!(client.answer().unwrap(), (200, "ok".to_owned()), "health {n}");
    }
    assert_eq!(client.answer().unwrap().0, 403);
    assert_eq!(client.answer(), None);
    assert_eq!(receiver.events(), 50);
}

#[test]
fn thousands_of_open_connections_keep_nobody_out() {
    // Both ends of each connection are files: ours are in this process.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let room = limit.maximum.unwrap_or(u64::MAX).saturating_sub(1000).min(3000) as usize;
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let clients: Vec<Client> = (0..room).map(|_| receiver.connect()).collect();
    for n in 0..20 {
        assert_eq!(receiver.posts(&notice([n])), 200);
    }
    // And some hundreds that all want something at the same moment.
    let mut busy: Vec<Client> = (0..300).map(|_| receiver.connect()).collect();
    for (n, client) in busy.iter_mut().enumerate() {
        client.send(&post(&notice([100 + n]), APP_SECRET));
    }
    for client in &mut busy {
        assert_eq!(client.answer().unwrap().0, 200);
    }
    assert_eq!(receiver.events(), 320);
    // They are not a reason to stay, either.
    receiver.process.signal(Signal::TERM);
    receiver.process.ends().exits(0);
    drop(clients);
}

#[test]
fn out_of_descriptors_it_waits_and_goes_on() {
    let env = environment();
    let mut command = std::process::Command::new("sh");
    let line = "ulimit -n 24; exec \"$0\" webhook serve --listen 127.0.0.1:0 --ledger ledger.db";
    command.args(["-c", line, env!("CARGO_BIN_EXE_mmsg")]).env_clear().current_dir(env.path(""));
    let whole = env.command(["--version"]);
    command.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let receiver = Receiver::of(&env, env.start_command("", command));
    // More than it can hold: some wait in the queue of the system, none ends it.
    let clients: Vec<Client> = (0..200).map(|_| receiver.connect()).collect();
    wait_until("it says so", || receiver.process.stderr().contains("can't accept connections right now"));
    drop(clients);
    // While those that are gone are still in the system's queue, a new stranger may have to leave for them, too: Meta posts again.
    for n in 0..20 {
        let request = post(&notice([n]), APP_SECRET);
        let answered = || {
            let mut client = receiver.connect();
            client.send(&request);
            client.answer()
        };
        let first = std::iter::repeat_with(answered).take(200).find_map(|answer| answer);
        assert_eq!(first, Some((200, "ok".to_owned())));
    }
    assert_eq!(receiver.events(), 20);
}

#[test]
fn many_large_bodies_at_once_take_bounded_memory() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let length = 4 << 20;
    let head = format!("{HEAD}x-hub-signature-256: {}\r\ncontent-length: {length}\r\n\r\n", signature("", APP_SECRET));
    let all_but_one = "x".repeat(length - 1);
    let start = || {
        let mut client = receiver.connect();
        client.send(head.as_bytes());
        client.send(all_but_one.as_bytes());
        client
    };
    // 128 MiB are 32 of them. A machine so slow that the first is cut off before the last has come tries again.
    let refused = (0..5).any(|_| {
        let mut clients: Vec<Client> = (0..40).map(|_| start()).collect();
        clients.reverse();
        clients.iter_mut().take(5).any(|client| client.answer().is_some_and(|(status, _)| status == 503))
    });
    assert!(refused, "all were read at once");
    assert!(receiver.process.peak_kib() < 400 << 10, "{} KiB", receiver.process.peak_kib());
    wait_until("it is taken", || receiver.posts(&notice([1])) == 200);
    assert_eq!(receiver.events(), 1);
}
