//! Reptile (Nichol, Achiam and Schulman 2018): the start moves towards where the tasks' steps lead.
//! ```text
//! phi += epsilon mean_i (theta_K^i - phi)
//! ```
//! There is no query set and no way back. With plain descent as the outer method epsilon is its rate; the difference also serves Adam as
//! a gradient.

use super::{MAML, Rule};
use crate::meta::MetaGradient;

/// Towards the adapted parameters.
pub const REPTILE: Rule = Rule {
    name: "reptile",
    gradient: MetaGradient::Reptile,
    inner_rate: 0.02,
    ..MAML
};
