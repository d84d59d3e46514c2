use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::ledger::events::bucket_of;
use crate::ledger::funnel::Hour;

const EVIL: &str = "</style><script>alert(1)</script>\"' onload=x & http://evil.example/";

fn covered(id: i64, campaign: &str, counts: Counts) -> Covered {
    Covered {
        id,
        page: "104".to_owned(),
        ad_account: "act_9".to_owned(),
        campaign: campaign.to_owned(),
        campaign_name: None,
        label: None,
        message: "0a0a0a0a0a0a".to_owned(),
        created_at: UnixMillis(0),
        alone: true,
        split: None,
        counts,
    }
}

fn counts() -> Counts {
    let mut counts = Counts {
        accepted: 1000,
        refused: 7,
        unknown: 2,
        pending: 11,
        reached: [990, 950, 475, 95, 20],
        inferred: [10, 95, 0, 95, 20],
        ambiguous: [0, 1, 0, 0, 0],
        ..Counts::default()
    };
    counts.after[Stage::Delivered as usize] = BTreeMap::from([(bucket_of(8000), 900), (bucket_of(60_000), 50)]);
    counts
}

fn counted(broadcasts: Vec<Covered>) -> Counted {
    let at_ten =
        Hour { accepted: 1000, reached: [990, 900, 400, 50, 20], of_sent: [990, 950, 475, 95, 20], ..Hour::default() };
    let at_eleven = Hour { reached: [0, 50, 75, 45, 0], ..Hour::default() };
    Counted {
        broadcasts,
        hours: BTreeMap::from([(490_000, at_ten), (490_001, at_eleven), (490_002, Hour::default())]),
        failures: HashMap::from([(Some(EVIL.to_owned()), 20)]),
        refusals: BTreeMap::from([(Some(2_300_034), 2), (None, 5)]),
        foreign: 3,
    }
}

fn report_of(coverage: &Coverage, counted: &Counted) -> Report {
    let input = ReportInput { made_at: UnixMillis(490_005 * 3_600_000), coverage, hours: Hours::ALL };
    Report::of(&input, counted)
}

fn report() -> Report {
    report_of(&Coverage::default(), &counted(vec![covered(1, "c1", counts())]))
}

fn totals() -> MetaTotals {
    MetaTotals {
        campaigns: 1,
        delivered: 940,
        read: 470,
        clicked: 100,
        spend: Some(13.3),
        currency: Some("USD".to_owned()),
        decimals: 2,
        ..MetaTotals::default()
    }
}

#[test]
fn figures_of_the_ledger_stand_as_they_were_counted() {
    let report = report();
    assert_eq!(
        serde_json::to_string(&report.funnel).unwrap(),
        r#"{"accepted":1000,"echoed":990,"delivered":950,"read":475,"clicked":95,"failed":20,"unknown":2,"refused":7}"#
    );
    assert_eq!(report.rates.delivered_of_accepted, Some(0.95));
    assert_eq!((report.rates.read_of_delivered, report.rates.clicked_of_delivered), (Some(0.5), Some(0.1)));
    let how = report.attribution.get(Stage::Delivered);
    assert_eq!((how.inferred, how.inferred_share, how.ambiguous), (95, Some(0.1), 1));
    let quantiles = report.time_to.delivered.unwrap();
    assert!((7.4..8.8).contains(&quantiles.p50) && (55.0..66.0).contains(&quantiles.p99), "{quantiles:?}");
    assert!(report.time_to.read.is_none());
    assert_eq!(
        report.refusals.iter().map(|one| (one.code, one.sends)).collect::<Vec<_>>(),
        [(None, 5), (Some(2_300_034), 2)]
    );
    assert_eq!(report.hours.len(), 2, "an hour of nothing is left out");
    assert_eq!(
        (report.title(), report.covers().join(", ")),
        ("Campaign c1".to_owned(), "Page 104, 1 broadcast".to_owned())
    );
    assert_eq!(report.foreign_events, Some(3));
}

