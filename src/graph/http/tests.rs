use super::*;
use crate::campaign::{AdAccount, Budget, CampaignId, PageId};
use crate::graph::test_host::{Host, Play, TOKEN, access, answer};
use crate::graph::{CampaignNode, InsightsQuery, NewCampaign};
use crate::secret::Secret;

const NODE: &str = r#"{"id":"7","campaign":{"id":"8","name":"Spring"},"adset":{"id":"9"}}"#;

fn keep(status: &str, body: &str) -> Play {
    Play::Keep(answer(status, body))
}

fn graph(host: &Host) -> Graph {
    Graph::new(host.access(), None).unwrap()
}

fn account() -> AdAccount {
    AdAccount::parse("1").unwrap()
}

fn id(text: &str) -> CampaignId {
    CampaignId::parse(text).unwrap()
}

async fn read_from(script: Vec<Play>) -> (Result<CampaignNode>, Host) {
    let host = Host::plays(script);
    let read = graph(&host).campaign(&id("7")).await.map(|read| read.value);
    (read, host)
}

async fn create_on(script: Vec<Play>) -> (Error, usize) {
    let host = Host::plays(script);
    let page = PageId::parse("5").unwrap();
    let new = NewCampaign {
        name: "Spring",
        page: &page,
        budget: Budget::Lifetime(3000),
        pixel_id: None,
        start_time: None,
        end_time: None,
    };
    let error = graph(&host).create_campaign(&account(), &new).await.unwrap_err();
    (error, host.requests().len())
}

