//! `mmsg webhook serve`: what it takes, what it refuses, and what it does while the ledger is gone.

use std::fs;
use std::net::TcpListener;

use hmac::{Hmac, KeyInit, Mac};
use rustix::process::Signal;
use sha2::Sha256;

use crate::common::patience::wait_until;
use crate::common::receiver::{
    PSID, Receiver, VERIFY_TOKEN, environment, get, notice, number, post, post_with, signature,
};
use crate::common::{APP_SECRET, Env, SUBSCRIPTION_TOKEN, repository};

#[test]
fn the_check_of_the_address_needs_the_verify_token() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let check =
        |token: &str, rest: &str| receiver.gets(&format!("/webhook?hub.mode=subscribe&hub.verify_token={token}{rest}"));
    assert_eq!(check(VERIFY_TOKEN, "&hub.challenge=1158201444"), (200, "1158201444".to_owned()));
    for wrong in ["", "x", &VERIFY_TOKEN[1..], &VERIFY_TOKEN.to_uppercase()] {
        assert_eq!(check(wrong, "&hub.challenge=1158201444").0, 403, "{wrong:?}");
    }
    assert_eq!(receiver.gets(&format!("/webhook?hub.verify_token={VERIFY_TOKEN}&hub.challenge=1")).0, 403);
    assert_eq!(receiver.gets("/webhook").0, 403);
    // Whatever comes back is not markup, even for those who know the token.
    assert_eq!(check(VERIFY_TOKEN, "&hub.challenge=%3Cb%3E%0A").0, 400);
    assert_eq!(check(VERIFY_TOKEN, "").0, 400);
    // However a client escapes names and values.
    let escaped = format!("/webhook?hub%2Emode=subscribe&hub%2everify%5Ftoken={VERIFY_TOKEN}&hub.challenge=%31");
    assert_eq!(receiver.gets(&escaped), (200, "1".to_owned()));
}

#[test]
fn a_verify_token_may_be_any_text() {
    for (token, escaped) in [
        ("two words", ["two+words", "two%20words"]),
        ("plus+%41&=ä", ["plus%2b%2541%26%3D%c3%a4", "plus%2B%2541%26=%C3%A4"]),
    ] {
        let env = environment().set("MMSG_VERIFY_TOKEN", token);
        let receiver = Receiver::start(&env, &[]);
        for escaped in escaped {
            let check = format!("/webhook?hub.mode=subscribe&hub.challenge=7&hub.verify_token={escaped}");
            assert_eq!(receiver.gets(&check), (200, "7".to_owned()), "{escaped}");
        }
        assert_eq!(receiver.gets("/webhook?hub.mode=subscribe&hub.challenge=7&hub.verify_token=two").0, 403);
    }
}

#[test]
fn a_post_with_stray_bytes_is_stored() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let signed = |body: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).unwrap();
        mac.update(body);
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let head = format!(
            "POST /webhook HTTP/1.1\r\nhost: test\r\nx-hub-signature-256: sha256={hex}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    for (n, stray) in [&b"\xff"[..], b"\0", b"\\u0000"].into_iter().enumerate() {
        let body = notice([2 * n, 2 * n + 1]).replacen("\"recipient_id\":\"", "\"recipient_id\":\"@", 1);
        let at = body.find('@').unwrap();
        let body = [b"\xef\xbb\xbf", &body.as_bytes()[..at], stray, &body.as_bytes()[at + 1..]].concat();
        assert_eq!(receiver.asks(&signed(&body)).0, 200, "{stray:?}");
        assert_eq!(receiver.counts("select count(distinct key) from events where kind = 2") as usize, 2 * n + 2);
    }
}

#[test]
fn only_what_the_app_secret_signed_is_taken() {
    let env = environment().set("MMSG_APP_SECRET", format!("{APP_SECRET},the-secret-before-it-0000"));
    let receiver = Receiver::start(&env, &[]);
    let body = notice([1]).replace("120210000000000123", "\\u00e4\\/\\ud83d\\ude00");
    assert_eq!(receiver.posts(&body), 200);
    assert_eq!(
        receiver.asks(&post(&notice([2]), "the-secret-before-it-0000")).0,
        200,
        "the other secret of a rotation"
    );
    assert_eq!(receiver.events(), 2);

    assert_eq!(receiver.asks(&post(&notice([3]), "another-secret")).0, 401);
    let good = signature(&body, APP_SECRET);
    let flipped = if good.ends_with('0') { "1" } else { "0" };
    for header in [
        format!("X-Hub-Signature-256: {}{flipped}\r\n", &good[..good.len() - 1]),
        format!("X-Hub-Signature-256: {}\r\n", &good[7..]),
        format!("X-Hub-Signature: {good}\r\n"),
        String::new(),
    ] {
        assert_eq!(receiver.asks(&post_with(&body, &header)).0, 401, "{header}");
    }
    // The same meaning in other bytes is not what was signed.
    let plain = body.replace("\\u00e4\\/", "ä/");
    assert_eq!(receiver.asks(&post_with(&plain, &format!("X-Hub-Signature-256: {good}\r\n"))).0, 401);
    assert_eq!(receiver.events(), 2);
    // Whoever does not sign is answered before any of the body came.
    let mut client = receiver.connect();
    client.send(b"POST /webhook HTTP/1.1\r\nhost: test\r\ncontent-length: 4000000\r\n\r\n");
    assert_eq!(client.answer().unwrap().0, 401);
    assert!(receiver.process.stderr().contains("the app secret here belongs to another app"));
}

