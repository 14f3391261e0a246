//! Per-layer, per-step learning rates (Antoniou, Edwards and Storkey 2019), of MAML++: a learned rate for each weight and bias, and step.
//!
//! MAML++'s other part, query losses after every step, is a setting of any learner ([`MetaLearner::multi_step`]).
//!
//! [`MetaLearner::multi_step`]: crate::meta::MetaLearner::multi_step

use super::{LearnedRate, MAML, Rule};
use crate::meta::SharedBy;

/// A learned rate a span and step.
pub const LSLR: Rule = Rule {
    name: "lslr",
    learned: Some(LearnedRate {
        shared_by: SharedBy::Span,
        per_step: true,
    }),
    ..MAML
};
