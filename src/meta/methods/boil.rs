//! BOIL, body only in the inner loop (Oh, Yoo, Kim and Yun 2021): a task adapts all layers but the last.
//!
//! MAML with the head's inner rates 0: features must move, because the head cannot.

use super::{MAML, Part, Rule};

/// The body adapts.
pub const BOIL: Rule = Rule {
    name: "boil",
    part: Part::Body,
    ..MAML
};