#[test]
fn without_an_app_secret_nothing_is_served() {
    let env = Env::new();
    env.mmsg(["webhook", "serve", "--listen", "127.0.0.1:0"]).fails(4, "no app secret");
    env.mmsg(["webhook", "serve", "--path", "webhook"]).exits(2);
    for wrong in ["127.0.0.1", "127.0.0.1:1x", ":8080", "8080"] {
        env.mmsg(["webhook", "serve", "--listen", wrong]).exits(2).says("such as 127.0.0.1:8080");
    }
    let env = environment();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    env.mmsg(["webhook", "serve", "--listen", &address]).fails(7, "can't listen on");
    env.mmsg(["webhook", "serve", "--tls-cert", "x.pem", "--tls-key", "y.pem"])
        .fails(3, "can't read the certificate x.pem");
}

#[test]
fn each_mistake_has_its_answer() {
    let env = environment();
    let receiver = Receiver::start(&env, &["--path", "/hooks/meta"]);
    assert!(receiver.url.ends_with("/hooks/meta"));
    let elsewhere =
        |request: &[u8]| String::from_utf8(request.to_vec()).unwrap().replacen("/webhook", "/hooks/meta", 1);
    let posts = |body: &str| receiver.asks(elsewhere(&post(body, APP_SECRET)).as_bytes()).0;
    assert_eq!(posts(&notice([1])), 200);
    for body in ["", "x", "[]", "null", "{\"object\":", "\u{0}"] {
        assert_eq!(posts(body), 400, "{body:?}");
    }
    assert_eq!(posts("{}"), 200, "an object that says nothing is kept, and no reason to send it again");
    assert_eq!(receiver.asks(&post(&notice([2]), APP_SECRET)).0, 404);
    for target in ["/", "/webhook", "/hooks/meta/", "/hooks", "//healthz"] {
        assert_eq!(receiver.gets(target).0, 404, "{target}");
    }
    for method in ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"] {
        let request = format!("{method} /hooks/meta HTTP/1.1\r\nhost: test\r\n\r\n");
        let mut client = receiver.connect();
        client.send(request.as_bytes());
        client.half_close();
        // An answer to HEAD has no body, whatever its length says.
        if method != "HEAD" {
            assert_eq!(client.answer().unwrap().0, 405, "{method}");
        }
    }
    assert_eq!(receiver.asks(b"POST /healthz HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n").0, 405);
    assert_eq!(receiver.gets("/healthz"), (200, "ok".to_owned()));
    assert_eq!(receiver.events(), 2);
}

#[test]
fn counts_since_the_start_are_for_prometheus_on_this_machine() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let metrics = || receiver.gets("/metrics");
    assert!(metrics().1.contains("\nmmsg_webhook_posts_total 0\n") && !metrics().1.contains("last_post"));
    for n in [1, 2, 2] {
        assert_eq!(receiver.posts(&notice([n])), 200);
    }
    assert_eq!(receiver.asks(&post(&notice([3]), "another")).0, 401);
    assert_eq!(receiver.gets("/elsewhere").0, 404);
    let (status, text) = metrics();
    assert_eq!(status, 200);
    for line in [
        "# TYPE mmsg_webhook_posts_total counter",
        "mmsg_webhook_posts_total 3",
        "mmsg_webhook_events_total 2",
        "mmsg_webhook_events_repeated_total 1",
        "mmsg_webhook_events_foreign_total 2",
        "mmsg_webhook_elsewhere_total 1",
        "mmsg_webhook_refused_total{status=\"401\",reason=\"not signed with the app secret\"} 1",
        "mmsg_webhook_ledger_up 1",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}:\n{text}");
    }
    assert!(text.contains("\nmmsg_webhook_last_post_timestamp_seconds 1"), "{text}");
    // Somebody whom a proxy lets through.
    let passed_on = get("/metrics").replacen("\r\n", "\r\nX-Forwarded-For: 192.0.2.7\r\n", 1);
    assert_eq!(receiver.asks(passed_on.as_bytes()).0, 404);
    assert_eq!(receiver.asks(b"POST /metrics HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n").0, 405);
    let away = env.path("away.db");
    fs::rename(receiver.ledger(), &away).unwrap();
    assert_eq!(receiver.posts(&notice([4])), 503);
    // That it could be written holds for a second.
    wait_until("the ledger is down", || metrics().1.contains("\nmmsg_webhook_ledger_up 0\n"));
    fs::rename(&away, receiver.ledger()).unwrap();
    env.mmsg(["webhook", "serve", "--path", "/metrics"]).exits(2).says("other than /healthz and /metrics");
}

