//! Where people who opt in go.

/// The audience that people who opt in join, unless another is named.
pub const OPT_INS: &str = "opt-ins";
