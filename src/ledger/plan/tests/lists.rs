//! Single lists: a repeat that is not open yet, one too long for one transaction, and two at once.

use super::*;

on_both! {
fn a_dry_run_of_a_repeat_that_is_not_open_yet_tells_what_the_repeat_then_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(vec![vec![(1, 1), (2, 1)]; 3], folder.path());
    // Somebody got this message, somebody else another one of the campaign.
    for (broadcast, person) in [(0, 1), (1, 2)] {
        world.plan(broadcast, 0, None, None);
        world.settle(broadcast, person, State::Accepted);
    }
    world.ledger.close_broadcast(world.broadcasts[0].id, world.model.now).unwrap();
    let (first, again) = (world.broadcasts[0].clone(), Which { again: true, new_message: false });
    let key = key_of(&first);
    assert!(world.ledger.find_broadcast(&key, again).unwrap().is_none());
    let terms = PlanTerms { now: world.model.now, end: None, ..PlanTerms::default() };
    let rivals = world.ledger.rivals_of(None, &key, false).unwrap();
    let dry = world.ledger.dry_plan(None, (&rivals, None), &mut world.spool(0), terms, &mut *check()).unwrap();
    let repeat = world.ledger.open_broadcast(&key, again, "http://127.0.0.1:1", world.model.now).unwrap();
    let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
    world.ledger.plan(&repeat, "list", &mut world.spool(0), terms, &mut *check(), &mut watch).unwrap();
    let standing = world.ledger.standing_of_broadcast(repeat.id).unwrap();
    assert_eq!((dry.now, dry.skipped["other_message"]), (standing.pending, standing.skipped["other_message"]));
    assert_eq!((dry.now, dry.skipped["other_message"]), (1, 1), "{dry:?}");
    // A new list opens what was closed.
    assert!(is_closed(&world.ledger.conn, first.id).unwrap());
    world.lists[1] = vec![(3, 1)];
    world.plan(0, 1, None, None);
    assert!(!is_closed(&world.ledger.conn, first.id).unwrap());
}
}

on_both! {
fn every_skipped_row_of_a_long_list_is_judged_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(vec![vec![(1, 1)]; 3], folder.path());
    let (broadcast, terms) =
        (world.broadcasts[0].clone(), PlanTerms { now: world.model.now, end: None, ..PlanTerms::default() });
    let rows = LOOKED_AT as u64 * 2 + 7;
    let plan = |ledger: &mut Ledger| {
        let mut spool = Spool::new(folder.path()).unwrap();
        (0..rows).for_each(|row| spool.add(&format!("person{row}"), None).unwrap());
        let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
        ledger.plan(&broadcast, "list", &mut spool.finish().unwrap(), terms, &mut |_, _| Ok(()), &mut watch).unwrap();
        ledger.standing_of_broadcast(broadcast.id).unwrap()
    };
    assert_eq!(plan(&mut world.ledger).pending, rows);
    assert_eq!(world.ledger.close_broadcast(broadcast.id, terms.now).unwrap(), rows);
    assert!(is_closed(&world.ledger.conn, broadcast.id).unwrap());
    assert_eq!(plan(&mut world.ledger).pending, rows);
    assert!(!is_closed(&world.ledger.conn, broadcast.id).unwrap(), "its rows would not come back");
    // One of them, far from the others.
    let close_last = "update sends set state = 4, reason = 'closed' where id = (select max(id) from sends)";
    world.ledger.write(|conn| Ok(conn.execute(close_last, ())?)).unwrap();
    world.ledger.write(|conn| Ok(shift(conn, broadcast.id, State::Pending, State::Skipped, 1)?)).unwrap();
    assert_eq!(world.ledger.standing_of_broadcast(broadcast.id).unwrap().skipped_in_all(), 1);
    assert_eq!(plan(&mut world.ledger).pending, rows);
}
}

#[test]
fn two_lists_of_the_same_new_people_are_planned_at_once_on_a_server() {
    const PEOPLE_IN_BOTH: u64 = 3000;
    on(Engine::Postgres, || {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new(vec![vec![(1, 1)]; 3], folder.path());
        let terms = PlanTerms { now: world.model.now, ..PlanTerms::default() };
        let start = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for broadcast in [&world.broadcasts[0], &world.broadcasts[2]] {
                let (start, address, folder) = (&start, world.ledger.address().clone(), folder.path());
                scope.spawn(move || {
                    let (mut ledger, _) = Ledger::open(address).unwrap();
                    let mut spool = Spool::new(folder).unwrap();
                    let mut people: Vec<u64> = (0..PEOPLE_IN_BOTH).collect();
                    fastrand::Rng::with_seed(broadcast.id as u64).shuffle(&mut people);
                    people.iter().for_each(|n| spool.add(&format!("person{n}"), None).unwrap());
                    let mut list = spool.finish().unwrap();
                    let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
                    start.wait();
                    ledger.plan(broadcast, "list", &mut list, terms, &mut |_, _| Ok(()), &mut watch).unwrap();
                    // In the order of the list.
                    let tokens = "select r.token from sends s join recipients r on r.id = s.recipient
                        where s.broadcast = ?1 order by s.id";
                    let planned: Vec<String> = ledger
                        .read(|conn| {
                            conn.prepare_cached(tokens)?.query_map([broadcast.id], |row| row.get(0))?.collect()
                        })
                        .unwrap();
                    assert_eq!(planned, people.iter().map(|n| format!("person{n}")).collect::<Vec<_>>());
                });
            }
        });
        let count = "select count(*) from recipients";
        let people: i64 = world.ledger.read(|conn| conn.query_row(count, (), |row| row.get(0))).unwrap();
        assert_eq!(people as u64, PEOPLE_IN_BOTH);
    });
}
