//! SDMGrad (Xiao, Ban and Ji 2023): MGDA held near the mean gradient `g0`.
//! ```text
//! min over the simplex of 1/2 |J'w + lambda g0|^2          d = (J'w + lambda g0) / (1 + lambda)
//! ```
//! On the simplex `J'w + lambda g0 = sum_t w_t (g_t + lambda g0)`, so it is the point of least norm of the shifted gradients and exact as
//! MGDA is, which `lambda = 0` gives. (The paper takes the inner problem's gradients from three mini-batches; here it is solved.)
//! The certificate is the Frank-Wolfe gap of the shifted problem.

use super::rule::{Answer, Needs, Rule, Scratch, View};
use super::shifted::Shifted;
use crate::{Result, check};

/// Settings of SDMGrad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SdmGrad {
    /// Pull towards the mean gradient. Default 0.3.
    pub lambda: f64,
}

impl Default for SdmGrad {
    fn default() -> Self {
        Self { lambda: 0.3 }
    }
}

impl Rule for SdmGrad {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    fn check(&self, _: usize) -> Result<()> {
        check::setting("lambda", "not negative", self.lambda, self.lambda >= 0.0)
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        let [norms, b, ..] = &mut s.vectors;
        let mut shifted = Shifted::new(view, &mut s.min_norm, &mut s.matrices, [norms, b]);
        let gap = shifted.solve(self.lambda, w);
        let mean = 1.0 / view.len() as f64;
        for w in w {
            *w = (*w + self.lambda * mean) / (1.0 + self.lambda);
        }
        Answer::Solved(gap)
    }
}