#[test]
fn a_ledger_that_is_gone_refuses_posts_until_it_is_back() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    assert_eq!(receiver.posts(&notice([1])), 200);
    let away = env.path("away.db");
    fs::rename(receiver.ledger(), &away).unwrap();
    assert_eq!(receiver.posts(&notice([2])), 503);
    assert_eq!(receiver.posts(&notice([2])), 503);
    assert_eq!(receiver.gets("/healthz").0, 503);
    assert!(!receiver.ledger().exists(), "a new ledger would hide the old one");
    assert_eq!(receiver.posts("x"), 400, "what is wrong stays wrong");
    fs::rename(&away, receiver.ledger()).unwrap();
    assert_eq!(receiver.posts(&notice([2])), 200);
    assert_eq!(receiver.gets("/healthz").0, 200);
    assert_eq!(receiver.events(), 2);
    receiver.process.signal(Signal::TERM);
    let run = receiver.process.ends().exits(0).says("is gone").says("the ledger can be written again");
    assert_eq!(run.stderr.matches("warning: the ledger").count(), 1, "{}", run.stderr);
}

#[test]
fn a_ledger_that_another_took_the_place_of_is_used_once_it_is_safe() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    assert_eq!(receiver.posts(&notice([1])), 200);
    // Another file at the path, with the old one's log still beside it: the two must never be mixed.
    fs::rename(receiver.ledger(), env.path("old.db")).unwrap();
    env.mmsg(["webhook", "ingest", "--ledger", "new.db", "-"]).exits(0).says("no events found");
    fs::rename(env.path("new.db"), receiver.ledger()).unwrap();
    assert_eq!(receiver.posts(&notice([2])), 503);
    for end in ["-wal", "-shm"] {
        fs::rename(env.path(format!("ledger.db{end}")), env.path(format!("old.db{end}"))).unwrap();
    }
    // As Meta does, until it is taken.
    wait_until("it is taken", || receiver.posts(&notice([2, 3])) == 200);
    assert_eq!(receiver.events(), 2);
    assert_eq!(number(&env.path("old.db"), "select count(*) from events"), 1);
}

#[test]
fn a_ledger_that_another_program_holds_is_waited_for_and_then_refuses() {
    let env = environment();
    let receiver = Receiver::start(&env, &[]);
    let other = rusqlite::Connection::open(receiver.ledger()).unwrap();
    other.execute_batch("begin immediate").unwrap();
    assert_eq!(receiver.posts(&notice([1])), 503, "Meta waits five seconds");
    other.execute_batch("commit").unwrap();
    assert_eq!(receiver.posts(&notice([1])), 200);
    assert_eq!(receiver.events(), 1, "what was refused may be stored all the same, once");
}

