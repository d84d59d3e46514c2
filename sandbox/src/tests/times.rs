//! The sandbox's own clock, and what it is in each person's zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::*;

#[tokio::test]
async fn the_clock_starts_where_told_and_runs_as_fast_as_told() {
    // Four hours before New York loses an hour; an hour of its clock takes a second.
    let start: Timestamp = "2027-03-14T03:00:00Z".parse().unwrap();
    let desk = Desk::open(|options| {
        options.clock_start = Some(start);
        options.clock_speed = 3600.0;
    })
    .await;
    let asked = std::time::Instant::now();
    let campaign = desk.campaign().await;
    let response = desk.call(Method::GET, &format!("{campaign}?fields=created_time")).send().await.unwrap();
    let date = response.headers()["date"].to_str().unwrap();
    let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp().as_second() - start.as_second();
    let most = 3600 * (asked.elapsed().as_secs() as i64 + 20);
    assert!((0..most).contains(&date), "{date}");
    let (_, body) = read(response).await;
    assert!(body["created_time"].as_str().unwrap().starts_with("2027-03-1"), "{body}");
    // A cool-down of 12 hours takes 12 seconds, counted by its clock.
    assert_eq!(desk.send_code(&campaign, "anna").await, 0);
    assert_eq!(desk.send_code(&campaign, "anna").await, 2_300_035);
    let before = desk.sandbox.world.now();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(desk.sandbox.world.now() - before >= 200 * 3600);
}

#[tokio::test]
async fn the_records_tell_each_persons_time() {
    let folder = TempDir::new().unwrap();
    // India is half an hour off; New York puts its clocks forward at 07:00 UTC.
    for (start, new_york) in [("2027-03-14T06:30:00Z", "-05:00"), ("2027-03-14T07:00:00Z", "-04:00")] {
        let (record, requests) = (folder.path().join("record.ndjson"), folder.path().join("requests.ndjson"));
        let desk = Desk::open(|options| {
            options.clock_start = Some(start.parse().unwrap());
            options.crowd.zones = Zones::parse("America/New_York,Asia/Kolkata").unwrap();
            options.custom_audience = 0.2;
            options.record = Some(record.clone());
            options.requests = Some(requests.clone());
        })
        .await;
        let campaign = desk.campaign().await;
        for token in &desk.sandbox.subscribers()[..60] {
            assert_eq!(desk.send_code(&campaign, token).await, 0);
        }
        let mut offsets = std::collections::BTreeSet::new();
        for file in [record, requests] {
            let text = std::fs::read_to_string(&file).unwrap();
            assert_eq!(text.lines().count(), 60);
            for line in text.lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                let about = desk.sandbox.about(line["token"].as_str().unwrap());
                assert_eq!((&line["zone"], &line["psid"]), (&about["zone"], &about["psid"]));
                let Some(zone) = line["zone"].as_str() else {
                    assert_eq!((&line["local"], &line["psid"]), (&Value::Null, &Value::Null));
                    continue;
                };
                let at = Timestamp::from_millisecond(line["at"].as_i64().unwrap()).unwrap();
                let there = at.to_zoned_datetime(TimeZone::get(zone).unwrap());
                let there = there.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
                assert_eq!(line["local"], there);
                offsets.insert(there[19..].to_owned());
            }
            std::fs::remove_file(file).unwrap();
        }
        assert_eq!(offsets.into_iter().collect::<Vec<_>>(), ["+05:30", new_york]);
    }
}

#[tokio::test]
async fn the_clock_is_set_ahead_and_never_back() {
    let desk = Desk::open(|options| options.clock_start = Some("2027-03-14T06:30:00Z".parse().unwrap())).await;
    let campaign = desk.campaign().await;
    assert_eq!(desk.send_code(&campaign, "anna").await, 0);
    assert_eq!(desk.send_code(&campaign, "anna").await, 2_300_035);
    let control = format!("{}/sandbox/clock", desk.sandbox.url());
    let set = |at: &str| desk.client.post(&control).json(&json!({ "at": at })).send();
    assert_eq!(set("2027-03-14T06:00:00Z").await.unwrap().status(), 400);
    assert_eq!(set("soon").await.unwrap().status(), 400);
    assert_eq!(set("2027-03-14T18:29:00Z").await.unwrap().status(), 200);
    assert_eq!(desk.send_code(&campaign, "anna").await, 2_300_035);
    assert!(desk.sandbox.set_clock("2027-03-14T18:40:00Z".parse().unwrap()));
    assert_eq!(desk.send_code(&campaign, "anna").await, 0);
    let at = desk.sandbox.accepted().iter().map(|send| send.at).max().unwrap();
    assert!(Timestamp::from_millisecond(at).unwrap().to_string().starts_with("2027-03-14T18:4"));
}
