//! Products: a row's bits do not depend on the batch, a column's not on its block, the finish is the elementwise kernels', nothing
//! is read or written outside of the operands, and wrong shapes panic.

mod support;

use cognate_kernels::{Activation, Level, MatMut, MatRef, Product, Real, activate, gemm};
use support::case::{Case, Matrix};
use support::product::orthogonal;
use support::{Numbers, assert_bits, levels};

/// The product of parts of A and B into the same part of C; without scratch.
fn part<T: Real>(
    level: Level,
    case: &Case<T>,
    rows: std::ops::Range<usize>,
    cols: std::ops::Range<usize>,
) -> Vec<T> {
    let mut c = case.c.clone();
    let p = Product {
        a: case.a.view().rows_range(rows.clone()),
        b: case.b.view().cols_range(cols.clone()),
        bias: case.bias.as_deref().map(|bias| &bias[cols.clone()]),
        ..case.product()
    };
    let block = c
        .view_mut()
        .rows_range(rows.clone())
        .t()
        .rows_range(cols.clone())
        .t();
    gemm(level, p, block, &mut []);
    let c = c.view_mut();
    let places = rows.flat_map(|i| cols.clone().map(move |j| (i, j)));
    places.map(|(i, j)| c.at(i, j)).collect()
}

/// The same part of the whole product.
fn cut<T: Real>(
    c: &Matrix<T>,
    rows: std::ops::Range<usize>,
    cols: std::ops::Range<usize>,
) -> Vec<T> {
    let places = rows.flat_map(|i| cols.clone().map(move |j| (i, j)));
    places.map(|(i, j)| c.view().at(i, j)).collect()
}

/// Cases of all layouts and factors for a shape.
fn cases<T: Real>(numbers: &mut Numbers, shape: (usize, usize, usize)) -> Vec<Case<T>> {
    (0..25)
        .map(|r| Case::new(numbers, shape, orthogonal(r)))
        .collect()
}

fn rows_do_not_see_the_batch<T: Real>(level: Level) {
    let mut numbers = Numbers(2);
    for shape in [
        (9, 20, 100),
        (33, 17, 5),
        (40, 100, 2),
        (13, 270, 33),
        (70, 64, 1),
        (21, 9, 3),
    ] {
        for case in cases::<T>(&mut numbers, shape) {
            let (m, n) = (shape.0, shape.2);
            let c = case.run(level, usize::MAX);
            for i in [0, 1, m / 2, m - 1] {
                let alone = part(level, &case, i..i + 1, 0..n);
                assert_bits(&alone, &cut(&c, i..i + 1, 0..n), &case.name());
            }
            let half = part(level, &case, m / 3..m, 0..n);
            assert_bits(&half, &cut(&c, m / 3..m, 0..n), &case.name());
        }
    }
}

/// As long as both are chains: blocks of more than 4 columns, or an A that does not lie along k.
fn columns_do_not_see_their_neighbours<T: Real>(level: Level) {
    let mut numbers = Numbers(3);
    for shape in [(9, 20, 100), (3, 40, 37), (17, 300, 21), (1, 64, 64)] {
        for case in cases::<T>(&mut numbers, shape) {
            let (m, n) = (shape.0, shape.2);
            let c = case.run(level, usize::MAX);
            for cols in [0..5, 7..n, n / 2..n] {
                let block = part(level, &case, 0..m, cols.clone());
                assert_bits(&block, &cut(&c, 0..m, cols), &case.name());
            }
        }
    }
}

fn the_finish_is_the_elementwise_kernel<T: Real>(level: Level) {
    let mut numbers = Numbers(4);
    let activations = [
        Activation::Tanh,
        Activation::Logistic,
        Activation::Gelu,
        Activation::Relu,
    ];
    for shape in [
        (5, 20, 100),
        (33, 30, 2),
        (64, 16, 70),
        (100, 40, 5),
        (1, 1, 1),
    ] {
        for (at, mut case) in cases::<T>(&mut numbers, shape).into_iter().enumerate() {
            case.activation = Activation::Identity;
            let z = case.run(level, usize::MAX);
            case.activation = activations[at % 4];
            let y = case.run(level, usize::MAX);
            let mut want = z.clone();
            activate(level, case.activation, z.view(), want.view_mut());
            assert_bits(&y.elements(), &want.elements(), &case.name());
        }
    }
}

#[test]
fn a_row_has_the_same_bits_alone_and_in_any_batch() {
    for level in levels() {
        rows_do_not_see_the_batch::<f32>(level);
        rows_do_not_see_the_batch::<f64>(level);
    }
}

#[test]
fn a_block_of_columns_has_the_bits_of_the_whole() {
    for level in levels() {
        columns_do_not_see_their_neighbours::<f32>(level);
        columns_do_not_see_their_neighbours::<f64>(level);
    }
}

#[test]
fn bias_and_activation_are_those_of_the_elementwise_kernels() {
    for level in levels() {
        the_finish_is_the_elementwise_kernel::<f32>(level);
        the_finish_is_the_elementwise_kernel::<f64>(level);
    }
}

