//! Meta-SGD (Li, Zhou, Chen and Li 2017): the start, and a rate of its own for each parameter.
//! ```text
//! theta_(k+1) = theta_k - a . grad L_S(theta_k),  elementwise           phi and a minimise the mean of L_Q(theta_K)
//! ```
//! All steps share the rates. Rates may turn negative; trained for one step, they tend to blow up over several.

use super::{LearnedRate, MAML, Rule};
use crate::meta::SharedBy;

/// A learned rate a parameter.
pub const META_SGD: Rule = Rule {
    name: "meta-sgd",
    learned: Some(LearnedRate {
        shared_by: SharedBy::Parameter,
        per_step: false,
    }),
    ..MAML
};
