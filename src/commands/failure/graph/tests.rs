use super::*;
use crate::campaign::{AdAccount, CampaignId, PageId};
use crate::clock::UnixMillis;
use crate::graph::GraphError;
use crate::graph::codes;

fn account() -> AdAccount {
    AdAccount::parse("1").unwrap()
}

fn create() -> Call {
    Call::CreateCampaign { name: "Spring".to_owned() }
}

fn edit() -> Call {
    Call::EditCampaign { id: CampaignId::parse("7").unwrap(), what: "status PAUSED".to_owned() }
}

fn refused(status: u16, code: Option<i64>, subcode: Option<i64>) -> Fault {
    let error = GraphError { code, subcode, message: "no".to_owned(), ..GraphError::default() };
    let mut refused = Refused { status, error, until: None };
    refused.until = (refused.reading() == Reading::Wait).then_some(UnixMillis(5));
    Fault::Refused(Box::new(refused))
}

fn read(fault: Fault) -> Error {
    let call = Call::Campaigns(account());
    graph::Error::Failed { call, host: "graph.example".to_owned(), fault }.into()
}

fn write(call: Call, fault: Fault) -> Error {
    graph::Error::Unclear { call, host: "graph.example".to_owned(), fault }.into()
}

#[test]
fn every_failure_has_its_exit_code_and_a_hint() {
    let strange = |status| Fault::Strange { status, sample: "<html>".to_owned() };
    let id = || CampaignId::parse("7").unwrap();
    for (error, exit) in [
        (read(Fault::NotSent("refused".to_owned())), Exit::Network),
        (read(Fault::TimedOut), Exit::Network),
        (read(Fault::Lost("reset".to_owned())), Exit::Network),
        (read(strange(200)), Exit::Network),
        (read(strange(429)), Exit::Network),
        (read(Fault::AddressTooLong { length: 70_000 }), Exit::Refused),
        (read(Fault::Missing("preview")), Exit::Network),
        (read(Fault::NoCursor), Exit::Network),
        (read(Fault::Circle), Exit::Network),
        (read(refused(400, Some(190), Some(463))), Exit::Credentials),
        (read(refused(403, Some(10), None)), Exit::Credentials),
        (read(refused(400, Some(100), Some(33))), Exit::Refused),
        (read(refused(200, Some(368), None)), Exit::Refused),
        (read(refused(400, Some(17), None)), Exit::NotYet),
        (read(refused(400, Some(424_242), None)), Exit::Refused),
        (read(refused(429, Some(424_242), None)), Exit::NotYet),
        (read(refused(401, None, None)), Exit::Credentials),
        (read(refused(302, None, None)), Exit::Network),
        (read(refused(500, Some(2), None)), Exit::Network),
        (write(create(), Fault::Lost("reset".to_owned())), Exit::Doubt),
        (write(create(), Fault::TimedOut), Exit::Doubt),
        (write(create(), strange(503)), Exit::Doubt),
        (write(create(), refused(500, Some(2), None)), Exit::Doubt),
        (write(Call::DeleteCampaign(id()), Fault::Missing("success")), Exit::Doubt),
        (graph::Error::NotDone(Call::DeleteCampaign(id())).into(), Exit::Refused),
        (graph::Error::NotDone(Call::SubscribeApp(PageId::parse("5").unwrap())).into(), Exit::Refused),
        (write(edit(), Fault::Unchanged("status ACTIVE".to_owned())), Exit::Doubt),
        (graph::Error::Token.into(), Exit::Credentials),
    ] {
        assert_eq!(error.exit(), exit, "{error}");
        assert!(error.hint_text().is_some(), "{error}");
        assert_eq!(error.next_run().is_some(), exit == Exit::NotYet, "{error}");
    }
    assert_eq!(Error::from(graph::Error::Address("..".to_owned())).exit(), Exit::Usage);
}

#[test]
fn a_write_in_doubt_names_the_command_that_checks_it() {
    let hint = |call| write(call, Fault::TimedOut).hint_text().unwrap_or_default().to_owned();
    assert!(hint(create()).starts_with("mmsg campaign list"));
    assert!(hint(Call::DeleteCampaign(CampaignId::parse("7").unwrap())).starts_with("mmsg campaign get 7"));
    assert!(hint(edit()).starts_with("mmsg campaign get 7"));
    assert!(hint(Call::SubscribeApp(PageId::parse("5").unwrap())).starts_with("mmsg webhook status"));
}

#[test]
fn an_account_that_is_not_there_is_named_in_the_hint() {
    let error = read(refused(400, Some(100), Some(33)));
    assert!(error.hint_text().unwrap().contains("act_1"), "{error}");
    assert_eq!(error.graph_facts().code, Some(100));
}

#[test]
fn the_hint_of_a_missing_token_names_the_key_that_the_profile_has() {
    let error = Error::from(graph::Error::Token);
    assert_eq!(error.hint_text(), Some("set token in the profile, or MMSG_TOKEN"));
}

#[test]
fn every_row_of_the_table_has_the_exit_code_of_its_class() {
    for row in codes::all() {
        let young = exit_of(row, row.class);
        let want = match row.class {
            Class::Stop if matches!(row.code, 3 | 10 | 102 | 190 | 200 | 294 | 2_300_039) => {
                // A Page that is restricted for a while is not a matter of the token's.
                if row.subcode == Some(1_893_063) { Exit::Refused } else { Exit::Credentials }
            }
            Class::Stop | Class::Campaign | Class::Message => Exit::Refused,
            Class::Drop if matches!(row.code, 2_300_032 | 2_300_034 | 2_300_037) => Exit::Done,
            Class::Drop => Exit::PartlyRefused,
            Class::Later | Class::Wait => Exit::NotYet,
            Class::Doubt => Exit::Doubt,
        };
        assert_eq!(young, want, "{}/{:?}", row.code, row.subcode);
    }
    let inactive = codes::lookup(2_300_003, None).unwrap();
    assert_eq!(exit_of(inactive, inactive.class_when(false)), Exit::Refused);
    assert_eq!(exit_of(inactive, inactive.class_when(true)), Exit::NotYet);
}
