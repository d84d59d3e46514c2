//! Rows that were read ahead, and changed before they are claimed.

use super::*;

/// Steps until nothing more is due: which sends were claimed.
fn claim_all(writer: &mut Writer, want: usize) -> Vec<i64> {
    let mut sends = Vec::new();
    loop {
        let stepped = writer.step(&[], want, &mut Open).unwrap();
        assert!(stepped.claims.len() <= want);
        sends.extend(stepped.claims.iter().map(|claim| claim.send));
        if stepped.exhausted {
            return sends;
        }
    }
}

/// The time is held: another run claims within the same millisecond.
#[tokio::test(start_paused = true)]
async fn what_others_took_is_left_to_them_and_its_people_as_they_were_read() {
    let other = "update sends set state = 1, run = 9, claimed_at = (select claimed_at from sends where id = 1)";
    let blocked = &format!("update recipients set blocked_until = {}", NOW * 2);
    for (change_of, ids) in [
        ("delete from sends", &[][..]),
        (other, &[2]),
        (other, &[7]),
        (other, &[12]),
        (other, &[3, 5, 7, 8, 9]),
        (other, &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ("update sends set state = 4", &[2, 6, 7]),
        ("delete from sends", &[4, 11]),
        (blocked, &[2]),
        (blocked, &[3, 5, 6, 12]),
    ] {
        for want in [1, 4, 11, 99] {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = writer(folder.path(), 12);
            assert_eq!(writer.step(&[], 1, &mut Open).unwrap().claims.len(), 1);
            let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
            change(&writer, &format!("{change_of} where id in ({list})"));
            let case = format!("{change_of} {list}, {want} wanted");
            let claimed: Vec<i64> = (2..=12).filter(|id| !ids.contains(id)).collect();
            assert_eq!(claim_all(&mut writer, want), claimed, "{case}");
            let run = writer.seat.scope.run;
            let ours =
                format!("select id from sends where state = 1 and run = {run} and attempts = 1 and id > 1 order by id");
            let held = "select id from recipients where blocked_until_before_claim = 0 and id > 1 order by id";
            let words = claimed.iter().map(|id| format!("Integer({id})")).collect::<Vec<_>>().join("\n");
            assert_eq!((text(&writer, &ours), text(&writer, held)), (words.clone(), words), "{case}");
            let count = "select cast(sum(n) as bigint) from states where state = 1 and broadcast = 1";
            assert_eq!(text(&writer, count), format!("Integer({})", claimed.len() + 1), "{case}");
        }
    }
}

on_both! {
fn tokens_that_are_found_to_be_one_persons_get_one_message() {
    let skipped = |id: i64| format!("Integer({id}) Text(\"other_token\")");
    for (before, since, left_out) in [
        ("null", "id in (1, 2)", &[2][..]),
        ("case id when 2 then '61' end", "id = 1", &[2]),
        ("case id when 1 then '61' end", "id = 2", &[2]),
        ("case id when 3 then '61' end", "id = 2", &[3]),
        ("case id when 2 then '61' end", "id = 3", &[3]),
        ("null", "id in (2, 3, 4)", &[3, 4]),
        ("null", "id = 3", &[]),
        ("cast(id as text)", "id = 3", &[]),
    ] {
        for want in [1, 9] {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = writer(folder.path(), 5);
            change(&writer, &format!("update recipients set psid = {before}"));
            assert_eq!(writer.step(&[], 1, &mut Open).unwrap().claims.len(), 1);
            change(&writer, &format!("update recipients set psid = '61' where {since}"));
            let claimed: Vec<i64> = (2..=5).filter(|id| !left_out.contains(id)).collect();
            let case = format!("{before}, then {since}; {want} wanted");
            assert_eq!(claim_all(&mut writer, want), claimed, "{case}");
            let rows = text(&writer, "select id, reason from sends where state = 4 order by id");
            assert_eq!(rows, left_out.iter().map(|id| skipped(*id)).collect::<Vec<_>>().join("\n"), "{case}");
        }
    }
}
}
