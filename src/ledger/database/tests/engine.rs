//! Which engine a test's ledger is on: each test of [`on_both`] runs once on each.

use std::cell::Cell;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

thread_local! {
    static ENGINE: Cell<Engine> = const { Cell::new(Engine::Sqlite) };
}

/// That of the test which this thread runs.
pub fn of_test() -> Engine {
    ENGINE.get()
}

pub fn on<T>(engine: Engine, test: impl FnOnce() -> T) -> T {
    struct Back(Engine);
    impl Drop for Back {
        fn drop(&mut self) {
            ENGINE.set(self.0);
        }
    }
    let _back = Back(ENGINE.replace(engine));
    test()
}

macro_rules! on_both {
    ($(fn $name:ident() $body:block)*) => {$(
        mod $name {
            use super::*;
            use $crate::ledger::database::tests::engine::{Engine, on};

            fn test() $body

            #[test]
            fn sqlite() {
                on(Engine::Sqlite, test);
            }

            #[test]
            fn postgres() {
                on(Engine::Postgres, test);
            }
        }
    )*};
}
pub(in crate::ledger) use on_both;
