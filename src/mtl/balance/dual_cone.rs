//! UPGrad (Quinton and Rey 2024) and DualProj (Lopez-Paz and Ranzato 2017, "GEM"): projection onto the cone of directions that make no
//! task worse.
//! ```text
//! UPGrad:    d = 1/T sum_t P(g_t)          DualProj:    d = P(1/T sum_t g_t)          P onto  {d : <g_t, d> >= 0 for every t}
//! ```
//! The projection of `J'u` is `J'v` with `v >= u, G v >= 0, (v - u)'G v = 0`: a complementarity problem for `z = v - u`. In units of the
//! gradients' norms its matrix is that of the cosines, so a task with a small gradient is protected like any other; nothing is
//! regularised. For two tasks UPGrad is half of PCGrad. The certificate is the greatest relative violation of these conditions.

use super::pcgrad::add_projected;
use super::rule::{Answer, Needs, Rule, Scratch, View};
use crate::linalg::Complementarity;

/// UPGrad; no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UpGrad;

impl Rule for UpGrad {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        let n = view.len();
        let z = &mut s.vectors[0][..n];
        let mut residual = 0.0f64;
        w.fill(0.0);
        for i in 0..n {
            // The column of g_i is its row.
            let q = &view.gradients.cosines[i * n..][..n];
            residual = residual.max(s.lcp.solve(&problem(view, q), z));
            z[i] += 1.0;
            add_projected(view.gradients.norms, i, z, w);
        }
        for w in w {
            *w /= n as f64;
        }
        Answer::Solved(residual)
    }
}

/// DualProj; no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DualProj;

impl Rule for DualProj {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        let n = view.len();
        let [z, q, ..] = &mut s.vectors;
        let (z, q) = (&mut z[..n], &mut q[..n]);
        w.fill(1.0 / n as f64);
        for (i, q) in q.iter_mut().enumerate() {
            *q = view.gradients.along(i, w);
        }
        let residual = s.lcp.solve(&problem(view, q), z);
        let top = view.gradients.largest();
        for i in (0..n).filter(|&i| z[i] > 0.0) {
            w[i] += z[i] * (top / view.gradients.norms[i]);
        }
        Answer::Solved(residual)
    }
}

fn problem<'a>(view: &'a View<'_>, q: &'a [f64]) -> Complementarity<'a> {
    Complementarity {
        m: view.gradients.cosines,
        q,
        eps: view.gradients.eps,
    }
}
