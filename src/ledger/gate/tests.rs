use super::*;
use crate::ledger::database::tests::engine::on_both;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

fn at(seconds: i64) -> UnixMillis {
    UnixMillis(NOW.0 + seconds * 1000)
}

#[test]
fn rows_that_a_list_brings_are_lost_where_their_campaign_is_older_than_the_restoring() {
    let never = Gate::default();
    let restored = Gate { closed: None, restored_at: NOW, nobody_before: at(9) };
    for (gate, made_at, allow_restored, lost) in [
        (&never, None, false, false),
        (&never, Some(at(-1)), false, false),
        (&restored, None, false, true),
        (&restored, Some(at(-1)), false, true),
        (&restored, Some(at(0)), false, true),
        (&restored, Some(at(1)), false, false),
        (&restored, Some(at(-1)), true, false),
        (&restored, None, true, false),
    ] {
        let asked =
            PlanTerms { now: NOW, end: Some(at(7)), campaign_made_at: made_at, allow_restored, ..PlanTerms::default() };
        let terms = gate.terms_of_plan(&asked);
        assert_eq!((terms.now, terms.end), (NOW, Some(at(7))));
        assert_eq!(terms.lost, Lost { nobody_before: gate.nobody_before, rows: lost }, "{gate:?} {asked:?}");
        // What this ledger planned is known, but everybody waits.
        let claims = gate.terms_of_claims(NOW, None, Hours::default());
        assert_eq!(claims.lost, Lost { nobody_before: gate.nobody_before, rows: false });
    }
}

on_both! {
fn a_gate_is_closed_for_the_better_reason_until_somebody_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = crate::ledger::Ledger::in_memory(folder.path());
    let conn = &ledger.conn;
    assert_eq!(pass(conn).unwrap(), Gate::default());
    let copy = |seconds| Closed::Restored { from: at(seconds), until: at(50) };
    for (close_for, is) in
        [(Closed::Refused, Closed::Refused), (copy(1), copy(1)), (Closed::Refused, copy(1)), (copy(2), copy(1))]
    {
        close(conn, close_for.clone()).unwrap();
        assert_eq!(read(conn).unwrap().closed, Some(is.clone()), "{close_for:?}");
        assert!(matches!(pass(conn), Err(Error::Closed { why, .. }) if why == is));
    }
    open(conn).unwrap();
    assert_eq!(pass(conn).unwrap(), Gate::default());
    close(conn, copy(3)).unwrap();
    accept(conn, at(60), at(90)).unwrap();
    let accepted = Gate { closed: None, restored_at: at(60), nobody_before: at(90) };
    assert_eq!(pass(conn).unwrap(), accepted);
    // The reason of a version that is newer than this one.
    conn.execute("update ledger set gate = 'promoted'", ()).unwrap();
    assert!(read(conn).unwrap().closed.is_some());
}
}