#[test]
fn a_report_says_what_it_covers() {
    let two = counted(vec![covered(1, "c1", counts()), covered(2, "c2", counts())]);
    let page = report_of(&Coverage { page: Some("104".to_owned()), ..Coverage::default() }, &two);
    assert_eq!(
        (page.title(), page.covers().join(", ")),
        ("Page 104".to_owned(), "2 broadcasts in 2 campaigns".to_owned())
    );
    assert_eq!((page.funnel.accepted, page.broadcasts.len(), page.campaign.is_some()), (2000, 2, false));
    let one = counted(vec![covered(2, "c2", counts())]);
    let broadcast = report_of(&Coverage { broadcast: Some(2), ..Coverage::default() }, &one);
    assert_eq!(broadcast.title(), "Broadcast 2");
    assert_eq!((broadcast.covers().join(", "), broadcast.foreign_events), ("campaign c2, Page 104".to_owned(), None));
    let nothing = report_of(&Coverage::default(), &Counted::default());
    assert_eq!((nothing.title(), nothing.rates.read_of_delivered), ("All broadcasts".to_owned(), None));
    assert!(page::render(&nothing).is_ok());
}

#[test]
fn meta_stands_beside_the_ledger_and_is_compared_where_both_are_of_the_same() {
    let mut report = report();
    let meta = Meta::of(totals(), &report.funnel);
    assert_eq!(meta.ledger_more, Some(Differences { delivered: 10, read: 5, clicked: -5 }));
    assert_eq!(meta.cost_per_in_ledger.and_then(|cost| cost.clicked), Some(0.14));
    assert_eq!(meta.cost_per.clicked, Some(0.133));
    let lines: Vec<String> = meta
        .compared(&report.funnel)
        .iter()
        .map(|line| format!("{} {} {} {}", line.what, line.ledger, line.meta, line.difference))
        .collect();
    assert_eq!(lines[0], "delivered 950 940 +10");
    assert_eq!(lines[3..5], ["spent (USD) - 13.30 -", "cost per delivery (USD) 0.0140 0.0141 -"]);
    let apart = Meta::of(MetaTotals { apart: Some("why".to_owned()), ..totals() }, &report.funnel);
    assert!(apart.ledger_more.is_none() && apart.cost_per_in_ledger.is_none());
    assert_eq!(apart.compared(&report.funnel)[0].difference, "-");
    // No smaller unit, and nothing clicked.
    let whole =
        Meta::of(MetaTotals { decimals: 0, clicked: 0, currency: Some("TWD".to_owned()), ..totals() }, &report.funnel);
    assert_eq!((whole.money(Some(13.0)), whole.price(whole.cost_per.clicked)), ("13 TWD".to_owned(), "-".to_owned()));
    report.meta = Some(meta);
    let page = page::render(&report).unwrap();
    assert!(page.contains("13.30 USD") && page.contains("0.1400 USD per click"), "{page}");
}

#[test]
fn the_page_asks_nobody_runs_nothing_and_says_its_charts_in_words() {
    let page = page::render(&report()).unwrap();
    for needle in ["<script", "src=", "href=", "url(", "@import", "<link", "<img", "javascript:", "xmlns"] {
        assert!(!page.contains(needle), "{needle}\n{page}");
    }
    assert!(page.contains("default-src 'none'"));
    // The one address is Meta's text, as text.
    assert_eq!(page.matches("http").count(), page.matches("http-equiv").count() + 1);
    let charts = page.matches("<svg").count();
    let hidden = page.matches("aria-hidden=\"true\"").count();
    assert!(charts > hidden + 5, "{charts}");
    for part in ["role=\"img\"", "aria-labelledby", "<desc"] {
        assert_eq!(page.matches(part).count(), charts - hidden, "{part}");
    }
    assert_eq!(page.matches("<table").count(), page.matches("</table>").count());
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
}

proptest! {
    #[test]
    fn no_text_adds_a_tag(text in "\\PC{0,40}") {
        let page = |text: &str| {
            let mut counted = counted(vec![covered(1, text, counts()), covered(2, text, counts())]);
            counted.failures = HashMap::from([(Some(text.to_owned()), 1)]);
            page::render(&report_of(&Coverage::default(), &counted)).unwrap()
        };
        let tags = |page: String| (page.matches('<').count(), page.matches('"').count());
        prop_assert_eq!(tags(page(&format!("a{text}"))), tags(page("a")));
    }
}
