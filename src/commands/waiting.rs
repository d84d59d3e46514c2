//! What is said while a ledger's server lets a command wait, and who may end that.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::ledger::address::Address;
use crate::ledger::attendant::{Attend, Attendant, ServerWait, Stop};
use crate::ui::Ui;

struct Watcher {
    ui: Ui,
    is_waiting: AtomicBool,
}

impl Attend for Watcher {
    fn stop(&self) -> Stop {
        match *self.ui.stops().level().borrow() {
            0 => Stop::No,
            1 => Stop::Soon,
            _ => Stop::Now,
        }
    }

    fn tell(&self, waiting: ServerWait) {
        let is_waiting = waiting != ServerWait::Over;
        if self.is_waiting.swap(is_waiting, Ordering::Relaxed) == is_waiting {
            return;
        }
        self.ui.status(&match waiting {
            ServerWait::Answer(silent) => {
                format!(
                    "the ledger's server has not answered for {} s: still waiting; press Ctrl-C to stop",
                    silent.as_secs()
                )
            }
            ServerWait::Return(most) => format!(
                "the connection to the ledger's server was lost: waiting for it, {} s at most; press Ctrl-C to stop",
                most.as_secs()
            ),
            ServerWait::Over => "the ledger's server answers again".to_owned(),
        });
    }
}

/// The address of a ledger whose server is waited for under the eyes of whoever reads `ui`.
pub fn attended(ui: &Ui, address: Address) -> Address {
    if address.is_server() {
        address.attended(Attendant::new(Watcher { ui: ui.clone(), is_waiting: AtomicBool::new(false) }))
    } else {
        address
    }
}
