//! Matrices of any layout: the bits of dense ones, and nothing written beside them.

use cognate_kernels::{
    Level, MatMut, MatRef, Real, activate, derive, derive_twice, mul, scale_rows,
};

use crate::activations::ALL;
use crate::support::case::Matrix;
use crate::support::product::orthogonal;
use crate::support::{Numbers, assert_bits, levels};

/// Operands of one shape in the layouts that a row of the orthogonal array names.
struct Operands<T> {
    level: Level,
    read: [Matrix<T>; 3],
    write: Matrix<T>,
}

impl<T: Real> Operands<T> {
    /// `kernel` on the matrices where they lie, and on dense copies of them.
    fn check(&self, what: &str, kernel: impl Fn([MatRef<'_, T>; 3], MatMut<'_, T>)) {
        let (rows, cols) = (self.write.rows, self.write.cols);
        let mut got = self.write.clone();
        kernel(self.read.each_ref().map(Matrix::view), got.view_mut());
        let dense = self.read.each_ref().map(Matrix::elements);
        let mut want = self.write.elements();
        let read = dense
            .each_ref()
            .map(|x| MatRef::new(x, rows, cols).unwrap());
        kernel(read, MatMut::new(&mut want, rows, cols).unwrap());
        let strides = self.read.each_ref().map(|x| x.strides);
        let what = format!("{what} {rows}x{cols} {strides:?} {}", self.level.name());
        assert_bits(&got.elements(), &want, &what);
        // With the old elements put back all is as it was.
        for i in 0..rows {
            for j in 0..cols {
                let at = got.place(i, j);
                got.data[at] = self.write.data[at];
            }
        }
        assert_bits(&got.data, &self.write.data, &what);
    }
}

fn every_layout<T: Real>() {
    let (mut stream, mut tried) = (Numbers(25), 0);
    for level in levels() {
        for (rows, cols) in [(1, 1), (1, 19), (17, 1), (3, 8), (5, 33), (9, 4)] {
            for r in 0..25 {
                let [a, b, c, d, ..] = orthogonal(r);
                let mut matrix = |layout| Matrix::new(&mut stream, rows, cols, layout);
                let operands = Operands::<T> {
                    level,
                    read: [matrix(a), matrix(b), matrix(c)],
                    write: matrix(d),
                };
                for f in ALL {
                    operands.check("activate", |[z, ..], y| activate(level, f, z, y));
                    operands.check("derive", |[at, dy, _], dz| derive(level, f, at, dy, dz));
                    operands.check("derive_twice", |[at, rz, dy], rdz| {
                        derive_twice(level, f, at, rz, dy, rdz);
                    });
                }
                operands.check("mul", |[x, ..], y| mul(level, x, y));
                let weights = stream.vec::<T>(rows);
                operands.check("scale_rows", |_, x| scale_rows(level, &weights, x));
                tried += 1;
            }
        }
    }
    assert!(tried >= 6 * 25);
}

#[test]
fn strided_matrices_have_the_bits_of_dense_ones() {
    every_layout::<f32>();
    every_layout::<f64>();
}
