use std::time::{Duration, Instant};

use super::*;
use crate::graph::tests::host::{Host, NOBODY, Play, TOKEN, access, answer};
use crate::secret::Secret;

const SECOND: Duration = Duration::from_secs(1);

fn sender(access: &Access) -> Sender {
    Sender::new(access, &AdAccount::parse("1").unwrap(), 2 * SECOND, 4).unwrap()
}

async fn send(host: &Host) -> Answer {
    sender(&host.access()).send(Bytes::from_static(b"{}")).await
}

async fn send_to(play: Play) -> Transport {
    send(&Host::plays(vec![play])).await.transport
}

async fn body_of(status: &str, body: &str) -> Body {
    match send_to(Play::Keep(answer(status, body))).await {
        Transport::Answered { body, .. } => body,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_carries_the_token_in_its_header_and_the_proof_in_its_body() {
    let host =
        Host::plays(vec![Play::Keep(answer("200 OK", r#"{"success":true,"marketing_message_tracking_id":"98ec"}"#))]);
    let mut access = host.access();
    access.app_secret = Some(Secret::new("testAppSecret"));
    let sender = sender(&access);
    let frame = sender.frame(&CampaignId::parse("12\"3").unwrap(), Some(3600));
    let got = sender.send(frame.fill("tok\"en", br#"{"text":"hi"}"#)).await;
    assert_eq!(
        got.transport,
        Transport::Answered { status: 200, body: Body::Success { tracking_id: Some("98ec".to_owned()) } }
    );
    let request = host.requests().remove(0);
    assert!(request.starts_with("POST /v26.0/act_1/messages HTTP/1.1\r\n"), "{request}");
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    for line in [&format!("authorization: Bearer {TOKEN}"), concat!("user-agent: mmsg/", env!("CARGO_PKG_VERSION"))] {
        assert!(head.lines().any(|other| other.eq_ignore_ascii_case(line)), "{head}");
    }
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["message_id"], "12\"3");
    assert_eq!(body["messenger_delivery_data"]["subscription_token"], "tok\"en");
    assert_eq!(body["message"]["text"], "hi");
    assert_eq!(body["min_conversation_gap_seconds"], 3600);
    assert_eq!(body["appsecret_proof"].as_str().unwrap().len(), 64);
    assert!(!request.contains("testAppSecret"));
}

#[tokio::test]
async fn no_connection_is_not_sent() {
    let got = sender(&access(NOBODY)).send(Bytes::new()).await;
    assert!(matches!(got.transport, Transport::NotSent { .. }), "{got:?}");
}

#[tokio::test]
async fn a_connection_that_never_opens_is_not_sent() {
    // A listener that accepts nobody and whose queue is full.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connect = |_| std::net::TcpStream::connect_timeout(&address, Duration::from_millis(50)).ok();
    let _queue: Vec<_> = (0..10_000).map_while(connect).collect();
    let got = sender(&access(&format!("http://{address}"))).send(Bytes::new()).await;
    assert!(matches!(got.transport, Transport::NotSent { .. }), "{got:?}");
}

#[tokio::test]
async fn a_proxy_of_ours_that_wants_a_login_is_not_sent() {
    let proxy = Host::plays(vec![Play::Keep(answer("407 Proxy Authentication Required", "<html>"))]);
    let mut sender = sender(&access("https://graph.facebook.com"));
    let through = reqwest::Proxy::all(format!("http://{}", proxy.address)).unwrap();
    let client = Client::builder().proxy(through).build().unwrap();
    (sender.kept, sender.fresh) = (client.clone(), client);
    let got = sender.send(Bytes::from_static(b"{}")).await;
    assert!(matches!(got.transport, Transport::NotSent { .. }), "{got:?}");
    let asked = proxy.requests();
    assert!(asked.iter().all(|head| head.starts_with("CONNECT ") && !head.contains(TOKEN)), "{asked:?}");
}

#[tokio::test]
async fn a_407_without_a_proxy_of_ours_is_no_proof() {
    let got = send_to(Play::Keep(answer("407 Proxy Authentication Required", "<html>"))).await;
    assert!(matches!(got, Transport::Answered { status: 407, body: Body::Other { .. } }), "{got:?}");
}

#[tokio::test]
async fn what_may_have_arrived_is_lost() {
    let truncated = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"success\":true".to_owned();
    let chunk_cut = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{\"success\":true}\r\n".to_owned();
    for play in [Play::Cut, Play::Close("HTTP/1.1 2".to_owned()), Play::Close(truncated), Play::Close(chunk_cut)] {
        let host = Host::plays(vec![play]);
        let got = send(&host).await;
        assert!(matches!(got.transport, Transport::Lost { .. }), "{got:?}");
        assert_eq!(host.requests().len(), 1, "sent more than once");
    }
}

#[tokio::test]
async fn silence_is_lost_after_the_timeout() {
    let begin = Instant::now();
    let got = send_to(Play::Hang(4 * SECOND)).await;
    assert!(matches!(got, Transport::Lost { .. }), "{got:?}");
    assert!((2 * SECOND..3 * SECOND).contains(&begin.elapsed()));
}

#[tokio::test]
async fn a_kept_connection_that_is_cut_is_not_tried_again() {
    let host = Host::plays(vec![Play::Keep(answer("200 OK", r#"{"success":true}"#)), Play::Cut]);
    let sender = sender(&host.access());
    let first = sender.send(Bytes::from_static(b"{\"n\":1}")).await;
    assert!(matches!(first.transport, Transport::Answered { .. }));
    let second = sender.send(Bytes::from_static(b"{\"n\":2}")).await;
    assert!(matches!(second.transport, Transport::Lost { .. }), "{second:?}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(host.requests().len(), 2);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_never_followed() {
    let target = Host::plays(vec![Play::Keep(answer("200 OK", r#"{"success":true}"#))]);
    let moved =
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", target.address);
    let got = send_to(Play::Keep(moved)).await;
    assert!(matches!(got, Transport::Answered { status: 307, body: Body::Other { .. } }), "{got:?}");
    assert!(target.requests().is_empty());
}

#[tokio::test]
async fn an_error_is_an_error_whatever_the_status() {
    for status in ["200 OK", "400 Bad Request", "503 Service Unavailable"] {
        let body = body_of(status, r#"{"success":true,"error":{"code":2300034,"message":"opted out"}}"#).await;
        assert!(matches!(body, Body::Error(GraphError { code: Some(2_300_034), .. })), "{body:?}");
    }
}

#[tokio::test]
async fn success_is_exactly_2xx_with_true() {
    for (status, body, tracking) in [
        ("200 OK", r#"{"success":true}"#, None),
        ("200 OK", r#" {"success":true,"marketing_message_tracking_id":7,"error":null}"#, Some("7")),
        ("200 OK", r#"{"success":"true"}"#, None),
        ("200 OK", r#"{"success":1}"#, None),
        ("201 Created", r#"{"marketing_message_tracking_id":null,"success":true,"new":[1]}"#, None),
    ] {
        assert_eq!(body_of(status, body).await, Body::Success { tracking_id: tracking.map(str::to_owned) }, "{body}");
    }
    for (status, body, json) in [
        ("200 OK", r#"{"success":false}"#, true),
        ("200 OK", r#"{"success":"yes"}"#, true),
        ("200 OK", r#"{"success":2}"#, true),
        ("200 OK", "{}", true),
        ("200 OK", "", false),
        ("200 OK", "[true]", false),
        ("200 OK", r#"{"success":true"#, false),
        ("200 OK", r#"{"success":true} x"#, false),
        ("200 OK", r#"{"success":false,"success":true}"#, false),
        ("200 OK", "<html><body>Sorry</body></html>", false),
        ("302 Found", r#"{"success":true}"#, true),
        ("500 Internal Server Error", r#"{"success":true}"#, true),
    ] {
        let got = body_of(status, body).await;
        assert!(matches!(got, Body::Other { is_json, .. } if is_json == json), "{status} {body}: {got:?}");
    }
}

#[tokio::test]
async fn texts_from_outside_hold_no_secret_and_are_short() {
    let page = format!("<html>{TOKEN}\n\n{}</html>", "x".repeat(100_000));
    let Body::Other { sample, .. } = body_of("502 Bad Gateway", &page).await else { panic!() };
    assert!(sample.starts_with("<html>[hidden] xxx") && sample.chars().count() == MAX_SAMPLE + 1, "{sample}");
    let echo = format!(r#"{{"error":{{"code":190,"message":"bad {TOKEN}"}}}}"#);
    let Body::Error(error) = body_of("400 Bad Request", &echo).await else { panic!() };
    assert_eq!(error.message, "bad [hidden]");
    let mut answer = Answer::without_one(Transport::Lost { why: "at 12348141984909088".to_owned() });
    answer.hide("12348141984909088");
    assert_eq!(answer.transport, Transport::Lost { why: "at 1234…88".to_owned() });
}

#[tokio::test]
async fn an_endless_answer_ends() {
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(4 * MAX_ANSWER));
    let got = send_to(Play::Close(endless)).await;
    assert!(matches!(got, Transport::Answered { body: Body::Other { .. }, .. } | Transport::Lost { .. }), "{got:?}");
}

#[tokio::test]
async fn headers_are_kept() {
    let reply = "HTTP/1.1 400 Bad Request\r\ndate: Tue, 01 Dec 2026 00:00:00 GMT\r\nx-fb-trace-id: T1\r\n\
                 x-app-usage: {\"call_count\":28}\r\ncontent-length: 2\r\n\r\n{}";
    let host = Host::plays(vec![Play::Keep(reply.to_owned())]);
    let got = send(&host).await;
    assert_eq!(got.date, Some(UnixMillis(1_796_083_200_000)));
    assert_eq!((got.fbtrace_id.as_deref(), got.usage.app), (Some("T1"), Some(28.0)));
}

#[tokio::test]
async fn connections_are_used_again_where_the_server_keeps_them_and_only_there() {
    let yes = answer("200 OK", r#"{"success":true}"#);
    for (play, keeps) in [(Play::Keep(yes.clone()), true), (Play::Close(yes), false)] {
        let host = Host::plays(vec![play]);
        let sender = sender(&host.access());
        let begin = Instant::now();
        while sender.reuse.keeps().is_none() {
            assert!(begin.elapsed() < 20 * SECOND);
            sender.send(Bytes::from_static(b"{}")).await;
            tokio::time::sleep(SECOND / 40).await;
        }
        assert_eq!(sender.reuse.keeps(), Some(keeps));
    }
}