#[test]
fn tls_is_spoken_where_a_certificate_is_given() {
    let env = environment();
    let file = |name: &str| repository("tests/fixtures/tls").join(name).to_str().unwrap().to_owned();
    let receiver = Receiver::start(&env, &["--tls-cert", &file("cert.pem"), "--tls-key", &file("key.pem")]);
    assert!(receiver.url.starts_with("https://127.0.0.1:"), "{}", receiver.url);
    let body = notice([1]);
    let header = signature(&body, APP_SECRET);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let trusted = reqwest::Certificate::from_pem(&fs::read(file("cert.pem")).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([trusted]).no_proxy().build().unwrap();
    let asked = client.post(&receiver.url).header("x-hub-signature-256", header).body(body);
    let status = runtime.block_on(async { asked.send().await.unwrap().status() });
    assert_eq!(status, 200);
    assert_eq!(receiver.events(), 1);
    // Plain HTTP is not a handshake.
    let mut plain = receiver.connect();
    plain.send(get("/healthz").as_bytes());
    assert_eq!(plain.answer(), None);
    // A key that is none is found out before anything listens.
    fs::write(env.path("cut.pem"), "-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----\n").unwrap();
    let run = env.mmsg(["webhook", "serve", "--tls-cert", &file("cert.pem"), "--tls-key", "cut.pem"]);
    let _ = run.fails(3, "and the key cut.pem can't be used");
}

#[test]
fn no_line_names_a_person_or_a_secret() {
    let env = environment();
    let receiver = Receiver::start(&env, &["--verbose"]);
    assert_eq!(receiver.posts(&notice(0..3)), 200);
    assert_eq!(receiver.asks(&post(&notice([1]), "another-secret")).0, 401);
    assert_eq!(receiver.posts(&format!("[\"{SUBSCRIPTION_TOKEN}\", \"{PSID}\"]")), 400);
    let target = format!("/webhook?hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1158201444");
    assert_eq!(receiver.gets(&target).0, 200);
    assert_eq!(receiver.gets(&format!("/{SUBSCRIPTION_TOKEN}?{PSID}={VERIFY_TOKEN}")).0, 404);
    receiver.process.signal(Signal::TERM);
    let run = receiver
        .process
        .ends()
        .exits(0)
        .says("method=POST path=/webhook status=200 events=3 ")
        .says("method=GET path=elsewhere status=404");
    for private in [VERIFY_TOKEN, PSID, SUBSCRIPTION_TOKEN, "1158201444", "sha256=", "another-secret"] {
        assert!(!run.stderr.contains(private) && !run.stdout.contains(private), "{private}: {run:#?}");
    }
    assert!(run.stderr.contains("1 request received, 3 new events"), "{}", run.stderr);
}

#[test]
fn one_receiver_serves_every_profile_each_into_its_ledger() {
    const OTHER: &str = "canaryothersecret0123456789abcdef";
    let env = Env::new();
    let [first, second] = ["first.db", "second.db"].map(|file| env.path(file));
    let profile = |name: &str, page: u32, secret: &str, ledger: &std::path::Path| {
        let ledger = ledger.display();
        format!(
            "[profiles.{name}]\npage = {page}\napp_secret = '{secret}'\nverify_token = 'verify-{name}'\nledger = '{ledger}'\n"
        )
    };
    let profiles =
        [profile("a", 1, APP_SECRET, &first), profile("b", 2, OTHER, &second), profile("c", 3, APP_SECRET, &first)];
    let env = env.profiles(&profiles.concat());
    let words = ["webhook", "serve", "--listen", "127.0.0.1:0", "--all-profiles"];
    let receiver = Receiver::of(&env, env.start("", &words));
    let of_page = |page: u32, person: usize| notice([person]).replace("104857600123457", &page.to_string());
    let posts = |page: u32, person: usize, secret: &str| receiver.asks(&post(&of_page(page, person), secret)).0;
    let events = || [&first, &second].map(|ledger| number(ledger, "select count(*) from events"));
    assert_eq!((posts(1, 1, APP_SECRET), events()), (200, [1, 0]));
    assert_eq!((posts(2, 2, OTHER), events()), (200, [1, 1]));
    assert_eq!((posts(3, 3, APP_SECRET), events()), (200, [2, 1]));
    // Repeated, it is known there.
    assert_eq!((posts(2, 2, OTHER), events()), (200, [2, 1]));
    // An app does not speak for another app's Page: that is kept with its own.
    assert_eq!((posts(2, 4, APP_SECRET), events()), (200, [3, 1]));
    assert_eq!((posts(1, 5, "no secret of any"), events()), (401, [3, 1]));
    // Several Pages in one notice.
    let (one, two) = (of_page(1, 6), of_page(3, 7));
    let both = one.replace(
        "\"entry\":[",
        &format!("\"entry\":[{},", two.split_once("\"entry\":[").unwrap().1.strip_suffix("]}").unwrap()),
    );
    assert_eq!((receiver.asks(&post(&both, APP_SECRET)).0, events()), (200, [5, 1]));
    for (token, status) in [("verify-a", 200), ("verify-b", 200), ("verify-x", 403)] {
        let check = format!("/webhook?hub.mode=subscribe&hub.challenge=7&hub.verify_token={token}");
        assert_eq!(receiver.gets(&check).0, status, "{token}");
    }
    assert_eq!(receiver.gets("/healthz").0, 200);
    receiver.process.signal(rustix::process::Signal::TERM);
    receiver.process.ends().exits(0).says("3 profiles in 2 ledgers");
    // What it can't serve, it does not take.
    let env = Env::new().profiles(&format!("{}[profiles.d]\npage = 4\n", profile("a", 1, APP_SECRET, &first)));
    env.mmsg(words).exits(4).prints_nothing().says("profile d can't be served, so the receiver did not start");
}
