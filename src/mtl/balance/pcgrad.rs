//! PCGrad (Yu et al. 2020): each gradient loses its conflicts with the others, one after the other.
//! ```text
//! for each i:   p_i = g_i;   for j != i in order:   if <p_i, g_j> < 0:   p_i -= <p_i, g_j> / |g_j|^2 g_j          d = sum_i p_i
//! ```
//! `p_i` is kept as its coefficients on the unit gradients, so the products are those of the cosines. A *sum*: gradients that agree have
//! weight 1. From three tasks on the result depends on the order, and may still conflict.

use super::order::{Order, Orders};
use super::rule::{Answer, Needs, Rule, Scratch, View};

/// Settings of PCGrad.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PcGrad {
    /// The order of the other tasks. Default random, seed 0.
    pub order: Order,
}

impl Rule for PcGrad {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        let n = view.len();
        let (places, p) = (&mut s.order[..n], &mut s.vectors[0][..n]);
        let mut orders = Orders::new(self.order, view.step);
        w.fill(0.0);
        for i in 0..n {
            p.fill(0.0);
            p[i] = 1.0;
            orders.next(places);
            for &j in places.iter().filter(|&&j| j != i) {
                let product: f64 = (0..n).map(|k| p[k] * view.gradients.cosine(k, j)).sum();
                p[j] -= product.min(0.0);
            }
            add_projected(view.gradients.norms, i, p, w);
        }
        Answer::Solved(0.0)
    }
}

/// `w += ` the weights of `|g_i| sum_k p_k g_k / |g_k|`; a gradient that is 0 keeps weight 1 for itself.
pub(super) fn add_projected(norms: &[f64], i: usize, p: &[f64], w: &mut [f64]) {
    for k in 0..w.len() {
        if p[k] != 0.0 {
            w[k] += if k == i {
                p[k]
            } else {
                p[k] * (norms[i] / norms[k])
            };
        }
    }
}
