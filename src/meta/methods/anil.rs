//! ANIL, almost no inner loop (Raghu, Raghu, Bengio and Vinyals 2020): a task adapts the last layer, the body stays shared.
//!
//! MAML with the body's inner rates 0. The body is still trained through the head's steps, exactly.

use super::{MAML, Part, Rule};

/// The head adapts.
pub const ANIL: Rule = Rule {
    name: "anil",
    part: Part::Head,
    inner_rate: 0.1,
    ..MAML
};
