//! CAVIA (Zintgraf, Shiarlis, Kurin, Hofmann and Whiteson 2019): a task is told apart by a few numbers beside the inputs.
//! ```text
//! z = net(theta, [x, c]),  c_0 = 0,  c_(k+1) = c_k - a grad_c L_S          theta minimises the mean of L_Q(theta, c_K)
//! ```
//! The network is shared; what a task keeps is its context. So few numbers bear a large rate, and hardly overfit.

use super::{MAML, Part, Rule};

/// The context adapts.
pub const CAVIA: Rule = Rule {
    name: "cavia",
    part: Part::Context,
    inner_rate: 0.5,
    ..MAML
};
