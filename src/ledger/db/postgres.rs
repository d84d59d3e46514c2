//! PostgreSQL: the only folder that names its library.

mod connect;
mod failed;
mod locks;
mod session;
mod tls;
mod values;

pub use connect::connect;
pub use locks::Lock;
pub use session::{Conn, Row, Rows, Statement};
pub use values::value;

#[cfg(test)]
mod tests;