/// NaN in one row of A stays in that row of C, NaN in one column of B in that column: no lane meets another.
#[test]
fn nan_stays_in_its_row_and_column() {
    for level in levels() {
        let mut numbers = Numbers(5);
        for case in cases::<f32>(&mut numbers, (19, 23, 21)) {
            let mut case = Case { alpha: 1.0, ..case };
            (case.a, case.b) = (
                Matrix::new(&mut numbers, 19, 23, 0),
                Matrix::new(&mut numbers, 23, 21, 1),
            );
            (case.beta, case.activation) = (0.0, Activation::Identity);
            let clean = case.run(level, 0);
            case.a.view_mut().set(7, 3, f32::NAN);
            case.b.view_mut().set(5, 11, f32::NAN);
            let c = case.run(level, 0);
            for i in 0..19 {
                for j in 0..21 {
                    let touched = i == 7 || j == 11;
                    assert_eq!(c.at(i, j).is_nan(), touched, "({i}, {j})");
                    assert!(touched || c.at(i, j) == clean.at(i, j));
                }
            }
        }
    }
}

#[test]
fn empty_products() {
    for level in levels() {
        for (m, k, n) in [(0, 3, 4), (3, 3, 0), (0, 0, 0)] {
            let (a, b) = (vec![1.0; m * k], vec![1.0; k * n]);
            let p = Product::new(MatRef::planned(&a, m, k), MatRef::planned(&b, k, n));
            gemm(level, p, MatMut::planned(&mut [], m, n), &mut []);
        }
        // K = 0: beta C, and then the finish.
        let mut c = [1.0_f32, -2.0, 3.0, -4.0];
        let p = Product::new(MatRef::planned(&[], 2, 0), MatRef::planned(&[], 0, 2)).beta(0.5);
        let p = p.bias(&[1.0, -1.0]).activation(Activation::Relu);
        gemm(level, p, MatMut::planned(&mut c, 2, 2), &mut []);
        assert_eq!(c, [1.5, 0.0, 2.5, 0.0]);
    }
}

#[test]
#[should_panic(expected = "shapes of A B and C")]
fn wrong_shapes_panic() {
    let x = [0.0_f32; 12];
    let p = Product::new(MatRef::planned(&x, 3, 4), MatRef::planned(&x, 3, 4));
    gemm(
        Level::scalar(),
        p,
        MatMut::planned(&mut [0.0; 12], 3, 4),
        &mut [],
    );
}

#[test]
#[should_panic(expected = "bias of another length")]
fn a_wrong_bias_panics() {
    let x = [0.0_f32; 9];
    let p = Product::new(MatRef::planned(&x, 3, 3), MatRef::planned(&x, 3, 3)).bias(&x[..2]);
    gemm(
        Level::scalar(),
        p,
        MatMut::planned(&mut [0.0; 9], 3, 3),
        &mut [],
    );
}

/// Operands that end where a page begins that nobody may touch.
#[cfg(unix)]
mod guarded {
    use super::*;

    /// `n` numbers before a page without access.
    struct Page<T> {
        start: *mut libc::c_void,
        length: usize,
        data: *mut T,
        n: usize,
    }

    impl<T: Real> Page<T> {
        fn new(values: &[T]) -> Self {
            let bytes = size_of_val(values);
            // SAFETY: plain calls; the last page of the mapping loses its access, the numbers lie right before it.
            unsafe {
                let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
                let length = bytes.next_multiple_of(page) + page;
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
                let access = libc::PROT_READ | libc::PROT_WRITE;
                let start = libc::mmap(std::ptr::null_mut(), length, access, flags, -1, 0);
                assert_ne!(start, libc::MAP_FAILED);
                let guard = start.byte_add(length - page);
                assert_eq!(libc::mprotect(guard, page, libc::PROT_NONE), 0);
                let data = guard.byte_sub(bytes).cast::<T>();
                data.copy_from_nonoverlapping(values.as_ptr(), values.len());
                Self {
                    start,
                    length,
                    data,
                    n: values.len(),
                }
            }
        }

        fn slice(&mut self) -> &mut [T] {
            // SAFETY: n numbers of the mapping, borrowed with self.
            unsafe { std::slice::from_raw_parts_mut(self.data, self.n) }
        }
    }

    impl<T> Drop for Page<T> {
        fn drop(&mut self) {
            // SAFETY: the mapping of `new`.
            unsafe { libc::munmap(self.start, self.length) };
        }
    }

    fn stays_inside<T: Real>(level: Level) {
        let mut numbers = Numbers(6);
        let mut r = 0;
        for m in [1, 2, 5, 9] {
            for n in [1, 2, 3, 5, 9, 17, 33, 50] {
                for k in [1, 3, 17, 40] {
                    let case = Case::<T>::new(&mut numbers, (m, k, n), orthogonal(r));
                    r += 1;
                    let want = case.run(level, 0);
                    let (mut a, mut b) = (Page::new(&case.a.data), Page::new(&case.b.data));
                    let mut c = Page::new(&case.c.data);
                    let view = |x: &'static [T], of: &Matrix<T>| {
                        MatRef::with_strides(x, of.rows, of.cols, of.strides.0, of.strides.1)
                            .unwrap()
                    };
                    // SAFETY: the pages outlive the product.
                    let still = |x: &mut [T]| unsafe { &*(x as *const [T]) };
                    let p = Product {
                        a: view(still(a.slice()), &case.a),
                        b: view(still(b.slice()), &case.b),
                        ..case.product()
                    };
                    let (row, col) = case.c.strides;
                    let into = MatMut::with_strides(c.slice(), m, n, row, col).unwrap();
                    gemm(level, p, into, &mut []);
                    assert_bits(c.slice(), &want.data, &case.name());
                }
            }
        }
    }

    #[test]
    fn nothing_is_read_or_written_beyond_the_operands() {
        for level in levels() {
            stays_inside::<f32>(level);
            stays_inside::<f64>(level);
        }
    }
}
