//! The audience of people who opt in.

/// The audience that people who opt in are added to, unless another is named.
pub const OPT_INS: &str = "opt-ins";
