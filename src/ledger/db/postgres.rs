//! PostgreSQL: the only folder that names its library.

mod answers;
mod conn;
mod connect;
mod failed;
mod locks;
mod session;
mod silence;
mod tls;
mod values;
mod wire;

pub use conn::{Conn, HAS_STANDBY, NOW};
pub use locks::Lock;
pub use session::{Row, Rows, Statement};
pub use values::value;

#[cfg(test)]
mod tests;
