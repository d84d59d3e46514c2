//! Every code, every shape of an answer, and what each means.

use proptest::prelude::*;

use super::*;
use crate::graph::Usage;
use crate::graph::codes;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

fn of(transport: Transport, campaign: CampaignTimes) -> Verdict {
    let answer = Answer { transport, usage: Usage::default(), fbtrace_id: None, date: None };
    classify(&answer, campaign, NOW)
}

fn error(status: u16, error: GraphError) -> Transport {
    Transport::Answered { status, body: Body::Error(error) }
}

fn coded(code: i64, subcode: Option<i64>) -> GraphError {
    coded_or_not(Some(code), subcode)
}

fn grown() -> CampaignTimes {
    CampaignTimes { created_at: Some(NOW.minus(A_DAY)), ..CampaignTimes::default() }
}

#[test]
fn every_code_of_the_table_does_to_row_and_run_what_its_class_says() {
    for row in codes::all() {
        for campaign in [CampaignTimes::default(), grown()] {
            let getting_ready = campaign.is_getting_ready(NOW);
            let verdict = of(error(400, coded(row.code, row.subcode)), campaign);
            let name = format!("{}/{:?} getting ready {getting_ready}: {verdict:?}", row.code, row.subcode);
            match row.class_when(getting_ready) {
                Class::Stop | Class::Campaign | Class::Message => {
                    assert_eq!(verdict.outcome, Outcome::Back, "{name}");
                    let Effect::Stop(halt) = verdict.effect else { panic!("{name}") };
                    assert_eq!((halt.row, halt.class), (row, row.class_when(getting_ready)), "{name}");
                    assert_eq!(halt.of_broadcast(), row.class_when(getting_ready) != Class::Stop, "{name}");
                }
                Class::Drop => {
                    let Outcome::Refused { suppress } = verdict.outcome else { panic!("{name}") };
                    assert_eq!(suppress.is_some(), row.suppresses, "{name}");
                    let Effect::Refused(refusal) = verdict.effect else { panic!("{name}") };
                    assert_eq!(refusal.counts_as_burst, !row.suppresses, "{name}");
                }
                Class::Later => {
                    let wait = if row.code == TOO_EARLY { COOL_DOWN } else { A_DAY };
                    assert_eq!(verdict.outcome, Outcome::Later { until: NOW.plus(wait) }, "{name}");
                }
                Class::Wait => {
                    assert_eq!(verdict.outcome, Outcome::Back, "{name}");
                    let Effect::Wait(wait) = verdict.effect else { panic!("{name}") };
                    assert_eq!((wait.is_rate, wait.of_broadcast), (row.is_rate, row.of_campaign), "{name}");
                    assert!(wait.until.is_some_and(|until| until > NOW) || wait.is_rate || wait.next_day, "{name}");
                }
                Class::Doubt => {
                    assert_eq!((verdict.outcome, verdict.effect), (Outcome::Unknown, Effect::Doubt), "{name}");
                }
            }
            assert_eq!((verdict.http_status, verdict.facts.code), (Some(400), Some(row.code)));
        }
    }
}

fn any_transport() -> impl Strategy<Value = Transport> {
    let codes: Vec<_> = codes::all().map(|row| (Some(row.code), row.subcode)).collect();
    let known = proptest::sample::select(codes);
    let code = prop_oneof![3 => known, 1 => any::<(Option<i64>, Option<i64>)>()];
    let error =
        (code, any::<bool>(), any::<Option<u64>>()).prop_map(|((code, subcode), is_transient, remaining_seconds)| {
            Body::Error(GraphError { is_transient, remaining_seconds, ..coded_or_not(code, subcode) })
        });
    let body = prop_oneof![
        6 => error,
        1 => Just(Body::Success { tracking_id: None }),
        1 => any::<bool>().prop_map(|is_json| Body::Other { sample: String::new(), is_json }),
    ];
    prop_oneof![
        8 => (100..600_u16, body).prop_map(|(status, body)| Transport::Answered { status, body }),
        1 => Just(Transport::Lost { why: "reset".to_owned() }),
        1 => Just(Transport::NotSent { why: "refused".to_owned() }),
    ]
}

fn coded_or_not(code: Option<i64>, subcode: Option<i64>) -> GraphError {
    GraphError { code, subcode, message: "said".to_owned(), ..GraphError::default() }
}

