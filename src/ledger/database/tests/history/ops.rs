//! What may happen to a ledger.

use proptest::prelude::*;

/// What happens; the details are drawn from the seed.
#[derive(Clone, Copy, Debug)]
pub enum What {
    Plan,
    Import,
    PlanAudience,
    Start,
    Resume,
    Step,
    Die,
    Bury,
    End,
    AnswerLate,
    Tell,
    JudgeWaiting,
    Suppress,
    Erase,
    Resolve,
    Close,
    RetryRefused,
    Pass,
}

pub fn any_op() -> impl Strategy<Value = (What, u64)> {
    let what = prop_oneof![
        4 => Just(What::Plan),
        2 => Just(What::Import),
        2 => Just(What::PlanAudience),
        2 => Just(What::Start),
        2 => Just(What::Resume),
        12 => Just(What::Step),
        2 => Just(What::Die),
        2 => Just(What::Bury),
        2 => Just(What::End),
        2 => Just(What::AnswerLate),
        8 => Just(What::Tell),
        2 => Just(What::JudgeWaiting),
        2 => Just(What::Suppress),
        2 => Just(What::Erase),
        2 => Just(What::Resolve),
        1 => Just(What::Close),
        1 => Just(What::RetryRefused),
        4 => Just(What::Pass),
    ];
    (what, any::<u64>())
}
