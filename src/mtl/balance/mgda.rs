//! MGDA (Desideri 2012; Sener and Koltun 2018): the point of least norm in the gradients' convex hull,
//! ```text
//! min over the simplex of |J'w|^2
//! ```
//! `d = J'w` satisfies `<g_t, d> >= |d|^2` for every task, with equality where `w_t > 0`: no task gets worse to first order, and d is 0
//! where no such direction exists. Exact, by the active set of `linalg::min_norm`; the certificate is the Frank-Wolfe gap.

use super::rule::{Answer, Needs, Rule, Scratch, View};

/// MGDA; no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mgda;

impl Rule for Mgda {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        Answer::Solved(s.min_norm.solve(&view.gradients, w))
    }
}
