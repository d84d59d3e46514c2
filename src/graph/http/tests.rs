use super::*;
use crate::campaign::{AdAccount, Budget, CampaignId, PageId};
use crate::clock::UnixMillis;
use crate::graph::tests::host::{Host, NOBODY, Play, TOKEN, access, answer};
use crate::graph::{CampaignNode, InsightsQuery, NewCampaign};
use crate::secret::Secret;

const NODE: &str = r#"{"id":"7","campaign":{"id":"8","name":"Spring"},"adset":{"id":"9"}}"#;

fn keep(status: &str, body: &str) -> Play {
    Play::Keep(answer(status, body))
}

fn account() -> AdAccount {
    AdAccount::parse("1").unwrap()
}

fn id(text: &str) -> CampaignId {
    CampaignId::parse(text).unwrap()
}

async fn read_from(script: Vec<Play>) -> (Result<CampaignNode>, Host) {
    let host = Host::plays(script);
    let read = host.graph().campaign(&id("7")).await;
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
    let error = host.graph().create_campaign(&account(), &new).await.unwrap_err();
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
async fn a_refusal_is_not_tried_again_and_is_read_by_code_then_by_status() {
    for (status, error, reading) in [
        ("400 Bad Request", r#"{"code":190,"error_subcode":463}"#, Reading::Credentials),
        ("403 Forbidden", r#"{"code":10}"#, Reading::Credentials),
        ("400 Bad Request", r#"{"code":100,"error_subcode":33}"#, Reading::Final),
        ("200 OK", r#"{"code":368}"#, Reading::Final),
        ("400 Bad Request", r#"{"code":17}"#, Reading::Wait),
        ("400 Bad Request", r#"{"code":424242}"#, Reading::Final),
        ("401 Unauthorized", r#"{"message":"who?"}"#, Reading::Credentials),
        ("429 Too Many Requests", r#"{"message":"slower"}"#, Reading::Wait),
        ("302 Found", r#"{"message":"elsewhere"}"#, Reading::Unclear),
    ] {
        let (read, host) = read_from(vec![keep(status, &format!(r#"{{"error":{error}}}"#))]).await;
        let error = read.unwrap_err();
        let Error::Failed { call: Call::Campaign(_), fault: Fault::Refused(refused), .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(refused.reading(), reading, "{error:?}");
        assert_eq!(refused.until.is_some(), reading == Reading::Wait, "{error:?}");
        assert_eq!(error.is_final(), reading == Reading::Final, "{error:?}");
        assert_eq!(host.requests().len(), 1, "{error:?}");
    }
}

#[tokio::test]
async fn a_rate_refusal_tells_when_by_the_servers_clock() {
    let reply = "HTTP/1.1 400 Bad Request\r\ndate: Tue, 01 Dec 2026 00:00:00 GMT\r\ncontent-length: 25\r\n\
                 x-business-use-case-usage: {\"1\":[{\"estimated_time_to_regain_access\":3}]}\r\n\r\n{\"error\":{\"code\":80004 }}";
    let (read, _) = read_from(vec![Play::Keep(reply.to_owned())]).await;
    let Err(Error::Failed { fault: Fault::Refused(refused), .. }) = read else { panic!("{read:?}") };
    assert_eq!(refused.until, Some(UnixMillis(1_796_083_200_000 + 180_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn html_and_truncated_json_are_strange_answers_with_a_sample() {
    for body in [format!("<html>Sorry {TOKEN}</html>"), r#"{"id":"#.to_owned(), r#"{"no":"id"}"#.to_owned()] {
        let (read, host) = read_from(vec![keep("200 OK", &body)]).await;
        let error = read.unwrap_err();
        let Error::Failed { fault: Fault::Strange { status: 200, sample }, .. } = error else { panic!("{error:?}") };
        assert!(!sample.contains(TOKEN) && sample.contains(body.get(..6).unwrap()), "{sample}");
        assert_eq!(host.requests().len(), MAX_ATTEMPTS as usize);
    }
}

#[tokio::test]
async fn where_nobody_is_nothing_was_sent() {
    let graph = Graph::new(access(NOBODY), Clock::system()).unwrap();
    let not_sent = |error| matches!(error, Error::Failed { fault: Fault::NotSent(_), .. });
    assert!(not_sent(graph.campaign(&id("7")).await.unwrap_err()));
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
    assert!(not_sent(graph.create_campaign(&account(), &new).await.unwrap_err()));
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_unclear_and_done_once() {
    for fault in [
        Play::Cut,
        keep("503 Service Unavailable", "<html>"),
        keep("200 OK", ""),
        keep("200 OK", r#"{"success":true}"#),
        keep("500 Internal Server Error", r#"{"error":{"code":1}}"#),
        Play::Close("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":".to_owned()),
    ] {
        let (error, requests) = create_on(vec![fault]).await;
        let unclear = matches!(&error, Error::Unclear { call: Call::CreateCampaign { name }, .. } if name == "Spring");
        assert_eq!((unclear, requests), (true, 1), "{error:?}");
    }
    let (error, requests) = create_on(vec![keep("400 Bad Request", r#"{"error":{"code":2300067}}"#)]).await;
    assert_eq!((error.is_final(), requests), (true, 1), "{error:?}");
}

#[tokio::test]
async fn a_delete_believes_only_true() {
    for (body, unclear) in [(r#"{"success":false}"#, false), ("{}", true), ("[true]", true)] {
        let host = Host::plays(vec![keep("200 OK", body)]);
        let error = host.graph().delete_campaign(&id("7")).await.unwrap_err();
        assert_eq!(matches!(error, Error::Unclear { .. }), unclear, "{body}: {error:?}");
        assert_eq!(matches!(error, Error::NotDone(Call::DeleteCampaign(_))), !unclear, "{body}: {error:?}");
    }
    let host = Host::plays(vec![keep("200 OK", r#"{"success":true}"#)]);
    host.graph().delete_campaign(&id("a/b")).await.unwrap();
    assert!(host.requests()[0].starts_with("DELETE /v26.0/a%2Fb HTTP/1.1"));
}

#[tokio::test]
async fn the_proof_goes_with_every_request_and_the_token_never_into_an_address() {
    let host =
        Host::plays(vec![keep("200 OK", NODE), keep("200 OK", r#"{"id":"7"}"#), keep("200 OK", r#"{"success":true}"#)]);
    let mut access = host.access();
    access.app_secret = Some(Secret::new("testAppSecret"));
    let (heard, _guard) = crate::log::testing::listen(Redactor::default());
    let graph = Graph::new(access, Clock::system()).unwrap();
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
    let lines = heard.lines();
    // The delete is read back, from a host that has nothing more to say.
    for (line, method) in lines.iter().zip(["GET", "POST", "DELETE", "GET"]) {
        assert!(line.starts_with(&format!("request method={method} edge=")) && line.contains(" status=200 "), "{line}");
    }
    assert!(lines.len() > 4, "{lines:?}");
    for line in lines {
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
    let nodes = host.graph().campaigns(&account()).all().await.unwrap();
    assert_eq!(nodes.iter().map(|node| node.id.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    let requests = host.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[1].lines().next().unwrap().contains("after=A%26B"));

    let circle = Host::plays(vec![page("", "A", true), page("", "B", true), page("", "A", true)]);
    let error = circle.graph().campaigns(&account()).all().await.unwrap_err();
    assert!(matches!(error, Error::Failed { fault: Fault::Circle, .. }), "{error:?}");
    assert_eq!(circle.requests().len(), 3);

    let nowhere = Host::plays(vec![keep("200 OK", r#"{"data":[],"paging":{"next":"http://x"}}"#)]);
    let error = nowhere.graph().campaigns(&account()).all().await.unwrap_err();
    assert!(matches!(error, Error::Failed { fault: Fault::NoCursor, .. }), "{error:?}");

    let bare = Host::plays(vec![keep("200 OK", r#"{"data":[]}"#)]);
    assert!(bare.graph().campaigns(&account()).all().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_id_of_another_object_is_translated_by_the_list() {
    let unknown = r#"{"error":{"code":100,"error_subcode":33,"message":"Unsupported get request"}}"#;
    let list = format!(r#"{{"data":[{NODE}]}}"#);
    let host = Host::plays(vec![keep("400 Bad Request", unknown), keep("200 OK", &list), keep("200 OK", NODE)]);
    let found = host.graph().find_campaign(&account(), &id("8")).await.unwrap();
    assert_eq!(found.id.as_str(), "7");

    // Read, but no message: it has none of a message's fields.
    let host = Host::plays(vec![keep("200 OK", r#"{"id":"9"}"#), keep("200 OK", &list), keep("200 OK", NODE)]);
    assert_eq!(host.graph().find_campaign(&account(), &id("9")).await.unwrap().id.as_str(), "7");

    let host = Host::plays(vec![keep("400 Bad Request", unknown), keep("200 OK", &list)]);
    let error = host.graph().find_campaign(&account(), &id("404")).await.unwrap_err();
    assert!(matches!(error, Error::NoSuchCampaign { .. }) && error.facts().code == Some(100), "{error:?}");

    let twice = r#"{"data":[{"id":"1","campaign":{"id":"8"}},{"id":"2","campaign":{"id":"8"}}]}"#;
    let host = Host::plays(vec![keep("400 Bad Request", unknown), keep("200 OK", twice)]);
    let error = host.graph().find_campaign(&account(), &id("8")).await.unwrap_err();
    let Error::SeveralMessages { messages, .. } = error else { panic!("{error:?}") };
    assert_eq!(messages, [id("1"), id("2")]);
}

#[tokio::test]
async fn insights_take_any_shape_of_value() {
    let rows = r#"{"data":[{"date_start":"2026-11-01","marketing_messages_delivered":"12","marketing_messages_spend":38.87,
        "actions":[{"action_type":"offsite_conversion.fb_pixel_purchase","value":"3"},{"value":"1"}]}]}"#;
    let host = Host::plays(vec![keep("200 OK", rows)]);
    let days = InsightsQuery::Range { since: "2026-11-01", until: "2026-11-02" };
    let rows = host.graph().insights(&id("7"), &days, true).await.unwrap();
    assert_eq!(rows[0].marketing_messages_spend.as_deref(), Some("38.87"));
    assert_eq!(rows[0].actions.len(), 1);
    assert!(host.requests()[0].contains("time_range=%7B%22since%22%3A%222026-11-01%22"));
}