/// The model: what may become of the row, by what came back. Only a success is a success, and only a table's word or a
/// request that never left frees a row that was on the wire.
fn may_be(transport: &Transport, outcome: &Outcome) -> bool {
    match transport {
        Transport::NotSent { .. } => *outcome == Outcome::Back,
        Transport::Lost { .. } | Transport::Answered { body: Body::Other { .. }, .. } => *outcome == Outcome::Unknown,
        Transport::Answered { body: Body::Success { .. }, .. } => matches!(outcome, Outcome::Accepted { .. }),
        Transport::Answered { status, body: Body::Error(error) } => {
            let unclear = error.is_transient || matches!(status, 300..=399 | 500..=599);
            // Without a code, 401 is about the access token.
            let tokenless = *status == 401 && error.code.is_none();
            match (error.row(), outcome) {
                (_, Outcome::Accepted { .. }) => false,
                (Some(row), Outcome::Unknown) => row.class == Class::Doubt,
                (Some(_), _) => true,
                // A proxy that is not ours may have passed it on.
                (None, Outcome::Unknown) => unclear || *status == 407,
                (None, Outcome::Back) => (*status == 429 || tokenless) && !error.is_transient,
                (None, outcome) => {
                    let is_refusal = !unclear && !matches!(status, 407 | 429) && !tokenless;
                    *outcome == Outcome::Refused { suppress: None } && is_refusal
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_answer_frees_a_row_that_may_have_been_accepted(
        transport in any_transport(),
        age in proptest::option::of(0..100_000_u64),
        regain in proptest::option::of(0..100_000_u64),
    ) {
        let created_at = age.map(|seconds| NOW.minus(Duration::from_secs(seconds)));
        let usage = Usage { regain: regain.map(Duration::from_secs), ..Usage::default() };
        let answer = Answer { transport: transport.clone(), usage, fbtrace_id: None, date: None };
        let verdict = classify(&answer, CampaignTimes { created_at, ..CampaignTimes::default() }, NOW);
        prop_assert!(may_be(&transport, &verdict.outcome), "{verdict:?}");
        // What the row becomes and what the run does are one decision, and no time lies in the past.
        let agrees = match (&verdict.outcome, &verdict.effect) {
            (Outcome::Accepted { .. }, Effect::Accepted) | (Outcome::Unknown, Effect::Doubt) => true,
            (Outcome::Refused { suppress }, Effect::Refused(refusal)) => {
                suppress.is_none() || !refusal.counts_as_burst
            }
            (Outcome::Later { until }, Effect::Later { .. }) => *until >= NOW,
            (Outcome::Back, Effect::Wait(wait)) => wait.until.is_none_or(|until| until >= NOW),
            (Outcome::Back, Effect::NotSent | Effect::Stop(_)) => true,
            _ => false,
        };
        prop_assert!(agrees, "{verdict:?}");
    }
}

#[test]
fn a_code_in_the_table_decides_alone() {
    let transient = GraphError { is_transient: true, ..coded(2_300_034, None) };
    for status in [200, 302, 400, 500, 503] {
        let verdict = of(error(status, transient.clone()), grown());
        assert_eq!(verdict.outcome, Outcome::Refused { suppress: Some(Suppression::OptedOut) }, "{status}");
    }
}

#[test]
fn without_a_known_code_status_and_transience_decide() {
    let unknown = coded(424_242, None);
    for (status, transient, is_doubt) in
        [(400, false, false), (200, false, false), (400, true, true), (500, false, true), (302, false, true)]
    {
        for code in [Some(424_242), None] {
            let verdict = of(error(status, GraphError { code, is_transient: transient, ..unknown.clone() }), grown());
            assert_eq!(verdict.outcome == Outcome::Unknown, is_doubt, "{status} {transient} {code:?}");
            if !is_doubt {
                assert_eq!(verdict.effect, Effect::Refused(Refusal { code, counts_as_burst: true }));
            }
        }
    }
}

#[test]
fn a_429_of_graphs_is_a_rate_refusal_whatever_its_code() {
    for code in [Some(424_242), None] {
        let verdict = of(error(429, coded_or_not(code, None)), grown());
        assert_eq!(verdict.outcome, Outcome::Back);
        assert!(matches!(verdict.effect, Effect::Wait(Wait { is_rate: true, until: None, .. })), "{verdict:?}");
    }
    // A code in the table decides alone.
    assert_eq!(of(error(429, coded(190, None)), grown()).effect, of(error(401, coded(190, None)), grown()).effect);
}

#[test]
fn what_is_no_answer_is_doubt_and_what_never_left_is_not() {
    for status in [200, 204, 302, 403, 404, 500] {
        let body = Body::Other { sample: "<html>".to_owned(), is_json: false };
        assert_eq!(of(Transport::Answered { status, body }, grown()).outcome, Outcome::Unknown, "{status}");
    }
    assert_eq!(of(Transport::Lost { why: "reset".to_owned() }, grown()).outcome, Outcome::Unknown);
    assert_eq!(of(Transport::NotSent { why: "refused".to_owned() }, grown()).outcome, Outcome::Back);
    let accepted = Transport::Answered { status: 200, body: Body::Success { tracking_id: None } };
    assert_eq!(of(accepted, grown()).outcome, Outcome::Accepted { tracking_id: None });
}

#[test]
fn later_is_12_hours_after_2300035_and_24_after_every_other() {
    for (code, hours) in [(2_300_035, 12), (2_300_036, 24), (2_300_042, 24), (2_300_052, 24), (551, 24)] {
        let until = NOW.plus(Duration::from_secs(hours * 3600));
        assert_eq!(of(error(400, coded(code, None)), grown()).outcome, Outcome::Later { until }, "{code}");
    }
}

#[test]
fn a_told_time_is_the_time() {
    let told = GraphError { remaining_seconds: Some(90), ..coded(2_300_036, None) };
    let until = NOW.plus(Duration::from_secs(90));
    assert_eq!(of(error(400, told), grown()).outcome, Outcome::Later { until });
    let told = GraphError { remaining_seconds: Some(90), ..coded(2_300_055, None) };
    let Effect::Wait(wait) = of(error(400, told), grown()).effect else { panic!() };
    assert_eq!(wait.until, Some(until));
}

#[test]
fn a_campaign_is_young_for_a_day_and_while_nobody_knows() {
    let of_age = |age: Duration| CampaignTimes { created_at: Some(NOW.minus(age)), ..CampaignTimes::default() };
    let day = Duration::from_secs(24 * 3600);
    assert!(CampaignTimes::default().is_young(NOW) && of_age(day - Duration::from_millis(1)).is_young(NOW));
    assert!(!of_age(day).is_young(NOW));
    // An inactive message is warm-up for as long, and a fault of the campaign from then on.
    let class = |age| of(error(400, coded(2_300_003, None)), of_age(age)).effect;
    assert!(matches!(class(day - Duration::from_millis(1)), Effect::Wait(_)));
    assert!(matches!(class(day), Effect::Stop(halt) if halt.class == Class::Campaign && halt.of_broadcast()));
}

#[test]
fn a_campaign_that_has_not_started_waits_for_its_start() {
    let hour = Duration::from_secs(3600);
    let until = |start: Option<UnixMillis>, remaining_seconds| {
        let refusal = GraphError { remaining_seconds, ..coded(2_300_033, None) };
        let campaign = CampaignTimes { start, ..grown() };
        let Effect::Wait(wait) = of(error(400, refusal), campaign).effect else { panic!() };
        wait.until
    };
    let start = NOW.plus(hour * 50);
    assert_eq!(until(Some(start), None), Some(start));
    assert_eq!(until(Some(start), Some(60)), Some(NOW.plus(hour / 60)), "Graph knows best");
    // A start that has passed, or is not known, says nothing.
    assert_eq!((until(Some(NOW), None), until(None, None)), (Some(NOW.plus(hour)), Some(NOW.plus(hour))));
}

#[test]
fn who_must_not_be_sent_to_again_is_known_by_why() {
    for (code, why) in
        [(2_300_032, Suppression::Region), (2_300_034, Suppression::OptedOut), (2_300_037, Suppression::Expired)]
    {
        assert_eq!(of(error(400, coded(code, None)), grown()).outcome, Outcome::Refused { suppress: Some(why) });
    }
    for code in [2_300_004, 2_300_005] {
        assert_eq!(of(error(400, coded(code, None)), grown()).outcome, Outcome::Refused { suppress: None });
    }
}

#[test]
fn a_daily_budget_waits_for_the_next_day_unless_a_time_is_told() {
    let wait = |remaining_seconds| {
        let refusal = GraphError { remaining_seconds, ..coded(2_300_054, None) };
        let Effect::Wait(wait) = of(error(400, refusal), grown()).effect else { panic!() };
        (wait.next_day, wait.until)
    };
    assert_eq!(wait(None), (true, None));
    assert_eq!(wait(Some(60)), (false, Some(NOW.plus(Duration::from_secs(60)))));
}

#[test]
fn headers_tell_how_long_a_limit_lasts_and_the_trace_is_kept() {
    let regain = Some(Duration::from_secs(180));
    let answer = |code, header: &str, own: Option<&str>| Answer {
        transport: error(400, GraphError { fbtrace_id: own.map(str::to_owned), ..coded(code, None) }),
        usage: Usage { regain, ..Usage::default() },
        fbtrace_id: Some(header.to_owned()),
        date: None,
    };
    let verdict = classify(&answer(80_004, "H", None), grown(), NOW);
    let Effect::Wait(wait) = verdict.effect else { panic!() };
    assert_eq!((wait.until, wait.is_rate), (Some(NOW.plus(Duration::from_secs(180))), true));
    assert_eq!(verdict.facts.fbtrace_id.as_deref(), Some("H"));
    let verdict = classify(&answer(190, "H", Some("E")), grown(), NOW);
    assert_eq!(verdict.facts.fbtrace_id.as_deref(), Some("E"));
}

#[test]
fn warming_up_waits_for_metas_hour_then_looks_every_half_hour() {
    let until = |age: u64| {
        let created = NOW.minus(Duration::from_secs(age));
        let campaign = CampaignTimes { created_at: Some(created), ..CampaignTimes::default() };
        let Effect::Wait(wait) = of(error(400, coded(2_300_041, None)), campaign).effect else { panic!() };
        wait.until.unwrap().since(NOW).as_secs()
    };
    assert_eq!((until(600), until(3000), until(5000)), (3000, 600, 1800));
    // What Graph says of a time counts, and where nothing says one, half an hour.
    let Effect::Wait(wait) = of(error(400, coded(2_300_057, None)), grown()).effect else { panic!() };
    assert_eq!(wait.until, Some(NOW.plus(Duration::from_secs(1800))));
    let created_at = Some(NOW.minus(Duration::from_secs(600)));
    let campaign = CampaignTimes { created_at, ..CampaignTimes::default() };
    let Effect::Wait(wait) = of(error(400, coded(2_300_028, None)), campaign).effect else { panic!() };
    assert_eq!(wait.until, Some(NOW.plus(Duration::from_secs(3600))), "an hour from now is what 2300028 says");
}

#[test]
fn an_inactive_message_is_a_wait_for_ten_minutes_after_it_was_turned_on() {
    let changed = |seconds: u64| CampaignTimes { changed_at: Some(NOW.minus(Duration::from_secs(seconds))), ..grown() };
    let inactive = |campaign| of(error(400, coded(2_300_003, None)), campaign);
    for (seconds, left) in [(0, 600), (180, 420), (599, 1)] {
        let verdict = inactive(changed(seconds));
        let Effect::Wait(wait) = verdict.effect else { panic!("{seconds}: {:?}", verdict.effect) };
        assert_eq!(wait.until.unwrap().since(NOW).as_secs(), left, "{seconds}");
        assert_eq!(verdict.outcome, Outcome::Back);
    }
    for campaign in [changed(600), changed(86_400), grown()] {
        let Effect::Stop(halt) = inactive(campaign).effect else { panic!("{campaign:?}") };
        assert_eq!(halt.class, Class::Campaign);
    }
    // A change lets nothing else wait.
    let Effect::Stop(halt) = of(error(400, coded(2_300_000, None)), changed(1)).effect else { panic!() };
    assert_eq!(halt.class, Class::Campaign);
    let Effect::Wait(wait) = of(error(400, coded(2_300_055, None)), changed(1)).effect else { panic!() };
    assert_eq!(wait.until, Some(NOW.plus(Duration::from_secs(1800))));
}
