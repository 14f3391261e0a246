//! The reference product: triple loops in double-double, with the size that bounds the error of any order of the sum.

use super::dd::Dd;

/// An element of `alpha A B + beta C + 1 bias'`, and the same sum of absolute values.
#[derive(Clone, Copy)]
pub struct Element {
    pub exact: Dd,
    pub size: f64,
}

/// What a product is made of; matrices are functions of row and column.
pub struct Operands<'a> {
    pub k: usize,
    pub alpha: f64,
    pub a: &'a dyn Fn(usize, usize) -> f64,
    pub b: &'a dyn Fn(usize, usize) -> f64,
    pub beta: f64,
    pub c: &'a dyn Fn(usize, usize) -> f64,
    pub bias: &'a dyn Fn(usize) -> f64,
}

impl Operands<'_> {
    /// Element (i, j). With alpha = 0 neither A nor B is looked at, with beta = 0 C is not.
    pub fn element(&self, i: usize, j: usize) -> Element {
        let mut sum = Dd::from((self.bias)(j));
        let mut size = (self.bias)(j).abs();
        if self.beta != 0.0 {
            let c = (self.c)(i, j);
            sum = sum + Dd::from(self.beta) * Dd::from(c);
            size += (self.beta * c).abs();
        }
        if self.alpha != 0.0 {
            for l in 0..self.k {
                let (a, b) = ((self.a)(i, l), (self.b)(l, j));
                sum = sum + Dd::from(self.alpha) * (Dd::from(a) * Dd::from(b));
                size += (self.alpha * a * b).abs();
            }
        }
        Element { exact: sum, size }
    }
}

/// Row `r` of the orthogonal array OA(25, 6, 5, 2) (Bose 1938: lines over the field of 5 elements): among 25 rows each pair of the six
/// columns takes all 25 pairs of values below 5.
pub fn orthogonal(r: usize) -> [usize; 6] {
    let (x, y) = (r / 5 % 5, r % 5);
    [x, y, x + y, x + 2 * y, x + 3 * y, x + 4 * y].map(|v| v % 5)
}