#[tokio::test]
async fn a_read_is_tried_again_after_transient_faults() {
    for fault in [
        Play::Cut,
        keep("503 Service Unavailable", "<html>"),
        keep("500 Internal Server Error", r#"{"error":{"code":2,"message":"down"}}"#),
        keep("400 Bad Request", r#"{"error":{"code":123456,"is_transient":true}}"#),
        Play::Close("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":".to_owned()),
    ] {
        let (read, host) = read_from(vec![fault, keep("200 OK", NODE)]).await;
        assert_eq!(read.unwrap().id.as_str(), "7");
        assert_eq!(host.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again_and_has_its_exit_code() {
    for (status, error, exit) in [
        ("400 Bad Request", r#"{"code":190,"error_subcode":463}"#, Exit::Credentials),
        ("403 Forbidden", r#"{"code":10}"#, Exit::Credentials),
        ("400 Bad Request", r#"{"code":100,"error_subcode":33}"#, Exit::Refused),
        ("200 OK", r#"{"code":368}"#, Exit::Refused),
        ("400 Bad Request", r#"{"code":17}"#, Exit::NotYet),
        ("400 Bad Request", r#"{"code":424242}"#, Exit::Refused),
        ("401 Unauthorized", r#"{"message":"who?"}"#, Exit::Credentials),
        ("302 Found", r#"{"message":"elsewhere"}"#, Exit::Network),
    ] {
        let (read, host) = read_from(vec![keep(status, &format!(r#"{{"error":{error}}}"#))]).await;
        let error = read.unwrap_err();
        assert_eq!(error.exit(), exit, "{error}");
        assert_eq!(error.next_run().is_some(), exit == Exit::NotYet);
        assert!(error.hint_text().is_some());
        assert_eq!(host.requests().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn a_rate_refusal_tells_when_by_the_servers_clock() {
    let reply = "HTTP/1.1 400 Bad Request\r\ndate: Tue, 01 Dec 2026 00:00:00 GMT\r\ncontent-length: 25\r\n\
                 x-business-use-case-usage: {\"1\":[{\"estimated_time_to_regain_access\":3}]}\r\n\r\n{\"error\":{\"code\":80004 }}";
    let (read, _) = read_from(vec![Play::Keep(reply.to_owned())]).await;
    assert_eq!(read.unwrap_err().next_run(), Some(UnixMillis::from_seconds(1_796_083_200 + 180)));
}

#[tokio::test(flavor = "multi_thread")]
async fn html_and_truncated_json_are_exit_7_with_a_sample() {
    for body in [format!("<html>Sorry {TOKEN}</html>"), r#"{"id":"#.to_owned(), r#"{"no":"id"}"#.to_owned()] {
        let (read, host) = read_from(vec![keep("200 OK", &body)]).await;
        let error = read.unwrap_err();
        assert_eq!(error.exit(), Exit::Network, "{error}");
        assert!(!error.to_string().contains(TOKEN) && error.to_string().contains(body.get(..6).unwrap()), "{error}");
        assert_eq!(host.requests().len(), MAX_ATTEMPTS as usize);
    }
}

#[tokio::test]
async fn nobody_there_is_exit_7() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let graph = Graph::new(access(&format!("http://{nobody}")), None).unwrap();
    let error = graph.campaign(&id("7")).await.unwrap_err();
    assert_eq!(error.exit(), Exit::Network);
    let page = PageId::parse("5").unwrap();
    let new = NewCampaign {
        name: "x",
        page: &page,
        budget: Budget::Daily(1),
        pixel_id: None,
        start_time: None,
        end_time: None,
    };
    // Nothing left, so nothing is in doubt.
    assert_eq!(graph.create_campaign(&account(), &new).await.unwrap_err().exit(), Exit::Network);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_exit_11_and_done_once() {
    for fault in [
        Play::Cut,
        keep("503 Service Unavailable", "<html>"),
        keep("200 OK", ""),
        keep("200 OK", r#"{"success":true}"#),
        keep("500 Internal Server Error", r#"{"error":{"code":1}}"#),
        Play::Close("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":".to_owned()),
    ] {
        let (error, requests) = create_on(vec![fault]).await;
        assert_eq!((error.exit(), requests), (Exit::Doubt, 1), "{error}");
        assert!(error.hint_text().unwrap().contains("mmsg campaign list"));
    }
    let (error, requests) = create_on(vec![keep("400 Bad Request", r#"{"error":{"code":2300067}}"#)]).await;
    assert_eq!((error.exit(), requests), (Exit::Refused, 1));
}

#[tokio::test]
async fn a_delete_believes_only_true() {
    for (body, exit) in [(r#"{"success":false}"#, Exit::Refused), ("{}", Exit::Doubt), ("[true]", Exit::Doubt)] {
        let host = Host::plays(vec![keep("200 OK", body)]);
        assert_eq!(graph(&host).delete_campaign(&id("7")).await.unwrap_err().exit(), exit, "{body}");
    }
    let host = Host::plays(vec![keep("200 OK", r#"{"success":true}"#)]);
    graph(&host).delete_campaign(&id("a/b")).await.unwrap();
    assert!(host.requests()[0].starts_with("DELETE /v26.0/a%2Fb HTTP/1.1"));
}

#[tokio::test]
async fn the_proof_goes_with_every_request_and_the_token_never_into_an_address() {
    let host =
        Host::plays(vec![keep("200 OK", NODE), keep("200 OK", r#"{"id":"7"}"#), keep("200 OK", r#"{"success":true}"#)]);
    let mut access = host.access();
    access.app_secret = Some(Secret::new("testAppSecret"));
    let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&lines);
    let graph =
        Graph::new(access, Some(Arc::new(move |line: &str| log.lock().unwrap().push(line.to_owned())))).unwrap();
    let page = PageId::parse("5").unwrap();
    let new = NewCampaign {
        name: "x",
        page: &page,
        budget: Budget::Daily(1),
        pixel_id: None,
        start_time: None,
        end_time: None,
    };
    graph.campaign(&id("7")).await.unwrap();
    graph.create_campaign(&account(), &new).await.unwrap();
    graph.delete_campaign(&id("7")).await.unwrap();
    let requests = host.requests();
    let line = |n: usize| requests[n].lines().next().unwrap();
    assert!(line(0).contains("appsecret_proof=") && line(2).contains("appsecret_proof="));
    assert!(!line(1).contains("proof") && requests[1].contains(r#""appsecret_proof":""#));
    for (n, request) in requests.iter().enumerate() {
        assert!(!line(n).contains(TOKEN) && !request.contains("testAppSecret"), "{request}");
    }
    for line in lines.lock().unwrap().iter() {
        assert!(!line.contains("proof") && !line.contains(TOKEN), "{line}");
    }
}

#[tokio::test]
async fn pages_are_read_by_cursor_until_there_is_no_next() {
    let page = |ids: &str, after: &str, next: bool| {
        let next = if next { r#","next":"http://127.0.0.1:1/steal?access_token=x""# } else { "" };
        keep("200 OK", &format!(r#"{{"data":[{ids}],"paging":{{"cursors":{{"after":"{after}"}}{next}}}}}"#))
    };
    let host = Host::plays(vec![
        page(r#"{"id":"1"},{"id":2}"#, "A&B", true),
        page("", "C", true),
        page(r#"{"id":"3"}"#, "D", false),
    ]);
    let nodes = graph(&host).campaigns(&account()).all().await.unwrap();
    assert_eq!(nodes.iter().map(|node| node.id.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    let requests = host.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[1].lines().next().unwrap().contains("after=A%26B"));

    let circle = Host::plays(vec![page("", "A", true), page("", "B", true), page("", "A", true)]);
    let error = graph(&circle).campaigns(&account()).all().await.unwrap_err();
    assert_eq!((error.exit(), circle.requests().len()), (Exit::Network, 3));

    let nowhere = Host::plays(vec![keep("200 OK", r#"{"data":[],"paging":{"next":"http://x"}}"#)]);
    assert_eq!(graph(&nowhere).campaigns(&account()).all().await.unwrap_err().exit(), Exit::Network);

    let bare = Host::plays(vec![keep("200 OK", r#"{"data":[]}"#)]);
    assert!(graph(&bare).campaigns(&account()).all().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_id_of_another_object_is_translated_by_the_list() {
    let unknown = r#"{"error":{"code":100,"error_subcode":33,"message":"Unsupported get request"}}"#;
    let list = format!(r#"{{"data":[{NODE}]}}"#);
    let host = Host::plays(vec![keep("400 Bad Request", unknown), keep("200 OK", &list), keep("200 OK", NODE)]);
    let found = graph(&host).find_campaign(&account(), &id("8")).await.unwrap().value;
    assert_eq!(found.id.as_str(), "7");

    // Read, but no message: it has none of a message's fields.
    let host = Host::plays(vec![keep("200 OK", r#"{"id":"9"}"#), keep("200 OK", &list), keep("200 OK", NODE)]);
    assert_eq!(graph(&host).find_campaign(&account(), &id("9")).await.unwrap().value.id.as_str(), "7");

    let host = Host::plays(vec![keep("400 Bad Request", unknown), keep("200 OK", &list)]);
    let error = graph(&host).find_campaign(&account(), &id("404")).await.unwrap_err();
    assert_eq!((error.exit(), error.graph_facts().code), (Exit::Refused, Some(100)));

    let twice = r#"{"data":[{"id":"1","campaign":{"id":"8"}},{"id":"2","campaign":{"id":"8"}}]}"#;
    let host = Host::plays(vec![keep("400 Bad Request", unknown), keep("200 OK", twice)]);
    let error = graph(&host).find_campaign(&account(), &id("8")).await.unwrap_err();
    assert!(error.to_string().contains("1, 2"), "{error}");
}

#[tokio::test]
async fn insights_take_any_shape_of_value() {
    let rows = r#"{"data":[{"date_start":"2026-11-01","marketing_messages_delivered":"12","marketing_messages_spend":38.87,
        "actions":[{"action_type":"offsite_conversion.fb_pixel_purchase","value":"3"},{"value":"1"}]}]}"#;
    let host = Host::plays(vec![keep("200 OK", rows)]);
    let days = InsightsQuery::Range { since: "2026-11-01", until: "2026-11-02" };
    let rows = graph(&host).insights(&id("7"), &days, true).await.unwrap();
    assert_eq!(rows[0].marketing_messages_spend.as_deref(), Some("38.87"));
    assert_eq!(rows[0].actions.len(), 1);
    assert!(host.requests()[0].contains("time_range=%7B%22since%22%3A%222026-11-01%22"));
}
