//! MAML (Finn, Abbeel and Levine 2017): a start from which a few steps of gradient descent do well on any task.
//! ```text
//! theta_(k+1) = theta_k - a grad L_S(theta_k)            phi minimises the mean of L_Q(theta_K)
//! ```
//! The gradient goes back through the steps, with exact Hessian products: `(3 K + 1)` gradients' work a task for K steps.

use super::{Part, Rule};
use crate::meta::MetaGradient;

/// Exact MAML.
pub const MAML: Rule = Rule {
    name: "maml",
    part: Part::All,
    learned: None,
    gradient: MetaGradient::SecondOrder,
    inner_rate: 0.01,
    proximal: 0.0,
};
