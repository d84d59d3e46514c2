//! Meta's Graph API: one thin client for reads and other writes, one for sends.
//!
//! The only module that knows URLs, headers and wire shapes. Reads are retried on transient faults, 20 s in all; writes never.
//! Every text of Graph's has known secrets replaced before it leaves here.

mod access;
pub mod codes;
mod error;
mod sender;
mod usage;
mod wire;

pub use access::Access;
pub use error::GraphError;
pub use sender::{Answer, Body, Frame, Sender, Transport};
pub use usage::{Tier, Usage};
