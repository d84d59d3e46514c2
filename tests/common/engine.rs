//! Where the ledger of a test is: in a file, or on a server. A test that is not about a file runs on both, once each.

use std::cell::Cell;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    File,
    Server,
}

thread_local! {
    static ENGINE: Cell<Option<Engine>> = const { Cell::new(None) };
}

/// That of the test which this thread runs, if it runs on both.
pub fn of_test() -> Option<Engine> {
    ENGINE.get()
}

pub fn on(engine: Engine, test: fn()) {
    ENGINE.set(Some(engine));
    test();
    ENGINE.set(None);
}

/// Names functions that are tests on both. One that is not named is not used, which the compiler says.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            use $crate::common::engine::{Engine, on};

            #[test]
            fn in_a_file() {
                on(Engine::File, super::$name);
            }

            #[test]
            #[cfg(target_os = "linux")]
            fn on_a_server() {
                on(Engine::Server, super::$name);
            }
        }
    )*};
}
pub(crate) use on_both;
